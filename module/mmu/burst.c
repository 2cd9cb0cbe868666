// SPDX-License-Identifier: GPL-2.0
/*
 * Bursts of stores to one table.
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
	/* Its own table may be the one that was unlinked. */
	if (!sp->unsynced)
		kage_shadow_follow(vm, sp, index,
				   gpt ? READ_ONCE(gpt[index]) : 0);
}

void kage_burst_note(struct kage_vcpu *vcpu, gfn_t gfn, u64 old, u64 new,
		     u64 *sptep)
{
	struct kage_burst *burst = &vcpu->burst;

	kage_burst_count(vcpu, gfn, old, new);
	if (burst->nr < kage_burst_limit(burst))
		return;
	burst->nr = 0;
	burst->more = true;
	if (!kage_has(KAGE_FEATURE_UNLINK))
		return;
	if (kage_shadow_unlink(vcpu->vm, gfn) && sptep)
		follow_again(vcpu->vm, sptep);
}
