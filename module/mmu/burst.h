/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finds tables that the guest changes entry after entry. Within mmu/, under
 * mmu->lock.
 */
#ifndef _KAGE_MMU_BURST_H
#define _KAGE_MMU_BURST_H

#include "shadow.h"
#include "../vcpu.h"

/*
 * About what it costs to link a table again, in stores; and how many it takes to
 * believe that the guest goes on with the next table as it did with the last, or
 * that an instruction begins as long a burst as it did before, which it has to
 * prove again after so many times.
 */
#define KAGE_BURST		8
#define KAGE_BURST_MORE		2
#define KAGE_BURST_CREDIT	16

/*
 * Exits between two changes of a burst: each may be two stores, and the host has
 * interrupts. A guest that calls its kernel in between, and isolates that, has more.
 */
#define KAGE_BURST_GAP		3

/* Tables that lost entries one after the other: their address space ends. */
#define KAGE_BURST_TABLES	3

static inline unsigned int kage_burst_limit(const struct kage_burst *burst)
{
	return burst->more ? KAGE_BURST_MORE : burst->limit;
}

/* The habit of the instruction at @rip, or NULL. */
static inline struct kage_burst_habit *
kage_burst_habit(struct kage_burst *burst, u64 rip)
{
	int i;

	for (i = 0; i < KAGE_BURST_HABITS; i++)
		if (burst->habit[i].rip == rip)
			return &burst->habit[i];
	return NULL;
}

static inline bool kage_burst_goes_on(const struct kage_vcpu *vcpu)
{
	return vcpu->stats[KAGE_STAT_ENTRIES] - vcpu->burst.entries <=
	       KAGE_BURST_GAP;
}

/** kage_burst_end() - the guest does something else */
static inline void kage_burst_end(struct kage_vcpu *vcpu)
{
	vcpu->burst.nr = 0;
	vcpu->burst.tables = 0;
	vcpu->burst.more = false;
}

static inline void kage_burst_begin(struct kage_burst *burst, u64 rip)
{
	const struct kage_burst_habit *habit = kage_burst_habit(burst, rip);

	burst->nr = 0;
	burst->limit = habit && habit->credit ? KAGE_BURST_MORE : KAGE_BURST;
}

/**
 * kage_burst_note() - the guest changed an entry of a tracked table
 * @gfn: the table's frame
 * @rip: the instruction
 * @old, @new: the entry before and after
 * @sptep: what maps the table where the guest stores to it, or NULL
 *
 * Unlinks the table if this was one time too often; the guest can then go on
 * without an exit.
 */
void kage_burst_note(struct kage_vcpu *vcpu, gfn_t gfn, u64 rip, u64 old,
		     u64 new, u64 *sptep);

/*
 * Taking a page away, or changing its rights, may be part of something larger;
 * giving a new page, be it in the place of another, is not.
 */
static inline bool kage_burst_sign(u64 old, u64 new)
{
	return (old & KAGE_PTE_P) &&
	       (!(new & KAGE_PTE_P) || !((old ^ new) & KAGE_PTE_ADDR));
}

/** kage_burst_new() - kage_burst_note() of an entry where none was */
static inline void kage_burst_new(struct kage_burst *burst, u64 new)
{
	/* The second half of a change of rights: see burst.c. */
	if (!((burst->old ^ new) & (KAGE_PTE_ADDR | KAGE_PTE_P)))
		return;
	burst->nr = 0;
	burst->tables = 0;
}

/** kage_burst_count() - the same, where kage_burst_due() has said no */
static inline void kage_burst_count(struct kage_vcpu *vcpu, gfn_t gfn, u64 rip,
				    u64 old, u64 new)
{
	struct kage_burst *burst = &vcpu->burst;

	if (!(old & KAGE_PTE_P)) {
		kage_burst_new(burst, new);
		return;
	}
	if (!kage_burst_sign(old, new)) {
		burst->nr = 0;
		burst->tables = 0;
		return;
	}
	if (!kage_burst_goes_on(vcpu))
		kage_burst_end(vcpu);
	burst->entries = vcpu->stats[KAGE_STAT_ENTRIES];
	burst->old = old;
	if (burst->gfn != gfn) {
		burst->nr = 0;
		burst->tables++;
	}
	if (!burst->nr)
		kage_burst_begin(burst, rip);
	if (new & KAGE_PTE_P)
		burst->tables = 0;
	burst->gfn = gfn;
	burst->nr++;
}

/** kage_burst_due() - would this change unlink the table, or more? */
static inline bool kage_burst_due(const struct kage_vcpu *vcpu, gfn_t gfn,
				  u64 old, u64 new)
{
	const struct kage_burst *burst = &vcpu->burst;

	if (!kage_burst_sign(old, new) || !kage_burst_goes_on(vcpu))
		return false;
	return burst->gfn == gfn ? burst->nr + 1 >= kage_burst_limit(burst) :
				   burst->tables + 1 >= KAGE_BURST_TABLES;
}

#endif /* _KAGE_MMU_BURST_H */
