// SPDX-License-Identifier: GPL-2.0
/*
 * Sends kage the wrong requests of netlink_table.c and checks each answer: the
 * error, the sentence and the attribute blamed. After every one a dump of all
 * machines must be what it was before: a request that fails changed nothing.
 *
 * To be run as root, with kage loaded and no machine made.
 */
#define _GNU_SOURCE
#include "netlink_rows.h"
#include "unit/ktap.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE	0x0010
#endif
#ifndef MFD_HUGETLB
#define MFD_HUGETLB	0x0004U
#endif

/*
 * The state of everything.
 */

static void append_state(struct bytes *state, const struct row *row)
{
	struct expected want;
	struct answer answer;

	ask(row, &answer, &want, state);
	if (answer.err) {
		printf("# %s: %s\n", row->name, answer.say);
		errno = answer.err;
		die("a state cannot be read");
	}
}

/* The lowest free descriptor tells if one was left open. */
static void append_descriptor(struct bytes *state)
{
	int fd = dup(0);

	close(fd);
	memcpy(state->data + state->len, &fd, sizeof(fd));
	state->len += sizeof(fd);
}

static void read_state(struct bytes *state)
{
	static const struct row parts[] = {
		{ "machines", KAGE_CMD_VM_GET, .flags = NLM_F_DUMP },
		{ "memory", KAGE_CMD_MEM_GET, .flags = NLM_F_DUMP },
		{ "interfaces", KAGE_CMD_NIC_GET, .flags = NLM_F_DUMP },
		{ "idle", KAGE_CMD_VCPU_GET, { NAME("idle"), VCPU(0) } },
		{ "paused", KAGE_CMD_VCPU_GET, { NAME("paused"), VCPU(0) } },
		{ "stopped", KAGE_CMD_VCPU_GET, { NAME("stopped"), VCPU(0) } },
	};
	unsigned int i;

	state->len = 0;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		append_state(state, &parts[i]);
	append_descriptor(state);
}

/* What was changed by mistake is not held against the rows that follow. */
static bool state_kept(struct bytes *before)
{
	static struct bytes now;
	unsigned int i;

	read_state(&now);
	if (now.len == before->len && !memcmp(now.data, before->data, now.len))
		return true;
	for (i = 0; i < now.len && i < before->len; i++)
		if (now.data[i] != before->data[i])
			break;
	ktap_diag("the state changed: %u bytes before, %u after, byte %u",
		  before->len, now.len, i);
	*before = now;
	return false;
}

/*
 * Machines.
 */

static int make_memfd(uint64_t size, unsigned int flags)
{
	int fd = memfd_create("netlink_rows", flags | MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, size)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int reopen(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

static int make_sealed(int seal)
{
	int fd = make_memfd(RAM, MFD_ALLOW_SEALING);

	if (fcntl(fd, F_ADD_SEALS, seal))
		die("F_ADD_SEALS");
	return fd;
}

static void make_fds(void)
{
	int pipe_fds[2], i;

	if (pipe(pipe_fds))
		die("pipe");
	fds[FD_NEW] = make_memfd(2 * GIB, 0);
	fds[FD_USED] = make_memfd(2 * RAM, 0);
	fds[FD_PIPE] = pipe_fds[0];
	fds[FD_PROC] = open("/proc/version", O_RDONLY | O_CLOEXEC);
	fds[FD_DIRECTORY] = open("/", O_RDONLY | O_CLOEXEC);
	fds[FD_PATH] = reopen(fds[FD_NEW], O_PATH);
	fds[FD_READ] = reopen(fds[FD_NEW], O_RDONLY);
	fds[FD_WRITE] = reopen(fds[FD_NEW], O_WRONLY);
	fds[FD_SEALED] = make_sealed(F_SEAL_WRITE);
	fds[FD_SEALED_FUTURE] = make_sealed(F_SEAL_FUTURE_WRITE);
	fds[FD_HUGE] = make_memfd(RAM, MFD_HUGETLB);
	fds[FD_CLOSED] = 999;
	for (i = 0; i < NR_FDS; i++)
		if (fds[i] < 0 && i != FD_HUGE)
			die("a descriptor cannot be made");
}

#define VM_ATTR(vm)	{ K_BYTES, KAGE_A_VM_NAME, 0, vm, strlen(vm) + 1 }

static void tell(const char *vm, enum kage_cmd cmd)
{
	const struct row row = { "a command", cmd, { VM_ATTR(vm) }, 0 };

	must(&row);
}

static void map(const char *vm, enum fd fd, uint64_t offset, uint64_t gpa,
		uint64_t size)
{
	const struct row row = { "mapping", KAGE_CMD_MEM_MAP,
		{ VM_ATTR(vm), NEST(KAGE_A_MEM), FD(fd),
		  RANGE(offset, gpa, size) }, 0 };

	must(&row);
}

static void add_nic(const char *vm, const char *name)
{
	const struct row row = { "an interface", KAGE_CMD_NIC_NEW,
		{ VM_ATTR(vm), NEST(KAGE_A_NIC),
		  { K_BYTES, KAGE_NIC_A_NAME, 0, name, strlen(name) + 1 } },
		0 };

	must(&row);
}

static void start_program(const char *vm)
{
	const struct row regs = { "registers", KAGE_CMD_VCPU_SET,
		{ VM_ATTR(vm), VCPU(0), NEST(KAGE_A_REGS),
		  U64(KAGE_REGS_A_CR3, 0x1000), U64(KAGE_REGS_A_RIP, 0x4000) },
		0 };
	const int fd = make_memfd(RAM, 0);

	if (fd < 0)
		die("memfd_create");
	write_program(fd);
	tell(vm, KAGE_CMD_VM_NEW);
	/* A descriptor that no row uses lends its place. */
	fds[FD_CLOSED] = fd;
	map(vm, FD_CLOSED, 0, 0, RAM);
	fds[FD_CLOSED] = 999;
	close(fd);
	must(&regs);
	tell(vm, KAGE_CMD_VM_START);
}

static void make_machines(void)
{
	unsigned int i;
	char name[16];

	tell("idle", KAGE_CMD_VM_NEW);
	map("idle", FD_USED, 0, 0, RAM);
	add_nic("idle", "kage-idle");
	tell("full", KAGE_CMD_VM_NEW);
	for (i = 0; i < KAGE_MAX_SLOTS; i++)
		map("full", FD_NEW, i * 4096, i * MIB, 4096);
	for (i = 0; i < KAGE_MAX_NICS; i++) {
		snprintf(name, sizeof(name), "kage-full%u", i);
		add_nic("full", name);
	}
	start_program("running");
	start_program("paused");
	start_program("stopped");
	tell("paused", KAGE_CMD_VM_PAUSE);
	tell("stopped", KAGE_CMD_VM_STOP);
}

/* A running machine, too, may be deleted. */
static void delete_machines(void)
{
	static const char * const names[] = {
		"idle", "full", "running", "paused", "stopped", "unheard",
	};
	static const struct row all = {
		"machines", KAGE_CMD_VM_GET, .flags = NLM_F_DUMP,
	};
	static struct bytes left;
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		tell(names[i], KAGE_CMD_VM_DEL);
	append_state(&left, &all);
	ktap_ok(!left.len, "every machine can be deleted");
}

/*
 * Rows.
 */

static bool answer_right(const struct row *row, const struct answer *answer,
			 const struct expected *want)
{
	const char *say = row->say ?: "";

	if (answer->err == row->err && !strcmp(answer->say, say) &&
	    answer->offset == want->at && answer->miss_nest == want->nest &&
	    answer->miss == (unsigned int)row->miss.inner)
		return true;
	ktap_diag("errno %d, not %d: \"%s\", not \"%s\"", answer->err,
		  row->err, answer->say, say);
	ktap_diag("attribute at %u, not %u; missing %u at %u, not %d at %u",
		  answer->offset, want->at, answer->miss, answer->miss_nest,
		  row->miss.inner, want->nest);
	return false;
}

static bool can_run(const struct row *row)
{
	const struct attr *attr;

	for (attr = row->attrs; attr < row->attrs + MAX_ATTRS; attr++)
		if (attr->kind == K_FD && fds[attr->num] < 0)
			return false;
	return true;
}

static void test_row(const struct row *row, struct bytes *before)
{
	struct expected want;
	struct answer answer;
	bool right;

	if (!can_run(row)) {
		ktap_skip(row->name, "there is no such descriptor here");
		return;
	}
	if (row->who == ROOT)
		ask(row, &answer, &want, NULL);
	else
		ask_as(row, &answer, &want);
	right = answer_right(row, &answer, &want);
	ktap_ok(state_kept(before) && right, "%s", row->name);
}

/* What is made before the answer fails must be gone after it. */
static const struct row unheard[] = {
	{ "a machine, no answer", KAGE_CMD_VM_NEW, { NAME("unheard") } },
	{ "memory, no answer", KAGE_CMD_MEM_MAP, MAP(FD_NEW, GIB, GIB, RAM) },
	{ "memory of one that runs, no answer", KAGE_CMD_MEM_MAP,
	  { NAME("running"), NEST(KAGE_A_MEM), FD(FD_NEW),
	    RANGE(GIB, GIB, RAM) } },
	{ "a descriptor, no answer", KAGE_CMD_MEM_OPEN, SLOT("idle", 1) },
	{ "an interface, no answer", KAGE_CMD_NIC_NEW, { NAME("idle") } },
};

#define NR_UNHEARD	(sizeof(unheard) / sizeof(unheard[0]))

static void test_unheard(struct bytes *before)
{
	unsigned int i;

	for (i = 0; i < NR_UNHEARD; i++) {
		ask_deaf(&unheard[i]);
		ktap_ok(state_kept(before), "%s", unheard[i].name);
	}
	/* It was the answers that failed, and not the requests. */
	for (i = 0; i < NR_UNHEARD; i++)
		must(&unheard[i]);
}

int main(void)
{
	static struct bytes before;
	unsigned int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	resolve_family();
	make_fds();
	make_machines();
	ktap_plan(nr_rows + NR_UNHEARD + 1);
	read_state(&before);
	for (i = 0; i < nr_rows; i++)
		test_row(&rows[i], &before);
	test_unheard(&before);
	delete_machines();
	return ktap_done();
}
