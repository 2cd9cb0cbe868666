/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is remembered of stores to page tables: the instruction, where it stored
 * to, and that it was allowed. Within mmu/, under mmu->lock.
 *
 * A guest's kernel changes its tables with a few dozen instructions, and many
 * entries of a table in a row. A memo holds as long as the vCPU stands on the
 * same root and mmu->epoch is the same, that is, as long as no table was linked
 * or unlinked and no shadow page made or given up: then the entries on the path
 * to the last one are what they were, and that one is compared. So are the bytes
 * of the instruction, which the guest may change.
 */
#ifndef _KAGE_MMU_MEMO_H
#define _KAGE_MMU_MEMO_H

#include "../emul/decode.h"
#include "gwalk.h"
#include "shadow.h"
#include <linux/hash.h>

#define KAGE_MEMO_INSN_BITS	6
#define KAGE_MEMO_BITS		6

/* An instruction, whoever's it was the last time. */
struct kage_memo_insn {
	u64 rip;
	u64 bytes[2], mask[2];	/* it, and which bytes are its */
	struct kage_insn insn;
};

/* A store to a leaf table that is the only one to follow its frame. */
struct kage_memo {
	u64 rip;
	gva_t page;		/* where the guest maps the table; 0: no memo */
	const struct kage_shadow *root;
	u64 epoch;

	/* What must be as it was: the access, two entries, the instruction. */
	u64 pfec, cr4;
	const u64 *sptep, *code_sptep;
	u64 spte, code_spte;
	const u64 *code;
	u64 bytes[2], mask[2];

	u64 *reg;		/* what is stored; NULL: @imm */
	u64 imm;
	u32 len;
	bool exchange;		/* and @reg gets what was there */

	u64 *gpt;		/* the table */
	gfn_t gfn;
	struct kage_shadow *sp;
	u64 rsvd;		/* bits that its entries must not have */
	struct kage_slot *slot;	/* where the last entry led, or NULL */
};

struct kage_store_cache {
	struct kage_memo_insn insn[1 << KAGE_MEMO_INSN_BITS];
	struct kage_memo memo[1 << KAGE_MEMO_BITS];
};

static inline struct kage_memo_insn *
kage_memo_insn(struct kage_store_cache *cache, u64 rip)
{
	return &cache->insn[hash_64(rip, KAGE_MEMO_INSN_BITS)];
}

/* Where a memo of a store to @gva by the instruction at @rip is, or would be. */
static inline struct kage_memo *kage_memo(struct kage_store_cache *cache,
					  u64 rip, gva_t gva)
{
	return &cache->memo[hash_64(rip ^ (gva & KAGE_PAGE_MASK),
				    KAGE_MEMO_BITS)];
}

/*
 * A store that only kage refuses meets an entry that is present. An aligned
 * operand of eight bytes begins at the faulting address unless it
 * crosses into the page at whose start the fault is reported: such a one goes
 * the long way.
 */
static inline bool kage_memo_may_be(gva_t gva, u32 pfec)
{
	return (pfec & (KAGE_PF_P | KAGE_PF_W | KAGE_PF_RSVD)) ==
	       (KAGE_PF_P | KAGE_PF_W) &&
	       IS_ALIGNED(gva, sizeof(u64)) && (gva & ~KAGE_PAGE_MASK);
}

#endif /* _KAGE_MMU_MEMO_H */
