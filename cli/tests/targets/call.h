/* bpf(2) by hand, and checks that end the program with the line that failed. */
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAP_CREATE, LOOKUP, UPDATE, DELETE, NEXT_KEY, PROG_LOAD, OBJ_PIN, OBJ_GET };
enum { GET_NEXT_MAP_ID = 12, GET_MAP_BY_ID = 14, GET_INFO = 15, FREEZE = 22 };
enum { HASH = 1, ARRAY = 2, PERCPU_HASH = 5, PERCPU_ARRAY = 6 };

#define CHECK(condition)                                                                      \
	do {                                                                                      \
		if (!(condition)) {                                                                   \
			fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno); \
			exit(1);                                                                          \
		}                                                                                     \
	} while (0)

/* -errno, or what the call returned. */
static inline long bpf(int cmd, void *attr, unsigned size)
{
	long ret = syscall(SYS_bpf, cmd, attr, size);
	return ret < 0 ? -errno : ret;
}

static inline int map_create_flags(uint32_t type, uint32_t value, uint32_t entries, uint32_t flags)
{
	uint32_t attr[18] = { type, 4, value, entries, flags };
	return bpf(MAP_CREATE, attr, sizeof attr);
}

static inline int map_create(uint32_t type, uint32_t value, uint32_t entries)
{
	return map_create_flags(type, value, entries, 0);
}

static inline long element(int cmd, int fd, const void *key, const void *value)
{
	struct {
		uint32_t fd, pad;
		uint64_t key, value, flags;
	} attr = { fd, 0, (uintptr_t)key, (uintptr_t)value, 0 };
	return bpf(cmd, &attr, sizeof attr);
}

static inline long update(int fd, uint32_t key, uint64_t value)
{
	return element(UPDATE, fd, &key, &value);
}

/* The value; ~0 where there is none. */
static inline uint64_t lookup(int fd, uint32_t key)
{
	uint64_t value = ~0ull;
	return element(LOOKUP, fd, &key, &value) < 0 ? ~0ull : value;
}

/* How many maps this kernel has. */
static inline int maps(void)
{
	uint32_t attr[4] = { 0 };
	int count = 0;
	while (bpf(GET_NEXT_MAP_ID, attr, 12) == 0) {
		attr[0] = attr[1];
		count++;
	}
	return count;
}
