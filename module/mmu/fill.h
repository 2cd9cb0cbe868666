/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow pages as a whole. Within mmu/, under mmu->lock.
 */
#ifndef _KAGE_MMU_FILL_H
#define _KAGE_MMU_FILL_H

#include "shadow.h"

/* To fill so many entries costs about what an exit does. */
#define KAGE_FILL_WINDOW	64

/**
 * kage_fill() - make the entries of a new page what they should be
 *
 * Nothing leads to it, all of it is NONE, and its guest table is tracked by now.
 * Of a guest's leaf table only the window around mmu->near is filled in.
 */
void kage_fill(struct kage_vm *vm, struct kage_shadow *sp);

/** kage_fill_again() - the same for a leaf table that was unlinked for a while */
void kage_fill_again(struct kage_vm *vm, struct kage_shadow *sp);

/** kage_fill_near() - fill in the window around mmu->near of a leaf table */
void kage_fill_near(struct kage_vm *vm, struct kage_shadow *sp);

/** kage_fill_entry() - kage_shadow_follow() for a guest's leaf table */
void kage_fill_entry(struct kage_vm *vm, struct kage_shadow *sp,
		     unsigned int i, u64 gpte);

/** kage_fill_rsvd() - bits that must be 0 in entries of a guest's leaf table */
u64 kage_fill_rsvd(const struct kage_shadow *sp);

/**
 * kage_fill_clear() - all present entries become LAZY, and children are let go
 */
void kage_fill_clear(struct kage_vm *vm, struct kage_shadow *sp);

/**
 * kage_fill_leaf() - leaf entry for @gfn with the rights of @gpte
 * @slot: where @gfn is, or NULL: the entry is LAZY then
 * @level: 1, or 2 for a 2 MiB host page
 */
static inline u64 kage_fill_leaf(struct kage_slot *slot,
				 const struct kage_shadow *sp, u64 gpte,
				 gfn_t gfn, int level)
{
	u64 spte;

	if (!slot)
		return KAGE_SPTE_LAZY;
	spte = kage_spte_leaf(gpte, sp->role.wp, level,
			      slot->pfns[gfn - slot->base],
			      !(slot->flags & KAGE_MEM_F_READONLY));
	if (level == 1 && (spte & KAGE_PTE_W) && kage_slot_tracked(slot, gfn))
		spte = kage_spte_track(spte);
	return spte;
}

#endif /* _KAGE_MMU_FILL_H */
