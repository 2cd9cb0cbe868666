/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What must be true of the MMU's tables and lists after every step.
 */
#ifndef _KAGE_UNIT_MMU_MODEL_CHECK_H
#define _KAGE_UNIT_MMU_MODEL_CHECK_H

#include "mmu_model_hw.h"

/* What the audit does not look at: the other direction of every list. */
static void check_parents(u64 *writable, u64 *withheld)
{
	struct kage_shadow *sp;
	unsigned int i;

	list_for_each_entry(sp, &vm.mmu.live, lru)
		virt_to_page(sp->spt)->gfn = 0;
	list_for_each_entry(sp, &vm.mmu.live, lru) {
		for (i = 0; i < 512; i++) {
			u64 e = sp->spt[i];

			*withheld += e != KAGE_SPTE_LAZY &&
				     (e & KAGE_SPTE_WITHHELD);
			if (!(e & P) || e == KAGE_SPTE_LAZY)
				continue;
			if (is_leaf(e, sp->role.level))
				*writable += (e & W) && !(sp->role.direct &&
							  sp->role.level == 1);
			else
				page_of((e & KAGE_PTE_ADDR) >> 12)->gfn++;
		}
	}
	list_for_each_entry(sp, &vm.mmu.live, lru)
		if (kage_ptelist_len(&sp->parents) !=
		    virt_to_page(sp->spt)->gfn)
			fail("table of gfn %#llx: %u parents are listed, %llu exist",
			     sp->gfn, kage_ptelist_len(&sp->parents),
			     (u64)virt_to_page(sp->spt)->gfn);
}

static bool has_shadow(gfn_t gfn)
{
	struct kage_shadow *sp;

	list_for_each_entry(sp, &vm.mmu.live, lru)
		if (sp->gfn == gfn && !sp->role.direct)
			return true;
	return false;
}

static u64 check_slot(const struct kage_slot *slot)
{
	unsigned int tracked[8] = {}, i, chunk;
	u64 n, writable = 0;

	for (n = 0; n < slot->npages; n++) {
		gfn_t gfn = slot->base + n;

		if (!test_bit(n, slot->tracked))
			continue;
		tracked[kage_slot_chunk(slot, gfn)]++;
		if (!has_shadow(gfn))
			fail("gfn %#llx is tracked and no table", gfn);
	}
	for (chunk = 0; chunk < DIV_ROUND_UP(slot->npages, 512) + 1; chunk++) {
		if (tracked[chunk] != slot->tracked_in[chunk])
			fail("piece %u has %u tables, not %u", chunk,
			     tracked[chunk], slot->tracked_in[chunk]);
		writable += kage_ptelist_len(&slot->rmap_large[chunk]);
		for (i = 0; slot->rmap[chunk] && i < 512; i++)
			writable += kage_ptelist_len(&slot->rmap[chunk]->gfn[i]);
	}
	return writable;
}

/* How often a vCPU has pinned @sp; the root in use is among the pinned. */
static unsigned int pins_of(const struct kage_vcpu *vcpu,
			    const struct kage_shadow *sp)
{
	unsigned int i, n = 0;

	for (i = 0; i < KAGE_ROOTS; i++)
		n += vcpu->roots[i].sp == sp;
	if (vcpu->root == sp && !n && kage_shadow_live(sp))
		fail("vcpu%u has a root that it does not pin", vcpu->id);
	return n;
}

static void check_pins(const struct list_head *head)
{
	struct kage_shadow *sp;
	unsigned int i, n;

	list_for_each_entry(sp, head, lru) {
		for (i = 0, n = 0; i < vm.nr_vcpus; i++)
			n += pins_of(&vcpu_mem[i], sp);
		if (sp->pins != n)
			fail("gfn %#llx is pinned %u times, not %u",
			     sp->gfn, sp->pins, n);
	}
}

static void check_all(void)
{
	u64 writable = 0, withheld = 0, listed = 0;
	u32 errors, i;

	kage_mmu_audit(&vm, &errors);
	if (errors)
		fail("the audit finds %u errors", errors);
	check_parents(&writable, &withheld);
	if (withheld != vm.mmu.withheld || (withheld && !vm.mmu.watch))
		fail("%llu entries are withheld from users, %u are counted",
		     withheld, vm.mmu.withheld);
	for (i = 0; i < slots.nr; i++)
		listed += check_slot(slots.slot[i]);
	if (listed != writable)
		fail("%llu writable entries, %llu in the reverse map", writable,
		     listed);
	check_pins(&vm.mmu.live);
	check_pins(&vm.mmu.dying);
}

#endif /* _KAGE_UNIT_MMU_MODEL_CHECK_H */
