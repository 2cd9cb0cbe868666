/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations of the MMU model in which the host gives and takes: memory slots,
 * reserves, roots.
 */
#ifndef _KAGE_UNIT_MMU_MODEL_SHORTAGE_H
#define _KAGE_UNIT_MMU_MODEL_SHORTAGE_H

#include "mmu_model_exits.h"

/* The machine is paused, and a slot comes or goes. */
static void op_slots(struct kage_vcpu *unused)
{
	u32 no_block = 0;
	unsigned int i;

	for (i = 0; i < vm.nr_vcpus; i++)
		leave(&vcpu_mem[i]);
	note("slot %s", slots.nr == NR_RAMS ? "goes" : "comes");
	if (slots.nr == NR_RAMS) {
		kage_mmu_slots_changed(&vm);
		observe();
		slot_drop(slots.slot[--slots.nr]);
		/* Nobody may use it from now on, whatever the guest did. */
		for (i = 0; i < vm.nr_vcpus; i++)
			since[i] = ++now;
		return;
	}
	slots.slot[slots.nr++] = slot_make(&rams[MOVING_RAM], &no_block);
	for (i = 0; i < 8; i++)
		memcpy(host(hot_gfn(NR_HOT - 8 + i) << PAGE_SHIFT),
		       mirror[NR_HOT - 8 + i], PAGE_SIZE);
	kage_mmu_resize(&vm);
}

/* From one list to another; the second is never asked for its length. */
static void move_desc(struct kage_ptelist_desc **from,
		      struct kage_ptelist_desc **to)
{
	struct kage_ptelist_desc *d = *from;

	*from = d->next;
	d->next = *to;
	*to = d;
}

/* Makes reserves and room as short as they may be. */
static struct kage_ptelist_desc *kept_back;

static void op_shorten(struct kage_vcpu *vcpu)
{
	struct kage_mmu *mmu = &vm.mmu;

	mmu->limit = KAGE_POOL_PAGES + 8 + pick(60);
	note("limit %u", mmu->limit);
	for (; kept_back; mmu->nr_spare_desc++)
		move_desc(&kept_back, &mmu->spare_desc);
	/* What is made in their place is never given back: not too often. */
	for (; nr_free > NR_FRAMES / 2 &&
	     mmu->nr_spare_desc > KAGE_ROOT_LEVEL + 1; mmu->nr_spare_desc--)
		move_desc(&mmu->spare_desc, &kept_back);
	mmu->lock.held = true;
	while (mmu->nr_spare > KAGE_ROOT_LEVEL + 1)
		kage_shadow_free(kage_shadow_spare(mmu));
	mmu->lock.held = false;
}

static void op_unload(struct kage_vcpu *vcpu)
{
	note("vcpu%u unload", vcpu->id);
	leave(vcpu);
	kage_mmu_unload_root(vcpu);
}

#endif /* _KAGE_UNIT_MMU_MODEL_SHORTAGE_H */
