// SPDX-License-Identifier: GPL-2.0
/*
 * Shadow pages: how they are found, made, kept equal to the guest's tables and
 * given up.
 */
#include "shadow.h"
#include "../vm.h"
#include "../vcpu.h"
#include "fill.h"
#include "rmap.h"
#include "route.h"
#include <linux/mm.h>

/*
 * The guest chooses where its tables are, and would like a long list. By a factor
 * that it does not know any two frames meet as seldom as by chance.
 */
static struct hlist_head *bucket(struct kage_mmu *mmu, gfn_t gfn)
{
	return &mmu->hash[gfn * mmu->hash_factor >> (64 - KAGE_MMU_HASH_BITS)];
}

struct kage_shadow *kage_shadow_of(const u64 *sptep)
{
	return (struct kage_shadow *)page_private(virt_to_page(sptep));
}

struct kage_shadow *kage_shadow_child(u64 spte)
{
	return kage_shadow_of(__va(spte & KAGE_PTE_ADDR));
}

static bool is_table(const struct kage_shadow *sp, u64 spte)
{
	return kage_spte_present(spte) &&
	       !kage_spte_is_leaf(spte, sp->role.level);
}

static bool is_writable_leaf(const struct kage_shadow *sp, u64 spte)
{
	return kage_spte_present(spte) && (spte & KAGE_PTE_W) &&
	       kage_spte_is_leaf(spte, sp->role.level);
}

/*
 * Is an entry in the reverse map? The pieces of a large page are found by the
 * frame alone: their table is looked up (follow_pieces).
 */
static bool is_listed(const struct kage_shadow *sp, u64 spte)
{
	return is_writable_leaf(sp, spte) &&
	       !(sp->role.direct && sp->role.level == 1);
}

struct kage_shadow *kage_shadow_find(struct kage_vm *vm, gfn_t gfn,
				     union kage_role role)
{
	struct kage_shadow *sp;

	lockdep_assert_held(&vm->mmu.lock);
	hlist_for_each_entry(sp, bucket(&vm->mmu, gfn), hash)
		if (sp->gfn == gfn && sp->role.word == role.word)
			return sp;
	return NULL;
}

/* Does @sp have to follow what is written to @gfn? */
static bool follows(const struct kage_shadow *sp, gfn_t gfn)
{
	return sp->gfn == gfn && !sp->role.direct && !sp->unsynced;
}

struct kage_shadow *kage_shadow_follower(struct kage_vm *vm, gfn_t gfn)
{
	struct kage_shadow *sp, *found = NULL;

	hlist_for_each_entry(sp, bucket(&vm->mmu, gfn), hash) {
		if (!follows(sp, gfn))
			continue;
		if (found || sp->role.level > 1)
			return NULL;
		found = sp;
	}
	return found;
}

static bool has_follower(struct kage_vm *vm, gfn_t gfn)
{
	struct kage_shadow *sp;

	hlist_for_each_entry(sp, bucket(&vm->mmu, gfn), hash)
		if (follows(sp, gfn))
			return true;
	return false;
}

/* The piece of a large page that maps @gfn, in any of the tables of pieces. */
static void follow_pieces(struct kage_vm *vm, gfn_t gfn)
{
	gfn_t first = gfn & ~(kage_pt_span(2) - 1);
	struct kage_shadow *sp;

	hlist_for_each_entry(sp, bucket(&vm->mmu, first), hash)
		if (sp->gfn == first && sp->role.direct &&
		    sp->role.level == 1 &&
		    kage_spte_present(sp->spt[gfn - first]))
			kage_shadow_follow(vm, sp, gfn - first, 0);
}

/*
 * The guest is about to write to what was a table, most often: through pieces of
 * large pages, which are found at once, that need not be another exit.
 */
static void untrack_gfn(struct kage_vm *vm, gfn_t gfn)
{
	struct kage_slot *slot = kage_mem_slot(vm, gfn);

	if (!slot || !kage_slot_tracked(slot, gfn) || has_follower(vm, gfn))
		return;
	clear_bit(gfn - slot->base, slot->tracked);
	slot->tracked_in[kage_slot_chunk(slot, gfn)]--;
	follow_pieces(vm, gfn);
}

/*
 * Takes a page out of use; its entries are LAZY already. A vCPU whose root it is
 * lets go of it when it loads another, until when it is not freed: its thread may
 * be looking at it now.
 */
static void bury(struct kage_vm *vm, struct kage_shadow *sp)
{
	struct kage_mmu *mmu = &vm->mmu;
	unsigned int i;

	mmu->epoch++;
	hlist_del_init(&sp->hash);
	list_move(&sp->lru, &mmu->dying);
	mmu->nr_live--;
	mmu->nr_dying++;
	mmu->stale = true;
	if (sp->role.direct)
		mmu->nr_direct--;
	else
		untrack_gfn(vm, sp->gfn);
	kage_shadow_unpin(vm, sp);
	if (sp->role.level < KAGE_ROOT_LEVEL)
		return;
	for (i = 0; i < vm->nr_vcpus; i++)
		if (READ_ONCE(vm->vcpus[i]->root) == sp)
			kage_vcpu_request(vm->vcpus[i], KAGE_REQ_LOAD_ROOT);
}

/*
 * The guest's INVLPG does not exit. It makes the processor drop one translation
 * of 4 KiB, where a large page of the guest's has many: they must all be gone
 * before the guest can think that it flushed them. So when something leads to
 * @sp no more, or not as before, pieces that are below it are flushed here, or at
 * the end of what is being given up as a whole.
 */
static void flush_pieces(struct kage_vm *vm, const struct kage_shadow *sp)
{
	if (!sp->role.direct && !(sp->role.level > 1 && vm->mmu.nr_direct))
		return;
	if (vm->mmu.zapping)
		vm->mmu.pieces_left = true;
	else
		kage_mmu_flush(vm);
}

/* Nothing leads to @sp any more. */
static void detach(struct kage_vm *vm, struct kage_shadow *sp)
{
	u64 *parent;

	vm->mmu.epoch++;
	while ((parent = kage_ptelist_first(&sp->parents))) {
		struct kage_shadow *psp = kage_shadow_of(parent);

		/* Off the list first, or the last one would release it. */
		kage_ptelist_del(vm, &sp->parents, parent);
		kage_shadow_count(vm, *parent, KAGE_SPTE_LAZY);
		WRITE_ONCE(*parent, KAGE_SPTE_LAZY);
		psp->nr_present--;
	}
	flush_pieces(vm, sp);
}

/* The recursion through kage_fill_clear() ends with the levels: four deep. */
static void give_up(struct kage_vm *vm, struct kage_shadow *sp)
{
	detach(vm, sp);
	kage_fill_clear(vm, sp);
	/* What was NONE is the guest's word no longer. */
	memset64(sp->spt, KAGE_SPTE_LAZY, KAGE_PT_ENTRIES);
	bury(vm, sp);
}

void kage_shadow_zap(struct kage_vm *vm, struct kage_shadow *sp)
{
	struct kage_mmu *mmu = &vm->mmu;
	bool outermost = !mmu->zapping;

	lockdep_assert_held(&mmu->lock);
	mmu->zapping = true;
	give_up(vm, sp);
	if (!outermost)
		return;
	mmu->zapping = false;
	if (mmu->pieces_left)
		kage_mmu_flush(vm);
	mmu->pieces_left = false;
}

/*
 * A table without a parent is most often a freed one: let its frame be ordinary
 * memory before the guest reuses it. One entry may have held a whole tree: what
 * is too much for now comes first at the next fault.
 */
static void orphan(struct kage_vm *vm, struct kage_shadow *sp)
{
	struct kage_mmu *mmu = &vm->mmu;

	mmu->stats[KAGE_MMU_ORPHANED]++;
	if (mmu->nr_dying < KAGE_MMU_DYING_MAX)
		kage_shadow_zap(vm, sp);
	else
		list_move(&sp->lru, &mmu->live);
}

/* What an entry that is being replaced kept alive or noted. */
static void drop_old(struct kage_vm *vm, struct kage_shadow *sp,
		     unsigned int index, u64 old, gfn_t gfn)
{
	struct kage_shadow *child;

	if (is_writable_leaf(sp, old)) {
		vm->mmu.stale = true;
		if (is_listed(sp, old))
			kage_rmap_del(vm, gfn, sp->role.level,
				      &sp->spt[index]);
		return;
	}
	if (!is_table(sp, old))
		return;
	child = kage_shadow_child(old);
	kage_ptelist_del(vm, &child->parents, &sp->spt[index]);
	/* A root that no vCPU can load by itself has left nothing behind. */
	if (sp->role.level < KAGE_ROOT_LEVEL || sp->pins)
		flush_pieces(vm, child);
	if (kage_ptelist_empty(&child->parents) && child != vm->mmu.kept)
		orphan(vm, child);
}

/*
 * A guest may map one frame, or link one table, as often as it likes. Long
 * lists would take long under the lock: the newcomer displaces another.
 */
static void make_room(struct kage_vm *vm, const struct kage_ptelist *list)
{
	struct kage_shadow *sp;
	u64 *sptep;

	if (!kage_ptelist_full(list))
		return;
	sptep = kage_ptelist_first(list);
	sp = kage_shadow_of(sptep);
	kage_shadow_set(vm, sp, sptep - sp->spt, KAGE_SPTE_LAZY);
}

/* Notes a new entry; gives what may really be installed. */
static u64 take_new(struct kage_vm *vm, struct kage_shadow *sp,
		    unsigned int index, u64 spte)
{
	int level = sp->role.level;
	struct kage_ptelist *list;

	if (is_listed(sp, spte)) {
		list = kage_rmap_make(vm, sp->gfns[index], level);
		if (!list)
			return kage_spte_withhold(spte);
		make_room(vm, list);
		if (!kage_ptelist_add(vm, list, &sp->spt[index]))
			return kage_spte_withhold(spte);
	} else if (is_table(sp, spte)) {
		list = &kage_shadow_child(spte)->parents;
		make_room(vm, list);
		if (!kage_ptelist_add(vm, list, &sp->spt[index]))
			return KAGE_SPTE_LAZY;
	}
	return spte;
}

void kage_shadow_set_gfn(struct kage_vm *vm, struct kage_shadow *sp,
			 unsigned int index, u64 spte, gfn_t gfn)
{
	u64 old = sp->spt[index];
	gfn_t old_gfn = sp->gfns[index];

	if (old == spte)
		return;
	if (sp->role.level > 1)
		vm->mmu.epoch++;
	if (is_table(sp, old) && is_table(sp, spte) &&
	    !((old ^ spte) & KAGE_PTE_ADDR)) {
		kage_shadow_count(vm, old, spte);
		WRITE_ONCE(sp->spt[index], spte);
		flush_pieces(vm, kage_shadow_child(spte));
		return;
	}
	sp->gfns[index] = gfn;
	spte = take_new(vm, sp, index, spte);
	/* Making room may have hit this very entry. */
	old = sp->spt[index];
	sp->nr_present += kage_spte_present(spte);
	sp->nr_present -= kage_spte_present(old);
	kage_shadow_count(vm, old, spte);
	/* One store: a vCPU that walks the table sees the old or the new. */
	WRITE_ONCE(sp->spt[index], spte);
	drop_old(vm, sp, index, old, old_gfn);
}

void kage_shadow_set(struct kage_vm *vm, struct kage_shadow *sp,
		     unsigned int index, u64 spte)
{
	lockdep_assert_held(&vm->mmu.lock);
	kage_shadow_set_gfn(vm, sp, index, spte, sp->gfns[index]);
}

void kage_shadow_follow(struct kage_vm *vm, struct kage_shadow *sp,
			unsigned int index, u64 gpte)
{
	kage_shadow_set_gfn(vm, sp, index,
			    kage_shadow_derive(vm, sp, index, gpte),
			    kage_shadow_gfn(sp, index, gpte));
}

/*
 * A table that hangs on the entry most often hangs there again in a moment. One is
 * kept for that; there are more only where a store changes two entries.
 */
static void hide(struct kage_vm *vm, struct kage_shadow *sp,
		 unsigned int index)
{
	u64 old = sp->spt[index];

	if (!kage_spte_present(old)) {
		WRITE_ONCE(sp->spt[index], KAGE_SPTE_LAZY);
		return;
	}
	if (is_table(sp, old) && !vm->mmu.kept)
		vm->mmu.kept = kage_shadow_child(old);
	kage_shadow_set(vm, sp, index, KAGE_SPTE_LAZY);
}

void kage_shadow_expect(struct kage_vm *vm, gfn_t gfn, unsigned int first,
			unsigned int last)
{
	struct kage_shadow *sp;
	unsigned int i;
	u32 buried;

	lockdep_assert_held(&vm->mmu.lock);
	if (vm->nr_vcpus == 1)
		return;
again:
	buried = vm->mmu.nr_dying;
	hlist_for_each_entry(sp, bucket(&vm->mmu, gfn), hash) {
		for (i = first; follows(sp, gfn) && i <= last; i++)
			hide(vm, sp, i);
		/* An orphan may have been next: what is hidden stays so. */
		if (vm->mmu.nr_dying != buried)
			goto again;
	}
	/* The entries, then the store. */
	smp_wmb();
}

/* What was kept, and hangs nowhere now, is as any other that does not. */
static void let_go(struct kage_vm *vm)
{
	struct kage_shadow *kept = vm->mmu.kept;

	vm->mmu.kept = NULL;
	if (kept && kage_shadow_live(kept) &&
	    kage_ptelist_empty(&kept->parents))
		orphan(vm, kept);
}

void kage_shadow_stored(struct kage_vm *vm, gfn_t gfn, unsigned int index,
			u64 gpte)
{
	struct kage_shadow *sp;
	struct hlist_node *next;

	lockdep_assert_held(&vm->mmu.lock);
again:
	hlist_for_each_entry_safe(sp, next, bucket(&vm->mmu, gfn), hash) {
		u32 buried = vm->mmu.nr_dying;

		if (!follows(sp, gfn))
			continue;
		if (sp->role.level == 1) {
			kage_fill_entry(vm, sp, index, gpte);
			continue;
		}
		kage_shadow_follow(vm, sp, index, gpte);
		/* An orphan may have been @next: what is done stays done. */
		if (vm->mmu.nr_dying != buried)
			goto again;
	}
	let_go(vm);
}

void kage_shadow_reread(struct kage_vm *vm, gfn_t gfn, unsigned int first,
			unsigned int last)
{
	const u64 *gpt = kage_mem_host(vm, gfn << KAGE_PAGE_SHIFT,
				       KAGE_PAGE_SIZE, false);

	for (; first <= last; first++)
		kage_shadow_stored(vm, gfn, first, READ_ONCE(gpt[first]));
}

/*
 * What processors have cached of the old entries they may use until the guest
 * flushes, as after any store to its tables.
 */
void kage_mmu_resync(struct kage_vm *vm, gpa_t gpa, size_t len)
{
	unsigned int off = gpa & ~KAGE_PAGE_MASK;
	gfn_t gfn = gpa >> KAGE_PAGE_SHIFT;
	unsigned long flags;

	spin_lock_irqsave(&vm->mmu.lock, flags);
	vm->mmu.stats[KAGE_MMU_RESYNCS]++;
	kage_shadow_reread(vm, gfn, off / 8, (off + len - 1) / 8);
	spin_unlock_irqrestore(&vm->mmu.lock, flags);
}

static void protect_list(struct kage_vm *vm, struct kage_ptelist *list,
			 int level)
{
	u64 *sptep;

	while (list && (sptep = kage_ptelist_first(list))) {
		struct kage_shadow *sp = kage_shadow_of(sptep);
		unsigned int index = sptep - sp->spt;

		kage_shadow_set(vm, sp, index,
				level == 1 ? kage_spte_track(*sptep) :
					     KAGE_SPTE_LAZY);
	}
}

/*
 * From here on nothing writes to the frame unseen. The order is protect,
 * flush, read: only after it may the table's entries be believed.
 */
static void track_gfn(struct kage_vm *vm, gfn_t gfn)
{
	struct kage_slot *slot = kage_mem_slot(vm, gfn);

	if (kage_slot_tracked(slot, gfn))
		return;
	set_bit(gfn - slot->base, slot->tracked);
	slot->tracked_in[kage_slot_chunk(slot, gfn)]++;
	protect_list(vm, kage_rmap_list(vm, gfn, 1), 1);
	protect_list(vm, kage_rmap_list(vm, gfn, 2), 2);
	follow_pieces(vm, gfn);
	/*
	 * Not only for these: an entry that left the lists since the last flush
	 * (recycled, or replaced by the guest) may be cached with W, too.
	 */
	if (vm->mmu.stale) {
		vm->mmu.stats[KAGE_MMU_PROTECTED]++;
		kage_mmu_flush(vm);
	}
	/* Pairs with kage_mem_written(): bit, then entries; store, then bit. */
	smp_mb();
}

/* Before anything leads to a table that was unlinked it follows again. */
static void link_again(struct kage_vm *vm, struct kage_shadow *sp)
{
	if (!sp->unsynced)
		return;
	vm->mmu.epoch++;
	vm->mmu.stats[KAGE_MMU_RELINKED]++;
	sp->unsynced = false;
	track_gfn(vm, sp->gfn);
	kage_fill_again(vm, sp);
}

/* Only leaf tables: what hangs on others would go with them. */
static bool may_unlink(struct kage_vm *vm, gfn_t gfn)
{
	struct kage_shadow *sp;

	hlist_for_each_entry(sp, bucket(&vm->mmu, gfn), hash)
		if (follows(sp, gfn) && sp->role.level > 1)
			return false;
	return true;
}

/*
 * What a processor has cached of the path to the table it might use until the
 * guest flushes: INVLPG drops all it knows of upper levels. But if it found an
 * entry absent that the guest has set meanwhile, the fault would go to the
 * guest, which need not flush for a new entry: the path has to go before the
 * guest can store to the table. Where all faults exit, they come to kage.
 */
bool kage_shadow_unlink(struct kage_vm *vm, gfn_t gfn)
{
	struct kage_shadow *sp;

	lockdep_assert_held(&vm->mmu.lock);
	if (!may_unlink(vm, gfn))
		return false;
	hlist_for_each_entry(sp, bucket(&vm->mmu, gfn), hash) {
		if (follows(sp, gfn)) {
			detach(vm, sp);
			sp->unsynced = true;
		}
	}
	if (KAGE_SPTE_LAZY & KAGE_PTE_P)
		kage_mmu_flush(vm);
	untrack_gfn(vm, gfn);
	vm->mmu.stats[KAGE_MMU_UNLINKED]++;
	return true;
}

struct kage_shadow *kage_shadow_get(struct kage_vm *vm, gfn_t gfn,
				    union kage_role role)
{
	struct kage_mmu *mmu = &vm->mmu;
	struct kage_shadow *sp = kage_shadow_find(vm, gfn, role);

	if (sp) {
		list_move_tail(&sp->lru, &mmu->live);
		link_again(vm, sp);
		return sp;
	}
	/* Asked first: a spare page must not get lost when it is not RAM. */
	if (!role.direct && !kage_mem_slot(vm, gfn))
		return NULL;
	sp = kage_shadow_spare(mmu);
	if (!sp)
		return NULL;
	sp->gfn = gfn;
	sp->role = role;
	hlist_add_head(&sp->hash, bucket(mmu, gfn));
	list_add_tail(&sp->lru, &mmu->live);
	mmu->nr_live++;
	mmu->epoch++;
	mmu->stats[KAGE_MMU_CREATED]++;
	if (role.direct)
		mmu->nr_direct++;
	else
		track_gfn(vm, gfn);
	kage_fill(vm, sp);
	return sp;
}

bool kage_shadow_idle(struct kage_vm *vm, gfn_t gfn)
{
	struct kage_shadow *sp;

	lockdep_assert_held(&vm->mmu.lock);
	hlist_for_each_entry(sp, bucket(&vm->mmu, gfn), hash)
		if (follows(sp, gfn) &&
		    (!kage_ptelist_empty(&sp->parents) || kage_shadow_loaded(vm, sp)))
			return false;
	return true;
}

void kage_shadow_unshadow(struct kage_vm *vm, gfn_t gfn)
{
	struct kage_shadow *sp;

	lockdep_assert_held(&vm->mmu.lock);
again:
	hlist_for_each_entry(sp, bucket(&vm->mmu, gfn), hash) {
		if (sp->gfn == gfn && !sp->role.direct) {
			vm->mmu.stats[KAGE_MMU_UNSHADOWED]++;
			kage_shadow_zap(vm, sp);
			goto again;
		}
	}
	/* The parents' entries may still be cached. */
	kage_mmu_flush(vm);
}
