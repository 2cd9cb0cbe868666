/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest kernel that isolates its tables reads CR3, changes a bit and loads it
 * twice in each system call: two exits each. What follows where CR3 is read is
 * remembered, so that it can be done with the first.
 *
 * All of this happens in the express lane and without mmu->lock. To the rest of
 * the module the vCPU is in the guest meanwhile: what is taken out of the shadow
 * tables it may still see, as a processor may that has it cached, and what was
 * given up is not freed before it leaves.
 */
#ifndef _KAGE_MMU_AHEAD_H
#define _KAGE_MMU_AHEAD_H

#include "../emul/cr3.h"
#include "../vcpu.h"
#include "../vm.h"
#include "shadow.h"

/* Kernels have few such places: system calls and exceptions, in and out. */
#define KAGE_AHEADS	8

/*
 * Like the memos of stores (memo.h) one holds while mmu->epoch is the same; of the
 * root only the entry above the code counts, which processes share.
 */
struct kage_ahead {
	u64 rip;		/* behind MOV from CR3; 0: unused */
	u64 epoch;
	u64 top;
	const u64 *code_sptep;
	u64 code_spte;
	const u8 *code;
	struct kage_cr3_change change;	/* len 0: not one that is known */
};

struct kage_ahead_cache {
	struct kage_ahead ahead[KAGE_AHEADS];
	unsigned int next;	/* to be replaced */
};

struct kage_ahead_cache *kage_ahead_cache_alloc(void);
void kage_ahead_cache_free(struct kage_ahead_cache *cache);

/** kage_ahead_learn() - the slow part of kage_ahead() */
const struct kage_cr3_change *kage_ahead_learn(struct kage_vcpu *vcpu, u64 rip,
					       unsigned int reg);

static inline u64 kage_ahead_top(const struct kage_vcpu *vcpu, u64 rip)
{
	return READ_ONCE(vcpu->root->spt[kage_pt_index(rip, KAGE_ROOT_LEVEL)]);
}

/* Is the code what it was? The guest may change that. */
static __always_inline bool kage_ahead_same(const struct kage_ahead *ahead)
{
	const struct kage_cr3_piece *piece = ahead->change.piece;
	const struct kage_cr3_piece *end = piece + ahead->change.nr;
	u64 differs = READ_ONCE(*ahead->code_sptep) ^ ahead->code_spte;

	for (; piece < end; piece++)
		differs |= (READ_ONCE(*(const u64 *)(ahead->code + piece->at)) &
			    piece->mask) ^ piece->bytes;
	return !differs;
}

/**
 * kage_ahead() - what will the guest do with CR3?
 * @rip: the instruction behind the MOV from CR3 that exited, in 64-bit code
 * @reg: the register that it read CR3 to
 *
 * Context: in the express lane.
 * Return: NULL if that is not known.
 */
static __always_inline const struct kage_cr3_change *
kage_ahead(struct kage_vcpu *vcpu, u64 rip, unsigned int reg)
{
	const struct kage_ahead *ahead = vcpu->aheads->ahead;
	const struct kage_ahead *end = ahead + KAGE_AHEADS;

	for (; ahead < end; ahead++)
		if (ahead->rip == rip)
			break;
	/* The epoch first: only while that is the same may it be followed. */
	if (ahead < end &&
	    ahead->epoch == READ_ONCE(vcpu->vm->mmu.epoch) &&
	    ahead->top == kage_ahead_top(vcpu, rip) &&
	    ahead->change.reg == reg && kage_ahead_same(ahead))
		return ahead->change.len ? &ahead->change : NULL;
	return kage_ahead_learn(vcpu, rip, reg);
}

#endif /* _KAGE_MMU_AHEAD_H */
