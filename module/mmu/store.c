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
#include "look.h"
#include "memo.h"
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

static bool learn(struct kage_memo_insn *memo, u64 rip, const u64 *bytes)
{
	memo->rip = 0;
	if (kage_decode((const u8 *)bytes, KAGE_INSN_MAX, 8, &memo->insn) ||
	    !is_plain(&memo->insn))
		return false;
	memo->mask[0] = kage_insn_mask(memo->insn.len);
	memo->mask[1] = kage_insn_mask(memo->insn.len - 8);
	memo->bytes[0] = bytes[0] & memo->mask[0];
	memo->bytes[1] = bytes[1] & memo->mask[1];
	memo->rip = rip;
	return true;
}

/* A fault, and the instruction that stores. */
struct site {
	gva_t gva;
	u32 pfec;
	const struct kage_memo_insn *memo;
	const u64 *code;		/* the instruction's bytes */
	u64 *code_sptep, code_spte;	/* what maps them */
	u64 *sptep, spte;		/* what maps the table */
};

/* False if it is not mapped, or not plain. */
static bool find_site(struct kage_vcpu *vcpu, struct site *site, u64 rip)
{
	struct kage_memo_insn *memo = kage_memo_insn(vcpu->stores, rip);
	u64 bytes[2];

	site->memo = memo;
	site->code = kage_look_code(vcpu->root, rip, FETCH,
				    &site->code_sptep);
	if (!site->code)
		return false;
	site->code_spte = *site->code_sptep;
	/* Once, so that what is compared is what is decoded. */
	bytes[0] = READ_ONCE(site->code[0]);
	bytes[1] = READ_ONCE(site->code[1]);
	return (memo->rip == rip &&
		(bytes[0] & memo->mask[0]) == memo->bytes[0] &&
		(bytes[1] & memo->mask[1]) == memo->bytes[1]) ||
	       learn(memo, rip, bytes);
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

/*
 * For kage_store_express(), where a single leaf table has to follow. Entries are
 * remembered as they were before: the store may have changed one of the two.
 */
static void remember(struct kage_vcpu *vcpu, const struct site *site,
		     gfn_t gfn, u64 *gpt)
{
	const struct kage_memo_insn *known = site->memo;
	const struct kage_insn *insn = &known->insn;
	struct kage_shadow *sp = kage_shadow_follower(vcpu->vm, gfn);
	struct kage_memo *memo = kage_memo(vcpu->stores, known->rip,
					   site->gva);

	memo->page = 0;
	if (!sp)
		return;
	*memo = (struct kage_memo) {
		.rip = known->rip, .page = site->gva & KAGE_PAGE_MASK,
		.root = vcpu->root, .epoch = vcpu->vm->mmu.epoch,
		.pfec = site->pfec, .cr4 = vcpu->cr4,
		.sptep = site->sptep, .spte = site->spte,
		.code_sptep = site->code_sptep, .code_spte = site->code_spte,
		.code = site->code,
		.bytes = { known->bytes[0], known->bytes[1] },
		.mask = { known->mask[0], known->mask[1] },
		.reg = insn->src == KAGE_OPND_REG ? &vcpu->regs[insn->reg] :
						    NULL,
		.imm = insn->imm, .len = insn->len,
		.exchange = insn->op == KAGE_OP_XCHG,
		.gpt = gpt, .gfn = gfn, .sp = sp, .rsvd = kage_fill_rsvd(sp),
	};
}

/* Under the lock: the table and all that shadows it change in one step. */
static bool execute(struct kage_vcpu *vcpu, struct site *site)
{
	unsigned int index = (site->gva & ~KAGE_PAGE_MASK) / sizeof(u64);
	const struct kage_insn *insn = &site->memo->insn;
	struct kage_vm *vm = vcpu->vm;
	struct kage_shadow *sp;
	struct kage_slot *slot;
	u64 above, val, old, *sptep, *gpte;
	gfn_t gfn;
	int level;

	sptep = kage_look(vcpu->root, site->gva, &level, &above);
	if (!sptep || level != 1 ||
	    !allowed(vcpu, *sptep, above, site->pfec))
		return false;
	site->sptep = sptep;
	site->spte = *sptep;
	sp = kage_shadow_of(sptep);
	gfn = sp->gfns[sptep - sp->spt];
	slot = kage_mem_slot(vm, gfn);
	/* Not tracked any more: the entry may become writable instead. */
	if (!slot || !kage_slot_tracked(slot, gfn) || kage_shadow_idle(vm, gfn))
		return false;
	val = source(vcpu, insn);
	gpte = (u64 *)kage_slot_host(slot, gfn) + index;
	kage_shadow_expect(vm, gfn, index, index);
	old = READ_ONCE(*gpte);
	store(vcpu, insn, gpte, val);
	/* Not read again: what others store comes after, here as there. */
	kage_shadow_stored(vm, gfn, index, val);
	kage_burst_note(vcpu, gfn, site->memo->rip, old, val, sptep);
	remember(vcpu, site, gfn, gpte - index);
	/* Without them entries stay read-only until a fault asks for more. */
	if (kage_shadow_low(&vm->mmu))
		kage_vcpu_request(vcpu, KAGE_REQ_TOPUP);
	return true;
}

static bool may_be_plain(struct kage_vcpu *vcpu, gva_t gva, u32 pfec)
{
	return kage_has(KAGE_FEATURE_STORE) && kage_memo_may_be(gva, pfec) &&
	       kage_vcpu_code_size(vcpu) == 8;
}

bool kage_store_fast(struct kage_vcpu *vcpu, gva_t gva, u32 pfec)
{
	struct site site = { .gva = gva, .pfec = pfec };
	bool done = false;

	if (!may_be_plain(vcpu, gva, pfec))
		return false;
	spin_lock(&vcpu->vm->mmu.lock);
	if (vcpu->root && kage_shadow_live(vcpu->root) &&
	    vcpu->vm->mmu.nr_dying < KAGE_MMU_DYING_MAX)
		done = find_site(vcpu, &site, kage_vcpu_rip(vcpu)) &&
		       execute(vcpu, &site);
	spin_unlock(&vcpu->vm->mmu.lock);
	if (!done)
		return false;
	vcpu->stats[KAGE_STAT_PF_STORE]++;
	vcpu->stats[KAGE_STAT_INSNS]++;
	kage_vcpu_skip(vcpu, site.memo->insn.len);
	return true;
}
