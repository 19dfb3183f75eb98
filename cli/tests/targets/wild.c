/* Pointers that lead nowhere, at the ends of pages, and in the kernel's half. */
#include "call.h"

int main(void)
{
	long page = sysconf(_SC_PAGESIZE);
	int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
	char *pages = mmap(0, 3 * page, prot, flags, -1, 0);
	CHECK(pages != MAP_FAILED && munmap(pages + page, page) == 0);
	char *end = pages + page;
	char *readonly = pages + 2 * page;
	CHECK(mprotect(readonly, page, PROT_READ) == 0);
	void *const wild[] = { 0, (void *)8, end, end - 4, readonly - 1, (void *)0xffff888000000000,
		(void *)0x800000000000, (void *)-1, (void *)-8 };
	int fd = map_create(ARRAY, 8, 1);
	uint32_t key = 0;
	uint64_t value = 5;
	for (unsigned i = 0; i < sizeof wild / sizeof *wild; i++) {
		CHECK(bpf(MAP_CREATE, wild[i], 72) == -EFAULT);
		CHECK(element(UPDATE, fd, &key, wild[i]) == -EFAULT);
		CHECK(element(LOOKUP, fd, &key, wild[i]) == -EFAULT);
	}
	CHECK(element(LOOKUP, fd, end, &value) == -EFAULT);
	CHECK(element(LOOKUP, fd, end - 4, &value) == 0 && value == 0);
	CHECK(element(LOOKUP, fd, &key, readonly) == -EFAULT);

	/* What can be written is written, as copy_to_user() does. */
	CHECK(element(UPDATE, fd, &key, &(uint64_t){ 0x0807060504030201 }) == 0);
	CHECK(element(LOOKUP, fd, &key, end - 3) == -EFAULT);
	CHECK(memcmp(end - 3, "\1\2\3", 3) == 0);

	/* An attr that ends with its page, and one that is cut off by it. */
	uint32_t attr[18] = { ARRAY, 4, 8, 1 };
	memcpy(end - 72, attr, 72);
	CHECK(bpf(MAP_CREATE, end - 72, 72) > 0);
	CHECK(bpf(MAP_CREATE, end - 72, 73) == -EFAULT);
	CHECK(bpf(MAP_CREATE, attr, 4097) == -E2BIG);
	return 0;
}
