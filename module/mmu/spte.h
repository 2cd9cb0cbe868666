/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bits of guest and shadow page-table entries, and how the one follows
 * from the other. PURE.
 *
 * A shadow entry carries the rights of the guest entry of its own level and
 * no others: the processor combines the levels, as it does for the guest's own
 * tables. So a shadow table depends on nothing but the guest table's content
 * (and CR0.WP), and may be shared by every parent that points to it.
 *
 * SDM: "4-Level Paging and 5-Level Paging".
 */
#ifndef _KAGE_MMU_SPTE_H
#define _KAGE_MMU_SPTE_H

#include "../types.h"
#include <linux/build_bug.h>

#define KAGE_PTE_P	BIT_ULL(0)
#define KAGE_PTE_W	BIT_ULL(1)
#define KAGE_PTE_U	BIT_ULL(2)
#define KAGE_PTE_A	BIT_ULL(5)
#define KAGE_PTE_D	BIT_ULL(6)
#define KAGE_PTE_PS	BIT_ULL(7)
#define KAGE_PTE_G	BIT_ULL(8)
#define KAGE_PTE_NX	BIT_ULL(63)

#define KAGE_PTE_ADDR	GENMASK_ULL(51, 12)

#define KAGE_PT_ENTRIES	512
#define KAGE_ROOT_LEVEL	4

/*
 * The two shadow entries that lead nowhere. NONE: the guest's entry is not
 * present either, so that the fault is the guest's own. LAZY: the guest's entry
 * is present, or a device may be there, and kage has to look. Where faults are
 * routed (route.h) the error code tells the two apart: LAZY is present then, to
 * the processor, and has reserved bits.
 *
 * A terminal fault speculates at the frame that such an entry names (L1TF).
 * Without address bits that is host frame 0, which holds nothing; with all of
 * them it is the last frame there can be, which is not memory.
 */
#define KAGE_SPTE_NONE	0ULL
#define KAGE_SPTE_LAZY	kage_spte_lazy
#define KAGE_SPTE_LOOK	BIT_ULL(9)	/* LAZY, whatever else it has */

extern u64 kage_spte_lazy;

/**
 * kage_spte_reserve() - give LAZY reserved bits
 * @phys_bits: MAXPHYADDR of the host, 36 to 52; with 52 there are none
 *
 * Before any shadow table exists.
 */
void kage_spte_reserve(unsigned int phys_bits);

/* In a present leaf: W is missing only because the frame is a page table. */
#define KAGE_SPTE_TRACKED	BIT_ULL(10)
/* In a present entry: a user's write faults, and the guest would allow it. */
#define KAGE_SPTE_WITHHELD	BIT_ULL(11)

/* Entries that are looked at together: most of most tables is empty. */
#define KAGE_PT_CLUSTER	8

/* Are these eight entries all 0? */
static __always_inline bool kage_pt_is_empty(const u64 *t)
{
	BUILD_BUG_ON(KAGE_PT_CLUSTER != 8);
	return !(t[0] | t[1] | t[2] | t[3] | t[4] | t[5] | t[6] | t[7]);
}

/* Index of the entry for @gva in a table of @level (1 is the leaf table). */
static inline unsigned int kage_pt_index(gva_t gva, int level)
{
	return (gva >> (KAGE_PAGE_SHIFT + 9 * (level - 1))) &
	       (KAGE_PT_ENTRIES - 1);
}

/* Frames that one entry of a table of @level maps. */
static inline u64 kage_pt_span(int level)
{
	return 1ULL << (9 * (level - 1));
}

/* Does a present guest entry of @level map a page (and not a table)? */
static inline bool kage_gpte_is_leaf(u64 gpte, int level)
{
	return level == 1 ||
	       (level < KAGE_ROOT_LEVEL && (gpte & KAGE_PTE_PS));
}

/* First frame that a leaf @gpte of @level maps. */
static inline gfn_t kage_gpte_gfn(u64 gpte, int level)
{
	return ((gpte & KAGE_PTE_ADDR) >> KAGE_PAGE_SHIFT) &
	       ~(kage_pt_span(level) - 1);
}

static inline bool kage_spte_present(u64 spte)
{
	return (spte & (KAGE_PTE_P | KAGE_SPTE_LOOK)) == KAGE_PTE_P;
}

/* A leaf that is W, without it. */
static inline u64 kage_spte_withhold(u64 spte)
{
	return (spte & ~KAGE_PTE_W) |
	       (spte & KAGE_PTE_U ? KAGE_SPTE_WITHHELD : 0);
}

/* The same where its frame is a page table. */
static inline u64 kage_spte_track(u64 spte)
{
	return kage_spte_withhold(spte) | KAGE_SPTE_TRACKED;
}

/* Does a present shadow entry of @level map a page? */
static inline bool kage_spte_is_leaf(u64 spte, int level)
{
	return level == 1 || (spte & KAGE_PTE_PS);
}

/*
 * May the entry let writes through? With CR0.WP clear a supervisor may write
 * to read-only pages. Where this level alone makes the page a supervisor page,
 * granting W is exact, for no user access can come this way. A user page that
 * is read-only stays read-only: the supervisor's store is then executed for it.
 */
static inline bool kage_gpte_lets_writes(u64 gpte, bool wp)
{
	return (gpte & KAGE_PTE_W) || (!wp && !(gpte & KAGE_PTE_U));
}

/**
 * kage_spte_table() - entry that points to a shadow table
 * @gpte: the guest's entry, present; of a large page where the shadow table
 *        stands for its pieces
 * @leaf: @gpte maps a large page: it is writable only once it is dirty
 * @wp: the guest's CR0.WP
 * @table: host address of the shadow table
 */
u64 kage_spte_table(u64 gpte, bool leaf, bool wp, hpa_t table);

/*
 * The guest entry that the pieces of a large page behave as if they had, but for
 * U and NX, which they have of the page.
 */
#define KAGE_GPTE_DIRECT	(KAGE_PTE_P | KAGE_PTE_W | KAGE_PTE_A | \
				 KAGE_PTE_D)

/**
 * kage_spte_leaf() - entry that maps a page
 * @gpte: the guest's entry, present and accessed; or KAGE_GPTE_DIRECT
 * @wp: the guest's CR0.WP
 * @level: 1, or 2 for a 2 MiB host page
 * @pfn: host frame
 * @writable: nothing on kage's side speaks against writing
 */
static inline u64 kage_spte_leaf(u64 gpte, bool wp, int level, u64 pfn,
				 bool writable)
{
	/*
	 * Accessed and dirty are set at once in what the processor sees: kage
	 * keeps the guest's bits itself, and the processor is spared the
	 * locked updates.
	 */
	u64 spte = KAGE_PTE_P | KAGE_PTE_A | KAGE_PTE_D;

	spte |= pfn << KAGE_PAGE_SHIFT;
	spte |= gpte & (KAGE_PTE_U | KAGE_PTE_NX);
	if (level > 1)
		spte |= KAGE_PTE_PS;
	if (writable && (gpte & KAGE_PTE_D) && kage_gpte_lets_writes(gpte, wp))
		spte |= KAGE_PTE_W;
	else if ((gpte & (KAGE_PTE_W | KAGE_PTE_U)) ==
		 (KAGE_PTE_W | KAGE_PTE_U))
		spte |= KAGE_SPTE_WITHHELD;
	return spte;
}

#endif /* _KAGE_MMU_SPTE_H */
