// SPDX-License-Identifier: GPL-2.0
/*
 * Checks that the shadow is what the guest's tables say.
 */
#include "audit.h"
#include "../vm.h"
#include "../vcpu.h"
#include "rmap.h"
#include "shadow.h"

/*
 * Is @spte one that @want allows? LAZY stands for anything that is present in
 * the guest; W may be missing; a table of pieces may stand for a large entry.
 */
static bool entry_ok(const struct kage_shadow *sp, u64 spte, u64 want)
{
	if (spte == want || spte == KAGE_SPTE_LAZY)
		return want != KAGE_SPTE_NONE || spte == want;
	if (!kage_spte_present(spte) || !kage_spte_present(want))
		return false;
	return (spte | KAGE_PTE_W) == (want | KAGE_PTE_W) &&
	       !(spte & ~want & KAGE_PTE_W);
}

static u32 check_leaf(struct kage_vm *vm, struct kage_shadow *sp,
		      unsigned int i)
{
	struct kage_ptelist *list;
	gfn_t gfn = sp->gfns[i];
	struct kage_slot *slot = kage_mem_slot(vm, gfn);
	u64 spte = sp->spt[i];
	u32 bad = 0;

	if (!slot)
		return 1;
	bad += (spte & KAGE_PTE_ADDR) >> KAGE_PAGE_SHIFT !=
	       slot->pfns[gfn - slot->base];
	if (!(spte & KAGE_PTE_W))
		return bad;
	list = kage_rmap_list(vm, gfn, sp->role.level);
	bad += !list || !kage_ptelist_has(list, &sp->spt[i]);
	bad += sp->role.level == 1 ? kage_slot_tracked(slot, gfn) :
	       slot->tracked_in[kage_slot_chunk(slot, gfn)];
	return bad;
}

static u32 check_entry(struct kage_vm *vm, struct kage_shadow *sp,
		       unsigned int i, const u64 *gpt)
{
	u64 want = kage_shadow_derive(vm, sp, i, gpt ? gpt[i] : 0);
	u64 spte = sp->spt[i];
	struct kage_shadow *child;
	u32 bad = !entry_ok(sp, spte, want);

	if (!kage_spte_present(spte))
		return bad;
	if (kage_spte_is_leaf(spte, sp->role.level))
		return bad + check_leaf(vm, sp, i);
	child = kage_shadow_child(spte);
	bad += hlist_unhashed(&child->hash);
	bad += child->role.level != sp->role.level - 1;
	bad += !kage_ptelist_has(&child->parents, &sp->spt[i]);
	return bad;
}

static u32 check_page(struct kage_vm *vm, struct kage_shadow *sp)
{
	struct kage_slot *slot = kage_mem_slot(vm, sp->gfn);
	const u64 *gpt = NULL;
	u32 present = 0, bad = 0;
	unsigned int i;

	if (!sp->role.direct) {
		gpt = kage_mem_host(vm, sp->gfn << KAGE_PAGE_SHIFT,
				    KAGE_PAGE_SIZE, false);
		if (!gpt || !slot || !kage_slot_tracked(slot, sp->gfn))
			return 1;
	}
	for (i = 0; i < KAGE_PT_ENTRIES; i++) {
		bad += check_entry(vm, sp, i, gpt);
		present += kage_spte_present(sp->spt[i]);
	}
	return bad + (present != sp->nr_present);
}

int kage_mmu_audit(struct kage_vm *vm, u32 *errors)
{
	struct kage_mmu *mmu = &vm->mmu;
	struct kage_shadow *sp;
	unsigned long flags;
	u32 live = 0;

	*errors = 0;
	rcu_read_lock();
	spin_lock_irqsave(&mmu->lock, flags);
	list_for_each_entry(sp, &mmu->live, lru) {
		*errors += check_page(vm, sp);
		live++;
	}
	*errors += live != mmu->nr_live;
	spin_unlock_irqrestore(&mmu->lock, flags);
	rcu_read_unlock();
	return 0;
}

static const char * const stat_names[KAGE_NR_MMU_STATS] = {
	[KAGE_MMU_CREATED] = "created",
	[KAGE_MMU_ORPHANED] = "orphaned",
	[KAGE_MMU_RECYCLED] = "recycled",
	[KAGE_MMU_UNSHADOWED] = "unshadowed",
	[KAGE_MMU_PROTECTED] = "protected",
	[KAGE_MMU_FLUSHES] = "flushes",
	[KAGE_MMU_RESYNCS] = "resyncs",
};

int kage_mmu_stats(struct kage_vm *vm, struct kage_stat_sink *sink)
{
	struct kage_mmu *mmu = &vm->mmu;
	int i, ret;

	ret = sink->put(sink, "shadow-pages", READ_ONCE(mmu->nr_live)) ?:
	      sink->put(sink, "shadow-pages-limit", READ_ONCE(mmu->limit));
	for (i = 0; !ret && i < KAGE_NR_MMU_STATS; i++)
		ret = sink->put(sink, stat_names[i],
				READ_ONCE(mmu->stats[i]));
	return ret;
}
