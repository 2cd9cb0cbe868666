// SPDX-License-Identifier: GPL-2.0
/*
 * Rows of the benchmark: address spaces, and tables that they share.
 */
#include "bench.h"

#define NR_SPACES	64
#define PAGES_MOST	16
#define KERNEL		0xffff800000000000ULL
#define NR_KERNEL	64		/* tables that appear there */
#define FORK_PAGES	64
#define NR_LARGE	16
#define BLOCKS		(80ULL << 20)	/* RAM for large pages */
#define SPLINTERS	16		/* pages touched of each */
#define PTE_TABLE	(PTE_RW | PTE_U)	/* of a process */

static uint64_t *spaces[NR_SPACES];
static uint64_t window;			/* where each space has its own page */
static uint64_t *kernel_tables[NR_KERNEL];
static uint64_t large, *large_pde, *small_tables[NR_LARGE];
static uint64_t parent;
static struct {
	uint64_t *root, *pdpt, *pd, *leaf[FORK_PAGES];
} child;

static uint64_t run_cr3(const struct row *row)
{
	int n = row->n;

	while (n--)
		write_cr3(read_cr3());
	return 0;
}

/* Every page of the window is one frame, which holds the space's number. */
static void make_spaces(void)
{
	uint64_t *own;
	int i, page;

	if (spaces[0])
		return;
	window = fresh_region();
	for (i = 0; i < NR_SPACES; i++) {
		spaces[i] = new_root();
		own = page_alloc();
		own[0] = i + 1;
		for (page = 0; page < PAGES_MOST; page++)
			map_page(spaces[i], window + page * PAGE,
				 (uint64_t)own | PTE_RW);
	}
}

/* Loads the spaces 0 to row->a - 1 in turn, touches row->b pages in each. */
static uint64_t run_switch(const struct row *row)
{
	int i, k, page;

	for (i = 0, k = 0; i < row->n; i++) {
		write_cr3((uint64_t)spaces[k]);
		for (page = 0; page < row->b; page++)
			expect(window + page * PAGE, k + 1);
		if (++k == row->a)
			k = 0;
	}
	return 0;
}

/* Each was loaded before. */
static void before_switch(const struct row *row)
{
	struct row once = *row;

	make_spaces();
	once.n = row->a;
	run_switch(&once);
	write_cr3((uint64_t)root);
}

static void clear_page(uint64_t *page)
{
	uint64_t count = PER_TABLE;

	asm volatile("rep stosq" : "+D" (page), "+c" (count) : "a" (0ULL)
		     : "memory");
}

/*
 * The pages are spread evenly over row->a leaf tables, and dealt with in the
 * order of their addresses, as kernels do.
 */
static uint64_t fork_gva(const struct row *row, int page)
{
	const int each = FORK_PAGES / row->a;

	return parent + page / each * REGION + page % each * PAGE;
}

static uint64_t *fork_pte(const struct row *row, int page)
{
	const int each = FORK_PAGES / row->a;

	return &child.leaf[page / each][page % each];
}

static void before_fork(const struct row *row)
{
	int i;

	if (!child.root) {
		child.root = page_alloc();
		child.pdpt = page_alloc();
		child.pd = page_alloc();
		for (i = 0; i < FORK_PAGES; i++)
			child.leaf[i] = page_alloc();
	}
	/* All of its regions have one PD. */
	parent = 2ULL << 39;
	for (i = 0; i < FORK_PAGES; i++) {
		map_page(root, fork_gva(row, i), frame(i) | PTE_RW);
		expect(fork_gva(row, i), MAGIC);
	}
}

static void make_child(const struct row *row)
{
	int i;

	clear_page(child.root);
	clear_page(child.pdpt);
	clear_page(child.pd);
	child.root[0] = root[0];
	set_pte(&child.root[parent >> 39], (uint64_t)child.pdpt | PTE_TABLE);
	set_pte(&child.pdpt[0], (uint64_t)child.pd | PTE_TABLE);
	for (i = 0; i < row->a; i++) {
		clear_page(child.leaf[i]);
		set_pte(&child.pd[i], (uint64_t)child.leaf[i] | PTE_TABLE);
	}
	for (i = 0; i < FORK_PAGES; i++)
		set_pte(fork_pte(row, i),
			*pte_of(root, fork_gva(row, i)) & ~(uint64_t)PTE_W);
}

/* As the end of a process: entries first, then tables, then another root. */
static void end_child(const struct row *row)
{
	int i;

	for (i = 0; i < FORK_PAGES; i++)
		set_pte(fork_pte(row, i), 0);
	for (i = 0; i < row->a; i++)
		set_pte(&child.pd[i], 0);
	set_pte(&child.pdpt[0], 0);
	set_pte(&child.root[parent >> 39], 0);
	write_cr3((uint64_t)root);
}

/*
 * Tables made and filled, loaded, their pages touched, all taken down; the
 * next child gets the same pages for its tables, zeroed.
 */
static uint64_t run_fork_exit(const struct row *row)
{
	int i, n;

	for (n = 0; n < row->n; n++) {
		make_child(row);
		write_cr3((uint64_t)child.root);
		for (i = 0; i < FORK_PAGES; i++)
			expect(fork_gva(row, i), MAGIC);
		end_child(row);
	}
	return 0;
}

static bool fork_right(const struct row *row)
{
	write_cr3((uint64_t)child.root);
	if (!read_faults(fork_gva(row, 0)))
		return false;
	write_cr3((uint64_t)root);
	return !read_faults(fork_gva(row, FORK_PAGES - 1));
}

static void before_splinter(const struct row *row)
{
	uint64_t gpa = BLOCKS;
	int i, page;

	large = 3ULL << 39;
	large_pde = pde_of(root, large);
	for (i = 0; i < row->n; i++) {
		set_pte(large_pde + i, gpa | PTE_RW | PTE_PS);
		small_tables[i] = page_alloc();
		for (page = 0; page < PER_TABLE; page++, gpa += PAGE) {
			*(uint64_t *)gpa = page;
			small_tables[i][page] = gpa | PTE_RW;
		}
	}
	flush();
	for (i = 0; i < row->n; i++)
		for (page = 0; page < SPLINTERS; page++)
			expect(large + i * REGION + page * PAGE, page);
}

/* A large page becomes small ones, some of which are touched. */
static uint64_t run_splinter(const struct row *row)
{
	int i, page;

	for (i = 0; i < row->n; i++) {
		set_pte(large_pde + i, (uint64_t)small_tables[i] | PTE_RW);
		invlpg(large + i * REGION);
		for (page = 0; page < SPLINTERS; page++)
			expect(large + i * REGION + page * PAGE, page);
	}
	return 0;
}

/* The small tables are what counts now. */
static bool splinter_right(const struct row *row)
{
	int i;

	for (i = 0; i < row->n; i++) {
		set_pte(&small_tables[i][1], 0);
		invlpg(large + i * REGION + PAGE);
		if (!read_faults(large + i * REGION + PAGE))
			return false;
	}
	return true;
}

static void before_kernel(const struct row *row)
{
	uint64_t *pd = pde_of(root, KERNEL);
	int i;

	make_spaces();
	*pd = 0;
	for (i = 0; i < row->n; i++) {
		kernel_tables[i] = page_alloc();
		kernel_tables[i][0] = frame(i) | PTE_RW;
	}
	/* A first table, so that every space has seen the shared part. */
	kernel_tables[0][1] = frame(1) | PTE_RW;
	set_pte(pd + 511, (uint64_t)kernel_tables[0] | PTE_RW);
	for (i = 0; i < row->a; i++) {
		set_pte(&spaces[i][256], root[256]);
		write_cr3((uint64_t)spaces[i]);
		expect(KERNEL + 511 * REGION + PAGE, MAGIC);
	}
	write_cr3((uint64_t)root);
}

/* A new entry in a table that row->a roots share, then seen from each. */
static uint64_t run_kernel(const struct row *row)
{
	uint64_t *pd = pde_of(root, KERNEL + 511 * REGION) - 511;
	int i, n;

	for (n = 0; n < row->n; n++) {
		set_pte(pd + n, (uint64_t)kernel_tables[n] | PTE_RW);
		for (i = 0; i < row->a; i++) {
			write_cr3((uint64_t)spaces[i]);
			expect(KERNEL + n * REGION, MAGIC);
		}
	}
	return 0;
}

#define SWITCH(_spaces, _pages) \
	{ "switch-" #_spaces "-" #_pages, \
	  "switch among " #_spaces " spaces, " #_pages " pages touched", \
	  run_switch, 1000, .a = _spaces, .b = _pages, \
	  .before = before_switch }

#define FORK(_tables, _n) \
	{ "fork-exit-" #_tables, \
	  "64 pages in " #_tables " leaf tables made, read, torn down", \
	  run_fork_exit, _n, .a = _tables, .before = before_fork, \
	  .right = fork_right }

const struct row space_rows[] = {
	{ "cr3-read-load", "CR3 read and loaded", run_cr3, 1000 },
	SWITCH(2, 4),
	SWITCH(2, 16),
	SWITCH(4, 4),
	SWITCH(4, 16),
	SWITCH(16, 4),
	SWITCH(16, 16),
	SWITCH(64, 4),
	SWITCH(64, 16),
	FORK(1, 50),
	FORK(8, 50),
	FORK(64, 20),
	{ "splinter", "large page made small, 16 pages touched",
	  run_splinter, NR_LARGE, .before = before_splinter,
	  .right = splinter_right },
	{ "kernel-half-16", "new kernel entry seen from 16 roots",
	  run_kernel, NR_KERNEL, .a = 16, .before = before_kernel },
	{ }
};
