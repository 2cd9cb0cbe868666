// SPDX-License-Identifier: GPL-2.0
/*
 * Makes shadow entries from guest entries. PURE.
 */
#include "spte.h"

u64 kage_spte_table(u64 gpte, bool leaf, bool wp, hpa_t table)
{
	u64 spte = KAGE_PTE_P | KAGE_PTE_A | table;

	spte |= gpte & (KAGE_PTE_U | KAGE_PTE_NX);
	if (kage_gpte_lets_writes(gpte, wp) && (!leaf || (gpte & KAGE_PTE_D)))
		spte |= KAGE_PTE_W;
	return spte;
}
