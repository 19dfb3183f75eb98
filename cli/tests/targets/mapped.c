/* An array map that is mapped: what libbpf does for .data and .rodata. */
#include "call.h"

enum { MMAPABLE = 1 << 10 };

int main(void)
{
	int fd = map_create_flags(ARRAY, 24, 1000, MMAPABLE);
	CHECK(fd > 0);
	size_t size = 24 * 1000, page = 4096;
	uint64_t *words = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(words != MAP_FAILED && words[0] == 0);
	uint64_t value[3] = { 1, 2, 3 };
	uint32_t key = 999;
	CHECK(element(UPDATE, fd, &key, value) == 0 && words[999 * 3 + 2] == 3);
	words[999 * 3 + 1] = 20;
	CHECK(element(LOOKUP, fd, &key, value) == 0 && value[1] == 20 && value[2] == 3);
	/* While it is mapped for writing it cannot be frozen. */
	uint32_t attr[1] = { fd };
	CHECK(bpf(FREEZE, attr, 4) == -EBUSY);
	CHECK(element(UPDATE, fd, &key, value) == 0);
	CHECK(munmap(words, size) == 0 && bpf(FREEZE, attr, 4) == 0);
	CHECK(mmap(0, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
	words = mmap(0, size, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(words != MAP_FAILED && words[999 * 3 + 1] == 20);
	/* The mapping holds the map. */
	CHECK(close(fd) == 0 && maps() == 1);
	CHECK(munmap(words, size) == 0 && maps() == 0);
	return 0;
}
