// SPDX-License-Identifier: GPL-2.0
/*
 * The MMU's reserves: what a fault needs is taken from here, and what is used
 * up is allocated between bursts, where sleeping is allowed. Shadow pages are
 * kept below a limit, and come back here once nothing can reach them.
 */
#include "shadow.h"
#include "../vm.h"
#include "../vcpu.h"
#include "rmap.h"
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/random.h>
#include <linux/slab.h>

/* Unlinked pages are freed in batches: one flush of all vCPUs for each. */
#define DYING_BATCH	32

static struct kage_shadow *shadow_alloc(void)
{
	struct kage_shadow *sp = kzalloc(sizeof(*sp), GFP_KERNEL_ACCOUNT);
	struct page *page;

	if (!sp)
		return NULL;
	sp->gfns = kmalloc_array(KAGE_PT_ENTRIES, sizeof(u32),
				 GFP_KERNEL_ACCOUNT);
	page = alloc_page(GFP_KERNEL_ACCOUNT);
	if (!sp->gfns || !page)
		goto err_free;
	sp->spt = page_address(page);
	set_page_private(page, (unsigned long)sp);
	return sp;

err_free:
	if (page)
		__free_page(page);
	kfree(sp->gfns);
	kfree(sp);
	return NULL;
}

void kage_shadow_free(struct kage_shadow *sp)
{
	struct page *page = virt_to_page(sp->spt);

	set_page_private(page, 0);
	__free_page(page);
	kfree(sp->gfns);
	kfree(sp);
}

static int topup_pages(struct kage_mmu *mmu)
{
	while (READ_ONCE(mmu->nr_spare) < KAGE_POOL_PAGES) {
		struct kage_shadow *sp = shadow_alloc();

		if (!sp)
			return -ENOMEM;
		spin_lock_irq(&mmu->lock);
		list_add(&sp->lru, &mmu->spare);
		mmu->nr_spare++;
		spin_unlock_irq(&mmu->lock);
	}
	return 0;
}

static int topup_chunks(struct kage_mmu *mmu)
{
	while (READ_ONCE(mmu->nr_spare_chunk) < ARRAY_SIZE(mmu->spare_chunk)) {
		struct kage_rmap_chunk *chunk;

		chunk = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
		if (!chunk)
			return -ENOMEM;
		spin_lock_irq(&mmu->lock);
		if (mmu->nr_spare_chunk < ARRAY_SIZE(mmu->spare_chunk)) {
			mmu->spare_chunk[mmu->nr_spare_chunk++] = chunk;
			chunk = NULL;
		}
		spin_unlock_irq(&mmu->lock);
		free_page((unsigned long)chunk);
	}
	return 0;
}

/*
 * A page of them at a time; the first keeps the page for kage_mmu_uninit(). A
 * guest that maps frames twice uses them as fast as it can store.
 */
static int topup_descs(struct kage_mmu *mmu)
{
	while (READ_ONCE(mmu->nr_spare_desc) < KAGE_POOL_DESCS) {
		struct kage_ptelist_desc *d;
		unsigned int i;

		d = (void *)__get_free_page(GFP_KERNEL_ACCOUNT);
		if (!d)
			return -ENOMEM;
		for (i = 1; i < KAGE_DESCS_PER_PAGE - 1; i++)
			d[i].next = &d[i + 1];
		spin_lock_irq(&mmu->lock);
		d[0].next = mmu->desc_pages;
		mmu->desc_pages = d;
		d[i].next = mmu->spare_desc;
		mmu->spare_desc = &d[1];
		mmu->nr_spare_desc += KAGE_DESCS_PER_PAGE - 1;
		spin_unlock_irq(&mmu->lock);
	}
	return 0;
}

int kage_mmu_topup(struct kage_vm *vm)
{
	BUILD_BUG_ON(sizeof(struct kage_rmap_chunk) != PAGE_SIZE);
	return topup_pages(&vm->mmu) ?: topup_chunks(&vm->mmu) ?:
	       topup_descs(&vm->mmu);
}

struct kage_shadow *kage_shadow_spare(struct kage_mmu *mmu)
{
	struct kage_shadow *sp;

	lockdep_assert_held(&mmu->lock);
	sp = list_first_entry_or_null(&mmu->spare, struct kage_shadow, lru);
	if (!sp)
		return NULL;
	list_del(&sp->lru);
	mmu->nr_spare--;
	memset64(sp->spt, KAGE_SPTE_NONE, KAGE_PT_ENTRIES);
	sp->nr_present = 0;
	sp->unsynced = false;
	sp->pins = 0;
	sp->parents.val = 0;
	return sp;
}

/* Dying pages become spare ones once nothing can reach them any more. */
static void reap(struct kage_vm *vm)
{
	struct kage_mmu *mmu = &vm->mmu;
	struct kage_shadow *sp, *next;

	if (mmu->stale)
		kage_mmu_flush(vm);
	list_for_each_entry_safe(sp, next, &mmu->dying, lru) {
		/* All have left the guest since it died, so none comes to it. */
		if (kage_shadow_loaded(vm, sp))
			continue;
		list_del(&sp->lru);
		mmu->nr_dying--;
		/* A memo taken since it died may point into it. */
		mmu->epoch++;
		if (mmu->nr_spare >= 2 * KAGE_POOL_PAGES) {
			kage_shadow_free(sp);
			continue;
		}
		list_add(&sp->lru, &mmu->spare);
		mmu->nr_spare++;
	}
}

/* The least recently used page that no vCPU stands on. */
static struct kage_shadow *victim(struct kage_vm *vm)
{
	struct kage_shadow *sp;

	list_for_each_entry(sp, &vm->mmu.live, lru)
		if (!kage_shadow_loaded(vm, sp))
			return sp;
	return NULL;
}

static bool is_orphan(const struct kage_shadow *sp)
{
	return sp->role.level < KAGE_ROOT_LEVEL && !sp->unsynced &&
	       kage_ptelist_empty(&sp->parents);
}

/* Orphans that had to wait stand first in the list. */
static void recycle(struct kage_vm *vm)
{
	struct kage_mmu *mmu = &vm->mmu;
	struct kage_shadow *sp;

	while ((sp = victim(vm))) {
		if (mmu->nr_live + KAGE_POOL_PAGES > mmu->limit)
			mmu->stats[KAGE_MMU_RECYCLED]++;
		else if (!is_orphan(sp) || mmu->nr_dying >= KAGE_MMU_DYING_MAX)
			break;
		kage_shadow_zap(vm, sp);
	}
}

bool kage_shadow_reserve(struct kage_vcpu *vcpu)
{
	struct kage_vm *vm = vcpu->vm;
	struct kage_mmu *mmu = &vm->mmu;

	lockdep_assert_held(&mmu->lock);
	if (mmu->nr_dying >= DYING_BATCH)
		reap(vm);
	recycle(vm);
	/* A fault needs few, and prefetches as many as there are. */
	if (mmu->nr_spare < KAGE_POOL_PAGES / 2 && mmu->nr_dying)
		reap(vm);
	if (mmu->nr_spare > KAGE_ROOT_LEVEL && mmu->nr_spare_chunk > 1 &&
	    mmu->nr_spare_desc > KAGE_ROOT_LEVEL)
		return true;
	kage_vcpu_request(vcpu, KAGE_REQ_TOPUP);
	return false;
}

/* Shadow tables of 2 % of RAM, but never too few to make progress. */
static u32 page_limit(struct kage_vm *vm)
{
	u64 limit = vm->mmu.limit_asked;

	if (!limit)
		limit = vm->mem.npages / 50;
	return clamp_t(u64, limit, KAGE_MMU_MIN_PAGES, U32_MAX);
}

void kage_mmu_resize(struct kage_vm *vm)
{
	unsigned long flags;

	spin_lock_irqsave(&vm->mmu.lock, flags);
	vm->mmu.limit = page_limit(vm);
	spin_unlock_irqrestore(&vm->mmu.lock, flags);
}

/* Gives some pages up; true if there are more. */
static bool zap_some(struct kage_vm *vm)
{
	struct kage_mmu *mmu = &vm->mmu;
	unsigned long flags;
	bool more;

	/* Dying roots that vCPUs stand on must leave room for others. */
	BUILD_BUG_ON(KAGE_MAX_VCPUS >= KAGE_MMU_DYING_MAX);
	spin_lock_irqsave(&mmu->lock, flags);
	while (!list_empty(&mmu->live) && mmu->nr_dying < KAGE_MMU_DYING_MAX)
		kage_shadow_zap(vm, list_first_entry(&mmu->live,
						     struct kage_shadow, lru));
	reap(vm);
	more = !list_empty(&mmu->live);
	spin_unlock_irqrestore(&mmu->lock, flags);
	return more;
}

void kage_mmu_slots_changed(struct kage_vm *vm)
{
	while (zap_some(vm))
		cond_resched();
	kage_mmu_resize(vm);
}

int kage_mmu_init(struct kage_vm *vm, u32 limit)
{
	struct kage_mmu *mmu = &vm->mmu;

	spin_lock_init(&mmu->lock);
	mmu->hash_factor = get_random_long() | 1;
	INIT_LIST_HEAD(&mmu->live);
	INIT_LIST_HEAD(&mmu->dying);
	INIT_LIST_HEAD(&mmu->spare);
	mmu->limit_asked = limit;
	mmu->limit = page_limit(vm);
	return 0;
}

void kage_mmu_uninit(struct kage_vm *vm)
{
	struct kage_mmu *mmu = &vm->mmu;
	struct kage_shadow *sp, *next;
	unsigned int i;

	/* With the last roots nothing but spare pages is left. */
	for (i = 0; i < vm->nr_vcpus && vm->vcpus[i]; i++)
		kage_mmu_unload_root(vm->vcpus[i]);
	kage_mmu_slots_changed(vm);
	WARN_ON_ONCE(!list_empty(&mmu->dying));
	list_for_each_entry_safe(sp, next, &mmu->spare, lru)
		kage_shadow_free(sp);
	while (mmu->nr_spare_chunk)
		free_page((unsigned long)
			  mmu->spare_chunk[--mmu->nr_spare_chunk]);
	while (mmu->desc_pages) {
		struct kage_ptelist_desc *d = mmu->desc_pages;

		mmu->desc_pages = d->next;
		free_page((unsigned long)d);
	}
}
