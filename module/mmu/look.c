// SPDX-License-Identifier: GPL-2.0
/*
 * Looks addresses up in shadow tables.
 */
#include "look.h"

u64 *kage_look(struct kage_shadow *root, gva_t gva, int *level, u64 *above)
{
	u64 *table = root->spt, rights = ~0ULL, *sptep;
	int at = KAGE_ROOT_LEVEL;

	for (;; at--) {
		sptep = &table[kage_pt_index(gva, at)];
		if (!kage_spte_present(*sptep))
			return NULL;
		if (kage_spte_is_leaf(*sptep, at))
			break;
		rights &= *sptep;
		table = __va(*sptep & KAGE_PTE_ADDR);
	}
	*level = at;
	*above = rights;
	return sptep;
}

const void *kage_look_code(struct kage_shadow *root, gva_t rip,
			   unsigned int len, u64 **sptep)
{
	u64 above, mask;
	int level;

	if ((rip & ~KAGE_PAGE_MASK) > KAGE_PAGE_SIZE - len)
		return NULL;
	*sptep = kage_look(root, rip, &level, &above);
	if (!*sptep)
		return NULL;
	mask = kage_pt_span(level) * KAGE_PAGE_SIZE - 1;
	return __va((**sptep & KAGE_PTE_ADDR & ~mask) | (rip & mask));
}
