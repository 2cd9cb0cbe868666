// SPDX-License-Identifier: GPL-2.0
/*
 * Bursts of stores to one table, or to one table after the other.
 *
 * A store costs an exit; to unlink a table and to link it again costs an exit
 * and a look at 512 entries. Where the guest takes entries away, or changes
 * their rights, one after the other, it is at unmapping, protecting or forking,
 * and more is to come. A fault that exits in between ends it; those that go to
 * the guest alone kage does not see, so that a page in the place of another, as
 * a copy on write leaves it, is no sign. Nor are new entries: they are made to be
 * used, and kage fills them in at once.
 */
#include "burst.h"
#include "../feature.h"
#include "../vcpu.h"
#include "../vm.h"
#include "rmap.h"

/*
 * The entry that maps the table was read-only for being one. The guest is about
 * to store through it once more: that need not be another exit.
 */
static void follow_again(struct kage_vm *vm, u64 *sptep)
{
	struct kage_shadow *sp = kage_shadow_of(sptep);
	unsigned int index = sptep - sp->spt;
	const u64 *gpt = NULL;

	if (!sp->role.direct)
		gpt = kage_mem_host(vm, sp->gfn << KAGE_PAGE_SHIFT,
				    KAGE_PAGE_SIZE, false);
	/* Its own table may be among those that went. */
	if (!sp->unsynced && kage_shadow_live(sp))
		kage_shadow_follow(vm, sp, index,
				   gpt ? READ_ONCE(gpt[index]) : 0);
}

/*
 * Gives up the table above one that lost an entry, and with it what only that
 * leads to. Three times as many as lost entries in a row may go for nothing: they
 * come back by the group (prefetch.c). Of users only, for a kernel's upper tables
 * lead to much that stays.
 */
static bool tear_down(struct kage_vm *vm, gfn_t gfn, unsigned int tables)
{
	struct kage_shadow *sp = kage_shadow_follower(vm, gfn), *above;
	u64 *parent = sp ? kage_ptelist_first(&sp->parents) : NULL;

	if (!parent || !(*parent & KAGE_PTE_U))
		return false;
	above = kage_shadow_of(parent);
	if (above->nr_present > 4 * tables)
		return false;
	vm->mmu.stats[KAGE_MMU_TORN_DOWN]++;
	kage_shadow_unshadow(vm, above->gfn);
	return true;
}

/* A long burst is a habit; one that was believed to be long uses it up. */
static void learn(struct kage_burst *burst, u64 rip)
{
	struct kage_burst_habit *habit = kage_burst_habit(burst, rip);

	if (burst->nr < KAGE_BURST) {
		if (habit && habit->credit && !burst->more)
			habit->credit--;
		return;
	}
	if (!habit) {
		burst->next_habit = (burst->next_habit + 1) % KAGE_BURST_HABITS;
		habit = &burst->habit[burst->next_habit];
	}
	*habit = (struct kage_burst_habit) { rip, KAGE_BURST_CREDIT };
}

/* What follows from a change; true if a table went. */
static bool react(struct kage_vcpu *vcpu, gfn_t gfn, u64 rip)
{
	struct kage_burst *burst = &vcpu->burst;

	if (burst->tables >= KAGE_BURST_TABLES && burst->nr == 1 &&
	    kage_has(KAGE_FEATURE_TEARDOWN) &&
	    tear_down(vcpu->vm, gfn, burst->tables))
		return true;
	/* What is no sign does not count, whatever the limit was. */
	if (!burst->nr || burst->nr < kage_burst_limit(burst))
		return false;
	learn(burst, rip);
	burst->nr = 0;
	burst->more = true;
	return kage_has(KAGE_FEATURE_UNLINK) &&
	       kage_shadow_unlink(vcpu->vm, gfn);
}

void kage_burst_note(struct kage_vcpu *vcpu, gfn_t gfn, u64 rip, u64 old,
		     u64 new, u64 *sptep)
{
	kage_burst_count(vcpu, gfn, rip, old, new);
	if (react(vcpu, gfn, rip) && sptep)
		follow_again(vcpu->vm, sptep);
}
