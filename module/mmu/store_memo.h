/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is remembered of stores to page tables: instructions, and the tables
 * that they stored to. Within mmu/, under mmu->lock.
 *
 * A guest's kernel changes its tables with a few dozen instructions, and many
 * entries of a table in a row. A memo holds as long as the vCPU stands on the
 * same root and mmu->epoch is the same, that is, as long as no table was linked
 * or unlinked and no shadow page made or given up: then the entries on the path
 * to the last one are what they were, and that one is compared.
 */
#ifndef _KAGE_MMU_STORE_MEMO_H
#define _KAGE_MMU_STORE_MEMO_H

#include "../emul/decode.h"
#include "shadow.h"
#include <linux/hash.h>

#define KAGE_MEMO_INSN_BITS	6
#define KAGE_MEMO_TABLE_BITS	4

/* What must be as it was. */
struct kage_memo_path {
	const struct kage_shadow *root;
	u64 epoch;
	const u64 *sptep;	/* the entry that maps the page */
	u64 spte;		/* its value */
};

struct kage_memo_insn {
	u64 rip;
	struct kage_memo_path path;
	const u64 *code;	/* the bytes at RIP */
	u64 bytes[2], mask[2];	/* the instruction, and which bytes are its */
	struct kage_insn insn;
};

struct kage_memo_table {
	gva_t page;		/* where the guest maps the table */
	struct kage_memo_path path;
	u64 above;		/* AND of the entries above it */
	gfn_t gfn;
	u64 *gpt;		/* the table itself */
	struct kage_shadow *sp;	/* its only follower, a leaf table; or NULL */
	struct kage_slot *slot;	/* where its last entry led; or NULL */
};

struct kage_store_cache {
	struct kage_memo_insn insn[1 << KAGE_MEMO_INSN_BITS];
	struct kage_memo_table table[1 << KAGE_MEMO_TABLE_BITS];
};

static inline struct kage_memo_insn *
kage_memo_insn(struct kage_store_cache *cache, u64 rip)
{
	return &cache->insn[hash_64(rip, KAGE_MEMO_INSN_BITS)];
}

static inline struct kage_memo_table *
kage_memo_table(struct kage_store_cache *cache, gva_t gva)
{
	return &cache->table[hash_64(gva >> KAGE_PAGE_SHIFT,
				     KAGE_MEMO_TABLE_BITS)];
}

static inline bool kage_memo_holds(const struct kage_memo_path *path,
				   const struct kage_shadow *root, u64 epoch)
{
	return path->root == root && path->epoch == epoch &&
	       READ_ONCE(*path->sptep) == path->spte;
}

/* Are the bytes at @code those of the instruction? */
static inline bool kage_memo_same(const struct kage_memo_insn *memo,
				  const u64 *bytes)
{
	return (bytes[0] & memo->mask[0]) == memo->bytes[0] &&
	       (bytes[1] & memo->mask[1]) == memo->bytes[1];
}

#endif /* _KAGE_MMU_STORE_MEMO_H */
