// SPDX-License-Identifier: GPL-2.0
/* Which stores to page tables are taken for the beginning of many. */
#include "vm.h"
#include "vcpu.h"
#include "feature.h"
#include "mmu/burst.h"
#include "mmu/rmap.h"
#include "ktap.h"
#include <linux/kernel.h>

#define FRAME(n)	((u64)(n) << 12)
#define ON		(KAGE_PTE_P | KAGE_PTE_U | KAGE_PTE_A)

unsigned long kage_features = ~0UL;

/* A run of the same store to one table, entry after entry. */
struct stores {
	unsigned int nr;
	gfn_t gfn;
	u64 old, new;
	u64 rip;
	unsigned int gap;	/* entries into the guest before each */
	unsigned int unlinks;	/* that come of it */
};

struct row {
	const char *name;
	struct stores runs[6];	/* up to one of no stores */
};

#define CLEAR(nr, gfn, unlinks) \
	{ nr, gfn, FRAME(7) | ON, 0, 0x1000, 1, unlinks }
#define SET(nr, gfn, unlinks) \
	{ nr, gfn, 0, FRAME(8) | ON, 0x2000, 1, unlinks }

static const struct row rows[] = {
	{ "the eighth that is cleared in a row", {
		CLEAR(7, 1, 0), CLEAR(1, 1, 1), CLEAR(1, 1, 0) } },
	{ "new entries are not counted, the very first neither", {
		SET(600, 1, 0) } },
	{ "new entries between begin the row anew", {
		CLEAR(7, 1, 0), SET(1, 1, 0), CLEAR(7, 1, 0) } },
	{ "the same page again is half a change of rights", {
		CLEAR(7, 1, 0), { 1, 1, 0, FRAME(7) | ON, 0x1000, 1, 0 },
		CLEAR(1, 1, 1) } },
	{ "another page in the place is no sign", {
		{ 20, 1, FRAME(7) | ON, FRAME(8) | ON, 0x1000, 1, 0 } } },
	{ "rights are", {
		{ 8, 1, FRAME(7) | ON | KAGE_PTE_W, FRAME(7) | ON, 0x1000, 1,
		  1 } } },
	{ "the next table after two", {
		CLEAR(8, 1, 1), CLEAR(1, 2, 0), CLEAR(1, 2, 1) } },
	{ "each table has a row of its own", {
		CLEAR(7, 1, 0), CLEAR(7, 2, 0) } },
	{ "exits between end it", {
		CLEAR(7, 1, 0),
		{ 7, 1, FRAME(7) | ON, 0, 0x1000, KAGE_BURST_GAP + 1, 0 } } },
	{ "as few as a kernel makes do not", {
		{ 8, 1, FRAME(7) | ON, 0, 0x1000, KAGE_BURST_GAP, 1 } } },
	{ "an instruction that has the habit after two", {
		CLEAR(8, 1, 1), SET(1, 9, 0), CLEAR(1, 3, 0), CLEAR(1, 3, 1),
	} },
};

static struct kage_vm vm;
static struct kage_vcpu vcpu = { .vm = &vm };
static unsigned int unlinks;

bool kage_shadow_unlink(struct kage_vm *vm, gfn_t gfn)
{
	(void)vm;
	(void)gfn;
	unlinks++;
	return true;
}

/* Tables without parents: nothing is torn down. */
struct kage_shadow *kage_shadow_follower(struct kage_vm *vm, gfn_t gfn)
{
	(void)vm;
	(void)gfn;
	return NULL;
}

u64 *kage_ptelist_first(const struct kage_ptelist *list)
{
	(void)list;
	return NULL;
}

struct kage_shadow *kage_shadow_of(const u64 *sptep)
{
	(void)sptep;
	return NULL;
}

void kage_shadow_unshadow(struct kage_vm *vm, gfn_t gfn)
{
	(void)vm;
	(void)gfn;
}

void *kage_mem_host(struct kage_vm *vm, gpa_t gpa, size_t len, bool write)
{
	(void)vm;
	(void)gpa;
	(void)len;
	(void)write;
	return NULL;
}

void kage_shadow_follow(struct kage_vm *vm, struct kage_shadow *sp,
			unsigned int index, u64 gpte)
{
	(void)vm;
	(void)sp;
	(void)index;
	(void)gpte;
}

static bool check(const struct row *row)
{
	const struct stores *s;
	unsigned int n;

	vcpu = (struct kage_vcpu) { .vm = &vm };
	for (s = row->runs; s < row->runs + ARRAY_SIZE(row->runs) && s->nr; s++) {
		unlinks = 0;
		for (n = 0; n < s->nr; n++) {
			vcpu.stats[KAGE_STAT_ENTRIES] += s->gap;
			kage_burst_note(&vcpu, s->gfn, s->rip, s->old, s->new,
					NULL);
		}
		if (unlinks != s->unlinks) {
			ktap_diag("run %d: %u unlinked, not %u",
				  (int)(s - row->runs), unlinks, s->unlinks);
			return false;
		}
	}
	return true;
}

int main(void)
{
	unsigned int i;

	ktap_plan(ARRAY_SIZE(rows));
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		ktap_ok(check(&rows[i]), "%s", rows[i].name);
	return ktap_done();
}
