// SPDX-License-Identifier: GPL-2.0
/*
 * Shadow pages: how they are found, made, kept equal to the guest's tables,
 * given up and freed.
 */
#include "shadow.h"
#include "../vm.h"
#include "../vcpu.h"
#include "gwalk.h"
#include "rmap.h"
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/slab.h>

/* Unlinked pages are freed in batches: one flush of all vCPUs for each. */
#define DYING_BATCH	32

static struct hlist_head *bucket(struct kage_mmu *mmu, gfn_t gfn)
{
	return &mmu->hash[hash_64(gfn, KAGE_MMU_HASH_BITS)];
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

/* Is @gfn the frame of a shadowed guest table? */
static bool has_table(struct kage_vm *vm, gfn_t gfn)
{
	struct kage_shadow *sp;

	hlist_for_each_entry(sp, bucket(&vm->mmu, gfn), hash)
		if (sp->gfn == gfn && !sp->role.direct)
			return true;
	return false;
}

/*
 * Makes every vCPU drop what it has cached before it runs the guest again, and
 * waits until none runs on what it had. The caller's own vCPU is outside.
 */
static void flush_all(struct kage_vm *vm)
{
	unsigned int i;

	lockdep_assert_held(&vm->mmu.lock);
	vm->mmu.stats[KAGE_MMU_FLUSHES]++;
	for (i = 0; i < vm->nr_vcpus; i++)
		kage_vcpu_request(vm->vcpus[i], KAGE_REQ_TLB_FLUSH);
	for (i = 0; i < vm->nr_vcpus; i++) {
		/* Pairs with the barrier between mode and requests at entry. */
		while (smp_load_acquire(&vm->vcpus[i]->mode) == KAGE_IN_GUEST &&
		       kage_vcpu_has(vm->vcpus[i], KAGE_REQ_TLB_FLUSH))
			cpu_relax();
	}
}

/* Dying pages become spare ones once nothing can reach them any more. */
static void reap(struct kage_vm *vm)
{
	struct kage_mmu *mmu = &vm->mmu;
	struct kage_shadow *sp, *next;

	if (list_empty(&mmu->dying))
		return;
	flush_all(vm);
	list_for_each_entry_safe(sp, next, &mmu->dying, lru) {
		list_del(&sp->lru);
		if (mmu->nr_spare >= 2 * KAGE_POOL_PAGES) {
			kage_shadow_free(sp);
			continue;
		}
		list_add(&sp->lru, &mmu->spare);
		mmu->nr_spare++;
	}
	mmu->nr_dying = 0;
}

static void untrack_gfn(struct kage_vm *vm, gfn_t gfn)
{
	struct kage_slot *slot = kage_mem_slot(vm, gfn);

	if (!slot || has_table(vm, gfn))
		return;
	clear_bit(gfn - slot->base, slot->tracked);
	slot->tracked_in[kage_slot_chunk(slot, gfn)]--;
}

/* Takes a page out of use; its entries must be NONE or LAZY already. */
static void bury(struct kage_vm *vm, struct kage_shadow *sp)
{
	struct kage_mmu *mmu = &vm->mmu;
	unsigned int i;

	hlist_del(&sp->hash);
	list_move(&sp->lru, &mmu->dying);
	mmu->nr_live--;
	mmu->nr_dying++;
	if (!sp->role.direct)
		untrack_gfn(vm, sp->gfn);
	for (i = 0; sp->pins && i < vm->nr_vcpus; i++) {
		if (vm->vcpus[i]->root != sp)
			continue;
		vm->vcpus[i]->root = NULL;
		sp->pins--;
		kage_vcpu_request(vm->vcpus[i], KAGE_REQ_LOAD_ROOT);
	}
}

/*
 * Gives one page up: parents get LAZY entries, own entries are dropped. The
 * recursion through kage_shadow_set() ends with the levels: at most four deep.
 */
static void zap(struct kage_vm *vm, struct kage_shadow *sp)
{
	unsigned int i;
	u64 *parent;

	while ((parent = kage_ptelist_first(&sp->parents))) {
		struct kage_shadow *psp = kage_shadow_of(parent);

		/* Off the list first, or the last one would release it. */
		kage_ptelist_del(vm, &sp->parents, parent);
		WRITE_ONCE(*parent, KAGE_SPTE_LAZY);
		psp->nr_present--;
	}
	for (i = 0; sp->nr_present && i < KAGE_PT_ENTRIES; i++)
		kage_shadow_set(vm, sp, i, KAGE_SPTE_NONE);
	bury(vm, sp);
}

/* What an entry that is being replaced kept alive or noted. */
static void drop_old(struct kage_vm *vm, struct kage_shadow *sp,
		     unsigned int index, u64 old, gfn_t gfn)
{
	struct kage_shadow *child;

	if (is_writable_leaf(sp, old)) {
		kage_rmap_del(vm, gfn, sp->role.level, &sp->spt[index]);
		return;
	}
	if (!is_table(sp, old))
		return;
	child = kage_shadow_child(old);
	kage_ptelist_del(vm, &child->parents, &sp->spt[index]);
	/*
	 * A table without a parent is most often a freed one: let its frame be
	 * ordinary memory before the guest reuses it.
	 */
	if (kage_ptelist_empty(&child->parents) && !child->pins) {
		vm->mmu.stats[KAGE_MMU_ORPHANED]++;
		zap(vm, child);
	}
}

/* Notes a new entry; gives what may really be installed. */
static u64 take_new(struct kage_vm *vm, struct kage_shadow *sp,
		    unsigned int index, u64 spte)
{
	u64 *sptep = &sp->spt[index];

	if (is_writable_leaf(sp, spte) &&
	    !kage_rmap_add(vm, sp->gfns[index], sp->role.level, sptep))
		return spte & ~KAGE_PTE_W;
	if (is_table(sp, spte) &&
	    !kage_ptelist_add(vm, &kage_shadow_child(spte)->parents, sptep))
		return KAGE_SPTE_LAZY;
	return spte;
}

gfn_t kage_shadow_gfn(const struct kage_shadow *sp, unsigned int index)
{
	return sp->gfn + index * kage_pt_span(sp->role.level);
}

/* kage_shadow_set() for an entry that, if a leaf, maps @gfn. */
static void set_entry(struct kage_vm *vm, struct kage_shadow *sp,
		      unsigned int index, u64 spte, gfn_t gfn)
{
	u64 old = sp->spt[index];
	gfn_t old_gfn = sp->gfns[index];

	if (old == spte)
		return;
	if (is_table(sp, old) && is_table(sp, spte) &&
	    !((old ^ spte) & KAGE_PTE_ADDR)) {
		WRITE_ONCE(sp->spt[index], spte);
		return;
	}
	sp->gfns[index] = gfn;
	spte = take_new(vm, sp, index, spte);
	sp->nr_present += kage_spte_present(spte);
	sp->nr_present -= kage_spte_present(old);
	/* One store: a vCPU that walks the table sees the old or the new. */
	WRITE_ONCE(sp->spt[index], spte);
	drop_old(vm, sp, index, old, old_gfn);
}

void kage_shadow_set(struct kage_vm *vm, struct kage_shadow *sp,
		     unsigned int index, u64 spte)
{
	lockdep_assert_held(&vm->mmu.lock);
	set_entry(vm, sp, index, spte, sp->gfns[index]);
}

int kage_mmu_leaf_level(struct kage_vm *vm, gfn_t gfn, bool write)
{
	struct kage_slot *slot = kage_mem_slot(vm, gfn);
	gfn_t first = gfn & ~511ULL;
	u64 chunk;

	if (!slot || first < slot->base ||
	    first + 512 > slot->base + slot->npages)
		return 1;
	chunk = kage_slot_chunk(slot, gfn);
	if (write && (slot->tracked_in[chunk] ||
		      (slot->flags & KAGE_MEM_F_READONLY)))
		return 1;
	return kage_slot_is_block(slot, chunk) ? 2 : 1;
}

/* Leaf entry for @gfn with the rights of @gpte, or LAZY where there is no RAM */
static u64 derive_leaf(struct kage_vm *vm, struct kage_shadow *sp, u64 gpte,
		       gfn_t gfn, int level)
{
	struct kage_slot *slot = kage_mem_slot(vm, gfn);
	bool writable;

	if (!slot)
		return KAGE_SPTE_LAZY;
	writable = !(slot->flags & KAGE_MEM_F_READONLY) &&
		   (level > 1 || !kage_slot_tracked(slot, gfn));
	return kage_spte_leaf(gpte, sp->role.wp, level,
			      slot->pfns[gfn - slot->base], writable);
}

union kage_role kage_shadow_role(const struct kage_shadow *sp, bool direct)
{
	union kage_role role = sp->role;

	role.level--;
	role.direct = direct;
	return role;
}

/* Entry that links the child of @gfn, LAZY where it does not exist yet. */
static u64 derive_table(struct kage_vm *vm, struct kage_shadow *sp, u64 gpte,
			gfn_t gfn, bool direct)
{
	struct kage_shadow *child;

	child = kage_shadow_find(vm, gfn, kage_shadow_role(sp, direct));
	if (!child)
		return KAGE_SPTE_LAZY;
	return kage_spte_table(gpte, direct, sp->role.wp, __pa(child->spt));
}

/* Entry for a large page of the guest, or a piece of one, at level 2 or 3. */
static u64 derive_large(struct kage_vm *vm, struct kage_shadow *sp, u64 gpte,
			gfn_t gfn)
{
	bool write = (gpte & KAGE_PTE_W) && (gpte & KAGE_PTE_D);

	if (sp->role.level == 2 && kage_mmu_leaf_level(vm, gfn, write) == 2)
		return derive_leaf(vm, sp, gpte, gfn, 2);
	return derive_table(vm, sp, gpte, gfn, true);
}

static bool has_rsvd(const struct kage_shadow *sp, u64 gpte)
{
	const struct kage_paging mode = {
		.nxe = sp->role.nxe,
		.gbpages = true,
		.maxphyaddr = KAGE_MAXPHYADDR,
	};

	return kage_gpte_rsvd(&mode, gpte, sp->role.level);
}

u64 kage_shadow_derive(struct kage_vm *vm, struct kage_shadow *sp,
		       unsigned int index, u64 gpte)
{
	int level = sp->role.level;
	gfn_t gfn;

	if (sp->role.direct) {
		gpte = KAGE_GPTE_DIRECT;
		gfn = kage_shadow_gfn(sp, index);
		return level == 1 ? derive_leaf(vm, sp, gpte, gfn, 1) :
				    derive_large(vm, sp, gpte, gfn);
	}
	if (!(gpte & KAGE_PTE_P))
		return KAGE_SPTE_NONE;
	/* The walk decides about odd entries and sets the accessed bit. */
	if (!(gpte & KAGE_PTE_A) || has_rsvd(sp, gpte))
		return KAGE_SPTE_LAZY;
	gfn = kage_gpte_gfn(gpte, 1);
	if (!kage_gpte_is_leaf(gpte, level))
		return derive_table(vm, sp, gpte, gfn, false);
	gfn = kage_gpte_gfn(gpte, level);
	return level == 1 ? derive_leaf(vm, sp, gpte, gfn, 1) :
			    derive_large(vm, sp, gpte, gfn);
}

/* The frame that goes with the entry that kage_shadow_derive() makes. */
static gfn_t derive_gfn(const struct kage_shadow *sp, unsigned int index,
			u64 gpte)
{
	if (sp->role.direct)
		return kage_shadow_gfn(sp, index);
	return kage_gpte_gfn(gpte, sp->role.level);
}

void kage_shadow_follow(struct kage_vm *vm, struct kage_shadow *sp,
			unsigned int index, u64 gpte)
{
	set_entry(vm, sp, index, kage_shadow_derive(vm, sp, index, gpte),
		  derive_gfn(sp, index, gpte));
}

/* Fills a new page from the guest's table, which is tracked by now. */
static void fill(struct kage_vm *vm, struct kage_shadow *sp)
{
	const u64 *gpt = NULL;
	unsigned int i;

	if (!sp->role.direct)
		gpt = kage_mem_host(vm, sp->gfn << KAGE_PAGE_SHIFT,
				    KAGE_PAGE_SIZE, false);
	for (i = 0; i < KAGE_PT_ENTRIES; i++) {
		u64 gpte = gpt ? READ_ONCE(gpt[i]) : 0;

		if (gpte || !gpt)
			kage_shadow_follow(vm, sp, i, gpte);
	}
}

void kage_shadow_reread(struct kage_vm *vm, gfn_t gfn, unsigned int first,
			unsigned int last)
{
	const u64 *gpt = kage_mem_host(vm, gfn << KAGE_PAGE_SHIFT,
				       KAGE_PAGE_SIZE, false);
	struct kage_shadow *sp;
	struct hlist_node *next;
	unsigned int i;

	lockdep_assert_held(&vm->mmu.lock);
again:
	hlist_for_each_entry_safe(sp, next, bucket(&vm->mmu, gfn), hash) {
		u32 buried = vm->mmu.nr_dying;

		if (sp->gfn != gfn || sp->role.direct)
			continue;
		for (i = first; i <= last; i++)
			kage_shadow_follow(vm, sp, i, READ_ONCE(gpt[i]));
		/* An orphan may have been @next: what is done stays done. */
		if (vm->mmu.nr_dying != buried)
			goto again;
	}
}

void kage_mmu_resync(struct kage_vm *vm, gfn_t gfn)
{
	unsigned long flags;

	spin_lock_irqsave(&vm->mmu.lock, flags);
	vm->mmu.stats[KAGE_MMU_RESYNCS]++;
	kage_shadow_reread(vm, gfn, 0, KAGE_PT_ENTRIES - 1);
	/* Nobody tells the guest that a device changed its tables. */
	flush_all(vm);
	spin_unlock_irqrestore(&vm->mmu.lock, flags);
}

static bool protect_list(struct kage_vm *vm, struct kage_ptelist *list,
			 u64 clear)
{
	bool any = false;
	u64 *sptep;

	while (list && (sptep = kage_ptelist_first(list))) {
		struct kage_shadow *sp = kage_shadow_of(sptep);
		unsigned int index = sptep - sp->spt;

		kage_shadow_set(vm, sp, index,
				clear ? *sptep & ~clear : KAGE_SPTE_LAZY);
		any = true;
	}
	return any;
}

/*
 * From here on nothing writes to the frame unseen. The order is protect,
 * flush, read: only after it may the table's entries be believed.
 */
static bool track_gfn(struct kage_vm *vm, gfn_t gfn)
{
	struct kage_slot *slot = kage_mem_slot(vm, gfn);
	bool any;

	if (!slot)
		return false;
	if (kage_slot_tracked(slot, gfn))
		return true;
	set_bit(gfn - slot->base, slot->tracked);
	slot->tracked_in[kage_slot_chunk(slot, gfn)]++;
	any = protect_list(vm, kage_rmap_list(vm, gfn, 1), KAGE_PTE_W);
	any |= protect_list(vm, kage_rmap_list(vm, gfn, 2), 0);
	if (any) {
		vm->mmu.stats[KAGE_MMU_PROTECTED]++;
		flush_all(vm);
	}
	/* Pairs with kage_mem_written(): bit, then entries; store, then bit. */
	smp_mb();
	return true;
}

static struct kage_shadow *spare_get(struct kage_mmu *mmu)
{
	struct kage_shadow *sp;

	sp = list_first_entry_or_null(&mmu->spare, struct kage_shadow, lru);
	if (!sp)
		return NULL;
	list_del(&sp->lru);
	mmu->nr_spare--;
	memset(sp->spt, 0, PAGE_SIZE);
	sp->nr_present = 0;
	sp->pins = 0;
	sp->parents.val = 0;
	return sp;
}

struct kage_shadow *kage_shadow_get(struct kage_vm *vm, gfn_t gfn,
				    union kage_role role)
{
	struct kage_mmu *mmu = &vm->mmu;
	struct kage_shadow *sp = kage_shadow_find(vm, gfn, role);

	if (sp) {
		list_move_tail(&sp->lru, &mmu->live);
		return sp;
	}
	/* Asked first: a spare page must not get lost when it is not RAM. */
	if (!role.direct && !kage_mem_slot(vm, gfn))
		return NULL;
	sp = spare_get(mmu);
	if (!sp)
		return NULL;
	sp->gfn = gfn;
	sp->role = role;
	hlist_add_head(&sp->hash, bucket(mmu, gfn));
	list_add_tail(&sp->lru, &mmu->live);
	mmu->nr_live++;
	mmu->stats[KAGE_MMU_CREATED]++;
	if (!role.direct)
		track_gfn(vm, gfn);
	fill(vm, sp);
	return sp;
}

void kage_shadow_unshadow(struct kage_vm *vm, gfn_t gfn)
{
	struct kage_shadow *sp;

	lockdep_assert_held(&vm->mmu.lock);
again:
	hlist_for_each_entry(sp, bucket(&vm->mmu, gfn), hash) {
		if (sp->gfn == gfn && !sp->role.direct) {
			vm->mmu.stats[KAGE_MMU_UNSHADOWED]++;
			zap(vm, sp);
			goto again;
		}
	}
	/* The parents' entries may still be cached. */
	flush_all(vm);
}

static void zap_all(struct kage_vm *vm)
{
	struct kage_shadow *sp;

	while ((sp = list_first_entry_or_null(&vm->mmu.live,
					      struct kage_shadow, lru)))
		zap(vm, sp);
	reap(vm);
}

/* The least recently used page that no vCPU stands on. */
static struct kage_shadow *victim(struct kage_mmu *mmu)
{
	struct kage_shadow *sp;

	list_for_each_entry(sp, &mmu->live, lru)
		if (!sp->pins)
			return sp;
	return NULL;
}

static void recycle(struct kage_vm *vm)
{
	struct kage_mmu *mmu = &vm->mmu;
	struct kage_shadow *sp;

	while (mmu->nr_live + KAGE_POOL_PAGES > mmu->limit) {
		sp = victim(mmu);
		if (!sp)
			break;
		mmu->stats[KAGE_MMU_RECYCLED]++;
		zap(vm, sp);
	}
}

bool kage_shadow_reserve(struct kage_vcpu *vcpu)
{
	struct kage_vm *vm = vcpu->vm;
	struct kage_mmu *mmu = &vm->mmu;

	lockdep_assert_held(&mmu->lock);
	recycle(vm);
	if (mmu->nr_dying >= DYING_BATCH ||
	    (mmu->nr_spare < KAGE_ROOT_LEVEL + 1 && mmu->nr_dying))
		reap(vm);
	if (mmu->nr_spare > KAGE_ROOT_LEVEL && mmu->nr_spare_chunk > 1 &&
	    mmu->nr_spare_desc > KAGE_ROOT_LEVEL)
		return true;
	kage_vcpu_request(vcpu, KAGE_REQ_TOPUP);
	return false;
}

void kage_mmu_unload_root(struct kage_vcpu *vcpu)
{
	struct kage_mmu *mmu = &vcpu->vm->mmu;
	unsigned long flags;

	spin_lock_irqsave(&mmu->lock, flags);
	if (vcpu->root)
		vcpu->root->pins--;
	vcpu->root = NULL;
	spin_unlock_irqrestore(&mmu->lock, flags);
}

static void use_root(struct kage_vcpu *vcpu, struct kage_shadow *sp)
{
	if (vcpu->root)
		vcpu->root->pins--;
	vcpu->root = sp;
	sp->pins++;
}

bool kage_mmu_load_root(struct kage_vcpu *vcpu)
{
	const union kage_role role = {
		.level = KAGE_ROOT_LEVEL,
		.wp = !!(vcpu->cr0 & X86_CR0_WP),
		.nxe = !!(vcpu->efer & EFER_NX),
	};
	gfn_t gfn = (vcpu->cr3 & KAGE_PTE_ADDR) >> KAGE_PAGE_SHIFT;
	struct kage_vm *vm = vcpu->vm;
	struct kage_mmu *mmu = &vm->mmu;
	struct kage_shadow *sp = NULL;
	bool ready = true;
	unsigned long flags;

	spin_lock_irqsave(&mmu->lock, flags);
	sp = kage_shadow_find(vm, gfn, role);
	if (sp) {
		vcpu->stats[KAGE_STAT_ROOT_HITS]++;
	} else {
		vcpu->stats[KAGE_STAT_ROOT_MISSES]++;
		ready = kage_shadow_reserve(vcpu);
		if (ready)
			sp = kage_shadow_get(vm, gfn, role);
	}
	if (sp) {
		list_move_tail(&sp->lru, &mmu->live);
		use_root(vcpu, sp);
	}
	spin_unlock_irqrestore(&mmu->lock, flags);
	if (ready && !sp)
		kage_vcpu_kill(vcpu, "CR3 %#llx is not guest memory",
			       vcpu->cr3);
	return sp;
}

/* Shadow tables of 2 % of RAM, but never too few to make progress. */
static u32 page_limit(struct kage_vm *vm)
{
	u64 limit = vm->mmu.limit_asked;

	if (!limit)
		limit = vm->mem.npages / 50;
	return clamp_t(u64, limit, KAGE_MMU_MIN_PAGES, U32_MAX);
}

void kage_mmu_slots_changed(struct kage_vm *vm)
{
	unsigned long flags;

	spin_lock_irqsave(&vm->mmu.lock, flags);
	zap_all(vm);
	vm->mmu.limit = page_limit(vm);
	spin_unlock_irqrestore(&vm->mmu.lock, flags);
}

int kage_mmu_init(struct kage_vm *vm, u32 limit)
{
	struct kage_mmu *mmu = &vm->mmu;

	spin_lock_init(&mmu->lock);
	INIT_LIST_HEAD(&mmu->live);
	INIT_LIST_HEAD(&mmu->dying);
	INIT_LIST_HEAD(&mmu->spare);
	mmu->limit_asked = limit;
	mmu->limit = page_limit(vm);
	return 0;
}
