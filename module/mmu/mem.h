/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest memory: slots of pinned memfd pages, and the only code that turns a
 * guest-physical address into a host one.
 *
 * Readers run inside an RCU read section: a vCPU's burst (preemption off), a
 * softirq, or an explicit rcu_read_lock(). A pointer that kage_mem_host() gave
 * is good until that section ends.
 */
#ifndef _KAGE_MMU_MEM_H
#define _KAGE_MMU_MEM_H

#include "../types.h"
#include <linux/errno.h>
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/rcupdate.h>
#include <uapi/linux/kage.h>

struct file;
struct page;
struct user_struct;

/* Device memory lies below 4 GiB; guest RAM may not. */
#define KAGE_MMIO_START		0xc0000000ULL
#define KAGE_MMIO_END		0x100000000ULL

/* A set of shadow entries: see mmu/rmap.h. */
struct kage_ptelist {
	unsigned long val;
};

/* Writable shadow entries of the 512 frames of an aligned 2 MiB piece. */
struct kage_rmap_chunk {
	struct kage_ptelist gfn[512];
};

struct kage_slot {
	u32 id;				/* I */
	u32 flags;			/* I KAGE_MEM_F_* */
	gfn_t base;			/* I */
	u64 npages;			/* I */
	u64 fd_pgoff;			/* I first page within the file */
	struct file *file;		/* I */
	u32 *pfns;			/* I pfn of every page */
	unsigned long *blocks;		/* I bit per 2 MiB piece: one host block */
	unsigned long *tracked;		/* M bit per gfn: is a live page table */
	u16 *tracked_in;		/* M tracked gfns per 2 MiB piece */
	struct kage_rmap_chunk **rmap;	/* M per 2 MiB piece, made on first use */
	struct kage_ptelist *rmap_large; /* M writable 2 MiB entries, per piece */
};

struct kage_slots {
	struct rcu_head rcu;
	u32 nr;
	struct kage_slot *slot[KAGE_MAX_SLOTS];	/* by base, no overlap */
};

struct kage_mem {
	struct mutex lock;		/* serialises map and unmap */
	struct kage_slots __rcu *slots;	/* R */
	u32 next_id;			/* under lock */
	u64 generation;			/* a of @slots; writes under lock */
	u64 npages;			/* under lock: pages pinned */
	struct user_struct *user;	/* I who is charged */
};

struct kage_mem_req {
	int fd;
	u32 flags;
	u64 offset, gpa, size;
};

/**
 * kage_mem_map() - pin a piece of a memfd and make it guest RAM
 * @why: set to a sentence for the user on failure
 *
 * Context: process, sleeps; the caller's files and limits are used.
 * Return: the new slot's id, or -EBADF, -EINVAL, -EEXIST (overlap), -ENOSPC
 * (no slot left), -ENOMEM, -EPERM (sealed or not writable).
 */
int kage_mem_map(struct kage_vm *vm, const struct kage_mem_req *req,
		 const char **why);

/**
 * kage_mem_unmap() - take a slot away
 *
 * Context: vm->lock held. Return: 0, -ENOENT if there is none of that id,
 * -EBUSY while the machine runs.
 */
int kage_mem_unmap(struct kage_vm *vm, u32 id);

/**
 * kage_mem_open() - a new descriptor of the caller's for the slot's file
 * @offset: where in it the slot begins
 */
int kage_mem_open(struct kage_vm *vm, u32 id, u64 *offset);

/**
 * kage_mem_get() - describe the slot with the smallest id above @after
 *
 * Return: its id with @req filled (fd is -1), -ENOENT, or -EINTR.
 */
int kage_mem_get(struct kage_vm *vm, u32 after, struct kage_mem_req *req);

int kage_mem_init(struct kage_vm *vm);
/** kage_mem_uninit() - unmap every slot; nothing may run any more */
void kage_mem_uninit(struct kage_vm *vm);

/**
 * kage_mem_slot() - the slot that holds a guest frame
 *
 * Context: RCU read section. Return: the slot, or NULL if @gfn is not RAM.
 */
struct kage_slot *kage_mem_slot(struct kage_vm *vm, gfn_t gfn);

/* The 2 MiB piece of a slot that a frame lies in. */
static inline u64 kage_slot_chunk(const struct kage_slot *slot, gfn_t gfn)
{
	return (gfn >> 9) - (slot->base >> 9);
}

static inline bool kage_slot_is_block(const struct kage_slot *slot, u64 chunk)
{
	return test_bit(chunk, slot->blocks);
}

/*
 * Guests choose @gfn, and processors guess that it lies in the slot: what they
 * find behind the table must not become an address. Elsewhere it becomes a
 * shadow entry, or a branch, and nothing is loaded through it.
 */
static inline void *kage_slot_host(const struct kage_slot *slot, gfn_t gfn)
{
	const u64 i = array_index_nospec(gfn - slot->base, slot->npages);

	return __va((phys_addr_t)slot->pfns[i] << PAGE_SHIFT);
}

static inline bool kage_slot_tracked(const struct kage_slot *slot, gfn_t gfn)
{
	return test_bit(gfn - slot->base, slot->tracked);
}

/**
 * kage_mem_host() - host address of guest bytes
 * @len: 1 to 4096; the range must not leave its page
 *
 * Whoever writes through the pointer must call kage_mem_written() after, and
 * must not write at all where @write was false. Read-only slots give NULL for
 * @write.
 *
 * Context: RCU read section. Return: NULL if the range is not RAM.
 */
void *kage_mem_host(struct kage_vm *vm, gpa_t gpa, size_t len, bool write);

/**
 * kage_mem_written() - the write hook: guest RAM changed from outside the guest
 *
 * Shadow entries made from the range are derived anew. Must follow every
 * store through kage_mem_host(); kage_mem_write() does it itself.
 *
 * Context: RCU read section, any context but hard interrupt.
 */
void kage_mem_written(struct kage_vm *vm, gpa_t gpa, size_t len);

/**
 * kage_mem_read() - copy from guest RAM
 * @len: any; may cross pages and slots
 *
 * Context: takes its own RCU read section.
 * Return: 0, or -EFAULT if a byte is not RAM (@data is then unspecified).
 */
int kage_mem_read(struct kage_vm *vm, gpa_t gpa, void *data, size_t len);

/**
 * kage_mem_write() - copy to guest RAM and call the write hook
 *
 * Context: as kage_mem_read(), but never hard interrupt.
 * Return: 0, or -EFAULT if a byte is not writable RAM; bytes before it may
 * have been written.
 */
int kage_mem_write(struct kage_vm *vm, gpa_t gpa, const void *data,
		   size_t len);

#endif /* _KAGE_MMU_MEM_H */
