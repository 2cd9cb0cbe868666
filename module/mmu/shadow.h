/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow tables of a machine.
 *
 * Invariant (strict coherence): every entry of every shadow table that is in
 * the hash is either what the guest's entry says, or KAGE_SPTE_LAZY, or lacks
 * W where the guest's entry has it. It never grants what the guest's entry
 * does not. The frame of a shadowed guest table is tracked: no shadow entry of
 * the machine maps it writable, and host writes to it go through
 * kage_mem_written().
 *
 * The exception is a leaf table that the guest changes entry after entry: it is
 * unlinked, that is nothing leads to its shadow, which does not follow, and its
 * frame is ordinary memory until the next access through it. So whatever can be
 * reached is coherent always, and no flush of the guest's needs to exit.
 *
 * A shadow page is found by (gfn, role); both must match. What a processor may
 * still cache is freed only after every vCPU has flushed.
 *
 * Field tags: M mmu->lock, I immutable after create.
 */
#ifndef _KAGE_MMU_SHADOW_H
#define _KAGE_MMU_SHADOW_H

#include "../types.h"
#include "mem.h"
#include "spte.h"
#include <asm/barrier.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#define KAGE_MMU_HASH_BITS	12

/* Reserves that a fault may use without allocating. */
#define KAGE_POOL_PAGES		32
#define KAGE_POOL_DESCS		512

/* What little RAM has: the reserves, and paths for eight vCPUs that run apart. */
#define KAGE_MMU_MIN_PAGES	(KAGE_POOL_PAGES + 64)

/* More unlinked pages than these are not made in one go. */
#define KAGE_MMU_DYING_MAX	64

union kage_role {
	u32 word;
	struct {
		u32 level:3;	/* 4 is a root, 1 maps 4 KiB pages */
		u32 direct:1;	/* pieces of a large guest page; no table */
		u32 wp:1;	/* the guest's CR0.WP */
		u32 nxe:1;	/* the guest's EFER.NXE: is bit 63 reserved? */
		u32 nx:1;	/* direct: no piece can be executed */
		u32 user:1;	/* direct: U of the large page */
		/* Unused bits stay 0: roles are compared as words. */
	};
};

struct kage_shadow {
	gfn_t gfn;			/* I table's frame; direct: first frame */
	union kage_role role;		/* I */
	u32 pins;			/* M places in vCPUs' roots[] */
	u32 nr_present;			/* M present entries */
	bool unsynced;			/* M unlinked: does not follow */
	u64 *spt;			/* I the 512 entries, one host page */
	u32 *gfns;			/* M frame that each leaf entry maps */
	struct kage_ptelist parents;	/* M entries that point here */
	struct hlist_node hash;		/* M unhashed: dying */
	struct list_head lru;		/* M live pages, or dying ones */
};

enum kage_mmu_stat {
	KAGE_MMU_CREATED,
	KAGE_MMU_ORPHANED,
	KAGE_MMU_RECYCLED,
	KAGE_MMU_UNSHADOWED,
	KAGE_MMU_PROTECTED,
	KAGE_MMU_FLUSHES,
	KAGE_MMU_RESYNCS,
	KAGE_MMU_UNLINKED,
	KAGE_MMU_RELINKED,
	KAGE_MMU_TORN_DOWN,
	KAGE_MMU_PREFETCHED,
	KAGE_NR_MMU_STATS
};

struct kage_ptelist_desc;

struct kage_mmu {
	spinlock_t lock;
	u64 hash_factor;		/* I odd */
	struct hlist_head hash[1 << KAGE_MMU_HASH_BITS];	/* M */
	struct list_head live;		/* M least recently used first */
	struct list_head dying;		/* M unlinked, not yet flushed */
	u32 nr_live, nr_dying;		/* M */
	u32 nr_direct;			/* M live pages that are direct */
	u64 epoch;			/* M grows with what memo.h names */
	unsigned int near;		/* M index of what was used last */
	bool stale;			/* M vCPUs may have cached what is gone */
	bool zapping;			/* M in kage_shadow_zap() */
	bool pieces_left;		/* M to be flushed at its end */
	struct kage_shadow *kept;	/* M its parent is hidden for a moment */
	bool watch;			/* M users' writes have to exit: route.h */
	u32 withheld;			/* M entries with KAGE_SPTE_WITHHELD */
	u32 limit;			/* M */
	u32 limit_asked;		/* I 0: follow the RAM size */

	/* Reserves; refilled by kage_mmu_topup() outside bursts. */
	struct list_head spare;		/* M struct kage_shadow with a page */
	struct kage_rmap_chunk *spare_chunk[4];		/* M */
	struct kage_ptelist_desc *spare_desc;		/* M chained */
	struct kage_ptelist_desc *desc_pages;		/* M the pages' first */
	u32 nr_spare, nr_spare_chunk, nr_spare_desc;	/* M */

	u64 stats[KAGE_NR_MMU_STATS];	/* M */
};

int kage_mmu_init(struct kage_vm *vm, u32 limit);
/** kage_mmu_uninit() - free everything; no vCPU may exist any more */
void kage_mmu_uninit(struct kage_vm *vm);

/**
 * kage_mmu_topup() - refill the reserves
 *
 * Context: process, may sleep. Return: 0 or -ENOMEM.
 */
int kage_mmu_topup(struct kage_vm *vm);

/**
 * kage_mmu_slots_changed() - forget every shadow page, flush every vCPU
 *
 * Context: process, may sleep; the machine does not run.
 */
void kage_mmu_slots_changed(struct kage_vm *vm);

/** kage_mmu_resize() - RAM came or went: the limit follows */
void kage_mmu_resize(struct kage_vm *vm);

/**
 * kage_mmu_resync() - entries made from @len bytes at @gpa follow them
 *
 * The bytes are in one page, and its frame is tracked.
 */
void kage_mmu_resync(struct kage_vm *vm, gpa_t gpa, size_t len);

/**
 * kage_mmu_load_root() - make vcpu->root the shadow of the guest's CR3
 *
 * Return: true if there is a root; false if reserves are short
 * (KAGE_REQ_TOPUP is raised) or CR3 points outside RAM (the VM is killed).
 */
bool kage_mmu_load_root(struct kage_vcpu *vcpu);

/** kage_mmu_unload_root() - the vCPU uses, and pins, no root any more */
void kage_mmu_unload_root(struct kage_vcpu *vcpu);

/** kage_mmu_stats() - report the counters */
int kage_mmu_stats(struct kage_vm *vm, struct kage_stat_sink *sink);

/*
 * Within mmu/; all of them under mmu->lock.
 */

/** kage_mmu_flush() - what vCPUs have cached is gone when it returns */
void kage_mmu_flush(struct kage_vm *vm);

/** kage_shadow_withhold() - count what is withheld from users, see route.h */
void kage_shadow_withhold(struct kage_vm *vm, u64 old, u64 new);

/**
 * kage_shadow_count() - an entry is about to change from @old to @new
 */
static inline void kage_shadow_count(struct kage_vm *vm, u64 old, u64 new)
{
	if (unlikely((old ^ new) & KAGE_SPTE_WITHHELD))
		kage_shadow_withhold(vm, old, new);
}

/** kage_shadow_of() - the shadow page that an entry lies in */
struct kage_shadow *kage_shadow_of(const u64 *sptep);

/** kage_shadow_child() - the shadow page that a present table entry names */
struct kage_shadow *kage_shadow_child(u64 spte);

/** kage_shadow_find() - the live shadow page of @gfn and @role, or NULL */
struct kage_shadow *kage_shadow_find(struct kage_vm *vm, gfn_t gfn,
				     union kage_role role);

/**
 * kage_shadow_get() - find or make the shadow page of @gfn and @role
 *
 * A new one is tracked, then filled as far as existing pages allow.
 * Return: NULL if reserves are short, or @gfn is not RAM.
 */
struct kage_shadow *kage_shadow_get(struct kage_vm *vm, gfn_t gfn,
				    union kage_role role);

/** kage_shadow_spare() - take a page from the reserves, or NULL */
struct kage_shadow *kage_shadow_spare(struct kage_mmu *mmu);

/**
 * kage_shadow_zap() - give one page up
 *
 * Its parents' entries become LAZY, and so do its own: what a processor has
 * cached may lead to them until a flush, after which the page is freed.
 */
void kage_shadow_zap(struct kage_vm *vm, struct kage_shadow *sp);

/** kage_shadow_live() - or does it only wait to be freed? */
static inline bool kage_shadow_live(const struct kage_shadow *sp)
{
	return !hlist_unhashed(&sp->hash);
}

/**
 * kage_shadow_set() - change one entry, with all that hangs on it
 *
 * rmap and parent lists follow; a child that lost its last parent is released.
 */
void kage_shadow_set(struct kage_vm *vm, struct kage_shadow *sp,
		     unsigned int index, u64 spte);

/** kage_shadow_set_gfn() - the same for an entry that, if a leaf, maps @gfn */
void kage_shadow_set_gfn(struct kage_vm *vm, struct kage_shadow *sp,
			 unsigned int index, u64 spte, gfn_t gfn);

/**
 * kage_shadow_derive() - what an entry should be, children not made
 * @gpte: the guest's entry; ignored for a direct shadow page
 */
u64 kage_shadow_derive(struct kage_vm *vm, struct kage_shadow *sp,
		       unsigned int index, u64 gpte);

/** kage_shadow_follow() - make an entry what kage_shadow_derive() says */
void kage_shadow_follow(struct kage_vm *vm, struct kage_shadow *sp,
			unsigned int index, u64 gpte);

/**
 * kage_shadow_expect() - entries [@first, @last] of a table are about to change
 *
 * Another vCPU might see the new entry before its shadow follows, flush, and then
 * still use the old one, or take a fault for the guest's own. So where there is
 * another it finds LAZY, and comes here, until kage_shadow_stored().
 */
void kage_shadow_expect(struct kage_vm *vm, gfn_t gfn, unsigned int first,
			unsigned int last);

/** kage_shadow_stored() - entry @index of the guest's table is @gpte now */
void kage_shadow_stored(struct kage_vm *vm, gfn_t gfn, unsigned int index,
			u64 gpte);

/**
 * kage_shadow_follower() - the shadow page that follows @gfn, if it is a leaf
 * table and the only one; else NULL
 */
struct kage_shadow *kage_shadow_follower(struct kage_vm *vm, gfn_t gfn);

/** kage_shadow_reread() - entries [@first, @last] follow the guest's table */
void kage_shadow_reread(struct kage_vm *vm, gfn_t gfn, unsigned int first,
			unsigned int last);

/** kage_shadow_role() - role of the child of @sp that @gpte links */
union kage_role kage_shadow_role(const struct kage_shadow *sp, u64 gpte,
				 bool direct);

/** kage_shadow_usable() - can an entry of @sp be more than LAZY? */
bool kage_shadow_usable(const struct kage_shadow *sp, u64 gpte);

/** kage_shadow_gpte() - @gpte, or what stands for it where @sp is direct */
u64 kage_shadow_gpte(const struct kage_shadow *sp, u64 gpte);

/** kage_shadow_gfn() - first frame that a leaf, or piece, at @index maps */
gfn_t kage_shadow_gfn(const struct kage_shadow *sp, unsigned int index,
		      u64 gpte);

/** kage_shadow_unpin() - no vCPU loads @sp by itself any more, but right now */
void kage_shadow_unpin(struct kage_vm *vm, struct kage_shadow *sp);

/** kage_shadow_loaded() - is @sp the root that some vCPU uses now? */
bool kage_shadow_loaded(struct kage_vm *vm, const struct kage_shadow *sp);

/**
 * kage_shadow_idle() - is a tracked frame only the root of address spaces that
 * no vCPU has loaded?
 */
bool kage_shadow_idle(struct kage_vm *vm, gfn_t gfn);

/**
 * kage_shadow_unlink() - let the guest change a leaf table unseen for a while
 *
 * Return: false if @gfn is the frame of another kind of table, too.
 */
bool kage_shadow_unlink(struct kage_vm *vm, gfn_t gfn);

/** kage_shadow_unshadow() - give up every shadow page of a guest frame */
void kage_shadow_unshadow(struct kage_vm *vm, gfn_t gfn);

/** kage_shadow_reserve() - is there enough for one fault? Recycles if not */
bool kage_shadow_reserve(struct kage_vcpu *vcpu);

/** kage_shadow_low() - should the reserves be refilled before long? */
static inline bool kage_shadow_low(const struct kage_mmu *mmu)
{
	return mmu->nr_spare_desc < KAGE_POOL_DESCS / 4 ||
	       mmu->nr_spare_chunk < 2;
}

/** kage_shadow_free() - to the allocator; nothing may reach it any more */
void kage_shadow_free(struct kage_shadow *sp);

#endif /* _KAGE_MMU_SHADOW_H */
