// SPDX-License-Identifier: GPL-2.0
/*
 * Makes shadow entries from guest entries. PURE.
 */
#include "spte.h"

u64 kage_spte_lazy = KAGE_SPTE_LOOK;

void kage_spte_reserve(unsigned int phys_bits)
{
	if (phys_bits < 52)
		kage_spte_lazy = KAGE_SPTE_LOOK | KAGE_PTE_P | KAGE_PTE_ADDR;
}

u64 kage_spte_table(u64 gpte, bool leaf, bool wp, hpa_t table)
{
	u64 spte = KAGE_PTE_P | KAGE_PTE_A | table;

	spte |= gpte & (KAGE_PTE_U | KAGE_PTE_NX);
	if (kage_gpte_lets_writes(gpte, wp) && (!leaf || (gpte & KAGE_PTE_D)))
		spte |= KAGE_PTE_W;
	else if ((gpte & (KAGE_PTE_W | KAGE_PTE_U)) ==
		 (KAGE_PTE_W | KAGE_PTE_U))
		spte |= KAGE_SPTE_WITHHELD;
	return spte;
}
