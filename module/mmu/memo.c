// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a store to a page table that was made a moment ago once more, with
 * another entry of the same table. Here every instruction counts.
 */
#include "memo.h"
#include "../vcpu.h"
#include "../vm.h"
#include "burst.h"
#include "fill.h"
#include "rmap.h"
#include "store.h"
#include <linux/compiler.h>

/* What may differ is put together: one branch for all of it. */
static __always_inline bool holds(const struct kage_vcpu *vcpu,
				  const struct kage_memo *memo, gva_t gva,
				  u32 pfec, u64 rip)
{
	u64 differs;

	if (memo->rip != rip || memo->page != (gva & KAGE_PAGE_MASK) ||
	    memo->root != vcpu->root || memo->epoch != vcpu->vm->mmu.epoch)
		return false;
	differs = (memo->pfec ^ pfec) | (memo->cr4 ^ vcpu->cr4);
	differs |= READ_ONCE(*memo->sptep) ^ memo->spte;
	differs |= READ_ONCE(*memo->code_sptep) ^ memo->code_spte;
	differs |= (READ_ONCE(memo->code[0]) & memo->mask[0]) ^ memo->bytes[0];
	differs |= (READ_ONCE(memo->code[1]) & memo->mask[1]) ^ memo->bytes[1];
	return !differs;
}

static __always_inline bool is_near(const struct kage_slot *slot, gfn_t gfn)
{
	return slot && gfn - slot->base < slot->npages;
}

static __always_inline u64 derive(struct kage_vm *vm, struct kage_memo *memo,
				  u64 gpte, gfn_t gfn)
{
	const u64 needed = KAGE_PTE_P | KAGE_PTE_A;

	if ((gpte & (needed | memo->rsvd)) != needed)
		return gpte & KAGE_PTE_P ? KAGE_SPTE_LAZY : KAGE_SPTE_NONE;
	if (unlikely(!is_near(memo->slot, gfn)))
		memo->slot = kage_mem_slot(vm, gfn);
	return kage_fill_leaf(memo->slot, memo->sp, gpte, gfn, 1);
}

static __always_inline bool is_writable(u64 spte)
{
	return (spte & (KAGE_PTE_P | KAGE_SPTE_LOOK | KAGE_PTE_W)) ==
	       (KAGE_PTE_P | KAGE_PTE_W);
}

/* The list of a frame in @slot; NULL if it does not exist yet. */
static __always_inline struct kage_ptelist *list_of(struct kage_slot *slot,
						    gfn_t gfn)
{
	struct kage_rmap_chunk *chunk = slot->rmap[kage_slot_chunk(slot, gfn)];

	return chunk ? &chunk->gfn[gfn & 511] : NULL;
}

/* The last thing that can fail. */
static __always_inline bool put(struct kage_vm *vm, struct kage_slot *slot,
				gfn_t gfn, u64 *sptep)
{
	struct kage_ptelist *list = list_of(slot, gfn);

	if (!list)
		return false;
	return kage_ptelist_put(list, sptep) ||
	       kage_ptelist_add_if(vm, list, sptep);
}

/* As kage_shadow_expect(), for as long as it takes to change both. */
static __always_inline void hide(const struct kage_vm *vm, u64 *sptep)
{
	if (vm->nr_vcpus == 1)
		return;
	WRITE_ONCE(*sptep, KAGE_SPTE_LAZY);
	/* The entry, then the store. */
	smp_wmb();
}

static __always_inline void store(struct kage_memo *memo, u64 *gpte, u64 val)
{
	if (memo->exchange)
		*memo->reg = xchg(gpte, val);
	else
		WRITE_ONCE(*gpte, val);
}

/* As repeat(), where nothing was: most often the guest makes a new entry. */
static __always_inline bool fill(struct kage_vcpu *vcpu, struct kage_memo *memo,
				 u64 *sptep, u64 *gpte, u64 val)
{
	struct kage_vm *vm = vcpu->vm;
	gfn_t gfn = kage_gpte_gfn(val, 1);
	u64 spte = derive(vm, memo, val, gfn);

	if (spte & KAGE_SPTE_WITHHELD)
		return false;
	if (is_writable(spte) && !put(vm, memo->slot, gfn, sptep))
		return false;
	hide(vm, sptep);
	store(memo, gpte, val);
	memo->sp->nr_present += kage_spte_present(spte);
	memo->sp->gfns[sptep - memo->sp->spt] = gfn;
	WRITE_ONCE(*sptep, spte);
	kage_burst_new(&vcpu->burst, val);
	return true;
}

/*
 * The guest's table and its shadow change in one step. False, and nothing has
 * changed, where it takes more than to change one entry, or all vCPUs would have
 * to leave the guest because something is withheld.
 */
static __always_inline bool repeat(struct kage_vcpu *vcpu,
				   struct kage_memo *memo, unsigned int index)
{
	struct kage_vm *vm = vcpu->vm;
	struct kage_shadow *sp = memo->sp;
	u64 *sptep = &sp->spt[index], *gpte = &memo->gpt[index];
	u64 val = memo->reg ? *memo->reg : memo->imm;
	u64 before = READ_ONCE(*gpte), old = *sptep, spte;
	gfn_t gfn = kage_gpte_gfn(val, 1), old_gfn = sp->gfns[index];
	struct kage_ptelist *left = NULL;

	if (!(before & KAGE_PTE_P) && old == KAGE_SPTE_NONE)
		return fill(vcpu, memo, sptep, gpte, val);
	if (kage_burst_due(vcpu, memo->gfn, before, val))
		return false;
	spte = derive(vm, memo, val, gfn);
	if ((old | spte) & KAGE_SPTE_WITHHELD)
		return false;
	if (is_writable(old) && (!is_writable(spte) || old_gfn != gfn)) {
		left = is_near(memo->slot, old_gfn) ?
		       list_of(memo->slot, old_gfn) : NULL;
		if (!left)
			return false;
	}
	if (is_writable(spte) && (!is_writable(old) || left) &&
	    !put(vm, memo->slot, gfn, sptep))
		return false;
	hide(vm, sptep);
	store(memo, gpte, val);
	if (left) {
		kage_ptelist_del(vm, left, sptep);
		vm->mmu.stale = true;
	}
	sp->nr_present += kage_spte_present(spte) - kage_spte_present(old);
	sp->gfns[index] = gfn;
	WRITE_ONCE(*sptep, spte);
	kage_burst_count(vcpu, memo->gfn, memo->rip, before, val);
	return true;
}

unsigned int kage_store_express(struct kage_vcpu *vcpu, gva_t gva, u32 pfec,
				u64 rip)
{
	struct kage_memo *memo = kage_memo(vcpu->stores, rip, gva);
	spinlock_t *lock = &vcpu->vm->mmu.lock;
	unsigned int len = 0;

	/* Or the compiler multiplies anew where it needs a member. */
	OPTIMIZER_HIDE_VAR(memo);
	if (!kage_memo_may_be(gva, pfec) || !spin_trylock(lock))
		return 0;
	if (holds(vcpu, memo, gva, pfec, rip) &&
	    repeat(vcpu, memo, (gva & ~KAGE_PAGE_MASK) / sizeof(u64))) {
		vcpu->stats[KAGE_STAT_PF_STORE]++;
		vcpu->stats[KAGE_STAT_INSNS]++;
		len = memo->len;
	}
	spin_unlock(lock);
	return len;
}
