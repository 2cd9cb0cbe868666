// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a command and lets the kernel fail the Nth allocation, or copy from or
 * to user space, that it makes for the command's netlink messages: sending and
 * receiving are traced, and fault injection is on inside of them alone. What
 * the program does for itself, such as to load its libraries or to ask for the
 * family's number, does not fail.
 *
 *   fail_nth N COMMAND [ARG]...
 *
 * Exit status: the command's, or 128 and the signal that ended it, if there
 * was an Nth; 100 if there was none and the command succeeded, 101 if there
 * was none and it failed all the same; 102 if it cannot be done here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NO_NTH = 100, NO_NTH_FAILED = 101, IMPOSSIBLE = 102 };

static void die(const char *what)
{
	fprintf(stderr, "fail_nth: %s: %s\n", what, strerror(errno));
	exit(IMPOSSIBLE);
}

static int open_nth(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/fail-nth", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die(path);
	return fd;
}

static void set_nth(int fd, unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(fd, text, len, 0) != len)
		die("fail-nth cannot be set");
}

/* What is left to count; 0: the failure was there. */
static unsigned int get_nth(int fd)
{
	char text[16] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) < 1)
		die("fail-nth cannot be read");
	return strtoul(text, NULL, 10);
}

static bool peek(pid_t pid, uint64_t from, void *to, size_t len)
{
	const struct iovec here = { to, len };
	const struct iovec there = { (void *)from, len };

	return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)len;
}

/* A question to netlink's own family: nothing of that is in question here. */
static bool asks_family(pid_t pid, uint64_t msghdr)
{
	struct nlmsghdr hdr;
	struct msghdr msg;
	struct iovec iov;

	return peek(pid, msghdr, &msg, sizeof(msg)) && msg.msg_iovlen &&
	       peek(pid, (uint64_t)msg.msg_iov, &iov, sizeof(iov)) &&
	       peek(pid, (uint64_t)iov.iov_base, &hdr, sizeof(hdr)) &&
	       hdr.nlmsg_type == GENL_ID_CTRL;
}

/* What is received answers what was sent last. */
static bool is_ours(pid_t pid, const struct __ptrace_syscall_info *info)
{
	static bool asking;

	if (info->entry.nr == SYS_sendmsg)
		asking = asks_family(pid, info->entry.args[1]);
	else if (info->entry.nr != SYS_recvmsg)
		return false;
	return !asking;
}

/* At each end of a system call. Return: what is left to count. */
static unsigned int at_syscall(pid_t pid, int nth_fd, unsigned int left)
{
	static bool inside;
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
		die("PTRACE_GET_SYSCALL_INFO");
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY && left &&
	    is_ours(pid, &info)) {
		set_nth(nth_fd, left);
		inside = true;
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && inside) {
		left = get_nth(nth_fd);
		set_nth(nth_fd, 0);
		inside = false;
	}
	return left;
}

/* Return: the command's status, as waitpid() tells it. */
static int trace(pid_t pid, unsigned int *left)
{
	const int nth_fd = open_nth(pid);
	int status, sig = 0;

	if (ptrace(PTRACE_SETOPTIONS, pid, 0,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))
		die("PTRACE_SETOPTIONS");
	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, 0, sig))
			die("PTRACE_SYSCALL");
		if (waitpid(pid, &status, 0) != pid)
			die("waitpid");
		if (!WIFSTOPPED(status))
			break;
		sig = WSTOPSIG(status);
		if (sig == (SIGTRAP | 0x80))
			*left = at_syscall(pid, nth_fd, *left);
		if (sig == SIGTRAP || sig == (SIGTRAP | 0x80))
			sig = 0;
	}
	close(nth_fd);
	return status;
}

static pid_t start(char **argv)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die("fork");
	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0))
			die("PTRACE_TRACEME");
		raise(SIGSTOP);
		execvp(argv[0], argv);
		die(argv[0]);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		die("the command did not start");
	return pid;
}

int main(int argc, char **argv)
{
	unsigned int left = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	int status;

	if (argc < 3 || !left) {
		fputs("usage: fail_nth N COMMAND [ARG]...\n", stderr);
		return IMPOSSIBLE;
	}
	status = trace(start(argv + 2), &left);
	if (left)
		return status ? NO_NTH_FAILED : NO_NTH;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}
