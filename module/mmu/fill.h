/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow pages as a whole. Within mmu/, under mmu->lock.
 */
#ifndef _KAGE_MMU_FILL_H
#define _KAGE_MMU_FILL_H

#include "shadow.h"

/**
 * kage_fill() - make all entries what they should be
 *
 * The page is new, or was unlinked for a while; nothing leads to it, and its
 * guest table is tracked by now.
 */
void kage_fill(struct kage_vm *vm, struct kage_shadow *sp);

/** kage_fill_entry() - kage_shadow_follow() for a guest's leaf table */
void kage_fill_entry(struct kage_vm *vm, struct kage_shadow *sp,
		     unsigned int i, u64 gpte);

/* A store of one entry to a guest's leaf table. */
struct kage_fill_store {
	u64 *gpte;			/* where */
	u64 val;			/* what; then, if exchanged, what was there */
	bool exchange;
	struct kage_slot **slot;	/* where the last such entry led, or NULL */
};

/**
 * kage_fill_store() - make a store, and the entry of @sp what it comes down to
 *
 * Context: to other vCPUs the caller's is in the guest.
 * Return: false if that is not simple; nothing has changed then.
 */
bool kage_fill_store(struct kage_vm *vm, struct kage_shadow *sp,
		     unsigned int index, struct kage_fill_store *store);

/**
 * kage_fill_clear() - all present entries of a leaf table become LAZY
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
