/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The walk of a guest's own page tables, with every check that a processor
 * makes. PURE: entries are reached through two callbacks.
 *
 * SDM: "4-Level Paging and 5-Level Paging", "Access Rights", "Page-Fault
 * Exceptions", "Accessed and Dirty Flags".
 */
#ifndef _KAGE_MMU_GWALK_H
#define _KAGE_MMU_GWALK_H

#include "../types.h"
#include "spte.h"

/* Page-fault error code. SDM: "Interrupt 14-Page-Fault Exception (#PF)". */
#define KAGE_PF_P	BIT(0)
#define KAGE_PF_W	BIT(1)
#define KAGE_PF_U	BIT(2)
#define KAGE_PF_RSVD	BIT(3)
#define KAGE_PF_I	BIT(4)

/* The state of a guest that paging depends on. */
struct kage_paging {
	bool wp, nxe, smep, smap;
	bool ac;		/* RFLAGS.AC: explicit supervisor accesses only */
	bool gbpages;		/* CPUID offers 1 GiB pages */
	u8 maxphyaddr;		/* guest-physical address bits, 36 to 52 */
};

/**
 * struct kage_gwalk_mem - how guest tables are reached
 * @read: one entry; false if @gpa is not RAM
 * @set: change one entry from @old to @val, atomically; false if it was not
 *       @old any more (or is not writable RAM)
 */
struct kage_gwalk_mem {
	bool (*read)(void *ctx, gpa_t gpa, u64 *gpte);
	bool (*set)(void *ctx, gpa_t gpa, u64 old, u64 val);
	void *ctx;
};

/* What a walk found; table_gpa[n] and gpte[n] are those of level n. */
struct kage_gwalk {
	int level;			/* of the leaf entry */
	gpa_t gpa;			/* of the address itself */
	u64 gpte[KAGE_ROOT_LEVEL + 1];
	gpa_t gpte_gpa[KAGE_ROOT_LEVEL + 1];
	u32 pfec;			/* on failure: the guest's error code */
};

/**
 * kage_gwalk() - walk for one access
 * @cr3: the guest's CR3
 * @access: KAGE_PF_W, _U, _I; the other bits are ignored
 * @walk: filled; levels above the leaf's are valid on failure too
 *
 * Accessed bits of all levels, and the leaf's dirty bit for a write, are set
 * if, and only if, the access is allowed. A non-canonical @gva is the caller's
 * to refuse.
 *
 * Return: true with @walk->gpa set; false with @walk->pfec set.
 */
bool kage_gwalk(struct kage_gwalk *walk, const struct kage_paging *mode,
		const struct kage_gwalk_mem *mem, u64 cr3, gva_t gva,
		u32 access);

/** kage_gpte_rsvd() - reserved bits of a present entry of @level that are 1 */
static inline u64 kage_gpte_rsvd(const struct kage_paging *mode, u64 gpte,
				 int level)
{
	u64 rsvd = GENMASK_ULL(51, 0) & ~((1ULL << mode->maxphyaddr) - 1);

	if (!mode->nxe)
		rsvd |= KAGE_PTE_NX;
	if (level == 4 || (level == 3 && !mode->gbpages))
		rsvd |= KAGE_PTE_PS;
	else if (level > 1 && (gpte & KAGE_PTE_PS))
		/* Bit 12 of a large page is PAT, what follows is no address. */
		rsvd |= (kage_pt_span(level) * KAGE_PAGE_SIZE - 1) &
			GENMASK_ULL(51, 13);
	return gpte & rsvd;
}

#endif /* _KAGE_MMU_GWALK_H */
