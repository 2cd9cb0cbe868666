// SPDX-License-Identifier: GPL-2.0
/*
 * Leaf tables shadowed before they are used.
 *
 * An address space that was copied, or begun with a new program, has its tables
 * before it is loaded: each that is used would be a hidden fault. So the first of
 * them brings its neighbours. Only tables that no shadow page ever was made
 * for: one that was unlinked is being changed, and one that is tracked is a table of
 * another kind. Only users', for a kernel's upper tables lead to much that rests.
 *
 * Nothing is granted by it that a fault would not grant: a processor may walk, and
 * cache, whatever is marked accessed, whenever it likes. What has not been is left.
 */
#include "prefetch.h"
#include "../feature.h"
#include "../vm.h"

/* Neighbours are the entries of one aligned group. */
#define GROUP	16

/* Are the reserves such that the next fault does not have to wait? */
static bool can_spare(const struct kage_mmu *mmu)
{
	return mmu->nr_spare > KAGE_ROOT_LEVEL + 1 && !kage_shadow_low(mmu) &&
	       mmu->nr_live + KAGE_POOL_PAGES < mmu->limit;
}

static bool is_wanted(struct kage_vm *vm, const struct kage_shadow *sp,
		      u64 gpte)
{
	gfn_t gfn = kage_gpte_gfn(gpte, 1);
	struct kage_slot *slot;

	if (!(gpte & KAGE_PTE_U) || !kage_shadow_usable(sp, gpte) ||
	    kage_gpte_is_leaf(gpte, 2))
		return false;
	slot = kage_mem_slot(vm, gfn);
	return slot && !kage_slot_tracked(slot, gfn) &&
	       !kage_shadow_find(vm, gfn, kage_shadow_role(sp, gpte, false));
}

/* The part of a leaf table that is used first: where its entries begin. */
static unsigned int first_entry(struct kage_vm *vm, gfn_t gfn)
{
	const u64 *gpt = kage_mem_host(vm, gfn << KAGE_PAGE_SHIFT,
				       KAGE_PAGE_SIZE, false);
	unsigned int i = 0;

	while (gpt && i < KAGE_PT_ENTRIES && !READ_ONCE(gpt[i]))
		i++;
	return i % KAGE_PT_ENTRIES;
}

static void make_table(struct kage_vm *vm, struct kage_shadow *sp,
		       unsigned int index, u64 gpte)
{
	gfn_t gfn = kage_gpte_gfn(gpte, 1);
	unsigned int near = vm->mmu.near;

	vm->mmu.near = first_entry(vm, gfn);
	if (kage_shadow_get(vm, gfn, kage_shadow_role(sp, gpte, false))) {
		vm->mmu.stats[KAGE_MMU_PREFETCHED]++;
		kage_shadow_follow(vm, sp, index, gpte);
	}
	vm->mmu.near = near;
}

void kage_prefetch_tables(struct kage_vm *vm, struct kage_shadow *sp,
			  unsigned int index)
{
	const u64 *gpt = kage_mem_host(vm, sp->gfn << KAGE_PAGE_SHIFT,
				       KAGE_PAGE_SIZE, false);
	unsigned int i = index & ~(GROUP - 1U), end = i + GROUP;

	lockdep_assert_held(&vm->mmu.lock);
	if (!gpt || !kage_has(KAGE_FEATURE_PREFETCH))
		return;
	for (; i < end && can_spare(&vm->mmu); i++) {
		/* The table is tracked, so its entries stay as they are read. */
		u64 gpte = READ_ONCE(gpt[i]);

		if (sp->spt[i] == KAGE_SPTE_LAZY && is_wanted(vm, sp, gpte))
			make_table(vm, sp, i, gpte);
	}
}
