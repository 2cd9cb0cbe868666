// SPDX-License-Identifier: GPL-2.0
/*
 * A host program that minds what a CPU holds for it while a guest runs on the same
 * CPU: registers of the FPU, segments, bases, its LDT, TSC_AUX, breakpoints. It
 * looks again and again, gives the CPU away in between, and ends by SIGTERM.
 *
 *   host_state [PID]...
 *
 * The PIDs are of threads that are to share its CPU: vCPUs.
 */
#define _GNU_SOURCE
#include "unit/ktap.h"
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <cpuid.h>
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LDT_DS		7	/* entry 0, of the LDT, ring 3 */
#define LDT_LIMIT	0xabcdeU
#define PATTERN		0x6b61676530313233ULL
#define XSAVE_SIZE	16384
#define FIRST_LDT	"--first-ldt"

static volatile sig_atomic_t over;
static uint64_t rounds;

static void end(int sig)
{
	over = sig;
}

/* Gives the CPU away without a C function between before and after. */
#define YIELD	"mov $24, %%eax\n\tsyscall\n\t"

static bool has_cpuid(unsigned int leaf, unsigned int reg, unsigned int bit)
{
	unsigned int r[4] = {};

	return __get_cpuid(leaf, &r[0], &r[1], &r[2], &r[3]) &&
	       (r[reg] >> bit & 1);
}

/* x87, MXCSR and XMM, and YMM where there is any. */
static uint8_t fpu_in[XSAVE_SIZE] __attribute__((aligned(64)));
static uint8_t fpu_out[XSAVE_SIZE] __attribute__((aligned(64)));
static bool has_avx;

static bool set_fpu(void)
{
	unsigned int i;

	/* OSXSAVE and AVX: the upper halves stand at 576. */
	has_avx = has_cpuid(1, 2, 27) && has_cpuid(1, 2, 28);
	asm volatile("fninit\n\tfxsave64 %0" : "=m" (fpu_in));
	for (i = 0; i < 8 * 16; i++)
		if (i % 16 < 10)
			fpu_in[32 + i] = 0x3f ^ i;
	for (i = 0; i < 16 * 16; i++)
		fpu_in[160 + i] = i * 7 + 1;
	for (i = 0; i < 16 * 16; i++)
		fpu_in[576 + i] = i * 11 + 3;
	*(uint32_t *)(fpu_in + 24) = 0x7fa0;	/* MXCSR: round to zero */
	*(uint16_t *)fpu_in = 0x0f7f;		/* FCW: round to zero */
	if (has_avx)
		fpu_in[512] = 7;		/* XSTATE_BV */
	return true;
}

static bool check_fpu(void)
{
	memset(fpu_out, 0, sizeof(fpu_out));
	if (has_avx)
		asm volatile("xrstor64 %1\n\t" YIELD
			     "mov $7, %%eax\n\txor %%edx, %%edx\n\t"
			     "xsave64 %0\n\tvzeroupper"
			     : "+m" (fpu_out) : "m" (fpu_in), "a" (7), "d" (0)
			     : "rcx", "r11", "memory");
	else
		asm volatile("fxrstor64 %1\n\t" YIELD "fxsave64 %0"
			     : "+m" (fpu_out) : "m" (fpu_in)
			     : "rax", "rcx", "r11", "memory");
	asm volatile("fninit\n\tldmxcsr %0" : : "m" ((uint32_t){ 0x1f80 }));
	/* Not what the last x87 instruction was. */
	return *(uint16_t *)fpu_in == *(uint16_t *)fpu_out &&
	       !memcmp(fpu_in + 24, fpu_out + 24, 4) &&
	       !memcmp(fpu_in + 32, fpu_out + 32, 8 * 16) &&
	       !memcmp(fpu_in + 160, fpu_out + 160, 16 * 16) &&
	       (!has_avx || !memcmp(fpu_in + 576, fpu_out + 576, 16 * 16));
}

static uint64_t behind_gs = PATTERN;

static bool set_gs(void)
{
	return !syscall(SYS_arch_prctl, ARCH_SET_GS, &behind_gs);
}

static bool check_gs(void)
{
	uint64_t seen;

	sched_yield();
	asm volatile("mov %%gs:0, %0" : "=r" (seen));
	return seen == PATTERN;
}

static bool set_ldt(void)
{
	const struct user_desc desc = { .limit = LDT_LIMIT, .seg_32bit = 1 };

	return !syscall(SYS_modify_ldt, 1, &desc, sizeof(desc));
}

static bool check_ldt(void)
{
	uint32_t limit = 0;

	sched_yield();
	/* Leaves the register alone where there is no such segment. */
	asm volatile("lsl %1, %0" : "+r" (limit) : "r" (LDT_DS) : "cc");
	return limit == LDT_LIMIT;
}

static bool set_tsc_aux(void)
{
	return has_cpuid(0x80000001, 3, 27);
}

static bool check_tsc_aux(void)
{
	uint32_t aux;

	sched_yield();
	asm volatile("rdtscp" : "=c" (aux) : : "rax", "rdx");
	return (aux & 0xfff) == 0;
}

/* One of the whole CPU: no switch of threads takes it out or brings it back. */
static int watch_fd = -1;
static volatile uint64_t watched;
static uint64_t stored;

static bool set_breakpoint(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT, .size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_W, .bp_len = 8,
		.bp_addr = (uintptr_t)&watched,
		.exclude_kernel = 1, .exclude_hv = 1,
	};

	watch_fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0);
	return watch_fd >= 0;
}

static bool check_breakpoint(void)
{
	uint64_t seen = 0;

	sched_yield();
	watched = ++stored;
	return read(watch_fd, &seen, sizeof(seen)) == sizeof(seen) &&
	       seen == stored;
}

/*
 * Another CPU gives a process its first LDT while a vCPU may have the CPU, and the
 * process's address space, here. A process can do that once, so it takes many.
 */
static volatile bool ldt_written;

static void *write_ldt_elsewhere(void *delay)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(1, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		_exit(2);
	usleep((uintptr_t)delay);
	if (!set_ldt())
		_exit(2);
	ldt_written = true;
	return NULL;
}

static int use_first_ldt(uintptr_t delay)
{
	pthread_t writer;

	if (pthread_create(&writer, NULL, write_ldt_elsewhere, (void *)delay))
		return 2;
	while (!ldt_written)
		sched_yield();
	return !check_ldt();
}

static bool has_second_cpu(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) > 1;
}

static bool check_first_ldt(void)
{
	char delay[20];
	pid_t pid;
	int status;

	if (rounds % 32)
		return true;
	snprintf(delay, sizeof(delay), "%lu", rounds / 32 % 16 * 500);
	pid = fork();
	if (!pid) {
		execl("/proc/self/exe", "host_state", FIRST_LDT, delay, NULL);
		_exit(2);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return !status;
}

static struct row {
	const char *name;
	bool (*set)(void);	/* false: not on this host */
	bool (*check)(void);
	bool absent;
	uint64_t wrong;
} rows[] = {
	{ "the FPU's registers", set_fpu, check_fpu },
	{ "GS base", set_gs, check_gs },
	{ "TSC_AUX", set_tsc_aux, check_tsc_aux },
	{ "a breakpoint of the CPU's", set_breakpoint, check_breakpoint },
	{ "a first LDT from another CPU", has_second_cpu, check_first_ldt },
	{ "an LDT", set_ldt, check_ldt },
};

#define NR_ROWS	(sizeof(rows) / sizeof(rows[0]))

static int share_cpu(int argc, char **argv)
{
	cpu_set_t set;
	int i;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	for (i = 0; i < argc; i++)
		if (sched_setaffinity(i ? atoi(argv[i]) : 0, sizeof(set), &set)) {
			fprintf(stderr, "host_state: thread %s: %s\n", argv[i],
				strerror(errno));
			return -1;
		}
	return 0;
}

static void report(const struct row *row)
{
	if (row->absent) {
		ktap_skip(row->name, "not on this host");
		return;
	}
	if (row->wrong)
		ktap_diag("wrong %lu times", row->wrong);
	ktap_ok(!row->wrong, "%s", row->name);
}

int main(int argc, char **argv)
{
	struct row *row;

	if (argc == 3 && !strcmp(argv[1], FIRST_LDT))
		return use_first_ldt(atoi(argv[2]));
	if (share_cpu(argc, argv))
		return 2;
	signal(SIGTERM, end);
	for (row = rows; row < rows + NR_ROWS; row++)
		row->absent = !row->set();
	for (; !over; rounds++)
		for (row = rows; row < rows + NR_ROWS; row++)
			if (!row->absent)
				row->wrong += !row->check();
	ktap_plan(NR_ROWS);
	for (row = rows; row < rows + NR_ROWS; row++)
		report(row);
	ktap_diag("%lu rounds", rounds);
	return ktap_done();
}
