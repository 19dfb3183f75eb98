/* Maps, fds and their copies, in one process. */
#include "call.h"

int main(void)
{
	int fd = map_create(HASH, 8, 4);
	CHECK(fd >= 3);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK(update(fd, 1, 11) == 0 && lookup(fd, 1) == 11);
	CHECK(lookup(fd, 2) == ~0ull && errno == ENOENT);

	char link[64], name[64] = { 0 };
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	CHECK(readlink(link, name, sizeof name - 1) > 0 && strstr(name, "bpf-map"));

	/* Known by file, not by number. */
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	CHECK(copy >= 100 && close(fd) == 0 && lookup(copy, 1) == 11);
	CHECK(update(fd, 1, 1) == -EBADF);
	CHECK(dup3(copy, fd, O_CLOEXEC) == fd && lookup(fd, 1) == 11);
	CHECK(update(0, 1, 1) == -EINVAL || update(0, 1, 1) == -EBADF);
	CHECK(maps() == 1);
	CHECK(close(fd) == 0 && maps() == 1);
	CHECK(close(copy) == 0 && maps() == 0);

	/* Fds for reading or writing only. */
	int reads = map_create_flags(ARRAY, 8, 1, 1 << 3);
	int writes = map_create_flags(ARRAY, 8, 1, 1 << 4);
	CHECK(lookup(reads, 0) == 0 && update(reads, 0, 1) == -EPERM);
	CHECK(update(writes, 0, 1) == 0 && element(LOOKUP, writes, &(int){ 0 }, name) == -EPERM);

	/* No room for another fd. */
	for (int i = 0; i < 64; i++)
		CHECK(map_create(ARRAY, 8, 1) > 0);
	CHECK(maps() == 66);
	return 0;
}
