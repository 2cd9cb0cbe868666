// SPDX-License-Identifier: GPL-2.0
/*
 * Plain stores to page tables.
 *
 * Everything is found through the shadow tables, which the processor itself
 * has just used: the instruction is being executed, so it is mapped, and the
 * entry of the store's target says with KAGE_SPTE_TRACKED that the guest's own
 * tables allow the write and only kage does not. What an instruction at some
 * address does is remembered; its bytes are compared each time, for the guest
 * may change them.
 */
#include "store.h"
#include "../emul/decode.h"
#include "../feature.h"
#include "../vcpu.h"
#include "../vm.h"
#include "burst.h"
#include "fill.h"
#include "gwalk.h"
#include "store_memo.h"
#include <asm/processor-flags.h>
#include <linux/slab.h>

#define FETCH		16	/* bytes compared: two words cover any insn */

struct kage_store_cache *kage_store_cache_alloc(void)
{
	return kzalloc(sizeof(struct kage_store_cache), GFP_KERNEL_ACCOUNT);
}

void kage_store_cache_free(struct kage_store_cache *cache)
{
	kfree(cache);
}

/*
 * The entry that maps @gva, with the AND of the levels above it; NULL where
 * the shadow has none.
 */
static u64 *find_leaf(struct kage_shadow *root, gva_t gva, int *level,
		      u64 *above)
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

/* The instruction's bytes, where they do not come near the page's end. */
static const u64 *code_at(struct kage_shadow *root, gva_t rip, u64 **sptep)
{
	u64 above, mask;
	int level;

	if ((rip & ~KAGE_PAGE_MASK) > KAGE_PAGE_SIZE - FETCH)
		return NULL;
	*sptep = find_leaf(root, rip, &level, &above);
	if (!*sptep)
		return NULL;
	mask = kage_pt_span(level) * KAGE_PAGE_SIZE - 1;
	return __va((**sptep & KAGE_PTE_ADDR & ~mask) | (rip & mask));
}

/* Stores of one whole entry that have no other effect than on a register. */
static bool is_plain(const struct kage_insn *insn)
{
	if (insn->dst != KAGE_OPND_MEM || insn->memsize != sizeof(u64) ||
	    insn->rep)
		return false;
	if (insn->op != KAGE_OP_MOV && insn->op != KAGE_OP_XCHG)
		return false;
	/* RSP is not at hand. */
	return insn->src == KAGE_OPND_IMM ||
	       (insn->src == KAGE_OPND_REG && insn->reg != KAGE_RSP);
}

static u64 byte_mask(int n)
{
	return n <= 0 ? 0 : n >= 8 ? ~0ULL : (1ULL << (n * 8)) - 1;
}

static bool learn(struct kage_memo_insn *memo, u64 rip, const u64 *bytes)
{
	memo->rip = 0;
	if (kage_decode((const u8 *)bytes, KAGE_INSN_MAX, 8, &memo->insn) ||
	    !is_plain(&memo->insn))
		return false;
	memo->mask[0] = byte_mask(memo->insn.len);
	memo->mask[1] = byte_mask(memo->insn.len - 8);
	memo->bytes[0] = bytes[0] & memo->mask[0];
	memo->bytes[1] = bytes[1] & memo->mask[1];
	memo->rip = rip;
	return true;
}

static struct kage_memo_path path_to(const struct kage_vcpu *vcpu,
				     const u64 *sptep)
{
	return (struct kage_memo_path) {
		.root = vcpu->root, .epoch = vcpu->vm->mmu.epoch,
		.sptep = sptep, .spte = *sptep,
	};
}

static const struct kage_insn *find_insn(struct kage_vcpu *vcpu, u64 rip)
{
	struct kage_memo_insn *memo = kage_memo_insn(vcpu->stores, rip);
	const u64 *code;
	u64 bytes[2], *sptep;

	code = code_at(vcpu->root, rip, &sptep);
	if (!code)
		return NULL;
	/* Once, so that what is compared is what is decoded. */
	bytes[0] = READ_ONCE(code[0]);
	bytes[1] = READ_ONCE(code[1]);
	if ((memo->rip != rip || !kage_memo_same(memo, bytes)) &&
	    !learn(memo, rip, bytes))
		return NULL;
	memo->code = code;
	memo->path = path_to(vcpu, sptep);
	return &memo->insn;
}

/*
 * Does the guest allow this access, as far as the entries tell? What depends
 * on more than them is for the walk.
 */
static bool allowed(const struct kage_vcpu *vcpu, u64 leaf, u64 above,
		    u32 pfec)
{
	bool user_page = leaf & above & KAGE_PTE_U;

	if (!(leaf & KAGE_SPTE_TRACKED) || !(above & KAGE_PTE_W))
		return false;
	if (pfec & KAGE_PF_U)
		return user_page;
	/* A supervisor at a user's page: SMAP and AC decide. */
	return !user_page || !(vcpu->cr4 & X86_CR4_SMAP);
}

/* For kage_store_express(), where a single leaf table has to follow. */
static void remember(struct kage_vcpu *vcpu, gva_t gva, const u64 *sptep,
		     u64 above, gfn_t gfn, u64 *gpt)
{
	struct kage_memo_table *memo = kage_memo_table(vcpu->stores, gva);
	struct kage_shadow *sp = kage_shadow_follower(vcpu->vm, gfn);

	*memo = (struct kage_memo_table) {
		.page = gva & KAGE_PAGE_MASK, .above = above, .gfn = gfn,
		.path = path_to(vcpu, sptep), .gpt = gpt, .sp = sp,
	};
}

static void store(struct kage_vcpu *vcpu, const struct kage_insn *insn,
		  u64 *gpte, u64 val)
{
	if (insn->op == KAGE_OP_XCHG)
		vcpu->regs[insn->reg] = xchg(gpte, val);
	else
		WRITE_ONCE(*gpte, val);
}

static u64 source(const struct kage_vcpu *vcpu, const struct kage_insn *insn)
{
	return insn->src == KAGE_OPND_IMM ? insn->imm : vcpu->regs[insn->reg];
}

/* Under the lock: the table and all that shadows it change in one step. */
static bool execute(struct kage_vcpu *vcpu, const struct kage_insn *insn,
		    gva_t gva, u32 pfec)
{
	struct kage_vm *vm = vcpu->vm;
	struct kage_shadow *sp;
	struct kage_slot *slot;
	u64 above, val, old, *sptep, *gpte;
	unsigned int index = (gva & ~KAGE_PAGE_MASK) / sizeof(u64);
	gfn_t gfn;
	int level;

	sptep = find_leaf(vcpu->root, gva, &level, &above);
	if (!sptep || level != 1 || !allowed(vcpu, *sptep, above, pfec))
		return false;
	sp = kage_shadow_of(sptep);
	gfn = sp->gfns[sptep - sp->spt];
	slot = kage_mem_slot(vm, gfn);
	/* Not tracked any more: the entry may become writable instead. */
	if (!slot || !kage_slot_tracked(slot, gfn) || kage_shadow_idle(vm, gfn))
		return false;
	val = source(vcpu, insn);
	gpte = (u64 *)kage_slot_host(slot, gfn) + index;
	old = READ_ONCE(*gpte);
	kage_shadow_expect(vm, gfn, index, index);
	store(vcpu, insn, gpte, val);
	/* Not read again: what others store comes after, here as there. */
	kage_shadow_stored(vm, gfn, index, val);
	kage_burst_note(vcpu, gfn, old, val, sptep);
	remember(vcpu, gva, sptep, above, gfn, gpte - index);
	/* Without them entries stay read-only until a fault asks for more. */
	if (kage_shadow_low(&vm->mmu))
		kage_vcpu_request(vcpu, KAGE_REQ_TOPUP);
	return true;
}

/*
 * An aligned operand of eight bytes begins at the faulting address unless it
 * crosses into the page at whose start the fault is reported: such a one goes
 * the long way.
 */
static bool may_be_plain(const struct kage_vcpu *vcpu, gva_t gva, u32 pfec)
{
	return (pfec & (KAGE_PF_P | KAGE_PF_W | KAGE_PF_RSVD)) ==
	       (KAGE_PF_P | KAGE_PF_W) && IS_ALIGNED(gva, sizeof(u64)) &&
	       (gva & ~KAGE_PAGE_MASK);
}

bool kage_store_fast(struct kage_vcpu *vcpu, gva_t gva, u32 pfec)
{
	const struct kage_insn *insn;
	bool done = false;

	if (!kage_has(KAGE_FEATURE_STORE) ||
	    !may_be_plain(vcpu, gva, pfec) || kage_vcpu_code_size(vcpu) != 8)
		return false;
	spin_lock(&vcpu->vm->mmu.lock);
	if (vcpu->root && kage_shadow_live(vcpu->root) &&
	    vcpu->vm->mmu.nr_dying < KAGE_MMU_DYING_MAX) {
		insn = find_insn(vcpu, kage_vcpu_rip(vcpu));
		done = insn && execute(vcpu, insn, gva, pfec);
	}
	spin_unlock(&vcpu->vm->mmu.lock);
	if (!done)
		return false;
	vcpu->stats[KAGE_STAT_PF_STORE]++;
	vcpu->stats[KAGE_STAT_INSNS]++;
	kage_vcpu_skip(vcpu, insn->len);
	return true;
}

/* What the memos tell, or NULL where they do not hold. */
static const struct kage_insn *known_insn(struct kage_vcpu *vcpu, u64 rip)
{
	struct kage_memo_insn *memo = kage_memo_insn(vcpu->stores, rip);
	u64 bytes[2];

	if (memo->rip != rip || !memo->code ||
	    !kage_memo_holds(&memo->path, vcpu->root, vcpu->vm->mmu.epoch))
		return NULL;
	bytes[0] = READ_ONCE(memo->code[0]);
	bytes[1] = READ_ONCE(memo->code[1]);
	return kage_memo_same(memo, bytes) ? &memo->insn : NULL;
}

static struct kage_memo_table *known_table(struct kage_vcpu *vcpu, gva_t gva)
{
	struct kage_memo_table *memo = kage_memo_table(vcpu->stores, gva);

	if (memo->page != (gva & KAGE_PAGE_MASK) || !memo->sp ||
	    !kage_memo_holds(&memo->path, vcpu->root, vcpu->vm->mmu.epoch))
		return NULL;
	return memo;
}

/* Nothing happens where it takes more than to change one entry. */
static bool repeat(struct kage_vcpu *vcpu, const struct kage_insn *insn,
		   struct kage_memo_table *memo, unsigned int index)
{
	struct kage_fill_store store = {
		.gpte = &memo->gpt[index], .val = source(vcpu, insn),
		.exchange = insn->op == KAGE_OP_XCHG, .slot = &memo->slot,
	};
	u64 old = READ_ONCE(*store.gpte), val = store.val;

	if (kage_burst_due(vcpu, memo->gfn, old, val) ||
	    !kage_fill_store(vcpu->vm, memo->sp, index, &store))
		return false;
	if (store.exchange)
		vcpu->regs[insn->reg] = store.val;
	kage_burst_count(vcpu, memo->gfn, old, val);
	return true;
}

unsigned int kage_store_express(struct kage_vcpu *vcpu, gva_t gva, u32 pfec,
				u64 rip)
{
	unsigned int index = (gva & ~KAGE_PAGE_MASK) / sizeof(u64), len = 0;
	const struct kage_insn *insn;
	struct kage_memo_table *memo;

	if (!may_be_plain(vcpu, gva, pfec) ||
	    !spin_trylock(&vcpu->vm->mmu.lock))
		return 0;
	memo = known_table(vcpu, gva);
	insn = known_insn(vcpu, rip);
	if (memo && insn && allowed(vcpu, memo->path.spte, memo->above, pfec) &&
	    repeat(vcpu, insn, memo, index))
		len = insn->len;
	spin_unlock(&vcpu->vm->mmu.lock);
	if (len) {
		vcpu->stats[KAGE_STAT_PF_STORE]++;
		vcpu->stats[KAGE_STAT_INSNS]++;
	}
	return len;
}
