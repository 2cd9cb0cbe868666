// SPDX-License-Identifier: GPL-2.0
/*
 * Rows of the benchmark: entries of one address space's tables. What flushes
 * does it as Linux would: INVLPG for up to 33 pages, else CR3.
 */
#include "bench.h"

#define INVLPG_MOST	33
#define NR_TABLES	8	/* that the rows "munmap" share */

static uint64_t area;

static void touch_all(uint64_t gva, int n)
{
	int i;

	for (i = 0; i < n; i++)
		expect(gva + i * PAGE, MAGIC);
}

/* Every entry of the used region was in use, and is gone. */
static void before_empty(const struct row *row)
{
	uint64_t *pte = pte_of(root, used);

	(void)row;
	fill(pte, PER_TABLE, PTE_RW);
	flush();
	touch_all(used, PER_TABLE);
	fill(pte, PER_TABLE, 0);
	flush();
}

static void before_full(const struct row *row)
{
	before_empty(row);
	fill(pte_of(root, used), PER_TABLE, PTE_RW);
	touch_all(used, PER_TABLE);
}

/* With a set the rows about faults are those of ring 3. */
static void before_cow(const struct row *row)
{
	fill(pte_of(root, used), PER_TABLE,
	     PTE_P | PTE_A | (row->a ? PTE_U : 0));
	flush();
	touch_all(used, PER_TABLE);
}

static uint64_t map_and_touch(uint64_t gva, int n)
{
	uint64_t *pte = pte_of(root, gva);
	int i;

	for (i = 0; i < n; i++) {
		set_pte(pte + i, frame(i) | PTE_RW);
		expect(gva + i * PAGE, MAGIC);
	}
	return 0;
}

/* A new entry and the first access, in tables that were used before. */
static uint64_t run_new_pte_used(const struct row *row)
{
	return map_and_touch(used, row->n);
}

/* The same in tables that never held anything. */
static uint64_t run_new_pte_fresh(const struct row *row)
{
	return map_and_touch(fresh_region(), row->n);
}

static uint64_t run_clear_invlpg(const struct row *row)
{
	uint64_t *pte = pte_of(root, used);
	int i;

	for (i = 0; i < row->n; i++) {
		set_pte(pte + i, 0);
		invlpg(used + i * PAGE);
	}
	return 0;
}

static bool all_gone(const struct row *row)
{
	int i;

	for (i = 0; i < row->n; i++)
		if (!read_faults(used + i * PAGE))
			return false;
	return true;
}

/* The handler maps the page that was read. */
static uint64_t run_demand(const struct row *row)
{
	if (row->a)
		user_run(false, used, row->n);
	else
		touch_all(used, row->n);
	return 0;
}

/* The handler gives the page that was written to another frame, writable. */
static uint64_t run_cow(const struct row *row)
{
	int i;

	if (row->a)
		user_run(true, used, row->n);
	for (i = 0; !row->a && i < row->n; i++)
		*(volatile uint64_t *)(used + i * PAGE + 8) = i;
	return 0;
}

static bool one_fault_each(const struct row *row)
{
	return faults == (uint64_t)row->n;
}

static bool cow_right(const struct row *row)
{
	int i;

	for (i = 0; i < row->n; i++)
		/* The frame that was read-only must not have been written. */
		if (write_faults(used + i * PAGE) ||
		    *(uint64_t *)(frame(i) + 8))
			return false;
	return one_fault_each(row);
}

static void protect(uint64_t *pte, int n, uint64_t flags)
{
	fill(pte, n, flags);
	if (n > INVLPG_MOST)
		flush();
}

/* A range made read-only and read, made writable again and written to. */
static uint64_t run_mprotect(const struct row *row)
{
	uint64_t *pte = pte_of(root, used);
	int i, n;

	for (n = 0; n < row->n; n++) {
		protect(pte, row->a, PTE_P | PTE_A | PTE_D);
		for (i = 0; i < row->a; i++)
			expect(used + i * PAGE, MAGIC);
		protect(pte, row->a, PTE_RW);
		for (i = 0; i < row->a; i++)
			*(volatile uint64_t *)(used + i * PAGE) = MAGIC;
	}
	return 0;
}

static bool mprotect_right(const struct row *row)
{
	uint64_t *pte = pte_of(root, used);
	bool ok = !faults;
	int i;

	protect(pte, row->a, PTE_P | PTE_A | PTE_D);
	for (i = 0; i < row->a; i++)
		ok &= write_faults(used + i * PAGE);
	return ok;
}

static void before_munmap(const struct row *row)
{
	int i;

	(void)row;
	if (!area) {
		area = fresh_region();
		for (i = 1; i < NR_TABLES; i++)
			fresh_region();
	}
	for (i = 0; i < NR_TABLES; i++) {
		fill(pte_of(root, area + i * REGION), PER_TABLE, PTE_RW);
		touch_all(area + i * REGION, PER_TABLE);
	}
}

/* Many pages taken away one after the other; no range crosses a table. */
static uint64_t run_munmap(const struct row *row)
{
	const int pages = row->a, per_table = PER_TABLE / pages;
	uint64_t gva, *pte;
	int i, n;

	for (n = 0; n < row->n; n++) {
		gva = area + n / per_table * REGION +
		      n % per_table * pages * PAGE;
		pte = pte_of(root, gva);
		for (i = 0; i < pages; i++)
			set_pte(pte + i, 0);
		for (i = 0; pages <= INVLPG_MOST && i < pages; i++)
			invlpg(gva + i * PAGE);
		if (pages > INVLPG_MOST)
			flush();
	}
	return 0;
}

static bool munmap_right(const struct row *row)
{
	const int pages = row->a, per_table = PER_TABLE / pages;
	uint64_t gva;
	int i, n;

	for (n = 0; n < row->n; n++) {
		gva = area + n / per_table * REGION +
		      n % per_table * pages * PAGE;
		for (i = 0; i < pages; i += pages > 1 ? pages - 1 : 1)
			if (!read_faults(gva + i * PAGE))
				return false;
	}
	return true;
}

#define MUNMAP(_pages, _n) \
	{ "munmap-" #_pages, "range of " #_pages " pages", run_munmap, _n, \
	  .a = _pages, .before = before_munmap, .right = munmap_right }

const struct row pte_rows[] = {
	{ "new-pte-used", "new entry and touch, used tables",
	  run_new_pte_used, PER_TABLE, .before = before_empty },
	{ "new-pte-fresh", "new entry and touch, fresh tables",
	  run_new_pte_fresh, PER_TABLE },
	{ "clear-invlpg", "entry cleared, INVLPG", run_clear_invlpg,
	  PER_TABLE, .before = before_full, .right = all_gone },
	{ "demand-fault", "user's read of a page that the kernel maps",
	  run_demand, PER_TABLE, .a = 1, .before = before_empty,
	  .right = one_fault_each },
	{ "cow-fault", "user's write to a read-only page", run_cow, PER_TABLE,
	  .a = 1, .before = before_cow, .right = cow_right },
	{ "demand-kernel", "the same in ring 0", run_demand, PER_TABLE,
	  .before = before_empty, .right = one_fault_each },
	{ "cow-kernel", "the same in ring 0", run_cow, PER_TABLE,
	  .before = before_cow, .right = cow_right },
	{ "mprotect-64", "64 pages read-only, writable again", run_mprotect,
	  50, .a = 64, .before = before_full, .right = mprotect_right },
	MUNMAP(1, 4096),
	MUNMAP(16, 256),
	MUNMAP(33, 120),
	MUNMAP(34, 120),
	MUNMAP(512, 8),
	{ }
};
