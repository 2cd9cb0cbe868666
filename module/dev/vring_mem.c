// SPDX-License-Identifier: GPL-2.0
/*
 * How virtqueues reach guest memory. Pages of rings and tables of descriptors are
 * used over and over: where they are is remembered until slots come or go.
 */
#include "vring_mem.h"
#include "vring.h"
#include "../vm.h"
#include <linux/string.h>

/* What is not RAM is not remembered, but asked for each time. */
static noinline void look_up(struct kage_vring_mem *mem,
			     struct kage_vring_page *page, gfn_t gfn,
			     u64 generation)
{
	const gpa_t gpa = gfn << KAGE_PAGE_SHIFT;

	if (mem->generation != generation) {
		memset(mem->page, 0, sizeof(mem->page));
		mem->generation = generation;
	}
	page->gfn = gfn;
	page->host = kage_mem_host(mem->vm, gpa, KAGE_PAGE_SIZE, false);
	page->writable = kage_mem_host(mem->vm, gpa, KAGE_PAGE_SIZE, true);
}

/*
 * NULL where the range leaves its page, or is not there for this. The generation
 * is read in the read section in which the pointer is used: if it is the one that
 * the page was looked up in, the slot is there until the section ends.
 */
static void *find(struct kage_vring_mem *mem, gpa_t gpa, size_t len, bool write)
{
	const u64 generation = kage_mem_generation(&mem->vm->mem);
	const gfn_t gfn = gpa >> KAGE_PAGE_SHIFT;
	struct kage_vring_page *page = &mem->page[gfn % KAGE_VRING_PAGES];
	const size_t off = gpa & ~KAGE_PAGE_MASK;

	if (page->gfn != gfn || mem->generation != generation || !page->host)
		look_up(mem, page, gfn, generation);
	if (!page->host || (write && !page->writable) ||
	    off + len > KAGE_PAGE_SIZE)
		return NULL;
	return page->host + off;
}

/*
 * Ring fields of two bytes are the indexes and flags that the driver changes
 * while we read them: they must not be put together from single bytes, which a
 * copy of unknown length may do. Alignment was checked, so none leaves a page;
 * what does is left to kage_mem_read() and kage_mem_write().
 */
int kage_vring_read(void *ctx, gpa_t gpa, void *data, size_t len)
{
	struct kage_vring_mem *mem = ctx;
	const void *host = find(mem, gpa, len, false);

	if (!host)
		return kage_mem_read(mem->vm, gpa, data, len);
	if (len == sizeof(u16))
		*(u16 *)data = READ_ONCE(*(const u16 *)host);
	else if (len == 2 * sizeof(u64))	/* a descriptor */
		memcpy(data, host, 2 * sizeof(u64));
	else
		memcpy(data, host, len);
	return 0;
}

/*
 * What is two bytes long tells the driver of all the rest: that is settled before.
 * For the store itself there is kage_virtq_unlock().
 */
int kage_vring_write(void *ctx, gpa_t gpa, const void *data, size_t len)
{
	struct kage_vring_mem *mem = ctx;
	void *host = find(mem, gpa, len, true);

	if (len == sizeof(u16))
		kage_mem_settle(mem->vm, &mem->late);
	if (!host)
		return kage_mem_write(mem->vm, gpa, data, len);
	if (len == sizeof(u16))
		WRITE_ONCE(*(u16 *)host, *(const u16 *)data);
	else if (len == sizeof(u64))		/* an entry of the used ring */
		memcpy(host, data, sizeof(u64));
	else
		memcpy(host, data, len);
	kage_mem_put_off(mem->vm, &mem->late, gpa, len);
	return 0;
}
