// SPDX-License-Identifier: GPL-2.0
/*
 * Sends kage requests made by chance and judges every answer: an errno that a
 * caller can expect, or a reply that is well formed. Callers without privilege
 * must change nothing. The end of it: no machine is left, none is stuck.
 *
 *   netlink_fuzz [SEED [COUNT]]	COUNT messages from each caller
 *
 * To be run as root, with kage loaded and no machine made. The same seed makes
 * the same messages.
 */
#define _GNU_SOURCE
#include "netlink_fuzz.h"
#include "netlink_rows.h"
#include "unit/ktap.h"
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY_ID	65534
#define NO_ANSWER	60	/* seconds that one message may take */
#define MANY		4000	/* messages that reach every command */

static int nl_family;
static int memory[FUZZ_NR_FDS];

/*
 * Callers.
 */

static int open_nl(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	const int cap_ack = 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &cap_ack,
		       sizeof(cap_ack)))
		die("a socket");
	return fd;
}

static void become(enum who who)
{
	if (who == ROOT)
		return;
	if (setgid(NOBODY_ID) || setuid(NOBODY_ID))
		die("setuid");
	if (who == OWN_USERNS && unshare(CLONE_NEWUSER | CLONE_NEWNET))
		die("unshare");
}

static void send_msg(struct fuzz_caller *caller)
{
	/* A message that the socket does not take does nobody any harm. */
	if (send(caller->fd, caller->msg.data, caller->msg.len, 0) < 0 &&
	    caller->msg.clean)
		fuzz_complain(caller, "send failed", errno);
	fuzz_judge(caller);
}

static unsigned int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int nr = 0;

	if (!dir)
		die("/proc/self/fd");
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr;
}

static void init_caller(struct fuzz_caller *caller, enum who who, uint64_t seed,
			struct fuzz_report *report)
{
	memset(caller, 0, sizeof(*caller));
	caller->privileged = who == ROOT;
	caller->report = report;
	caller->fuzz.state = seed;
	caller->fuzz.family = nl_family;
	memcpy(caller->fuzz.fds, memory, sizeof(memory));
	caller->fd = open_nl();
}

static void send_all(enum who who, uint64_t seed, unsigned int count,
		     struct fuzz_report *report)
{
	static struct fuzz_caller caller;
	unsigned int before;

	become(who);
	init_caller(&caller, who, seed, report);
	before = open_descriptors();
	while (report->sent < count && !report->complaint[0]) {
		caller.nr_ids = 0;
		fuzz_make(&caller.fuzz, &caller.msg);
		report->sent++;
		send_msg(&caller);
	}
	if (open_descriptors() != before)
		fuzz_complain(&caller, "a descriptor was left open", before);
}

/*
 * Rows.
 */

static void show_bytes(const struct fuzz_report *report)
{
	unsigned int i;

	printf("# its bytes:");
	for (i = 0; i < report->bad_len && i < 512; i++)
		printf("%s%02x", i % 32 ? "" : "\n#   ",
		       (unsigned char)report->bad[i]);
	putchar('\n');
}

static void show_stack(pid_t pid)
{
	char command[64];

	snprintf(command, sizeof(command), "sed 's/^/#   /' /proc/%d/stack",
		 pid);
	fflush(stdout);
	if (system(command))
		ktap_diag("its stack cannot be read");
}

/* Return: false if it does not get on, of its own or not. */
static bool wait_for(pid_t pid, const struct fuzz_report *report)
{
	unsigned int sent = 0, idle = 0;
	int status;

	while (!waitpid(pid, &status, WNOHANG)) {
		idle = report->sent == sent ? idle + 1 : 0;
		sent = report->sent;
		if (idle == NO_ANSWER * 10) {
			ktap_diag("no answer to message %u", sent);
			show_stack(pid);
			kill(pid, SIGKILL);
			return false;
		}
		usleep(100000);
	}
	if (!status)
		return true;
	ktap_diag("ended after message %u with status %x", report->sent,
		  status);
	return false;
}

static pid_t start(enum who who, uint64_t seed, unsigned int count,
		   struct fuzz_report *report)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	send_all(who, seed, count, report);
	_exit(0);
}

static bool show_report(const struct fuzz_report *report)
{
	unsigned int i;

	printf("# %u sent, %u objects came; errno:", report->sent,
	       report->replies);
	for (i = 0; i < 4096; i++)
		if (report->errors[i])
			printf(" %s %u", i ? strerrorname_np(i) : "0",
			       report->errors[i]);
	printf("\n# served:");
	for (i = 0; i < fuzz_nr_commands; i++)
		printf(" %s %u", fuzz_commands[i].name,
		       report->served[fuzz_commands[i].cmd]);
	putchar('\n');
	if (!report->complaint[0])
		return true;
	ktap_diag("%s", report->complaint);
	show_bytes(report);
	return false;
}

/* A sequence that reaches only refusals would prove little. */
static bool reached_all(const struct fuzz_report *report)
{
	unsigned int i;

	for (i = 0; i < fuzz_nr_commands; i++)
		if (fuzz_commands[i].cmd != KAGE_CMD_VM_EVENT &&
		    !report->served[fuzz_commands[i].cmd]) {
			ktap_diag("%s was never served",
				  fuzz_commands[i].name);
			return false;
		}
	return true;
}

static bool storm(enum who who, unsigned int callers, uint64_t seed,
		  unsigned int count)
{
	struct fuzz_report *reports;
	bool good = true;
	pid_t pids[2];
	unsigned int i;

	reports = mmap(NULL, callers * sizeof(*reports),
		       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		       0);
	if (reports == MAP_FAILED)
		die("mmap");
	for (i = 0; i < callers; i++)
		pids[i] = start(who, seed + i, count, &reports[i]);
	for (i = 0; i < callers; i++) {
		good &= wait_for(pids[i], &reports[i]);
		good &= show_report(&reports[i]);
	}
	if (who == ROOT && callers == 1 && count >= MANY)
		good &= reached_all(&reports[0]);
	munmap(reports, callers * sizeof(*reports));
	return good;
}

/*
 * What there is.
 */

static void append_dump(struct bytes *state, enum kage_cmd cmd)
{
	const struct row row = { "a dump", cmd, .flags = NLM_F_DUMP };
	struct expected want;
	struct answer answer;

	ask(&row, &answer, &want, state);
	errno = answer.err;
	if (answer.err)
		die("what there is cannot be listed");
}

static void read_state(struct bytes *state)
{
	state->len = 0;
	append_dump(state, KAGE_CMD_VM_GET);
	append_dump(state, KAGE_CMD_MEM_GET);
	append_dump(state, KAGE_CMD_NIC_GET);
}

/* For those who may not touch it. */
static void make_victim(void)
{
	static const struct row parts[] = {
		{ "a machine", KAGE_CMD_VM_NEW, { NAME("fuzz-a") } },
		{ "memory", KAGE_CMD_MEM_MAP,
		  { NAME("fuzz-a"), NEST(KAGE_A_MEM), FD(FD_NEW),
		    RANGE(0, 0, RAM) } },
		{ "an interface", KAGE_CMD_NIC_NEW, { NAME("fuzz-a") } },
		{ "registers", KAGE_CMD_VCPU_SET,
		  { NAME("fuzz-a"), VCPU(0), NEST(KAGE_A_REGS),
		    U64(KAGE_REGS_A_CR3, 0x1000),
		    U64(KAGE_REGS_A_RIP, 0x4000) } },
		{ "a start", KAGE_CMD_VM_START, { NAME("fuzz-a") } },
	};
	unsigned int i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		must(&parts[i]);
}

/* Deletes every machine; kage must not have one left then. */
static bool delete_all(void)
{
	static struct fuzz_report report;
	static struct fuzz_caller caller;
	unsigned int i, nr;

	init_caller(&caller, ROOT, 0, &report);
	report.complaint[0] = '\0';
	fuzz_make_plain(&caller.fuzz, &caller.msg, KAGE_CMD_VM_GET, 0,
			NLM_F_DUMP);
	send_msg(&caller);
	nr = caller.nr_ids;
	for (i = 0; i < nr; i++) {
		fuzz_make_plain(&caller.fuzz, &caller.msg, KAGE_CMD_VM_DEL,
				caller.ids[i], 0);
		send_msg(&caller);
		if (caller.err)
			fuzz_complain(&caller, "cannot be deleted", caller.err);
	}
	caller.nr_ids = 0;
	fuzz_make_plain(&caller.fuzz, &caller.msg, KAGE_CMD_VM_GET, 0,
			NLM_F_DUMP);
	send_msg(&caller);
	close(caller.fd);
	ktap_diag("%u machines deleted, %u left", nr, caller.nr_ids);
	if (report.complaint[0])
		ktap_diag("%s", report.complaint);
	return !caller.nr_ids && !report.complaint[0];
}

static void make_memory(void)
{
	unsigned int i;

	for (i = 0; i < FUZZ_NR_FDS; i++) {
		memory[i] = memfd_create("netlink_fuzz", MFD_CLOEXEC);
		if (memory[i] < 0 || ftruncate(memory[i], FUZZ_RAM))
			die("memfd_create");
		write_program(memory[i]);
	}
	fds[FD_NEW] = memory[0];
}

static bool unprivileged(enum who who, uint64_t seed, unsigned int count)
{
	static struct bytes before, after;
	bool good;

	make_victim();
	read_state(&before);
	good = storm(who, 1, seed, count);
	read_state(&after);
	if (before.len == after.len &&
	    !memcmp(before.data, after.data, after.len))
		return good;
	ktap_diag("what there is has changed");
	return false;
}

int main(int argc, char **argv)
{
	const uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	const unsigned int count = argc > 2 ? strtoul(argv[2], NULL, 0) : MANY;

	setvbuf(stdout, NULL, _IOLBF, 0);
	nl_family = resolve_family();
	make_memory();
	ktap_plan(8);
	ktap_diag("seed %llu, %u messages", (unsigned long long)seed, count);
	ktap_ok(storm(ROOT, 1, seed, count), "root");
	ktap_ok(delete_all(), "root's machines go");
	ktap_ok(storm(ROOT, 2, seed + 1, count), "two at once");
	ktap_ok(delete_all(), "their machines go");
	ktap_ok(unprivileged(NOBODY, seed + 3, count), "nobody");
	ktap_ok(delete_all(), "the machine that nobody could touch goes");
	ktap_ok(unprivileged(OWN_USERNS, seed + 4, count),
		"root of a user and network namespace");
	ktap_ok(delete_all(), "the machine that he could not touch goes");
	return ktap_done();
}
