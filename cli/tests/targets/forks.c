/* Children that inherit, pass on and drop maps; an fd in flight; exec. */
#include "call.h"

static int wait_for(pid_t pid)
{
	int status;
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

static void send_fd(int socket, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof fd)] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof control };
	struct cmsghdr *part = CMSG_FIRSTHDR(&message);
	*part = (struct cmsghdr){ CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(part), &fd, sizeof fd);
	CHECK(sendmsg(socket, &message, 0) == 1);
}

static int receive_fd(int socket)
{
	int fd;
	char byte, control[CMSG_SPACE(sizeof fd)];
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof control };
	CHECK(recvmsg(socket, &message, 0) == 1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
	return fd;
}

int main(int argc, char **argv)
{
	if (argc == 2) /* After exec: the fd without close-on-exec is here, the other is not. */
		return lookup(atoi(argv[1]), 7) == 70 && maps() == 1 ? 0 : 9;

	int fd = map_create(HASH, 8, 4), sockets[2];
	CHECK(fd > 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		CHECK(update(fd, 7, 70) == 0);
		int own = map_create(ARRAY, 8, 1);
		CHECK(update(own, 0, 42) == 0);
		send_fd(sockets[1], own);
		_exit(3);
	}
	CHECK(WEXITSTATUS(wait_for(pid)) == 3);
	CHECK(lookup(fd, 7) == 70);
	/* Nobody has the child's map but the socket. */
	CHECK(maps() == 2);
	int own = receive_fd(sockets[0]);
	CHECK(lookup(own, 0) == 42);

	pid = fork();
	if (pid == 0) {
		char number[12];
		close(own);
		snprintf(number, sizeof number, "%d", fd);
		CHECK(fcntl(fd, F_SETFD, 0) == 0);
		close(sockets[0]);
		raise(SIGSTOP);
		execl("/proc/self/exe", argv[0], number, (char *)0);
	}
	int status;
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	CHECK(close(own) == 0 && kill(pid, SIGCONT) == 0);
	CHECK(WEXITSTATUS(wait_for(pid)) == 0);
	CHECK(close(fd) == 0 && maps() == 0);
	return 0;
}
