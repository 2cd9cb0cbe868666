/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host that the MMU model stands on: an arena of page frames, the memory
 * slots of one guest, and what the rest of the module does for mmu/.
 */
#ifndef _KAGE_UNIT_MMU_MODEL_HOST_H
#define _KAGE_UNIT_MMU_MODEL_HOST_H

#include "vm.h"
#include "vcpu.h"
#include "feature.h"
#include "emul/emul.h"
#include "mmu/audit.h"
#include "mmu/fault.h"
#include "mmu/gwalk.h"
#include "mmu/rmap.h"
#include "mmu/route.h"
#include "mmu/shadow.h"
#include "mmu/store.h"
#include "vmx/event.h"
#include "ktap.h"
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <linux/bitops.h>
#include <linux/slab.h>
#include <sanitizer/asan_interface.h>
#include <unistd.h>

#define BASE_PFN	0x10000ULL
#define NR_FRAMES	6144
#define MAX_VCPUS	3
#define NR_LOG		48

enum frame_kind { FRAME_FREE, FRAME_GUEST, FRAME_HOST };

/* Where RAM is. Two start and end off a 2 MiB boundary, two are host blocks. */
static const struct ram {
	gfn_t base;
	u64 npages;
	gfn_t block;		/* first frame of the piece that is one block */
	u32 flags;
} rams[] = {
	{ .base = 256, .npages = 1280, .block = 512 },
	{ .base = 2048, .npages = 512, .block = 2048,
	  .flags = KAGE_MEM_F_READONLY },
	{ .base = 4090, .npages = 16 },		/* comes and goes */
};

#define NR_RAMS		ARRAY_SIZE(rams)
#define MOVING_RAM	(NR_RAMS - 1)

bool kage_shim_bug;
unsigned long kage_features;

static struct kage_vm vm;
static struct kage_slots slots;
static u8 *arena;
static struct page pages[NR_FRAMES];
static u32 free_frames[NR_FRAMES];
static u32 nr_free;

static u64 seed, rng_state;
static unsigned int step;
static char op_log[NR_LOG][120];
static unsigned int nr_ops;

/* Lets other vCPUs and devices go on; defined by the model. */
static void others_run(const char *where);
static void waiting(void);
static void barrier_hook(void);
static void unlocked(void);

static u64 rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state * 0x2545f4914f6cdd1dULL >> 11;
}

static u64 pick(u64 n)
{
	return rng() % n;
}

static bool one_in(u64 n)
{
	return !pick(n);
}

#define note(...) \
	snprintf(op_log[nr_ops++ % NR_LOG], sizeof(op_log[0]), __VA_ARGS__)

/* Ends the program: nothing that follows a broken invariant means anything. */
#define fail(...) do {							\
	unsigned int _i = nr_ops > NR_LOG ? nr_ops - NR_LOG : 0;	\
									\
	for (; _i < nr_ops; _i++)					\
		ktap_diag("%s", op_log[_i % NR_LOG]);			\
	ktap_diag("seed %llu step %u", seed, step);			\
	ktap_ok(false, __VA_ARGS__);					\
	fflush(stdout);							\
	_exit(1);							\
} while (0)

void kage_shim_warn(const char *file, int line)
{
	fail("warning at %s:%d", file, line);
}

static struct page *page_of(u64 pfn)
{
	if (pfn - BASE_PFN >= NR_FRAMES)
		fail("host frame %#llx does not exist", pfn);
	return &pages[pfn - BASE_PFN];
}

void *__va(phys_addr_t pa)
{
	page_of(pa >> PAGE_SHIFT);
	return arena + (pa - (BASE_PFN << PAGE_SHIFT));
}

phys_addr_t __pa(const void *va)
{
	return (BASE_PFN << PAGE_SHIFT) + ((const u8 *)va - arena);
}

struct page *virt_to_page(const void *va)
{
	return page_of(__pa(va) >> PAGE_SHIFT);
}

void *page_address(const struct page *page)
{
	return arena + (page - pages) * PAGE_SIZE;
}

static struct page *take_frame(u32 nr, enum frame_kind kind)
{
	struct page *page = &pages[nr];

	if (page->kind != FRAME_FREE)
		fail("host frame %#x is given out twice", nr);
	page->kind = kind;
	ASAN_UNPOISON_MEMORY_REGION(page_address(page), PAGE_SIZE);
	return page;
}

/* The last one freed comes first: what still points to it shows soonest. */
struct page *alloc_page(int gfp)
{
	return nr_free ? take_frame(free_frames[--nr_free], FRAME_HOST) : NULL;
}

void __free_page(struct page *page)
{
	if (page->kind == FRAME_FREE)
		fail("a host frame is freed twice");
	page->kind = FRAME_FREE;
	ASAN_POISON_MEMORY_REGION(page_address(page), PAGE_SIZE);
	free_frames[nr_free++] = page - pages;
}

/* The frames below @reserved are for blocks; the rest comes in no order. */
static void arena_init(u32 reserved)
{
	u32 i;

	if (!arena)
		arena = aligned_alloc(0x200000, NR_FRAMES * PAGE_SIZE);
	ASAN_UNPOISON_MEMORY_REGION(arena, NR_FRAMES * PAGE_SIZE);
	memset(arena, 0, NR_FRAMES * PAGE_SIZE);
	memset(pages, 0, sizeof(pages));
	ASAN_POISON_MEMORY_REGION(arena, NR_FRAMES * PAGE_SIZE);
	nr_free = 0;
	for (i = reserved; i < NR_FRAMES; i++)
		free_frames[nr_free++] = i;
	for (i = 1; i < nr_free; i++) {
		u32 other = pick(i + 1);

		swap(free_frames[i], free_frames[other]);
	}
}

static struct kage_slot *slot_make(const struct ram *ram, u32 *block)
{
	struct kage_slot *slot = kzalloc(sizeof(*slot), 0);
	u64 i, chunks = DIV_ROUND_UP(ram->npages, 512) + 1;

	slot->base = ram->base;
	slot->npages = ram->npages;
	slot->flags = ram->flags;
	slot->pfns = calloc(ram->npages, sizeof(u32));
	slot->tracked = calloc(BITS_TO_LONGS(ram->npages), sizeof(long));
	slot->blocks = calloc(BITS_TO_LONGS(chunks), sizeof(long));
	slot->tracked_in = calloc(chunks, sizeof(u16));
	slot->rmap = calloc(chunks, sizeof(*slot->rmap));
	slot->rmap_large = calloc(chunks, sizeof(*slot->rmap_large));
	for (i = 0; i < ram->npages; i++) {
		gfn_t gfn = ram->base + i;
		struct page *page;

		if (ram->block && gfn >= ram->block && gfn < ram->block + 512) {
			page = take_frame((*block)++, FRAME_GUEST);
		} else {
			page = alloc_page(0);
			page->kind = FRAME_GUEST;
		}
		page->gfn = gfn;
		memset(page_address(page), 0, PAGE_SIZE);
		slot->pfns[i] = page - pages + BASE_PFN;
	}
	if (ram->block)
		set_bit(kage_slot_chunk(slot, ram->block), slot->blocks);
	return slot;
}

static void slot_drop(struct kage_slot *slot)
{
	u64 i, chunks = DIV_ROUND_UP(slot->npages, 512) + 1;

	for (i = 0; i < slot->npages; i++)
		__free_page(&pages[slot->pfns[i] - BASE_PFN]);
	for (i = 0; i < chunks; i++)
		free_page((unsigned long)slot->rmap[i]);
	free(slot->rmap);
	free(slot->rmap_large);
	free(slot->tracked_in);
	free(slot->tracked);
	free(slot->blocks);
	free(slot->pfns);
	free(slot);
}

/* The four functions of mem.h that mmu/ calls, without files and RCU. */
struct kage_slot *kage_mem_slot(struct kage_vm *unused, gfn_t gfn)
{
	u32 i;

	for (i = 0; i < slots.nr; i++)
		if (gfn - slots.slot[i]->base < slots.slot[i]->npages)
			return slots.slot[i];
	return NULL;
}

static void *host(gpa_t gpa)
{
	struct kage_slot *slot = kage_mem_slot(&vm, gpa >> PAGE_SHIFT);

	if (!slot)
		return NULL;
	return kage_slot_host(slot, gpa >> PAGE_SHIFT) +
	       (gpa & ~KAGE_PAGE_MASK);
}

static bool is_readonly(gfn_t gfn)
{
	return kage_mem_slot(&vm, gfn)->flags & KAGE_MEM_F_READONLY;
}

void *kage_mem_host(struct kage_vm *unused, gpa_t gpa, size_t len, bool write)
{
	others_run("mem_host");
	if (!host(gpa) || (gpa & ~KAGE_PAGE_MASK) + len > PAGE_SIZE ||
	    (write && is_readonly(gpa >> PAGE_SHIFT)))
		return NULL;
	return host(gpa);
}

static bool being_told;		/* of a device's store */

void kage_mem_written(struct kage_vm *unused, gpa_t gpa, size_t len)
{
	struct kage_slot *slot = kage_mem_slot(&vm, gpa >> PAGE_SHIFT);

	being_told = true;
	if (slot && kage_slot_tracked(slot, gpa >> PAGE_SHIFT))
		kage_mmu_resync(&vm, gpa, len);
	being_told = false;
}

int kage_mem_read(struct kage_vm *unused, gpa_t gpa, void *data, size_t len)
{
	if (!host(gpa))
		return -EFAULT;
	memcpy(data, host(gpa), len);
	return 0;
}

void kage_vcpu_kill(struct kage_vcpu *vcpu, const char *reason, ...)
{
	char text[256];
	va_list args;

	va_start(args, reason);
	vsnprintf(text, sizeof(text), reason, args);
	va_end(args);
	fail("the machine was killed: %s", text);
}

void kage_shim_lock(void)
{
	others_run("lock");
}

void kage_shim_unlock(void)
{
	unlocked();
}

void cpu_relax(void)
{
	waiting();
}

void kage_shim_barrier(int kind)
{
	barrier_hook();
}

#endif /* _KAGE_UNIT_MMU_MODEL_HOST_H */
