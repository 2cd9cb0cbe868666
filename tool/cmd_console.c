// SPDX-License-Identifier: GPL-2.0
/*
 * kagectl console: this terminal joined to a machine's serial port.
 *
 * Whatever ends the session, the terminal gets its settings back: signals are
 * blocked but for the wait, where they only end the loop.
 */
#include "kagectl.h"
#include "nl.h"
#include "out.h"
#include "parse.h"
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define ESCAPE	0x1d	/* Ctrl-] */

static volatile sig_atomic_t stop;

enum end { END_NOT_YET, END_ESCAPE, END_INPUT, END_HANGUP, END_ERROR };

struct session {
	int tty;
	bool follow;		/* nothing is sent */
	bool typed;		/* the input is a terminal: look for ESCAPE */
	bool closing;		/* the input ended: send the rest and go */
	char buf[1024];		/* what the tty has not yet taken */
	size_t len;
};

#define READ_SIZE	256	/* of input at a time */

static void handle_stop(int sig)
{
	(void)sig;
	stop = 1;
}

static void catch_signals(sigset_t *while_waiting)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction act = { .sa_handler = handle_stop };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
		sigaddset(&set, sigs[i]);
		sigaction(sigs[i], &act, NULL);
	}
	sigprocmask(SIG_BLOCK, &set, while_waiting);
	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigdelset(while_waiting, sigs[i]);
	/* A reader that went away must not take the terminal with it. */
	signal(SIGPIPE, SIG_IGN);
}

static int write_all(const char *buf, size_t len)
{
	while (len) {
		ssize_t ret = write(STDOUT_FILENO, buf, len);

		if (ret < 0 && errno != EINTR)
			return -1;
		if (ret > 0) {
			buf += ret;
			len -= ret;
		}
	}
	return 0;
}

static enum end from_guest(struct session *s)
{
	char buf[4096];
	ssize_t ret = read(s->tty, buf, sizeof(buf));

	if (ret > 0)
		return write_all(buf, ret) ? END_ERROR : END_NOT_YET;
	if (ret < 0 && (errno == EAGAIN || errno == EINTR))
		return END_NOT_YET;
	return END_HANGUP;
}

static enum end to_guest(struct session *s)
{
	ssize_t ret = write(s->tty, s->buf, s->len);

	if (ret < 0 && (errno == EAGAIN || errno == EINTR))
		return END_NOT_YET;
	if (ret < 0)
		return END_HANGUP;
	s->len -= ret;
	memmove(s->buf, s->buf + ret, s->len);
	return END_NOT_YET;
}

/* What does not fit is lost: a guest that reads nothing got 1 KiB already. */
static void keep(struct session *s, const char *in, size_t len)
{
	size_t room = sizeof(s->buf) - s->len;

	if (len > room)
		len = room;
	memcpy(s->buf + s->len, in, len);
	s->len += len;
}

static enum end from_user(struct session *s)
{
	char in[READ_SIZE], *escape = NULL;
	ssize_t ret = read(STDIN_FILENO, in, sizeof(in));

	if (ret < 0 && (errno == EAGAIN || errno == EINTR))
		return END_NOT_YET;
	s->closing = ret <= 0;
	if (s->closing)
		return END_NOT_YET;
	if (s->typed)
		escape = memchr(in, ESCAPE, ret);
	keep(s, in, escape ? escape - in : ret);
	if (!escape)
		return END_NOT_YET;
	to_guest(s);
	return END_ESCAPE;
}

/*
 * A terminal is always read, so that ESCAPE works when the guest takes
 * nothing; a pipe only while there is room for all of it.
 */
static bool want_input(const struct session *s)
{
	return !s->follow && !s->closing &&
	       (s->typed || s->len + READ_SIZE <= sizeof(s->buf));
}

static enum end step(struct session *s, const sigset_t *mask)
{
	struct pollfd pfd[2] = {
		{ s->tty, POLLIN | (s->len ? POLLOUT : 0), 0 },
		{ want_input(s) ? STDIN_FILENO : -1, POLLIN, 0 },
	};
	enum end end = END_NOT_YET;

	if (ppoll(pfd, 2, NULL, mask) < 0)
		return errno == EINTR ? END_NOT_YET : END_ERROR;
	if (pfd[0].revents & POLLIN)
		end = from_guest(s);
	else if (pfd[0].revents & (POLLHUP | POLLERR | POLLNVAL))
		end = END_HANGUP;
	if (!end && (pfd[0].revents & POLLOUT))
		end = to_guest(s);
	if (!end && pfd[1].revents)
		end = from_user(s);
	if (!end && s->closing && !s->len)
		end = END_INPUT;
	return end;
}

/*
 * The device's line discipline must neither echo what the guest prints back
 * to it nor edit what is typed.
 */
static void make_raw(int fd)
{
	struct termios tio;

	if (tcgetattr(fd, &tio))
		return;
	cfmakeraw(&tio);
	tcsetattr(fd, TCSANOW, &tio);
}

static enum end talk(struct session *s)
{
	enum end end = END_NOT_YET;
	struct termios saved;
	sigset_t mask;

	catch_signals(&mask);
	make_raw(s->tty);
	s->typed = !s->follow && !tcgetattr(STDIN_FILENO, &saved);
	if (s->typed)
		make_raw(STDIN_FILENO);
	while (!end && !stop)
		end = step(s, &mask);
	if (s->typed)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	return end;
}

static int open_tty(unsigned int nr, bool follow)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/dev/ttyKAGE%u", nr);
	fd = open(path, (follow ? O_RDONLY : O_RDWR) | O_NOCTTY | O_NONBLOCK |
		  O_CLOEXEC);
	if (fd < 0)
		complain("cannot open %s: %s", path, strerror(errno));
	return fd;
}

int console_attach(unsigned int tty, const char *name, bool follow)
{
	struct session s = { .follow = follow };
	enum end end;

	s.tty = open_tty(tty, follow);
	if (s.tty < 0)
		return KAGECTL_FAILED;
	fprintf(stderr, "Console of \"%s\", /dev/ttyKAGE%u. %s ends it.\n",
		name, tty, follow ? "Ctrl-C" : "Ctrl-]");
	end = talk(&s);
	close(s.tty);
	if (!follow && isatty(STDERR_FILENO))
		fputc('\n', stderr);
	if (end == END_HANGUP)
		return complain("the console of \"%s\" is gone", name);
	return end == END_ERROR ? KAGECTL_FAILED : KAGECTL_OK;
}

static int find_console(const char *vm, unsigned int *tty)
{
	struct kage_nl *nl = kage_nl_open();
	struct json_object *list, *console;
	struct kage_req req;

	if (!nl)
		return KAGECTL_FAILED;
	kage_req_init(nl, &req, KAGE_CMD_VM_GET);
	kage_req_vm(&req, vm);
	list = kage_nl_call(nl, &req);
	kage_nl_close(nl);
	if (!list)
		return KAGECTL_FAILED;
	console = out_get(json_object_array_get_idx(list, 0), "vm-console");
	if (console)
		*tty = json_object_get_uint64(console);
	json_object_put(list);
	return console ? KAGECTL_OK :
			 complain("machine \"%s\" has no console", vm);
}

int cmd_console(const struct kage_ctx *ctx, int argc, char **argv)
{
	const char *vm = NULL;
	bool follow = false;
	unsigned int tty = 0;
	int i;

	(void)ctx;
	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "-f") || !strcmp(argv[i], "--follow"))
			follow = true;
		else if (!vm && *argv[i] != '-')
			vm = argv[i];
		else
			return misuse("unknown word \"%s\"", argv[i]);
	}
	if (!vm)
		return misuse("the machine's name is missing");
	if (parse_vm(vm))
		return KAGECTL_USAGE;
	if (find_console(vm, &tty))
		return KAGECTL_FAILED;
	return console_attach(tty, vm, follow);
}
