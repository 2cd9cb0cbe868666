// SPDX-License-Identifier: GPL-2.0
/*
 * Rows of the benchmark: instructions that exit, interrupts, and sleep.
 */
#include "bench.h"

#define N		1000
#define MISC_ENABLE	0x1a0
#define PIC_MASK	0x21
#define TSC_DEADLINE	0x6e0
#define LAPIC		0xfee00000UL
#define LAPIC_VERSION	0x030
#define LAPIC_EOI	0x0b0
#define DELAY		20000	/* ticks; not counted */
#define PATIENCE	100000000

/* The loop itself; what every other row has this subtracted. */
static uint64_t run_empty(const struct row *row)
{
	int n = row->n;

	while (n--)
		asm volatile("" : : : "memory");
	return 0;
}

static uint64_t run_cpuid(const struct row *row)
{
	uint32_t a, b, c, d;
	int n = row->n;

	while (n--)
		asm volatile("cpuid" : "=a" (a), "=b" (b), "=c" (c), "=d" (d)
			     : "a" (1), "c" (0));
	return 0;
}

static uint64_t run_rdmsr(const struct row *row)
{
	int n = row->n;

	while (n--)
		rdmsr(MISC_ENABLE);
	return 0;
}

static uint64_t run_wrmsr(const struct row *row)
{
	uint64_t val = rdmsr(MISC_ENABLE);
	int n = row->n;

	while (n--)
		wrmsr(MISC_ENABLE, val);
	return 0;
}

/* A register of the interrupt controller, which is in the kernel for all. */
static uint64_t run_in(const struct row *row)
{
	int n = row->n;

	while (n--)
		wrong |= inb(PIC_MASK) ^ 0xff;
	return 0;
}

/* xAPIC mode, as at power-on: the rows below change it. */
static volatile uint32_t *lapic(unsigned int reg)
{
	return (volatile uint32_t *)(LAPIC + reg);
}

/* There is none to end: what counts is the way to the register. */
static uint64_t run_eoi(const struct row *row)
{
	int n = row->n;

	while (n--)
		*lapic(LAPIC_EOI) = 0;
	return 0;
}

static uint64_t run_apic_read(const struct row *row)
{
	int n = row->n;

	while (n--)
		wrong |= (*lapic(LAPIC_VERSION) & 0xf0) ^ 0x10;
	return 0;
}

/* Interrupts by the local APIC's deadline timer, x2APIC mode. */
static void set_up_timer(const struct row *row)
{
	(void)row;
	wrmsr(0x1b, rdmsr(0x1b) | 0xc00);
	wrmsr(0x80f, 0x1ff);			/* software enable */
	wrmsr(0x832, 2 << 17 | TIMER_VECTOR);	/* deadline mode */
	ticks_fired = 0;
}

static bool all_fired(const struct row *row)
{
	return ticks_fired == (uint64_t)row->n;
}

/* From the set deadline until the handler has run, the guest busy. */
static uint64_t run_timer(const struct row *row)
{
	volatile uint64_t *fired = &ticks_fired;
	uint64_t deadline, before;
	int i;

	for (i = 0; i < row->n; i++) {
		before = *fired;
		deadline = rdtsc() + DELAY;
		wrmsr(TSC_DEADLINE, deadline);
		while (*fired == before && rdtsc() < deadline + PATIENCE)
			asm volatile("pause");
	}
	return (uint64_t)row->n * DELAY;
}

/* The same with the guest asleep. */
static uint64_t run_hlt(const struct row *row)
{
	volatile uint64_t *fired = &ticks_fired;
	uint64_t before;
	int i;

	for (i = 0; i < row->n; i++) {
		before = *fired;
		asm volatile("cli");
		wrmsr(TSC_DEADLINE, rdtsc() + DELAY);
		while (*fired == before)
			asm volatile("sti; hlt; cli" : : : "memory");
		asm volatile("sti");
	}
	return (uint64_t)row->n * DELAY;
}

const struct row cpu_rows[] = {
	{ "empty", "turn of the loop", run_empty, N },
	{ "cpuid", "instruction", run_cpuid, N },
	{ "rdmsr", "exiting RDMSR", run_rdmsr, N },
	{ "wrmsr", "exiting WRMSR", run_wrmsr, N },
	{ "in", "IN from the kernel's PIC", run_in, N },
	{ "eoi", "store to the local APIC's EOI register", run_eoi, N },
	{ "apic-read", "load from the local APIC", run_apic_read, N },
	{ "timer", "deadline interrupt, guest busy", run_timer, 200,
	  .before = set_up_timer, .right = all_fired },
	{ "hlt", "HLT until the deadline interrupt", run_hlt, 200,
	  .before = set_up_timer, .right = all_fired },
	{ }
};
