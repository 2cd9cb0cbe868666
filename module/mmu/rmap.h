/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lists of shadow entries: the parents of a shadow page, and the writable
 * entries that map a guest frame (reverse map). Read-only entries are in no
 * reverse map: only writability is ever taken back frame by frame. Nor are the
 * pieces of a large page, whose table is found by the frame.
 */
#ifndef _KAGE_MMU_RMAP_H
#define _KAGE_MMU_RMAP_H

#include "../types.h"
#include "mem.h"

#define KAGE_DESC_ENTRIES	6
#define KAGE_DESCS_PER_PAGE	(KAGE_PAGE_SIZE / \
				 sizeof(struct kage_ptelist_desc))
#define KAGE_DESC_DEPTH		42

/* A piece of a list that is longer than one entry. */
struct kage_ptelist_desc {
	struct kage_ptelist_desc *next;
	u16 nr;
	u16 depth;			/* pieces from here to the end */
	u64 *ptes[KAGE_DESC_ENTRIES];
};

/** kage_ptelist_add() - true, or false if no descriptor is in reserve */
bool kage_ptelist_add(struct kage_vm *vm, struct kage_ptelist *list,
		      u64 *sptep);
/** kage_ptelist_add_if() - the same; false, too, if the list is full */
bool kage_ptelist_add_if(struct kage_vm *vm, struct kage_ptelist *list,
			 u64 *sptep);
/** kage_ptelist_cut() - kage_ptelist_del() for a list of more than one */
void kage_ptelist_cut(struct kage_vm *vm, struct kage_ptelist *list,
		      u64 *sptep);
/** kage_ptelist_first() - some entry of the list, or NULL if it is empty */
u64 *kage_ptelist_first(const struct kage_ptelist *list);
/** kage_ptelist_full() - is it as long as a list may get? */
bool kage_ptelist_full(const struct kage_ptelist *list);
/** kage_ptelist_has() - is @sptep in @list? For the audit */
bool kage_ptelist_has(const struct kage_ptelist *list, const u64 *sptep);
/** kage_ptelist_len() - number of entries. For the audit */
unsigned int kage_ptelist_len(const struct kage_ptelist *list);

static inline bool kage_ptelist_empty(const struct kage_ptelist *list)
{
	return !list->val;
}

/** kage_ptelist_put() - kage_ptelist_add() to an empty list, or false */
static inline bool kage_ptelist_put(struct kage_ptelist *list, u64 *sptep)
{
	if (list->val)
		return false;
	list->val = (unsigned long)sptep;
	return true;
}

/** kage_ptelist_del() - @sptep must be in @list */
static inline void kage_ptelist_del(struct kage_vm *vm,
				    struct kage_ptelist *list, u64 *sptep)
{
	if (list->val == (unsigned long)sptep)
		list->val = 0;
	else
		kage_ptelist_cut(vm, list, sptep);
}

/**
 * kage_rmap_make() - the list of a frame or piece, made where it is missing
 *
 * Return: NULL if reserves are short, or @gfn is not RAM; the entry must then
 * not be writable.
 */
struct kage_ptelist *kage_rmap_make(struct kage_vm *vm, gfn_t gfn, int level);
/** kage_rmap_del() - @sptep maps @gfn writable at @level no more */
void kage_rmap_del(struct kage_vm *vm, gfn_t gfn, int level, u64 *sptep);
/** kage_rmap_list() - the list of a frame (@level 1) or piece (2), or NULL */
struct kage_ptelist *kage_rmap_list(struct kage_vm *vm, gfn_t gfn, int level);

#endif /* _KAGE_MMU_RMAP_H */
