/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest of the MMU model, and what a real processor could make of its page
 * tables: the judge. The rules of paging are written down here a second time,
 * and nothing of module/mmu/ is used for it.
 *
 * Whatever the guest can reach by its tables and store to is "hot": a mirror
 * of it is kept, and of every entry all values since the oldest flush. A legal
 * TLB may combine any of those.
 */
#ifndef _KAGE_UNIT_MMU_MODEL_GUEST_H
#define _KAGE_UNIT_MMU_MODEL_GUEST_H

#include "mmu_model_host.h"

#define P	KAGE_PTE_P
#define W	KAGE_PTE_W
#define U	KAGE_PTE_U
#define A	KAGE_PTE_A
#define D	KAGE_PTE_D
#define PS	KAGE_PTE_PS
#define NX	KAGE_PTE_NX

/* Most are the first of a 2 MiB piece, so that large pages hit them too. */
static const gfn_t hot_bases[] = { 300, 512, 1024, 2048, 4096 };

#define NR_HOT		(8 * ARRAY_SIZE(hot_bases))
#define HOT_ENTRIES	8	/* of each frame that addresses select */
#define MAX_STORES	256

/* MOV %RAX,(%RBX) and XCHG: in every frame, and no present entries there. */
#define CODE		0x800
static const u8 code[16] = {
	0x48, 0x89, 0x03, 0, 0, 0, 0, 0, 0x48, 0x87, 0x03,
};
#define OTHER_OPCODE	0x01		/* in its place: ADD */

struct past {
	u64 val;
	u64 until;		/* it was there up to then */
	struct past *older;
};

struct store {
	gpa_t gpa;
	unsigned int len;
};

static u64 mirror[NR_HOT][512];
static struct past *pasts[NR_HOT][512];
static u64 now;
static u64 since[MAX_VCPUS];	/* last flush by the guest */
static struct store stores[MAX_STORES];
static unsigned int nr_stores;
static bool may_dirty;		/* a write was tried in this step */
static u64 raced;		/* stores of others, counted */

static gfn_t hot_gfn(unsigned int i)
{
	return hot_bases[i / 8] + i % 8;
}

static int hot_index(gfn_t gfn)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hot_bases); i++)
		if (gfn - hot_bases[i] < 8)
			return i * 8 + (gfn - hot_bases[i]);
	return -1;
}

static bool was_stored(gpa_t entry)
{
	unsigned int i;

	for (i = 0; i < nr_stores; i++)
		if (entry + 8 > stores[i].gpa &&
		    entry < stores[i].gpa + stores[i].len)
			return true;
	return false;
}

/* Nobody but a store changes more than accessed and dirty bits. */
static void check_change(gpa_t entry, u64 old, u64 new)
{
	if (was_stored(entry))
		return;
	if ((old ^ new) & ~(A | D) || old & ~new)
		fail("gpa %#llx changed from %#llx to %#llx by itself", entry,
		     old, new);
	if ((new & ~old & D) && !may_dirty)
		fail("gpa %#llx became dirty and nothing wrote", entry);
}

static void mirror_entry(unsigned int hot, unsigned int i, u64 val)
{
	gpa_t gpa = (hot_gfn(hot) << PAGE_SHIFT) + i * 8;
	struct past *past;

	check_change(gpa, mirror[hot][i], val);
	past = malloc(sizeof(*past));
	past->val = mirror[hot][i];
	past->until = ++now;
	past->older = pasts[hot][i];
	pasts[hot][i] = past;
	mirror[hot][i] = val;
}

/* Notes what changed in guest memory since the last time. */
static void observe(void)
{
	unsigned int hot, i;

	for (hot = 0; hot < NR_HOT; hot++) {
		const u64 *mem = host(hot_gfn(hot) << PAGE_SHIFT);

		if (!mem || !memcmp(mem, mirror[hot], PAGE_SIZE))
			continue;
		for (i = 0; i < 512; i++)
			if (mem[i] != mirror[hot][i])
				mirror_entry(hot, i, mem[i]);
	}
}

/* Values that no vCPU can hold any more; @all: of every age. */
static void forget(bool all)
{
	u64 oldest = now;
	unsigned int i, hot;

	for (i = 0; i < vm.nr_vcpus; i++)
		oldest = min(oldest, since[i]);
	for (hot = 0; hot < NR_HOT; hot++) {
		for (i = 0; i < 512; i++) {
			struct past **link = &pasts[hot][i];

			while (*link && (*link)->until > oldest && !all)
				link = &(*link)->older;
			while (*link) {
				struct past *past = *link;

				*link = past->older;
				free(past);
			}
		}
	}
}

/* The guest's flush of one vCPU: older values are no excuse from here on. */
static void guest_flushed(unsigned int id)
{
	observe();
	since[id] = ++now;
}

/* Its INVLPG: the same for the page of whatever size that @gva was in. */
#define NR_INVLPGS	64

static struct invlpg {
	gva_t gva;
	u64 when;
} invlpgs[MAX_VCPUS][NR_INVLPGS];

static void guest_invlpg(unsigned int id, gva_t gva)
{
	static unsigned int next;

	observe();
	invlpgs[id][next++ % NR_INVLPGS] = (struct invlpg){ gva, ++now };
}

/* When the guest last flushed what a page of @level at @gva may have left. */
static u64 flushed(unsigned int id, gva_t gva, int level)
{
	const int shift = 12 + 9 * (level - 1);
	u64 when = since[id];
	unsigned int i;

	for (i = 0; i < NR_INVLPGS; i++)
		if (invlpgs[id][i].gva >> shift == gva >> shift)
			when = max(when, invlpgs[id][i].when);
	return when;
}

/* A store to guest memory, made by whoever; it may be seen at once. */
static void raw_store(gpa_t gpa, const void *data, unsigned int len)
{
	observe();
	if (nr_stores == MAX_STORES)
		fail("too many stores in one step");
	/* Half an entry was overwritten, and leads elsewhere: leave it. */
	if (hot_index(gpa >> PAGE_SHIFT) < 0)
		return;
	stores[nr_stores++] = (struct store){ gpa, len };
	memcpy(host(gpa), data, len);
	observe();
}

/* SDM: "Reserved bits": 40 address bits, one level more than four never. */
static bool rsvd(const struct kage_vcpu *vcpu, u64 e, int level)
{
	if (e & 0x000fff0000000000ULL)
		return true;
	if ((e & NX) && !(vcpu->efer & EFER_NX))
		return true;
	if (level == 4)
		return e & PS;
	if (level == 3 && (e & PS))
		return e & 0x3fffe000ULL;
	return level == 2 && (e & PS) && (e & 0x1fe000ULL);
}

static bool is_leaf(u64 e, int level)
{
	return level == 1 || (level < 4 && (e & PS));
}

/* The frame of @gva in the page that leaf @e of @level maps. */
static gfn_t leaf_gfn(u64 e, int level, gva_t gva)
{
	u64 span = 1ULL << (9 * (level - 1));

	return ((e & 0x000ffffffffff000ULL) >> 12 & ~(span - 1)) |
	       (gva >> 12 & (span - 1));
}

/* SDM: "Access Rights", with the processor's own or the guest's CR0.WP. */
static bool rights(const struct kage_vcpu *vcpu, u32 access, u64 all, u64 any,
		   bool wp)
{
	bool smep = vcpu->cr4 & X86_CR4_SMEP;
	bool smap = vcpu->cr4 & X86_CR4_SMAP;

	if ((access & KAGE_PF_I) && (any & NX))
		return false;
	if (access & KAGE_PF_U)
		return (all & U) && (!(access & KAGE_PF_W) || (all & W));
	if ((access & KAGE_PF_I) && (all & U) && smep)
		return false;
	if (!(access & KAGE_PF_I) && (all & U) && smap &&
	    !(vcpu->start_rflags & X86_EFLAGS_AC))
		return false;
	return !(access & KAGE_PF_W) || (all & W) || !wp;
}

static bool guest_rights(const struct kage_vcpu *vcpu, u32 access, u64 all,
			 u64 any)
{
	return rights(vcpu, access, all, any, vcpu->cr0 & X86_CR0_WP);
}

static unsigned int index_of(gva_t gva, int level)
{
	return gva >> (12 + 9 * (level - 1)) & 511;
}

struct ref {
	gfn_t gfn;
	u32 code;		/* of the fault, if there is one */
	bool accessed, dirty;	/* what the walk found of these bits */
};

/* A walk of the tables as they are now. */
static bool ref_walk(const struct kage_vcpu *vcpu, gva_t gva, u32 access,
		     struct ref *ref)
{
	bool ifetch = (access & KAGE_PF_I) &&
		      ((vcpu->efer & EFER_NX) || (vcpu->cr4 & X86_CR4_SMEP));
	u64 all = ~0ULL, any = 0, table = vcpu->cr3 >> 12, e;
	int level;

	ref->code = (access & (KAGE_PF_W | KAGE_PF_U)) |
		    (ifetch ? KAGE_PF_I : 0);
	ref->accessed = true;
	for (level = 4; ; level--) {
		gpa_t gpa = (table << 12) + index_of(gva, level) * 8;

		e = host(gpa) ? *(u64 *)host(gpa) : ~0ULL;
		if (!(e & P))
			return false;
		if (rsvd(vcpu, e, level)) {
			ref->code |= KAGE_PF_P | KAGE_PF_RSVD;
			return false;
		}
		all &= e;
		any |= e;
		ref->accessed &= !!(e & A);
		if (is_leaf(e, level))
			break;
		table = leaf_gfn(e, 1, 0);
	}
	ref->code |= KAGE_PF_P;
	ref->dirty = e & D;
	ref->gfn = leaf_gfn(e, level, gva);
	return guest_rights(vcpu, access, all, any);
}

/* A path that some values of the entries since the last flush make. */
struct path {
	const struct kage_vcpu *vcpu;
	gva_t gva;
	gfn_t gfn;
	u32 access;
	int leaf;		/* level of the page */
	u64 since;		/* values that were gone by then do not count */
};

static bool legal_from(const struct path *path, int level, gfn_t table,
		       u64 all, u64 any);

static bool legal_entry(const struct path *path, int level, u64 e, u64 all,
			u64 any)
{
	if (!(e & P) || !(e & A) || rsvd(path->vcpu, e, level))
		return false;
	all &= e;
	any |= e;
	if (is_leaf(e, level) != (level == path->leaf))
		return false;
	if (level > path->leaf)
		return legal_from(path, level - 1, leaf_gfn(e, 1, 0), all,
				  any);
	if ((path->access & KAGE_PF_W) && !(e & D))
		return false;
	return leaf_gfn(e, level, path->gva) == path->gfn &&
	       guest_rights(path->vcpu, path->access, all, any);
}

static bool legal_from(const struct path *path, int level, gfn_t table,
		       u64 all, u64 any)
{
	unsigned int i = index_of(path->gva, level);
	int hot = hot_index(table);
	const struct past *past;
	const u64 *mem = host((table << PAGE_SHIFT) + i * 8);

	if (mem && legal_entry(path, level, *mem, all, any))
		return true;
	for (past = hot < 0 ? NULL : pasts[hot][i]; past; past = past->older) {
		if (past->until <= path->since)
			break;
		if (legal_entry(path, level, past->val, all, any))
			return true;
	}
	return false;
}

/* Could a real processor, running the guest's tables, make this access? */
static bool legal(const struct kage_vcpu *vcpu, gva_t gva, u32 access,
		  gfn_t gfn)
{
	int leaf;

	for (leaf = 1; leaf < 4; leaf++) {
		const struct path path = {
			.vcpu = vcpu, .gva = gva, .gfn = gfn,
			.access = access, .leaf = leaf,
			.since = flushed(vcpu->id, gva, leaf),
		};

		if (legal_from(&path, 4, vcpu->cr3 >> 12, ~0ULL, 0))
			return true;
	}
	return false;
}

/*
 * The same for a fault that kage does not see: an entry that is not present
 * now, for such are not cached, or a page that refuses the access.
 */
static bool may_fault_from(const struct path *path, int level, gfn_t table,
			   u64 all, u64 any, bool present);

static bool may_fault_at(const struct path *path, int level, u64 e, u64 all,
			 u64 any, bool present)
{
	if (!(e & P) || rsvd(path->vcpu, e, level))
		return false;
	all &= e;
	any |= e;
	if (!is_leaf(e, level))
		return may_fault_from(path, level - 1, leaf_gfn(e, 1, 0), all,
				      any, present);
	return present && !guest_rights(path->vcpu, path->access, all, any);
}

static bool may_fault_from(const struct path *path, int level, gfn_t table,
			   u64 all, u64 any, bool present)
{
	unsigned int i = index_of(path->gva, level);
	int hot = hot_index(table);
	const struct past *past;
	const u64 *mem = host((table << PAGE_SHIFT) + i * 8);

	if (mem && ((!(*mem & P) && !present) ||
		    may_fault_at(path, level, *mem, all, any, present)))
		return true;
	for (past = hot < 0 ? NULL : pasts[hot][i]; past; past = past->older) {
		if (past->until <= path->since)
			break;
		if ((past->val & A) &&
		    may_fault_at(path, level, past->val, all, any, present))
			return true;
	}
	return false;
}

/* Could a real processor, running the guest's tables, fault like this? */
static bool may_fault(const struct kage_vcpu *vcpu, gva_t gva, u32 pfec)
{
	const struct path path = {
		.vcpu = vcpu, .gva = gva, .access = pfec & ~KAGE_PF_P,
		.since = since[vcpu->id],
	};

	return may_fault_from(&path, 4, vcpu->cr3 >> 12, ~0ULL, 0,
			      pfec & KAGE_PF_P);
}

/* Small: the more the same things meet the better. */
static gva_t random_gva(void)
{
	static gva_t last[4];
	gva_t *gva = &last[pick(ARRAY_SIZE(last))];

	if (one_in(3))
		*gva = pick(2) << 39 | pick(2) << 30 | pick(3) << 21 |
		       pick(8) << 12;
	return *gva;
}

/* One way in which an entry may be less than it could. */
static u64 spoil(u64 e)
{
	static const u64 bits[] = { P, W, W, U, U, A, D, D };

	switch (pick(12)) {
	case 0:
		return e | NX;
	case 1:
		return e | (one_in(2) ? BIT_ULL(40) : BIT_ULL(13));
	case 2:
		return 0;
	default:
		return e & ~bits[pick(ARRAY_SIZE(bits))];
	}
}

/*
 * A kernel as they mostly are: a frame is a table of one level or of none, users
 * are kept from tables, and what they may write to is dirty.
 */
static bool tidy;

/* A table of @level; 0: memory. */
static gfn_t tidy_gfn(int level)
{
	return level ? hot_gfn((level == 4 ? 0 : 4 * level) + pick(4)) :
		       hot_gfn(16 + pick(NR_HOT - 16));
}

/* An entry of a leaf table. */
static u64 tidy_gpte(void)
{
	if (one_in(3))
		return 0;
	if (one_in(4))
		return tidy_gfn(1) << 12 | P | W | A | D;
	return tidy_gfn(0) << 12 | P | A | (one_in(16) ? 0 : D) |
	       (one_in(2) ? U : 0) | (one_in(4) ? 0 : W) |
	       (one_in(4) ? NX : 0);
}

static u64 tidy_link(int level)
{
	return level > 1 ? tidy_gfn(level - 1) << 12 | P | W | U | A :
			   tidy_gpte();
}

static u64 random_gpte(void)
{
	static const gfn_t large[] = { 0, 512, 1024, 2048, 4096, 1 << 18 };
	u64 e = P | W | U | A | D;

	if (tidy && !one_in(512))
		return tidy_gpte();
	if (one_in(8))
		e |= PS | large[pick(ARRAY_SIZE(large))] << 12;
	else if (one_in(24))
		e |= (5000 + pick(3)) << 12;
	else
		e |= hot_gfn(pick(NR_HOT)) << 12;
	while (one_in(4))
		e = spoil(e);
	return e;
}

static gpa_t random_entry(void)
{
	return (hot_gfn(pick(NR_HOT)) << PAGE_SHIFT) + pick(HOT_ENTRIES) * 8;
}

/* Tables that lead somewhere more often than chance would have it. */
static void guest_init(void)
{
	unsigned int hot, i;

	for (hot = 0; hot < NR_HOT; hot++) {
		u64 *mem = host(hot_gfn(hot) << PAGE_SHIFT);

		if (mem)
			memcpy((u8 *)mem + CODE, code, sizeof(code));
		for (i = 0; mem && i < HOT_ENTRIES; i++) {
			mem[i] = random_gpte();
			/* Nothing can set the bits in read-only tables. */
			if (is_readonly(hot_gfn(hot)))
				mem[i] |= A | D;
		}
		memset(mirror[hot], 0, PAGE_SIZE);
		if (mem)
			memcpy(mirror[hot], mem, PAGE_SIZE);
	}
	forget(true);
	now = 1;
	memset(since, 0, sizeof(since));
	memset(invlpgs, 0, sizeof(invlpgs));
}

#endif /* _KAGE_UNIT_MMU_MODEL_GUEST_H */
