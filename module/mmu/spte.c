// SPDX-License-Identifier: GPL-2.0
/*
 * Makes shadow entries from guest entries. PURE.
 */
#include "spte.h"

/*
 * May the entry let writes through? With CR0.WP clear a supervisor may write
 * to read-only pages. Where this level alone makes the page a supervisor page,
 * granting W is exact, for no user access can come this way. A user page that
 * is read-only stays read-only: the supervisor's store is then executed for it.
 */
static bool lets_writes(u64 gpte, bool wp)
{
	return (gpte & KAGE_PTE_W) || (!wp && !(gpte & KAGE_PTE_U));
}

/*
 * Accessed and dirty are set at once in what the processor sees: kage keeps
 * the guest's bits itself, and the processor is spared the locked updates.
 */
u64 kage_spte_table(u64 gpte, bool leaf, bool wp, hpa_t table)
{
	u64 spte = KAGE_PTE_P | KAGE_PTE_A | table;

	spte |= gpte & (KAGE_PTE_U | KAGE_PTE_NX);
	if (lets_writes(gpte, wp) && (!leaf || (gpte & KAGE_PTE_D)))
		spte |= KAGE_PTE_W;
	return spte;
}

u64 kage_spte_leaf(u64 gpte, bool wp, int level, u64 pfn, bool writable)
{
	u64 spte = KAGE_PTE_P | KAGE_PTE_A | KAGE_PTE_D;

	spte |= pfn << KAGE_PAGE_SHIFT;
	spte |= gpte & (KAGE_PTE_U | KAGE_PTE_NX);
	if (level > 1)
		spte |= KAGE_PTE_PS;
	if (writable && lets_writes(gpte, wp) && (gpte & KAGE_PTE_D))
		spte |= KAGE_PTE_W;
	return spte;
}
