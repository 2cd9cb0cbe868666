// SPDX-License-Identifier: GPL-2.0
/*
 * Checks that the shadow is what the guest's tables say.
 */
#include "audit.h"
#include "../vm.h"
#include "../vcpu.h"
#include "rmap.h"
#include "shadow.h"
#include <linux/sched.h>

/*
 * Is @spte one that @want allows? LAZY stands for anything that is present in
 * the guest, and W may be missing; that only kage withholds it may be said only
 * where the guest grants it.
 */
static bool entry_ok(u64 spte, u64 want)
{
	const u64 write = KAGE_PTE_W | KAGE_SPTE_TRACKED | KAGE_SPTE_WITHHELD;

	if (spte == KAGE_SPTE_LAZY)
		return want != KAGE_SPTE_NONE;
	if (!kage_spte_present(spte))
		return spte == want;
	if ((spte ^ want) & ~write)
		return false;
	if (spte & KAGE_PTE_W)
		return (want & KAGE_PTE_W) &&
		       !(spte & (KAGE_SPTE_TRACKED | KAGE_SPTE_WITHHELD));
	if ((want & KAGE_PTE_U) && (want & write) &&
	    !(spte & KAGE_SPTE_WITHHELD))
		return false;
	return !(spte & (KAGE_SPTE_TRACKED | KAGE_SPTE_WITHHELD)) ||
	       (want & write);
}

/*
 * A large page may be mapped by one entry or by a table of its pieces, and what
 * was right when the entry was made stays so: frames around may have become
 * page tables, or ceased to be. Gives what the entry would have to be, if it is
 * of the kind that it is. Whether W is right check_leaf() looks after.
 */
static u64 want_large(struct kage_vm *vm, struct kage_shadow *sp,
		      unsigned int i, u64 gpte)
{
	gfn_t gfn = kage_shadow_gfn(sp, i, gpte);
	struct kage_slot *slot = kage_mem_slot(vm, gfn);
	u64 spte = sp->spt[i];
	struct kage_shadow *child;

	gpte = kage_shadow_gpte(sp, gpte);
	if (kage_spte_is_leaf(spte, sp->role.level)) {
		if (sp->role.level != 2 || !slot ||
		    !kage_slot_is_block(slot, kage_slot_chunk(slot, gfn)))
			return KAGE_SPTE_NONE;
		return kage_spte_leaf(gpte, sp->role.wp, 2,
				      slot->pfns[gfn - slot->base],
				      !(slot->flags & KAGE_MEM_F_READONLY));
	}
	child = kage_shadow_child(spte);
	if (child->gfn != gfn ||
	    child->role.word != kage_shadow_role(sp, gpte, true).word)
		return KAGE_SPTE_NONE;
	return kage_spte_table(gpte, true, sp->role.wp, __pa(child->spt));
}

static u64 want(struct kage_vm *vm, struct kage_shadow *sp, unsigned int i,
		u64 gpte)
{
	int level = sp->role.level;

	if (level > 1 && kage_spte_present(sp->spt[i]) &&
	    (sp->role.direct || (kage_shadow_usable(sp, gpte) &&
				 kage_gpte_is_leaf(gpte, level))))
		return want_large(vm, sp, i, gpte);
	return kage_shadow_derive(vm, sp, i, gpte);
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
	if (sp->role.direct && sp->role.level == 1) {
		bad += gfn != sp->gfn + i || sp->gfn % KAGE_PT_ENTRIES;
	} else {
		list = kage_rmap_list(vm, gfn, sp->role.level);
		bad += !list || !kage_ptelist_has(list, &sp->spt[i]);
	}
	bad += sp->role.level == 1 ? kage_slot_tracked(slot, gfn) :
	       slot->tracked_in[kage_slot_chunk(slot, gfn)];
	return bad;
}

static u32 check_entry(struct kage_vm *vm, struct kage_shadow *sp,
		       unsigned int i, const u64 *gpt)
{
	u64 gpte = gpt ? READ_ONCE(gpt[i]) : 0;
	u64 spte = sp->spt[i];
	struct kage_shadow *child;
	u32 bad = !entry_ok(spte, want(vm, sp, i, gpte));

	if (!kage_spte_present(spte))
		return bad;
	if (kage_spte_is_leaf(spte, sp->role.level))
		return bad + check_leaf(vm, sp, i);
	child = kage_shadow_child(spte);
	bad += !kage_shadow_live(child);
	bad += child->role.level != sp->role.level - 1;
	bad += !kage_ptelist_has(&child->parents, &sp->spt[i]);
	return bad;
}

/* Nothing leads to it, so nothing else about it needs to be true. */
static u32 check_unsynced(const struct kage_shadow *sp)
{
	return !kage_ptelist_empty(&sp->parents) || sp->pins ||
	       sp->role.level > 1 || sp->role.direct;
}

static u32 check_page(struct kage_vm *vm, struct kage_shadow *sp)
{
	struct kage_slot *slot = kage_mem_slot(vm, sp->gfn);
	const u64 *gpt = NULL;
	u32 present = 0, bad = 0;
	unsigned int i;

	if (sp->unsynced)
		return check_unsynced(sp);
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

/* Pages are checked bucket by bucket: all at once would take too long. */
static u32 check_bucket(struct kage_vm *vm, struct hlist_head *head)
{
	struct kage_shadow *sp;
	unsigned long flags;
	u32 bad = 0;

	rcu_read_lock();
	spin_lock_irqsave(&vm->mmu.lock, flags);
	hlist_for_each_entry(sp, head, hash)
		bad += check_page(vm, sp);
	spin_unlock_irqrestore(&vm->mmu.lock, flags);
	rcu_read_unlock();
	return bad;
}

static u32 check_lists(struct kage_mmu *mmu)
{
	struct kage_shadow *sp;
	unsigned long flags;
	u32 live = 0, dying = 0, bad = 0;

	spin_lock_irqsave(&mmu->lock, flags);
	list_for_each_entry(sp, &mmu->live, lru) {
		bad += !kage_shadow_live(sp);
		live++;
	}
	list_for_each_entry(sp, &mmu->dying, lru) {
		bad += kage_shadow_live(sp) || sp->nr_present ||
		       !kage_ptelist_empty(&sp->parents);
		dying++;
	}
	bad += live != mmu->nr_live;
	bad += dying != mmu->nr_dying;
	spin_unlock_irqrestore(&mmu->lock, flags);
	return bad;
}

int kage_mmu_audit(struct kage_vm *vm, u32 *errors)
{
	unsigned int i;

	*errors = check_lists(&vm->mmu);
	for (i = 0; i < ARRAY_SIZE(vm->mmu.hash); i++) {
		*errors += check_bucket(vm, &vm->mmu.hash[i]);
		cond_resched();
	}
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
	[KAGE_MMU_UNLINKED] = "unlinked",
	[KAGE_MMU_RELINKED] = "relinked",
	[KAGE_MMU_TORN_DOWN] = "torn-down",
	[KAGE_MMU_PREFETCHED] = "prefetched",
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
