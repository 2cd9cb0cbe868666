/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The processors of the MMU model. Each walks the shadow tables as hardware
 * does and keeps every translation and every intermediate entry that it has
 * seen until kage asks it to flush, which is the worst a processor may do.
 * Page faults invalidate nothing here.
 */
#ifndef _KAGE_UNIT_MMU_MODEL_HW_H
#define _KAGE_UNIT_MMU_MODEL_HW_H

#include "mmu_model_guest.h"

#define NR_TLB	96

struct cached {
	gva_t gva;		/* start of what it translates */
	int level;		/* of the entry; its table bit says which kind */
	bool table;
	u64 addr;		/* host frame, or the table's */
	u64 all, any;		/* rights so far */
};

static struct hw {
	struct cached tlb[NR_TLB];
	unsigned int nr;
	hpa_t root;		/* as at entry */
	enum kage_route route;	/* the same */
	u64 uses, walks, faults, routed, flushes;
} hws[MAX_VCPUS];

static bool flushing;		/* kage waits for vCPUs to leave the guest */
static bool inside;		/* a function of mmu/ is running */

static struct hw *hw_of(const struct kage_vcpu *vcpu)
{
	return &hws[vcpu->id];
}

static gva_t start_of(gva_t gva, int level)
{
	return gva >> (12 + 9 * (level - 1)) << (12 + 9 * (level - 1));
}

static void keep(struct hw *hw, const struct cached *c)
{
	unsigned int i;

	for (i = 0; i < hw->nr; i++)
		if (!memcmp(&hw->tlb[i], c, sizeof(*c)))
			return;
	hw->tlb[hw->nr < NR_TLB ? hw->nr++ : pick(NR_TLB)] = *c;
}

/* Some entry for @gva, or NULL; the older ones have the same chance. */
static const struct cached *cached(const struct hw *hw, gva_t gva, bool table)
{
	const struct cached *found = NULL;
	unsigned int i, n = 0;

	for (i = 0; i < hw->nr; i++) {
		const struct cached *c = &hw->tlb[i];

		if (c->table == table && start_of(gva, c->level) == c->gva &&
		    one_in(++n))
			found = c;
	}
	return found;
}

/* A table that the processor reads must not be one that was given back. */
static const u64 *table_at(hpa_t addr)
{
	struct page *page = page_of(addr >> PAGE_SHIFT);
	struct kage_shadow *sp = (void *)page->private;

	if (page->kind != FRAME_HOST || !sp || __pa(sp->spt) != addr)
		fail("a processor walks host frame %#llx, which is no table",
		     addr >> PAGE_SHIFT);
	if (!kage_shadow_live(sp)) {
		struct kage_shadow *dying;

		list_for_each_entry(dying, &vm.mmu.dying, lru)
			if (dying == sp)
				return sp->spt;
		fail("a processor walks a spare table");
	}
	return sp->spt;
}

/*
 * From a cached table, or from the root; true if there is a page, else @pfec
 * says what there is.
 */
static bool hw_walk(struct kage_vcpu *vcpu, gva_t gva, struct cached *c,
		    bool fresh, u32 *pfec)
{
	struct hw *hw = hw_of(vcpu);
	const struct cached *from = fresh ? NULL : cached(hw, gva, true);
	u64 e;

	hw->walks++;
	*c = (struct cached){
		.level = 5, .table = true, .addr = hw->root, .all = ~0ULL,
	};
	if (from)
		*c = *from;
	do {
		c->level--;
		e = table_at(c->addr)[index_of(gva, c->level)];
		if (!(e & P))
			return false;
		if (e & 0x000f000000000000ULL) {
			if (e != KAGE_SPTE_LAZY)
				fail("shadow entry %#llx has reserved bits", e);
			*pfec |= KAGE_PF_P | KAGE_PF_RSVD;
			return false;
		}
		c->gva = start_of(gva, c->level);
		c->all &= e;
		c->any |= e;
		c->table = !is_leaf(e, c->level);
		c->addr = e & 0x0000fffffffff000ULL;
		keep(hw, c);
	} while (c->table);
	return true;
}

/* The processor always runs with CR0.WP and EFER.NXE. */
static bool hw_allows(const struct kage_vcpu *vcpu, u32 access,
		      const struct cached *c)
{
	return rights(vcpu, access, c->all, c->any, true);
}

static u64 pfn_of(const struct cached *c, gva_t gva)
{
	return (c->addr >> PAGE_SHIFT) +
	       (gva >> 12 & ((1ULL << (9 * (c->level - 1))) - 1));
}

/* Guest frame behind a translation; it must be RAM that exists. */
static gfn_t gfn_behind(const struct kage_vcpu *vcpu, const struct cached *c,
			gva_t gva)
{
	struct page *page = page_of(pfn_of(c, gva));

	if (page->kind != FRAME_GUEST)
		fail("vcpu%u: gva %#llx leads to host frame %#llx of the host's",
		     vcpu->id, gva, pfn_of(c, gva));
	return page->gfn;
}

/*
 * Strict coherence: what a walk finds now is granted by the guest's tables as
 * they are now, accessed and dirty bits included.
 */
static void check_fresh(const struct kage_vcpu *vcpu, const struct cached *c,
			gva_t gva)
{
	static const u32 kinds[] = {
		0, KAGE_PF_W, KAGE_PF_I, KAGE_PF_U, KAGE_PF_U | KAGE_PF_W,
		KAGE_PF_U | KAGE_PF_I,
	};
	gfn_t gfn = gfn_behind(vcpu, c, gva);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct ref ref;

		if (!hw_allows(vcpu, kinds[i], c))
			continue;
		if (!ref_walk(vcpu, gva, kinds[i], &ref))
			fail("vcpu%u: shadow grants %#x at %#llx, the guest does not",
			     vcpu->id, kinds[i], gva);
		if (ref.gfn != gfn)
			fail("vcpu%u: gva %#llx leads to gfn %#llx, not %#llx",
			     vcpu->id, gva, gfn, ref.gfn);
		if (!ref.accessed || ((kinds[i] & KAGE_PF_W) && !ref.dirty))
			fail("vcpu%u: gva %#llx: accessed or dirty bit is missing",
			     vcpu->id, gva);
	}
}

/* What the processor does without asking anybody. */
static void check_use(const struct kage_vcpu *vcpu, gva_t gva, u32 access,
		      gfn_t gfn)
{
	struct kage_slot *slot = kage_mem_slot(&vm, gfn);

	if (!legal(vcpu, gva, access, gfn))
		fail("vcpu%u: %s access %#x at %#llx to gfn %#llx, which no processor could make",
		     vcpu->id, inside ? "concurrent" : "its", access, gva, gfn);
	if (!(access & KAGE_PF_W))
		return;
	if (is_readonly(gfn))
		fail("vcpu%u writes to read-only gfn %#llx", vcpu->id, gfn);
	if (kage_slot_tracked(slot, gfn) && !flushing)
		fail("vcpu%u writes to gfn %#llx at %#llx, a page table, unseen",
		     vcpu->id, gfn, gva);
}

struct access {
	gva_t gva;		/* with its offset in the page */
	u32 kind;
	u64 val;
	unsigned int len;
};

/* One try; false if it faults, with @pfec set. */
static bool hw_access(struct kage_vcpu *vcpu, const struct access *acc,
		      u32 *pfec)
{
	struct hw *hw = hw_of(vcpu);
	const struct cached *hit = cached(hw, acc->gva, false);
	bool fresh = one_in(2);
	struct cached c;
	gfn_t gfn;

	*pfec = acc->kind;
	if (hit && !one_in(3)) {
		c = *hit;
	} else {
		if (!hw_walk(vcpu, acc->gva, &c, fresh, pfec))
			return false;
		if (fresh && !inside)
			check_fresh(vcpu, &c, acc->gva);
	}
	*pfec |= KAGE_PF_P;
	if (!hw_allows(vcpu, acc->kind, &c))
		return false;
	gfn = gfn_behind(vcpu, &c, acc->gva);
	observe();
	check_use(vcpu, acc->gva, acc->kind, gfn);
	hw->uses++;
	if (acc->kind & KAGE_PF_W)
		raw_store((gfn << PAGE_SHIFT) + (acc->gva & ~KAGE_PAGE_MASK),
			  &acc->val, acc->len);
	return true;
}

/* SDM: "VM-Execution Control Fields", as vmx/vmcs.c writes them. */
static bool exits(const struct hw *hw, u32 pfec)
{
	switch (hw->route) {
	case KAGE_ROUTE_ABSENT:
		return pfec & KAGE_PF_P;
	case KAGE_ROUTE_USER:
		return (pfec & (KAGE_PF_U | KAGE_PF_RSVD)) != KAGE_PF_U;
	default:
		return true;
	}
}

/*
 * A fault that goes to the guest alone. Its error code is the processor's,
 * which runs with EFER.NXE: where the guest does not, fetches are told by SMEP.
 */
static void check_routed(struct kage_vcpu *vcpu, gva_t gva, u32 pfec)
{
	hw_of(vcpu)->routed++;
	observe();
	if (!(vcpu->efer & EFER_NX) && !(vcpu->cr4 & X86_CR4_SMEP))
		fail("vcpu%u: a fetch that faults shows in the error code",
		     vcpu->id);
	if (!may_fault(vcpu, gva, pfec))
		fail("vcpu%u: the guest alone gets a fault at %#llx, code %#x, that it did not earn",
		     vcpu->id, gva, pfec);
}

/*
 * SDM: "Operations that Invalidate TLBs and Paging-Structure Caches": all of
 * the upper levels, and of translations the one that the processor has; it does
 * not know that it is a piece of a larger page.
 */
static void hw_invlpg(const struct kage_vcpu *vcpu, gva_t gva)
{
	struct hw *hw = hw_of(vcpu);
	unsigned int i, n = 0;

	for (i = 0; i < hw->nr; i++) {
		const struct cached *c = &hw->tlb[i];

		if (!c->table && start_of(gva, c->level) != c->gva)
			hw->tlb[n++] = *c;
	}
	hw->nr = n;
}

static void hw_flush(const struct kage_vcpu *vcpu)
{
	hw_of(vcpu)->nr = 0;
	hw_of(vcpu)->flushes++;
}

#endif /* _KAGE_UNIT_MMU_MODEL_HW_H */
