// SPDX-License-Identifier: GPL-2.0
/*
 * Makes and clears shadow pages as a whole. What kage_shadow_set() does entry
 * by entry is done here with what neighbours have in common found once: mostly
 * they map frames of one slot.
 */
#include "fill.h"
#include "../feature.h"
#include "../vm.h"
#include "gwalk.h"
#include "rmap.h"
#include <linux/atomic.h>

/* The slot, and the chunk of the reverse map, where the last frame was. */
struct place {
	struct kage_slot *slot;
	struct kage_rmap_chunk *chunk;
	u64 chunk_nr;
};

static struct kage_slot *find_slot(struct kage_vm *vm, struct place *place,
				   gfn_t gfn)
{
	struct kage_slot *slot = place->slot;

	if (!slot || gfn - slot->base >= slot->npages) {
		slot = kage_mem_slot(vm, gfn);
		*place = (struct place) { .slot = slot };
	}
	return slot;
}

/* The reverse map of a frame in place->slot; NULL if it does not exist yet. */
static struct kage_ptelist *find_list(struct place *place, gfn_t gfn)
{
	u64 nr = kage_slot_chunk(place->slot, gfn);

	if (!place->chunk || place->chunk_nr != nr) {
		place->chunk = place->slot->rmap[nr];
		place->chunk_nr = nr;
	}
	return place->chunk ? &place->chunk->gfn[gfn & 511] : NULL;
}

/* Takes the place of an entry that is not present, if it is that simple. */
static bool put_leaf(struct kage_vm *vm, struct kage_shadow *sp,
		     unsigned int i, u64 spte, gfn_t gfn, struct place *place)
{
	struct kage_ptelist *list;

	if (kage_spte_present(sp->spt[i]) || !kage_spte_present(spte))
		return false;
	if ((spte & KAGE_PTE_W) && !sp->role.direct) {
		list = find_list(place, gfn);
		if (!list || (!kage_ptelist_put(list, &sp->spt[i]) &&
			      !kage_ptelist_add_if(vm, list, &sp->spt[i])))
			return false;
	}
	sp->gfns[i] = gfn;
	sp->nr_present++;
	kage_shadow_count(vm, 0, spte);
	WRITE_ONCE(sp->spt[i], spte);
	return true;
}

/* Makes an entry absent, if it is that simple. */
static __always_inline bool
drop_leaf(struct kage_vm *vm, struct kage_shadow *sp, unsigned int i, u64 spte,
	  struct place *place)
{
	u64 old = sp->spt[i];
	struct kage_ptelist *list;

	if (!kage_spte_present(old) || kage_spte_present(spte))
		return false;
	if ((old & KAGE_PTE_W) && !sp->role.direct) {
		if (!find_slot(vm, place, sp->gfns[i]))
			return false;
		list = find_list(place, sp->gfns[i]);
		if (WARN_ON_ONCE(!list))
			return false;
		kage_ptelist_del(vm, list, &sp->spt[i]);
	}
	vm->mmu.stale |= !!(old & KAGE_PTE_W);
	kage_shadow_count(vm, old, 0);
	WRITE_ONCE(sp->spt[i], spte);
	sp->nr_present--;
	return true;
}

/*
 * Changes the rights of an entry, if it is that simple. To count it may flush, so
 * that it was cached with W is noted when it is so no longer.
 */
static bool alter_leaf(struct kage_vm *vm, struct kage_shadow *sp,
		       unsigned int i, u64 spte, gfn_t gfn, struct place *place)
{
	struct kage_ptelist *list = NULL;
	u64 old = sp->spt[i];

	if (!kage_spte_present(old) || !kage_spte_present(spte) ||
	    sp->gfns[i] != gfn || sp->role.direct)
		return false;
	if ((old ^ spte) & KAGE_PTE_W) {
		list = find_slot(vm, place, gfn) ? find_list(place, gfn) : NULL;
		if (!list)
			return false;
	}
	if (list && (spte & KAGE_PTE_W) &&
	    !kage_ptelist_put(list, &sp->spt[i]) &&
	    !kage_ptelist_add_if(vm, list, &sp->spt[i]))
		return false;
	kage_shadow_count(vm, old, spte);
	WRITE_ONCE(sp->spt[i], spte);
	if (list && (old & KAGE_PTE_W)) {
		kage_ptelist_del(vm, list, &sp->spt[i]);
		vm->mmu.stale = true;
	}
	return true;
}

static void set_leaf(struct kage_vm *vm, struct kage_shadow *sp,
		     unsigned int i, u64 spte, gfn_t gfn, struct place *place)
{
	if (spte != sp->spt[i] && !put_leaf(vm, sp, i, spte, gfn, place) &&
	    !drop_leaf(vm, sp, i, spte, place) &&
	    !alter_leaf(vm, sp, i, spte, gfn, place))
		kage_shadow_set_gfn(vm, sp, i, spte, gfn);
}

/* As kage_shadow_usable() for a leaf table. */
u64 kage_fill_rsvd(const struct kage_shadow *sp)
{
	const struct kage_paging mode = {
		.nxe = sp->role.nxe, .maxphyaddr = KAGE_MAXPHYADDR,
	};

	return kage_gpte_rsvd(&mode, ~0ULL, 1);
}

static inline u64 derive_leaf(struct kage_vm *vm, const struct kage_shadow *sp,
			      u64 gpte, u64 rsvd, gfn_t gfn,
			      struct place *place)
{
	const u64 needed = KAGE_PTE_P | KAGE_PTE_A;

	if ((gpte & (needed | rsvd)) == needed)
		return kage_fill_leaf(find_slot(vm, place, gfn), sp, gpte, gfn,
				      1);
	return gpte & KAGE_PTE_P ? KAGE_SPTE_LAZY : KAGE_SPTE_NONE;
}

/*
 * Does @spte, which maps @gfn, say of @gpte what it would say anew, but perhaps for
 * W? Nearly all do of a table that was unlinked for a few changes, or to be made
 * read-only. Where it is not that simple: no.
 * @rsvd: bits that @gpte must not have; address bits above a gfn's 32 are among them.
 */
static __always_inline bool is_same(u64 spte, u32 gfn, u64 gpte, u64 rsvd)
{
	/* What is present in a shadow is accessed. */
	const u64 same = KAGE_PTE_P | KAGE_PTE_U | KAGE_PTE_A | KAGE_PTE_NX;
	const u64 odd = KAGE_SPTE_LOOK | KAGE_SPTE_TRACKED | KAGE_SPTE_WITHHELD;

	BUILD_BUG_ON(KAGE_MAXPHYADDR - KAGE_PAGE_SHIFT > 32);
	if (((spte ^ gpte) & same) | (spte & odd) | (gpte & rsvd))
		return false;
	/* W until it is dirty is withheld, and that has to be said. */
	return (u32)(gpte >> KAGE_PAGE_SHIFT) == gfn &&
	       (gpte & (KAGE_PTE_W | KAGE_PTE_D)) != KAGE_PTE_W;
}

/* An entry that is_same() gets or loses W, if it is that simple. */
static __always_inline bool alter_w(struct kage_vm *vm, struct kage_shadow *sp,
				    unsigned int i, u64 gpte,
				    struct place *place)
{
	gfn_t gfn = sp->gfns[i];
	u64 spte = sp->spt[i];
	struct kage_ptelist *list;

	if (!(spte & KAGE_PTE_P) || !find_slot(vm, place, gfn))
		return false;
	list = find_list(place, gfn);
	if (!list)
		return false;
	if (!(gpte & KAGE_PTE_W)) {
		kage_ptelist_del(vm, list, &sp->spt[i]);
		vm->mmu.stale = true;
	} else if ((place->slot->flags & KAGE_MEM_F_READONLY) ||
		   kage_slot_tracked(place->slot, gfn) ||
		   (!kage_ptelist_put(list, &sp->spt[i]) &&
		    !kage_ptelist_add_if(vm, list, &sp->spt[i]))) {
		return false;
	}
	WRITE_ONCE(sp->spt[i], spte ^ KAGE_PTE_W);
	return true;
}

static inline void follow_leaf(struct kage_vm *vm, struct kage_shadow *sp,
			       unsigned int i, u64 gpte, u64 rsvd,
			       struct place *place)
{
	gfn_t gfn = kage_gpte_gfn(gpte, 1);

	set_leaf(vm, sp, i, derive_leaf(vm, sp, gpte, rsvd, gfn, place), gfn,
		 place);
}

void kage_fill_entry(struct kage_vm *vm, struct kage_shadow *sp,
		     unsigned int i, u64 gpte)
{
	struct place place = {};

	follow_leaf(vm, sp, i, gpte, kage_fill_rsvd(sp), &place);
}

static bool is_near(const struct kage_vm *vm, unsigned int i)
{
	return i / KAGE_FILL_WINDOW == vm->mmu.near / KAGE_FILL_WINDOW;
}

/* What is not there yet, and not near what is used now, waits for its use. */
static inline void fill_one(struct kage_vm *vm, struct kage_shadow *sp,
			    unsigned int i, u64 gpte, u64 rsvd,
			    struct place *place)
{
	if ((gpte & KAGE_PTE_P) && !kage_spte_present(sp->spt[i]) &&
	    !is_near(vm, i) && kage_has(KAGE_FEATURE_WINDOW))
		WRITE_ONCE(sp->spt[i], KAGE_SPTE_LAZY);
	else
		follow_leaf(vm, sp, i, gpte, rsvd, place);
}

/* Of most tables that come back much is as it was, and much is gone. */
static __always_inline void fill_one_again(struct kage_vm *vm,
					   struct kage_shadow *sp,
					   unsigned int i, u64 gpte, u64 rsvd,
					   struct place *place)
{
	if (!(gpte & KAGE_PTE_P) &&
	    drop_leaf(vm, sp, i, KAGE_SPTE_NONE, place))
		return;
	fill_one(vm, sp, i, gpte, rsvd, place);
}

/* A table that was unlinked. There is a look at each of 512 entries. */
static void fill_again(struct kage_vm *vm, struct kage_shadow *sp,
		       const u64 *gpt)
{
	const u64 rsvd = kage_fill_rsvd(sp), *spt = sp->spt;
	const u64 never = sp->role.wp ? rsvd : ~0ULL;
	const u32 *gfns = sp->gfns;
	struct place place = {};
	unsigned int i, end;

	for (i = 0; i < KAGE_PT_ENTRIES; i = end) {
		end = i + KAGE_PT_CLUSTER;
		if (kage_pt_is_empty(&gpt[i]) && kage_pt_is_empty(&spt[i]))
			continue;
		for (; i < end; i++) {
			u64 gpte = READ_ONCE(gpt[i]);

			if (is_same(spt[i], gfns[i], gpte, never) &&
			    (!((spt[i] ^ gpte) & KAGE_PTE_W) ||
			     alter_w(vm, sp, i, gpte, &place)))
				continue;
			fill_one_again(vm, sp, i, gpte, rsvd, &place);
		}
	}
}

/* All entries are NONE yet. */
static void fill_new(struct kage_vm *vm, struct kage_shadow *sp,
		     const u64 *gpt)
{
	const u64 rsvd = kage_fill_rsvd(sp);
	struct place place = {};
	unsigned int i, end;

	for (i = 0; i < KAGE_PT_ENTRIES; i = end) {
		end = i + KAGE_PT_CLUSTER;
		if (kage_pt_is_empty(&gpt[i]))
			continue;
		for (; i < end; i++)
			fill_one(vm, sp, i, READ_ONCE(gpt[i]), rsvd, &place);
	}
}

void kage_fill_near(struct kage_vm *vm, struct kage_shadow *sp)
{
	unsigned int i = vm->mmu.near & ~(KAGE_FILL_WINDOW - 1), end;
	const u64 rsvd = kage_fill_rsvd(sp);
	struct place place = {};
	const u64 *gpt;

	lockdep_assert_held(&vm->mmu.lock);
	/* One of a pair waits where the others do, most often. */
	if (sp->spt[vm->mmu.near ^ 1] != KAGE_SPTE_LAZY)
		return;
	gpt = kage_mem_host(vm, sp->gfn << KAGE_PAGE_SHIFT, KAGE_PAGE_SIZE,
			    false);
	for (end = i + KAGE_FILL_WINDOW; gpt && i < end; i++)
		if (sp->spt[i] == KAGE_SPTE_LAZY)
			follow_leaf(vm, sp, i, READ_ONCE(gpt[i]), rsvd, &place);
}

/* A table of tables. */
static void fill_tables(struct kage_vm *vm, struct kage_shadow *sp,
			const u64 *gpt)
{
	unsigned int i;

	for (i = 0; i < KAGE_PT_ENTRIES; i++) {
		u64 gpte;

		if (!(i % KAGE_PT_CLUSTER) && kage_pt_is_empty(&gpt[i])) {
			i += KAGE_PT_CLUSTER - 1;
			continue;
		}
		gpte = READ_ONCE(gpt[i]);
		if (gpte)
			kage_shadow_follow(vm, sp, i, gpte);
	}
}

/* The pieces of a large page: one frame after the other. */
static void fill_pieces(struct kage_vm *vm, struct kage_shadow *sp)
{
	const u64 gpte = kage_shadow_gpte(sp, 0);
	struct place place = {};
	unsigned int i;

	for (i = 0; i < KAGE_PT_ENTRIES; i++) {
		gfn_t gfn = sp->gfn + i;
		u64 spte = kage_fill_leaf(find_slot(vm, &place, gfn), sp, gpte,
					  gfn, 1);

		set_leaf(vm, sp, i, spte, gfn, &place);
	}
}

void kage_fill(struct kage_vm *vm, struct kage_shadow *sp)
{
	const u64 *gpt = NULL;
	unsigned int i;

	lockdep_assert_held(&vm->mmu.lock);
	if (!sp->role.direct)
		gpt = kage_mem_host(vm, sp->gfn << KAGE_PAGE_SHIFT,
				    KAGE_PAGE_SIZE, false);
	if (gpt && sp->role.level == 1)
		fill_new(vm, sp, gpt);
	else if (gpt)
		fill_tables(vm, sp, gpt);
	else if (sp->role.level == 1)
		fill_pieces(vm, sp);
	else
		for (i = 0; i < KAGE_PT_ENTRIES; i++)
			kage_shadow_follow(vm, sp, i, 0);
}

void kage_fill_again(struct kage_vm *vm, struct kage_shadow *sp)
{
	const u64 *gpt = kage_mem_host(vm, sp->gfn << KAGE_PAGE_SHIFT,
				       KAGE_PAGE_SIZE, false);

	lockdep_assert_held(&vm->mmu.lock);
	if (!WARN_ON_ONCE(!gpt))
		fill_again(vm, sp, gpt);
}

static void clear_leaves(struct kage_vm *vm, struct kage_shadow *sp)
{
	struct place place = {};
	unsigned int i;

	for (i = 0; sp->nr_present && i < KAGE_PT_ENTRIES; i++) {
		if (!(i % KAGE_PT_CLUSTER) && kage_pt_is_empty(&sp->spt[i]))
			i += KAGE_PT_CLUSTER - 1;
		else
			drop_leaf(vm, sp, i, KAGE_SPTE_LAZY, &place);
	}
}

void kage_fill_clear(struct kage_vm *vm, struct kage_shadow *sp)
{
	unsigned int i;

	lockdep_assert_held(&vm->mmu.lock);
	if (sp->role.level == 1)
		clear_leaves(vm, sp);
	for (i = 0; sp->nr_present && i < KAGE_PT_ENTRIES; i++) {
		if (!(i % KAGE_PT_CLUSTER) && kage_pt_is_empty(&sp->spt[i]))
			i += KAGE_PT_CLUSTER - 1;
		else if (kage_spte_present(sp->spt[i]))
			kage_shadow_set(vm, sp, i, KAGE_SPTE_LAZY);
	}
}
