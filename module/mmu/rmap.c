// SPDX-License-Identifier: GPL-2.0
/*
 * Lists of shadow entries. A list of one, the usual case, is the entry's
 * address itself; a longer one is a chain of descriptors, its address marked
 * by bit 0. Only the first of a chain may have room.
 */
#include "rmap.h"
#include "../vm.h"
#include "shadow.h"

static struct kage_ptelist_desc *desc_of(const struct kage_ptelist *list)
{
	return (struct kage_ptelist_desc *)(list->val & ~1UL);
}

static bool is_chain(const struct kage_ptelist *list)
{
	return list->val & 1;
}

static void set_chain(struct kage_ptelist *list, struct kage_ptelist_desc *d)
{
	list->val = (unsigned long)d | 1;
}

static struct kage_ptelist_desc *desc_get(struct kage_vm *vm)
{
	struct kage_ptelist_desc *d = vm->mmu.spare_desc;

	if (!d)
		return NULL;
	vm->mmu.spare_desc = d->next;
	vm->mmu.nr_spare_desc--;
	d->next = NULL;
	d->nr = 0;
	d->depth = 1;
	return d;
}

static void desc_put(struct kage_vm *vm, struct kage_ptelist_desc *d)
{
	d->next = vm->mmu.spare_desc;
	vm->mmu.spare_desc = d;
	vm->mmu.nr_spare_desc++;
}

/* Puts a descriptor with room at the head of the chain. */
static struct kage_ptelist_desc *room(struct kage_vm *vm,
				      struct kage_ptelist *list)
{
	struct kage_ptelist_desc *d;

	if (is_chain(list) && desc_of(list)->nr < KAGE_DESC_ENTRIES)
		return desc_of(list);
	d = desc_get(vm);
	if (!d)
		return NULL;
	if (is_chain(list)) {
		d->next = desc_of(list);
		d->depth = d->next->depth + 1;
	} else {
		d->ptes[d->nr++] = (u64 *)list->val;
	}
	set_chain(list, d);
	return d;
}

bool kage_ptelist_add(struct kage_vm *vm, struct kage_ptelist *list,
		      u64 *sptep)
{
	struct kage_ptelist_desc *d;

	if (kage_ptelist_put(list, sptep))
		return true;
	d = room(vm, list);
	if (!d)
		return false;
	d->ptes[d->nr++] = sptep;
	return true;
}

/* Fills the hole at @i of @hole from the head, which shrinks by one. */
static void fill_hole(struct kage_vm *vm, struct kage_ptelist *list,
		      struct kage_ptelist_desc *hole, unsigned int i)
{
	struct kage_ptelist_desc *head = desc_of(list);

	hole->ptes[i] = head->ptes[--head->nr];
	if (!head->nr)
		set_chain(list, head->next);
	else if (head->nr == 1 && !head->next)
		list->val = (unsigned long)head->ptes[0];
	else
		return;
	desc_put(vm, head);
}

void kage_ptelist_cut(struct kage_vm *vm, struct kage_ptelist *list,
		      u64 *sptep)
{
	struct kage_ptelist_desc *d;
	unsigned int i;

	for (d = is_chain(list) ? desc_of(list) : NULL; d; d = d->next) {
		for (i = 0; i < d->nr; i++) {
			if (d->ptes[i] == sptep) {
				fill_hole(vm, list, d, i);
				return;
			}
		}
	}
	WARN_ON_ONCE(1);
}

u64 *kage_ptelist_first(const struct kage_ptelist *list)
{
	return is_chain(list) ? desc_of(list)->ptes[0] : (u64 *)list->val;
}

bool kage_ptelist_full(const struct kage_ptelist *list)
{
	return is_chain(list) && desc_of(list)->depth >= KAGE_DESC_DEPTH &&
	       desc_of(list)->nr == KAGE_DESC_ENTRIES;
}

bool kage_ptelist_add_if(struct kage_vm *vm, struct kage_ptelist *list,
			 u64 *sptep)
{
	struct kage_ptelist_desc *d;

	if (is_chain(list)) {
		d = desc_of(list);
		if (d->nr < KAGE_DESC_ENTRIES) {
			d->ptes[d->nr++] = sptep;
			return true;
		}
		if (d->depth >= KAGE_DESC_DEPTH)
			return false;
	}
	return kage_ptelist_add(vm, list, sptep);
}

bool kage_ptelist_has(const struct kage_ptelist *list, const u64 *sptep)
{
	struct kage_ptelist_desc *d;
	unsigned int i;

	if (!is_chain(list))
		return list->val == (unsigned long)sptep;
	for (d = desc_of(list); d; d = d->next)
		for (i = 0; i < d->nr; i++)
			if (d->ptes[i] == sptep)
				return true;
	return false;
}

unsigned int kage_ptelist_len(const struct kage_ptelist *list)
{
	struct kage_ptelist_desc *d;
	unsigned int n = 0;

	if (!is_chain(list))
		return list->val ? 1 : 0;
	for (d = desc_of(list); d; d = d->next)
		n += d->nr;
	return n;
}

struct kage_ptelist *kage_rmap_list(struct kage_vm *vm, gfn_t gfn, int level)
{
	struct kage_slot *slot = kage_mem_slot(vm, gfn);
	struct kage_rmap_chunk *chunk;

	if (!slot)
		return NULL;
	if (level > 1)
		return &slot->rmap_large[kage_slot_chunk(slot, gfn)];
	chunk = slot->rmap[kage_slot_chunk(slot, gfn)];
	return chunk ? &chunk->gfn[gfn & 511] : NULL;
}

struct kage_ptelist *kage_rmap_make(struct kage_vm *vm, gfn_t gfn, int level)
{
	struct kage_ptelist *list = kage_rmap_list(vm, gfn, level);
	struct kage_mmu *mmu = &vm->mmu;
	struct kage_slot *slot;

	if (list)
		return list;
	slot = kage_mem_slot(vm, gfn);
	if (!slot || !mmu->nr_spare_chunk)
		return NULL;
	slot->rmap[kage_slot_chunk(slot, gfn)] =
		mmu->spare_chunk[--mmu->nr_spare_chunk];
	return kage_rmap_list(vm, gfn, level);
}

void kage_rmap_del(struct kage_vm *vm, gfn_t gfn, int level, u64 *sptep)
{
	struct kage_ptelist *list;

	lockdep_assert_held(&vm->mmu.lock);
	list = kage_rmap_list(vm, gfn, level);
	if (!WARN_ON_ONCE(!list))
		kage_ptelist_del(vm, list, sptep);
}
