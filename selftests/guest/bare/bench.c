// SPDX-License-Identifier: GPL-2.0
/*
 * Ticks per operation of what costs a guest exits, measured by the guest: a
 * row "bench: NAME N TICKS" each. Before each row and after it the guest waits
 * for a byte from the host, which reads its counters meanwhile.
 */
#include "bare.h"

#define N	1000
#define TEST	0x8000000000ULL	/* the first 2 MiB regions are the rows' */
#define REGION	(2ULL << 20)

static uint64_t *root, *other;
static uint64_t data, data2;
static uint64_t next_region = TEST;

static uint64_t fresh_region(void)
{
	next_region += REGION;
	return next_region;
}

static uint64_t row_empty(int n)
{
	while (n--)
		asm volatile("" : : : "memory");
	return 0;
}

static uint64_t row_cpuid(int n)
{
	uint32_t a, b, c, d;

	while (n--)
		asm volatile("cpuid" : "=a" (a), "=b" (b), "=c" (c), "=d" (d)
			     : "a" (1), "c" (0));
	return 0;
}

static uint64_t row_rdmsr(int n)
{
	while (n--)
		rdmsr(0x1a0);
	return 0;
}

static uint64_t row_inb(int n)
{
	while (n--)
		inb(0x64);
	return 0;
}

static uint64_t row_cr3(int n)
{
	while (n--)
		write_cr3(read_cr3());
	return 0;
}

/* Tables that were used before: entries come and go in them. */
static uint64_t used;

static uint64_t row_new_pte_used(int n)
{
	int i;

	for (i = 0; i < n && i < 512; i++) {
		set_pte(pte_of(root, used + i * PAGE), data | PTE_RW);
		touch(used + i * PAGE);
	}
	return 0;
}

static uint64_t row_clear_invlpg(int n)
{
	int i;

	for (i = 0; i < n && i < 512; i++) {
		set_pte(pte_of(root, used + i * PAGE), 0);
		invlpg(used + i * PAGE);
	}
	return 0;
}

static uint64_t row_new_pte_fresh(int n)
{
	uint64_t gva = fresh_region();
	int i;

	for (i = 0; i < n && i < 512; i++) {
		set_pte(pte_of(root, gva + i * PAGE), data | PTE_RW);
		touch(gva + i * PAGE);
	}
	return 0;
}

static bool map_on_demand(struct frame *frame)
{
	uint64_t gva = read_cr2() & ~(PAGE - 1);

	if (frame->vector != 14)
		return false;
	if (frame->error & 1) {		/* write to a read-only page */
		set_pte(pte_of(root, gva), data2 | PTE_RW);
		invlpg(gva);
	} else {
		set_pte(pte_of(root, gva), data | PTE_RW);
	}
	return true;
}

static uint64_t row_demand(int n)
{
	int i;

	for (i = 0; i < n && i < 512; i++)
		touch(used + i * PAGE);
	return 0;
}

static uint64_t row_cow(int n)
{
	int i;

	for (i = 0; i < n && i < 512; i++)
		*(volatile uint64_t *)(used + i * PAGE) = i;
	return 0;
}

static uint64_t row_switch(int n)
{
	int i;

	while (n--) {
		write_cr3((uint64_t)(n & 1 ? other : root));
		for (i = 0; i < 16; i++)
			touch(used + i * PAGE);
	}
	return 0;
}

/* A root of its own with one table of 64 pages, used and taken down. */
static uint64_t row_fork_exit(int n)
{
	uint64_t *child, gva = TEST;
	int i;

	while (n--) {
		child = new_root();
		for (i = 0; i < 64; i++)
			map_page(child, gva + i * PAGE, data | PTE_RW);
		write_cr3((uint64_t)child);
		for (i = 0; i < 64; i++)
			touch(gva + i * PAGE);
		for (i = 0; i < 64; i++)
			set_pte(pte_of(child, gva + i * PAGE), 0);
		child[gva >> 39 & 511] = 0;
		write_cr3((uint64_t)root);
	}
	return 0;
}

static void fill_used(uint64_t flags)
{
	int i;

	for (i = 0; i < 512; i++)
		set_pte(pte_of(root, used + i * PAGE), flags);
	write_cr3(read_cr3());
}

static void before_demand(void)
{
	fill_used(0);
}

static void before_cow(void)
{
	int i;

	fill_used(data | PTE_P | PTE_A);
	for (i = 0; i < 512; i++)
		touch(used + i * PAGE);
}

static void before_switch(void)
{
	int i;

	fill_used(data | PTE_RW);
	for (i = 0; i < 16; i++)
		map_page(other, used + i * PAGE, data2 | PTE_RW);
}

static const struct row {
	const char *name;
	uint64_t (*run)(int n);
	int n;
	void (*before)(void);
} rows[] = {
	{ "empty", row_empty, N, NULL },
	{ "cpuid", row_cpuid, N, NULL },
	{ "rdmsr", row_rdmsr, N, NULL },
	{ "in", row_inb, N, NULL },
	{ "cr3-read-load", row_cr3, N, NULL },
	{ "new-pte-used", row_new_pte_used, 512, before_demand },
	{ "clear-invlpg", row_clear_invlpg, 512, NULL },
	{ "new-pte-fresh", row_new_pte_fresh, 512, NULL },
	{ "demand-fault", row_demand, 512, before_demand },
	{ "cow-fault", row_cow, 512, before_cow },
	{ "switch-16", row_switch, N, before_switch },
	{ "fork-exit", row_fork_exit, 50, NULL },
};

int guest_main(void)
{
	const struct row *row;
	uint64_t start, ticks;

	root = new_root();
	other = new_root();
	data = (uint64_t)page_alloc();
	data2 = (uint64_t)page_alloc();
	used = fresh_region();
	on_exception = map_on_demand;
	write_cr3((uint64_t)root);
	for (row = rows; row < rows + sizeof(rows) / sizeof(rows[0]); row++) {
		if (row->before)
			row->before();
		print("bench: ready %s\n", row->name);
		wait_for_host();
		start = rdtsc();
		row->run(row->n);
		ticks = rdtsc() - start;
		print("bench: row %s %u %u\n", row->name, (uint64_t)row->n,
		      ticks);
		wait_for_host();
	}
	return 0;
}
