/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations of the MMU model that chance alone would hardly put together: what
 * they do in a row is what some rule of the shadow MMU is about.
 */
#ifndef _KAGE_UNIT_MMU_MODEL_SCENES_H
#define _KAGE_UNIT_MMU_MODEL_SCENES_H

#include "mmu_model_exits.h"

/*
 * Makes an address lead somewhere, so that there is something to lose; if @flags
 * are given by a leaf with these, of users to memory, of the kernel to a table.
 */
static void map(struct kage_vcpu *vcpu, gva_t gva, u64 flags)
{
	u64 table = vcpu->cr3 >> 12;
	int level;

	note("vcpu%u maps %#llx", vcpu->id, gva);
	leave(vcpu);
	inside = true;
	for (level = 4; level > 0; level--) {
		gpa_t gpa = (table << 12) + index_of(gva, level) * 8;
		u64 e = host(gpa) ? *(u64 *)host(gpa) : 0;

		if (!host(gpa) || is_readonly(table) || hot_index(table) < 0)
			break;
		if (!(e & P) || rsvd(vcpu, e, level) || one_in(8) ||
		    (flags && (level == 1 || (flags & ~e & U) ||
			       is_leaf(e, level)))) {
			/* Mostly in the same order: tables share their levels. */
			e = hot_gfn((level - 1) * 4 + pick(one_in(8) ? 16 : 4)) << 12 |
			    (random_gpte() & (W | U | D)) | P | A;
			if (level == 2 && one_in(3))
				e = (one_in(2) ? 512 : 1024) << 12 |
				    (e & 0xfff) | PS;
			if (tidy && !one_in(512))
				e = tidy_link(level);
			if (level == 1 && flags)
				e = tidy_gfn(!(flags & U)) << 12 | flags;
			stores[nr_stores++] = (struct store){ gpa, 8 };
			kage_mmu_store(vcpu, gpa, e, 8);
		}
		if (is_leaf(e, level))
			break;
		table = leaf_gfn(e, 1, 0);
	}
	inside = false;
}

static void op_map(struct kage_vcpu *vcpu)
{
	map(vcpu, random_gva(), 0);
}

/* As after a burst; it must be right at any time. */
static void op_unlink(struct kage_vcpu *vcpu)
{
	struct kage_shadow *sp, *found = NULL;
	unsigned int n = 0;

	list_for_each_entry(sp, &vm.mmu.live, lru)
		if (sp->role.level == 1 && !sp->role.direct && !sp->unsynced &&
		    one_in(++n))
			found = sp;
	if (!found)
		return;
	note("vcpu%u unlinks %#llx", vcpu->id, found->gfn << PAGE_SHIFT);
	leave(vcpu);
	inside = true;
	vm.mmu.lock.held = true;
	kage_shadow_unlink(&vm, found->gfn);
	vm.mmu.lock.held = false;
	inside = false;
}

/* What the processor has cached of the way to a leaf table, by chance. */
static const struct cached *cached_way(const struct hw *hw)
{
	const struct cached *found = NULL;
	unsigned int i, n = 0;

	for (i = 0; i < hw->nr; i++)
		if (hw->tlb[i].table && hw->tlb[i].level == 2 && one_in(++n))
			found = &hw->tlb[i];
	return found;
}

/*
 * A table is unlinked, or given up as where room is short; an entry that was
 * absent is set, which the guest need not flush for; and is used.
 */
static void op_set_and_use(struct kage_vcpu *vcpu)
{
	const struct cached *way = cached_way(hw_of(vcpu));
	unsigned int i = pick(HOT_ENTRIES);
	struct kage_shadow *sp;
	gva_t gva;
	gpa_t gpa;

	if (!way)
		return;
	sp = (void *)page_of(way->addr >> PAGE_SHIFT)->private;
	gva = way->gva + ((u64)i << PAGE_SHIFT);
	gpa = (sp ? sp->gfn << PAGE_SHIFT : 0) + i * 8;
	/* It may have been given back: the flush is requested, not done. */
	if (!sp || !kage_shadow_live(sp) || sp->role.direct ||
	    hot_index(sp->gfn) < 0 || is_readonly(sp->gfn) ||
	    (*(u64 *)host(gpa) & P))
		return;
	note("vcpu%u sets and uses %#llx", vcpu->id, gva);
	leave(vcpu);
	inside = true;
	vm.mmu.lock.held = true;
	if (one_in(2))
		kage_shadow_unlink(&vm, sp->gfn);
	else if (one_in(2) && vm.mmu.nr_dying < KAGE_MMU_DYING_MAX)
		kage_shadow_zap(&vm, sp);
	vm.mmu.lock.held = false;
	stores[nr_stores++] = (struct store){ gpa, 8 };
	kage_mmu_store(vcpu, gpa, random_gpte() | P | A, 8);
	inside = false;
	/* It may map its own table, and be overwritten through that. */
	observe();
	random_access(&op.acc);
	op.acc.gva = gva + pick(HOT_ENTRIES) * 8;
	may_dirty = op.acc.kind & KAGE_PF_W;
	if ((op.acc.gva & ~KAGE_PAGE_MASK) + op.acc.len <= PAGE_SIZE)
		run_access(vcpu);
}

/* One try of a user's, as far as it comes without an exit. */
static void try_user(struct kage_vcpu *vcpu, gva_t gva, u32 kind)
{
	struct access acc = {
		.kind = kind | KAGE_PF_U, .gva = gva, .len = 8,
		.val = random_gpte(),
	};
	u32 pfec;

	/* One that was made to leave runs with another route the next time. */
	if (vcpu->mode != KAGE_IN_GUEST)
		return;
	may_dirty |= kind & KAGE_PF_W;
	if (!hw_access(vcpu, &acc, &pfec) && !exits(hw_of(vcpu), pfec))
		check_routed(vcpu, gva, pfec);
}

/* One more access of the same step. */
static void run_next(struct kage_vcpu *vcpu, gva_t gva, u32 kind, u64 rip)
{
	observe();
	memset(&op, 0, sizeof(op));
	op.vcpu = vcpu;
	op.rip = rip;
	op.acc = (struct access){
		.kind = kind, .gva = gva, .len = 8, .val = random_gpte(),
	};
	nr_stores = 0;
	run_access(vcpu);
}

/* In the address space of @vcpu, too. */
static void join(struct kage_vcpu *other, const struct kage_vcpu *vcpu)
{
	leave(other);
	other->cr3 = vcpu->cr3;
	kage_vcpu_request(other, KAGE_REQ_LOAD_ROOT);
	guest_flushed(other->id);
	enter(other);
}

/*
 * Two vCPUs in one address space. What one of them reads is not dirty, and so is
 * withheld from the users of both; it becomes dirty, and is so no longer.
 */
static void op_watch(struct kage_vcpu *vcpu)
{
	struct kage_vcpu *other = &vcpu_mem[(vcpu->id + 1) % vm.nr_vcpus];
	gva_t gva = random_gva() & KAGE_PAGE_MASK;

	if (other == vcpu || !tidy)
		return;
	/* The tables are shadowed: what comes has no other reason to flush. */
	map(vcpu, gva ^ PAGE_SIZE, P | W | U | A | D);
	run_next(vcpu, gva ^ PAGE_SIZE, KAGE_PF_U, 0);
	kage_route_relax(&vm);
	if (vm.mmu.watch)
		return;
	other->absent_favour = 0;
	join(other, vcpu);
	map(vcpu, gva, P | W | U | A);
	run_next(vcpu, gva, KAGE_PF_U, 0);
	try_user(other, gva, KAGE_PF_W);
	enter(other);
	try_user(other, gva, 0);
	run_next(vcpu, gva, KAGE_PF_U | KAGE_PF_W, 0);
	leave(other);
	kage_route_relax(&vm);
	enter(other);
	try_user(other, gva, KAGE_PF_W);
}

/* Level of the leaf at @gva, or 0, with the guest's tables on the way to it. */
static int leaf_level(const struct kage_vcpu *vcpu, gva_t gva, gfn_t *tables)
{
	int level;

	tables[4] = vcpu->cr3 >> 12;
	for (level = 4; level > 0; level--) {
		u64 *e = host((tables[level] << 12) + index_of(gva, level) * 8);

		if (!e || !(*e & P) || rsvd(vcpu, *e, level))
			return 0;
		if (is_leaf(*e, level))
			return level;
		tables[level - 1] = leaf_gfn(*e, 1, 0);
	}
	return 0;
}

/* By an instruction that kage knows, or by one for which it gives the table up. */
static void store_above(struct kage_vcpu *vcpu, gpa_t gpa, u64 val)
{
	if (one_in(2)) {
		kage_mmu_store(vcpu, gpa, val, 8);
		return;
	}
	spin_lock(&vm.mmu.lock);
	kage_shadow_unshadow(&vm, gpa >> PAGE_SHIFT);
	spin_unlock(&vm.mmu.lock);
	raw_store(gpa, &val, 8);
}

/*
 * A table above a large page is taken out, and one INVLPG is all that the guest
 * does about the whole of the page.
 */
static void op_move(struct kage_vcpu *vcpu)
{
	gva_t gva = random_gva() & KAGE_PAGE_MASK;
	unsigned int i, above;
	gfn_t tables[5];
	int leaf;

	map(vcpu, gva, 0);
	leaf = leaf_level(vcpu, gva, tables);
	if (leaf < 2 || leaf > 3)
		return;
	for (i = 0; i < 4; i++)
		run_next(vcpu, gva + (pick(HOT_ENTRIES) << PAGE_SHIFT),
			 KAGE_PF_W, 0);
	above = leaf + 1 + pick(4 - leaf);
	if (leaf_level(vcpu, gva, tables) != leaf || is_readonly(tables[above]) ||
	    hot_index(tables[above]) < 0)
		return;
	observe();
	nr_stores = 0;
	note("vcpu%u moves %#llx at level %u", vcpu->id, gva, above);
	leave(vcpu);
	inside = true;
	stores[nr_stores++] = (struct store){
		(tables[above] << 12) + index_of(gva, above) * 8, 8,
	};
	store_above(vcpu, stores[0].gpa, one_in(2) ? 0 : random_gpte());
	enter(vcpu);
	inside = false;
	if (!kage_has(KAGE_FEATURE_INVLPG))
		return;
	hw_invlpg(vcpu, gva);
	guest_invlpg(vcpu->id, gva);
	for (i = 0; i < HOT_ENTRIES; i++)
		run_next(vcpu, gva + (i << PAGE_SHIFT), 0, 0);
}

/*
 * While a table is unlinked an entry of users gets W, or loses it; the table is
 * linked again by an access through another entry.
 */
static void op_grant(struct kage_vcpu *vcpu)
{
	gva_t gva = random_gva() & KAGE_PAGE_MASK, near = gva ^ PAGE_SIZE;
	u64 dirty = one_in(2) ? D : 0;
	gfn_t tables[5];
	gpa_t gpa;

	map(vcpu, near, P | U | A);
	map(vcpu, gva, P | U | A | dirty | (one_in(2) ? W : 0));
	run_next(vcpu, gva, KAGE_PF_U | (dirty ? KAGE_PF_W : 0), 0);
	if (leaf_level(vcpu, gva, tables) != 1 || is_readonly(tables[1]) ||
	    hot_index(tables[1]) < 0)
		return;
	observe();
	nr_stores = 0;
	gpa = (tables[1] << 12) + index_of(gva, 1) * 8;
	note("vcpu%u grants at %#llx", vcpu->id, gva);
	leave(vcpu);
	inside = true;
	spin_lock(&vm.mmu.lock);
	kage_shadow_unlink(&vm, tables[1]);
	spin_unlock(&vm.mmu.lock);
	stores[nr_stores++] = (struct store){ gpa, 8 };
	kage_mmu_store(vcpu, gpa, *(u64 *)host(gpa) ^ W, 8);
	inside = false;
	run_next(vcpu, near, KAGE_PF_U, 0);
}

/* The vCPU that sees a store to a table before anything else follows it. */
static struct {
	struct kage_vcpu *vcpu;
	gva_t gva;
	gpa_t entry;
	u64 was;
} overtaker;

static void overtake(void)
{
	struct kage_vcpu *vcpu = overtaker.vcpu;

	if (vcpu->mode != KAGE_IN_GUEST || device_is_at_it() ||
	    *(u64 *)host(overtaker.entry) == overtaker.was)
		return;
	meanwhile = NULL;
	hw_invlpg(vcpu, overtaker.gva);
	guest_invlpg(vcpu->id, overtaker.gva);
	try_user(vcpu, overtaker.gva, 0);
}

/*
 * Two vCPUs in one address space. One sets an entry, which was absent or another;
 * the other sees that, flushes what it had, and uses the address.
 */
static void op_overtake(struct kage_vcpu *vcpu)
{
	struct kage_vcpu *other = &vcpu_mem[(vcpu->id + 1) % vm.nr_vcpus];
	gva_t gva = random_gva() & KAGE_PAGE_MASK;
	const u64 flags = P | W | U | A | D;
	gfn_t tables[5];
	gpa_t gpa;

	if (other == vcpu || !tidy || !kage_has(KAGE_FEATURE_INVLPG))
		return;
	map(vcpu, gva, flags);
	run_next(vcpu, gva, KAGE_PF_U, 0);
	if (leaf_level(vcpu, gva, tables) != 1 || is_readonly(tables[1]) ||
	    hot_index(tables[1]) < 0)
		return;
	observe();
	nr_stores = 0;
	gpa = (tables[1] << 12) + index_of(gva, 1) * 8;
	note("vcpu%u overtakes at %#llx", other->id, gva);
	leave(vcpu);
	inside = true;
	stores[nr_stores++] = (struct store){ gpa, 8 };
	if (one_in(2))
		kage_mmu_store(vcpu, gpa, 0, 8);
	join(other, vcpu);
	overtaker.vcpu = other;
	overtaker.gva = gva;
	overtaker.entry = gpa;
	overtaker.was = *(u64 *)host(gpa);
	meanwhile = overtake;
	kage_mmu_store(vcpu, gpa, tidy_gfn(false) << 12 | flags, 8);
	meanwhile = NULL;
	inside = false;
}

static void patch(gpa_t gpa, u8 opcode)
{
	stores[nr_stores++] = (struct store){ gpa, 8 };
	((u8 *)host(gpa))[1] = opcode;
	patched = opcode != code[1];
}

/* The same store again, and then by an instruction that is another meanwhile. */
static void op_patch(struct kage_vcpu *vcpu)
{
	gva_t to = random_gva() & KAGE_PAGE_MASK;
	u64 rip = to + CODE;
	struct ref ref;
	unsigned int i;
	gpa_t gpa;

	map(vcpu, to, P | W | A | D);
	for (i = 1; i < 4; i++)
		run_next(vcpu, to + i * 8, KAGE_PF_W, rip);
	if (!ref_walk(vcpu, rip, 0, &ref) || hot_index(ref.gfn) < 0 ||
	    !host(ref.gfn << PAGE_SHIFT) || is_readonly(ref.gfn))
		return;
	note("vcpu%u patches %#llx", vcpu->id, rip);
	gpa = (ref.gfn << PAGE_SHIFT) + CODE;
	patch(gpa, OTHER_OPCODE);
	run_next(vcpu, to + i * 8, KAGE_PF_W, rip);
	patch(gpa, code[1]);
}

#endif /* _KAGE_UNIT_MMU_MODEL_SCENES_H */
