/* Eight processes of eight threads on one map and on maps of their own, killed at random, until
 * there were as many calls as asked for. What the dead held must be gone, and nothing else. */
#include "call.h"

enum { PROCESSES = 8, THREADS = 8 };
static int shared;
static struct {
	_Atomic unsigned long calls, counted[PROCESSES * THREADS];
} *page;

static void *storm(void *arg)
{
	uint32_t slot = (uintptr_t)arg;
	for (;;) {
		int own = map_create(HASH, 8, 2);
		if (own < 0)
			_exit(8);
		uint64_t before = lookup(shared, slot);
		if (before == ~0ull || update(shared, slot, before + 1) || lookup(shared, slot) != before + 1)
			_exit(9);
		page->counted[slot]++;
		if (update(own, 1, slot) || lookup(own, 1) != slot)
			_exit(10);
		close(own);
		page->calls += 6;
	}
	return 0;
}

static pid_t start(uint32_t number)
{
	pid_t pid = fork();
	if (pid)
		return pid;
	pthread_t thread;
	for (uintptr_t i = 1; i < THREADS; i++)
		pthread_create(&thread, 0, storm, (void *)(number * THREADS + i));
	storm((void *)(uintptr_t)(number * THREADS));
	_exit(11);
}

int main(int argc, char **argv)
{
	unsigned long wanted = argc > 1 ? strtoul(argv[1], 0, 0) : 10000;
	pid_t pids[PROCESSES];
	page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	shared = map_create(ARRAY, 8, PROCESSES * THREADS);
	CHECK(page != MAP_FAILED && shared > 0);
	for (uint32_t i = 0; i < PROCESSES; i++)
		pids[i] = start(i);
	unsigned kills = 0, seed = 1;
	while (page->calls < wanted) {
		usleep(3000);
		uint32_t victim = (seed = seed * 1103515245 + 12345) >> 16 & 7;
		int status;
		CHECK(kill(pids[victim], SIGKILL) == 0);
		CHECK(waitpid(pids[victim], &status, 0) == pids[victim] && WIFSIGNALED(status));
		pids[victim] = start(victim);
		kills++;
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;
		kill(pids[i], SIGKILL);
		CHECK(waitpid(pids[i], &status, 0) == pids[i] && WIFSIGNALED(status));
	}
	/* Updates are counted behind their answer: one for each life of a thread may be missing. */
	for (uint32_t slot = 0; slot < PROCESSES * THREADS; slot++) {
		uint64_t value = lookup(shared, slot);
		CHECK(value >= page->counted[slot] && value <= page->counted[slot] + kills + 1);
	}
	CHECK(maps() == 1);
	printf("%lu calls, %u kills\n", page->calls, kills);
	return 0;
}
