// SPDX-License-Identifier: GPL-2.0
/*
 * What a shadow entry has to be, given the guest's entry and what shadow pages
 * there are.
 */
#include "fill.h"
#include "../vm.h"
#include "gwalk.h"
#include <asm/cpufeature.h>

union kage_role kage_shadow_role(const struct kage_shadow *sp, u64 gpte,
				 bool direct)
{
	union kage_role role = sp->role;

	role.level--;
	role.direct = direct;
	role.nx = direct && role.level > 1 && (gpte & KAGE_PTE_NX);
	if (!sp->role.direct)
		role.user = direct && (gpte & KAGE_PTE_U);
	return role;
}

static bool is_tracked(struct kage_vm *vm, gfn_t gfn)
{
	struct kage_slot *slot = kage_mem_slot(vm, gfn);

	return slot && kage_slot_tracked(slot, gfn);
}

/* Entry that links the child of @gfn, LAZY where it does not exist yet. */
static u64 derive_table(struct kage_vm *vm, struct kage_shadow *sp, u64 gpte,
			gfn_t gfn, bool direct)
{
	struct kage_shadow *child;

	/* Spares most searches. */
	if (!direct && !is_tracked(vm, gfn))
		return KAGE_SPTE_LAZY;
	child = kage_shadow_find(vm, gfn, kage_shadow_role(sp, gpte, direct));
	if (!child || child->unsynced)
		return KAGE_SPTE_LAZY;
	return kage_spte_table(gpte, direct, sp->role.wp, __pa(child->spt));
}

/*
 * May one entry map the 2 MiB around @gfn? Some processors stop with a machine
 * check when a guest changes the size of a page that it executes, so there what
 * can be executed has one size only.
 */
static bool fits_large(struct kage_vm *vm, u64 gpte, gfn_t gfn)
{
	struct kage_slot *slot = kage_mem_slot(vm, gfn);

	if (!(gpte & KAGE_PTE_NX) && boot_cpu_has_bug(X86_BUG_ITLB_MULTIHIT))
		return false;
	return slot && kage_slot_is_block(slot, kage_slot_chunk(slot, gfn));
}

static bool has_tables_near(struct kage_vm *vm, gfn_t gfn)
{
	struct kage_slot *slot = kage_mem_slot(vm, gfn);

	return slot->tracked_in[kage_slot_chunk(slot, gfn)];
}

/* Entry for a large page of the guest, or a piece of one, at level 2 or 3. */
static u64 derive_large(struct kage_vm *vm, struct kage_shadow *sp, u64 gpte,
			gfn_t gfn)
{
	u64 spte;

	if (sp->role.level == 2 && fits_large(vm, gpte, gfn)) {
		spte = kage_fill_leaf(kage_mem_slot(vm, gfn), sp, gpte, gfn,
				      2);
		if (!(spte & KAGE_PTE_W) || !has_tables_near(vm, gfn))
			return spte;
	}
	return derive_table(vm, sp, gpte, gfn, true);
}

bool kage_shadow_usable(const struct kage_shadow *sp, u64 gpte)
{
	const struct kage_paging mode = {
		.nxe = sp->role.nxe,
		.gbpages = true,
		.maxphyaddr = KAGE_MAXPHYADDR,
	};

	return (gpte & KAGE_PTE_P) && (gpte & KAGE_PTE_A) &&
	       !kage_gpte_rsvd(&mode, gpte, sp->role.level);
}

u64 kage_shadow_gpte(const struct kage_shadow *sp, u64 gpte)
{
	if (!sp->role.direct)
		return gpte;
	return KAGE_GPTE_DIRECT | (sp->role.user ? KAGE_PTE_U : 0) |
	       (sp->role.nx ? KAGE_PTE_NX : 0);
}

gfn_t kage_shadow_gfn(const struct kage_shadow *sp, unsigned int index,
		      u64 gpte)
{
	if (sp->role.direct)
		return sp->gfn + index * kage_pt_span(sp->role.level);
	return kage_gpte_gfn(gpte, sp->role.level);
}

u64 kage_shadow_derive(struct kage_vm *vm, struct kage_shadow *sp,
		       unsigned int index, u64 gpte)
{
	gfn_t gfn = kage_shadow_gfn(sp, index, gpte);
	int level = sp->role.level;

	if (!sp->role.direct) {
		if (!(gpte & KAGE_PTE_P))
			return KAGE_SPTE_NONE;
		/* The walk decides about them and sets the accessed bit. */
		if (!kage_shadow_usable(sp, gpte))
			return KAGE_SPTE_LAZY;
		if (!kage_gpte_is_leaf(gpte, level))
			return derive_table(vm, sp, gpte,
					    kage_gpte_gfn(gpte, 1), false);
	}
	gpte = kage_shadow_gpte(sp, gpte);
	return level == 1 ? kage_fill_leaf(kage_mem_slot(vm, gfn), sp, gpte,
					   gfn, 1) :
			    derive_large(vm, sp, gpte, gfn);
}
