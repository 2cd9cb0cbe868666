// SPDX-License-Identifier: GPL-2.0
/*
 * The MMU's reserves: what a fault needs is taken from here, and what is used
 * up is allocated between bursts, where sleeping is allowed.
 */
#include "shadow.h"
#include "../vm.h"
#include "rmap.h"
#include <linux/mm.h>
#include <linux/slab.h>

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

static int topup_descs(struct kage_mmu *mmu)
{
	while (READ_ONCE(mmu->nr_spare_desc) < KAGE_POOL_DESCS) {
		struct kage_ptelist_desc *d;

		d = kmalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);
		if (!d)
			return -ENOMEM;
		spin_lock_irq(&mmu->lock);
		d->next = mmu->spare_desc;
		mmu->spare_desc = d;
		mmu->nr_spare_desc++;
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

void kage_mmu_uninit(struct kage_vm *vm)
{
	struct kage_mmu *mmu = &vm->mmu;
	struct kage_shadow *sp, *next;

	list_for_each_entry_safe(sp, next, &mmu->spare, lru)
		kage_shadow_free(sp);
	while (mmu->nr_spare_chunk)
		free_page((unsigned long)
			  mmu->spare_chunk[--mmu->nr_spare_chunk]);
	while (mmu->spare_desc) {
		struct kage_ptelist_desc *d = mmu->spare_desc;

		mmu->spare_desc = d->next;
		kfree(d);
	}
}
