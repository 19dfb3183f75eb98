/* The files of the simulated machine: CPUs, uname, bpffs with pins, fdinfo. */
#include "call.h"
#include <sched.h>
#include <sys/statfs.h>
#include <sys/utsname.h>

static char text[4096];

static const char *contents(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	ssize_t length = read(fd, text, sizeof text - 1);
	CHECK(length >= 0 && close(fd) == 0);
	text[length] = 0;
	return text;
}

static long pin(const char *path, int fd)
{
	struct {
		uint64_t path;
		uint32_t fd, flags;
	} attr = { (uintptr_t)path, fd, 0 };
	return bpf(OBJ_PIN, &attr, sizeof attr);
}

static long get(const char *path)
{
	struct {
		uint64_t path;
		uint32_t fd, flags;
	} attr = { (uintptr_t)path, 0, 0 };
	return bpf(OBJ_GET, &attr, sizeof attr);
}

int main(int argc, char **argv)
{
	struct utsname name;
	CHECK(uname(&name) == 0 && strcmp(name.release, "5.15.0") == 0);
	int fd = map_create(HASH, 8, 4);
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
	CHECK(strstr(contents(path), "max_entries:\t4\n") && strstr(text, "map_flags:\t0x0\n"));
	CHECK(!strstr(contents("/proc/self/fdinfo/0"), "map_type"));
	CHECK(syscall(SYS_perf_event_open, 0, 0, 0, -1, 0) == -1 && errno == ENOSYS);
	int stream = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(setsockopt(stream, SOL_SOCKET, 50, &fd, sizeof fd) == -1 && errno == EOPNOTSUPP);
	CHECK(setsockopt(stream, SOL_SOCKET, SO_REUSEADDR, &fd, sizeof fd) == 0);
	if (argc > 1) /* No mounts of its own. */
		return 0;

	CHECK(strcmp(contents("/sys/devices/system/cpu/possible"), "0-3,8\n") == 0);
	CHECK(strcmp(contents("/sys/devices/system/cpu/online"), "0-1\n") == 0);
	CHECK(strcmp(contents("/proc/sys/kernel/osrelease"), "5.15.0\n") == 0);
	struct statfs fs;
	CHECK(statfs("/sys/fs/bpf", &fs) == 0 && fs.f_type == 0xcafe4a11);
	CHECK(statfs("/", &fs) == 0 && fs.f_type != 0xcafe4a11);

	struct stat file;
	CHECK(pin("/sys/fs/bpf/m", fd) == 0 && pin("/sys/fs/bpf/m", fd) == -EEXIST);
	CHECK(stat("/sys/fs/bpf/m", &file) == 0 && (file.st_mode & 07777) == 0600);
	CHECK(file.st_uid == geteuid());
	CHECK(pin("/sys/fs/bpf/none/m", fd) == -ENOENT && pin("/tmp/m", fd) == -EPERM);
	CHECK(update(fd, 1, 11) == 0 && close(fd) == 0 && maps() == 1);
	CHECK(mkdir("/sys/fs/bpf/d", 0700) == 0 && rename("/sys/fs/bpf/m", "/sys/fs/bpf/d/n") == 0);
	CHECK(get("/sys/fs/bpf/m") == -ENOENT);
	CHECK(chdir("/sys/fs/bpf/d") == 0 && link("n", "../again") == 0);
	fd = get("n");
	CHECK(fd > 0 && lookup(fd, 1) == 11 && close(fd) == 0);
	CHECK(unlink("n") == 0 && maps() == 1 && (fd = get("../again")) > 0);
	CHECK(unlink("/sys/fs/bpf/again") == 0 && maps() == 1 && close(fd) == 0 && maps() == 0);
	return 0;
}
