/* Eight threads on one map; fds closed and memory unmapped under running calls. */
#include "call.h"

enum { THREADS = 8, CALLS = 500 };
static int shared;
static volatile int stop;

static void *count(void *arg)
{
	uint32_t key = (uintptr_t)arg;
	for (uint64_t i = 1; i <= CALLS; i++) {
		CHECK(update(shared, key, i) == 0);
		CHECK(lookup(shared, key) == i);
	}
	return 0;
}

static void *closes(void *arg)
{
	while (!stop) {
		int fd = map_create(ARRAY, 8, 1);
		if (fd > 0)
			close(fd);
	}
	return arg;
}

static void *uses(void *arg)
{
	for (int i = 0; i < CALLS; i++) {
		long answer = update(shared + 1 + i % 4, 0, i);
		CHECK(answer == 0 || answer == -EBADF || answer == -EINVAL);
	}
	return arg;
}

static void *unmaps(void *at)
{
	while (!stop) {
		mmap(at, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		munmap(at, 4096);
	}
	return 0;
}

static void run(void *(*first)(void *), void *(*second)(void *), void *at)
{
	pthread_t threads[THREADS];
	stop = 0;
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], 0, i ? second : first, at) == 0);
	for (int i = 1; i < THREADS; i++)
		pthread_join(threads[i], 0);
	stop = 1;
	pthread_join(threads[0], 0);
}

static void *reads(void *at)
{
	uint64_t value;
	for (int i = 0; i < CALLS; i++) {
		long answer = element(LOOKUP, shared, at, &value);
		CHECK(answer == 0 || answer == -EFAULT);
	}
	return 0;
}

int main(void)
{
	pthread_t threads[THREADS];
	shared = map_create(ARRAY, 8, THREADS);
	CHECK(shared > 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], 0, count, (void *)i) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(threads[i], 0) == 0);
	for (uint32_t i = 0; i < THREADS; i++)
		CHECK(lookup(shared, i) == CALLS);
	run(closes, uses, 0);
	run(unmaps, reads, mmap(0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	CHECK(maps() == 1);
	return 0;
}
