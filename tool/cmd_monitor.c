// SPDX-License-Identifier: GPL-2.0
/*
 * kagectl monitor: what happens to machines, as it happens. When events were
 * lost it says so and lists every machine as it is now.
 */
#include "kagectl.h"
#include "nl.h"
#include "out.h"
#include "parse.h"
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t stop;

static void handle_stop(int sig)
{
	(void)sig;
	stop = 1;
}

/* SIGINT and SIGTERM end the wait in ppoll() and nothing else. */
static void catch_signals(sigset_t *while_waiting)
{
	struct sigaction act = { .sa_handler = handle_stop };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, while_waiting);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigdelset(while_waiting, SIGINT);
	sigdelset(while_waiting, SIGTERM);
}

static void print_time(void)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[32];

	if (localtime_r(&now, &tm) &&
	    strftime(text, sizeof(text), "%F %T", &tm))
		printf("%s ", text);
}

/* One line each; JSON lines stay compact even with -p. */
static void print_event(const struct kage_ctx *ctx, struct json_object *obj)
{
	const struct kage_ctx lines = { .json = ctx->json };
	const char *event = out_string(obj, "event");
	const char *reason = out_string(obj, "vm-reason");

	if (ctx->json) {
		out_json(&lines, obj);
		return;
	}
	print_time();
	out_text(out_string(obj, "vm-name"));
	printf(" (id %s): %s", out_string(obj, "vm-id"),
	       *event ? event : out_string(obj, "vm-state"));
	/* It is why the machine stopped, not why it was deleted. */
	if (*reason && strcmp(event, "deleted")) {
		printf(": ");
		out_text(reason);
	}
	putchar('\n');
	fflush(stdout);
}

static int print_all(const struct kage_ctx *ctx)
{
	struct kage_nl *nl = kage_nl_open();
	struct json_object *list = NULL;
	struct kage_req req;
	size_t i;

	if (!nl)
		return KAGECTL_FAILED;
	kage_req_init_dump(nl, &req, KAGE_CMD_VM_GET);
	list = kage_nl_call(nl, &req);
	for (i = 0; list && i < json_object_array_length(list); i++)
		print_event(ctx, json_object_array_get_idx(list, i));
	json_object_put(list);
	kage_nl_close(nl);
	return list ? KAGECTL_OK : KAGECTL_FAILED;
}

static int wait_for_events(struct kage_nl *nl, const sigset_t *mask)
{
	struct pollfd pfd = { .fd = kage_nl_fd(nl), .events = POLLIN };

	if (ppoll(&pfd, 1, NULL, mask) >= 0 || errno == EINTR)
		return 0;
	return complain("cannot wait for events: %s", strerror(errno));
}

/* Return: how many events there were; negative after a failure. */
static int take_events(const struct kage_ctx *ctx, struct kage_nl *nl)
{
	struct json_object *events;
	enum kage_nl_event ret;
	size_t i, nr;

	ret = kage_nl_receive(nl, &events);
	nr = json_object_array_length(events);
	for (i = 0; i < nr; i++)
		print_event(ctx, json_object_array_get_idx(events, i));
	json_object_put(events);
	if (ret == KAGE_NL_LOST) {
		complain("events were lost; every machine as it is now:");
		if (print_all(ctx))
			return -1;
	}
	return ret == KAGE_NL_ERROR || ferror(stdout) ? -1 : (int)nr;
}

static int follow(const struct kage_ctx *ctx, struct kage_nl *nl,
		  uint32_t count)
{
	uint32_t seen = 0;
	sigset_t mask;
	int nr;

	catch_signals(&mask);
	while (!stop && (!count || seen < count)) {
		if (wait_for_events(nl, &mask))
			return KAGECTL_FAILED;
		if (stop)
			break;
		nr = take_events(ctx, nl);
		if (nr < 0)
			return KAGECTL_FAILED;
		seen += nr;
	}
	return KAGECTL_OK;
}

int cmd_monitor(const struct kage_ctx *ctx, int argc, char **argv)
{
	uint32_t count = 0;
	struct arg args[] = { { "count", ARG_U32, &count, false } };
	struct kage_nl *nl;
	int ret;

	if (parse_args(args, 1, argc, argv))
		return KAGECTL_USAGE;
	nl = kage_nl_events();
	if (!nl)
		return KAGECTL_FAILED;
	ret = follow(ctx, nl, count);
	kage_nl_close(nl);
	return ret;
}
