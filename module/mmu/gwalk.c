// SPDX-License-Identifier: GPL-2.0
/*
 * Walks a guest's page tables as a processor does. PURE.
 */
#include "gwalk.h"

/* The error code of a fault at an entry that was present, or not. */
static u32 fault_code(const struct kage_paging *mode, u32 access, u32 flags)
{
	u32 pfec = flags | (access & (KAGE_PF_W | KAGE_PF_U));

	if ((access & KAGE_PF_I) && (mode->nxe || mode->smep))
		pfec |= KAGE_PF_I;
	return pfec;
}

/*
 * SDM: "Access Rights". @all is the AND of every level's U and W bits, @any
 * the OR of their NX bits. The U bit of @access separates user-mode accesses;
 * an explicit supervisor access is told by mode->ac from what SMAP forbids.
 */
static bool access_ok(const struct kage_paging *mode, u32 access, u64 all,
		      u64 any)
{
	bool user_page = all & KAGE_PTE_U;

	if ((access & KAGE_PF_I) && mode->nxe && (any & KAGE_PTE_NX))
		return false;
	if (access & KAGE_PF_U)
		return user_page &&
		       (!(access & KAGE_PF_W) || (all & KAGE_PTE_W));
	if (access & KAGE_PF_I)
		return !(user_page && mode->smep);
	if (user_page && mode->smap && !mode->ac)
		return false;
	return !(access & KAGE_PF_W) || (all & KAGE_PTE_W) || !mode->wp;
}

/* Follows the tables down to the leaf; nothing is changed. */
static bool descend(struct kage_gwalk *walk, const struct kage_paging *mode,
		    const struct kage_gwalk_mem *mem, u64 cr3, gva_t gva,
		    u32 access)
{
	u64 all = ~0ULL, any = 0, table = cr3 & KAGE_PTE_ADDR;
	int level;

	for (level = KAGE_ROOT_LEVEL; ; level--) {
		gpa_t gpa = table + kage_pt_index(gva, level) * 8;
		u64 gpte;

		walk->level = level;
		walk->gpte_gpa[level] = gpa;
		walk->gpte[level] = 0;
		walk->pfec = fault_code(mode, access, 0);
		/* A table outside RAM reads as all ones: P with bad bits. */
		if (!mem->read(mem->ctx, gpa, &gpte))
			gpte = ~0ULL;
		walk->gpte[level] = gpte;
		if (!(gpte & KAGE_PTE_P))
			return false;
		walk->pfec = fault_code(mode, access,
					KAGE_PF_P | KAGE_PF_RSVD);
		if (kage_gpte_rsvd(mode, gpte, level))
			return false;
		all &= gpte;
		any |= gpte;
		if (kage_gpte_is_leaf(gpte, level))
			break;
		table = gpte & KAGE_PTE_ADDR;
	}
	walk->pfec = fault_code(mode, access, KAGE_PF_P);
	if (!access_ok(mode, access, all, any))
		return false;
	walk->gpa = (kage_gpte_gfn(walk->gpte[level], level) <<
		     KAGE_PAGE_SHIFT) |
		    (gva & (kage_pt_span(level) * KAGE_PAGE_SIZE - 1));
	return true;
}

/* Sets A everywhere and D at the leaf; false if an entry changed meanwhile. */
static bool set_ad(struct kage_gwalk *walk, const struct kage_gwalk_mem *mem,
		   u32 access)
{
	int level;

	for (level = KAGE_ROOT_LEVEL; level >= walk->level; level--) {
		u64 old = walk->gpte[level];
		u64 new = old | KAGE_PTE_A;

		if (level == walk->level && (access & KAGE_PF_W))
			new |= KAGE_PTE_D;
		if (new == old)
			continue;
		if (!mem->set(mem->ctx, walk->gpte_gpa[level], old, new))
			return false;
		walk->gpte[level] = new;
	}
	return true;
}

bool kage_gwalk(struct kage_gwalk *walk, const struct kage_paging *mode,
		const struct kage_gwalk_mem *mem, u64 cr3, gva_t gva,
		u32 access)
{
	int tries;

	/*
	 * Another vCPU may change an entry under the walk, which then starts
	 * again as a processor's would. A guest that keeps at it gains nothing:
	 * the bits of the last try stand and the access runs as walked. Tables
	 * in read-only memory never take the bits; the SDM leaves that open.
	 */
	for (tries = 0; tries < 4; tries++) {
		if (!descend(walk, mode, mem, cr3, gva, access))
			return false;
		if (set_ad(walk, mem, access))
			break;
	}
	return true;
}
