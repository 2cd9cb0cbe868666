// SPDX-License-Identifier: GPL-2.0
/*
 * Accesses to devices that are made again and again, as that which ends an
 * interrupt: one plain MOV, always at the same place, always to the same page.
 *
 * A memo says of such a pair which entries of the guest's tables lead to the
 * instruction and to the page, and what they were when a walk allowed the
 * access. They are all read again each time, and so are the instruction's
 * bytes: it is a walk of the guest's tables as before, with every entry known.
 * Only those are remembered on which nothing but the entries decides.
 */
#include "device.h"
#include "../dev/bus.h"
#include "../feature.h"
#include "../mmu/gwalk.h"
#include "../mmu/mem.h"
#include "../vcpu.h"
#include "../vm.h"
#include "../vmx/state.h"
#include "decode.h"
#include <asm/msr-index.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/hash.h>
#include <linux/slab.h>

#define MEMO_BITS	6
#define FETCH		16	/* bytes compared: two words cover any insn */

/* What leads from a root to a page. */
struct trail {
	unsigned int top;	/* index in the root */
	u64 gpte[KAGE_ROOT_LEVEL + 1];
	/* Where they are, but for the root's; below the leaf: in @gpte. */
	const u64 *host[KAGE_ROOT_LEVEL];
	gpa_t gpa;		/* of the address that was asked for */
};

struct memo {
	u64 rip;
	gva_t page;
	bool write, ready;
	u64 efer;
	struct trail code, target;
	const u64 *bytes_at;
	u64 bytes[2], mask[2];
	struct kage_insn insn;
};

struct kage_device_cache {
	u64 slots;		/* kage_mem.generation of every pointer here */
	gpa_t cr3;
	const u64 *root;	/* the table there */
	struct memo memo[1 << MEMO_BITS];
};

struct kage_device_cache *kage_device_cache_alloc(void)
{
	return kzalloc(sizeof(struct kage_device_cache), GFP_KERNEL_ACCOUNT);
}

void kage_device_cache_free(struct kage_device_cache *cache)
{
	kfree(cache);
}

static struct memo *memo_of(struct kage_device_cache *cache, u64 rip,
			    gva_t page)
{
	return &cache->memo[hash_64(rip ^ page, MEMO_BITS)];
}

/*
 * Kernels have one address for it in every address space, whose roots differ:
 * so the root is found anew, and only the entry in it has to be the same.
 */
static bool find_root(struct kage_vcpu *vcpu)
{
	struct kage_device_cache *cache = vcpu->devices;
	gpa_t cr3 = vcpu->cr3 & KAGE_PTE_ADDR;

	if (likely(cache->root && cache->cr3 == cr3))
		return true;
	cache->root = kage_mem_host(vcpu->vm, cr3, KAGE_PAGE_SIZE, false);
	cache->cr3 = cr3;
	return cache->root;
}

/* False, and nothing is known any more, if memory came or went. */
static bool same_slots(struct kage_vcpu *vcpu)
{
	struct kage_device_cache *cache = vcpu->devices;
	u64 now = READ_ONCE(vcpu->vm->mem.generation);

	if (likely(cache->slots == now))
		return true;
	memset(cache, 0, sizeof(*cache));
	cache->slots = now;
	return false;
}

static __always_inline bool trail_holds(const struct trail *trail,
					const u64 *root)
{
	u64 differs = READ_ONCE(root[trail->top]) ^ trail->gpte[4];

	BUILD_BUG_ON(KAGE_ROOT_LEVEL != 4);
	differs |= READ_ONCE(*trail->host[3]) ^ trail->gpte[3];
	differs |= READ_ONCE(*trail->host[2]) ^ trail->gpte[2];
	differs |= READ_ONCE(*trail->host[1]) ^ trail->gpte[1];
	return !differs;
}

static __always_inline bool bytes_hold(const struct memo *memo)
{
	u64 differs;

	differs = (READ_ONCE(memo->bytes_at[0]) & memo->mask[0]) ^
		  memo->bytes[0];
	differs |= (READ_ONCE(memo->bytes_at[1]) & memo->mask[1]) ^
		   memo->bytes[1];
	return !differs;
}

/* The operand begins at the faulting address and stays in its page. */
static bool hits(const struct kage_vcpu *vcpu, const struct memo *memo,
		 gva_t gva)
{
	const struct kage_insn *insn = &memo->insn;

	return kage_insn_ea(insn, vcpu->regs, memo->rip, KAGE_OPND_MEM) ==
	       gva && (gva & ~KAGE_PAGE_MASK) + insn->memsize <= KAGE_PAGE_SIZE;
}

/* A supervisor's data access by 64-bit code. */
static bool is_supervisor(struct kage_vcpu *vcpu)
{
	return kage_vcpu_code_size(vcpu) == 8 && kage_vcpu_cpl(vcpu) < 3;
}

static void execute(struct kage_vcpu *vcpu, const struct memo *memo, gpa_t gpa)
{
	const struct kage_insn *insn = &memo->insn;
	u64 val;

	if (!memo->write) {
		val = kage_bus_read(vcpu, KAGE_BUS_MMIO, gpa, insn->memsize);
		kage_insn_set_reg(insn, vcpu->regs, val);
		return;
	}
	val = insn->src == KAGE_OPND_IMM ? insn->imm :
	      kage_insn_reg(insn, vcpu->regs, insn->opsize);
	kage_bus_write(vcpu, KAGE_BUS_MMIO, gpa, insn->memsize, val);
}

bool kage_device_again(struct kage_vcpu *vcpu, gva_t gva, u32 pfec)
{
	u64 rip = kage_vcpu_rip(vcpu);
	struct kage_device_cache *cache = vcpu->devices;
	struct memo *memo = memo_of(cache, rip, gva & KAGE_PAGE_MASK);

	if (memo->rip != rip || memo->page != (gva & KAGE_PAGE_MASK) ||
	    !memo->ready || memo->write != !!(pfec & KAGE_PF_W) ||
	    (pfec & (KAGE_PF_U | KAGE_PF_I)) || memo->efer != vcpu->efer)
		return false;
	if (!same_slots(vcpu) || !find_root(vcpu) || !is_supervisor(vcpu))
		return false;
	if (!trail_holds(&memo->code, cache->root) || !bytes_hold(memo) ||
	    !trail_holds(&memo->target, cache->root) || !hits(vcpu, memo, gva))
		return false;
	vcpu->stats[KAGE_STAT_PF_MMIO]++;
	vcpu->stats[KAGE_STAT_INSNS]++;
	execute(vcpu, memo, (memo->target.gpa & KAGE_PAGE_MASK) |
			    (gva & ~KAGE_PAGE_MASK));
	kage_vcpu_skip(vcpu, memo->insn.len);
	return true;
}

/* An entry with all of @needed, and nothing for a walk to refuse or set. */
static bool is_plain_entry(u64 gpte, int level, u64 needed, bool nxe)
{
	const struct kage_paging mode = {
		.nxe = nxe, .gbpages = true, .maxphyaddr = KAGE_MAXPHYADDR,
	};

	needed |= KAGE_PTE_P | KAGE_PTE_A;
	return (gpte & needed) == needed &&
	       !kage_gpte_rsvd(&mode, gpte, level);
}

/*
 * Follows the tables to a page of the supervisor's, where neither SMEP nor SMAP
 * has a say. With @access W it is writable on all levels, and dirty, so that
 * CR0.WP has none either; with I it can be executed.
 */
static bool find_trail(struct kage_vcpu *vcpu, struct trail *trail, gva_t gva,
		       u32 access)
{
	u64 needed = access & KAGE_PF_W ? KAGE_PTE_W : 0;
	bool nxe = vcpu->efer & EFER_NX;
	const u64 *host = vcpu->devices->root;
	u64 all = ~0ULL, any = 0, gpte;
	int level;

	trail->top = kage_pt_index(gva, KAGE_ROOT_LEVEL);
	host += trail->top;
	for (level = KAGE_ROOT_LEVEL; ; level--) {
		gpte = READ_ONCE(*host);
		if (!is_plain_entry(gpte, level, needed, nxe))
			return false;
		trail->gpte[level] = gpte;
		if (level < KAGE_ROOT_LEVEL)
			trail->host[level] = host;
		all &= gpte;
		any |= gpte;
		if (kage_gpte_is_leaf(gpte, level))
			break;
		host = kage_mem_host(vcpu->vm, (gpte & KAGE_PTE_ADDR) +
				     kage_pt_index(gva, level - 1) * 8, 8,
				     false);
		if (!host)
			return false;
	}
	trail->gpa = (kage_gpte_gfn(gpte, level) << KAGE_PAGE_SHIFT) |
		    (gva & (kage_pt_span(level) * KAGE_PAGE_SIZE - 1));
	while (--level > 0)
		trail->host[level] = &trail->gpte[level];
	return !(all & KAGE_PTE_U) && (!needed || (gpte & KAGE_PTE_D)) &&
	       !((access & KAGE_PF_I) && nxe && (any & KAGE_PTE_NX));
}

/* MOV between memory and a register, or of an immediate; and MOVZX. */
static bool is_plain(const struct kage_insn *insn, bool write)
{
	if (insn->rep || insn->lock || insn->seg == KAGE_FS ||
	    insn->seg == KAGE_GS)
		return false;
	if (write)
		return insn->op == KAGE_OP_MOV && insn->dst == KAGE_OPND_MEM &&
		       (insn->src == KAGE_OPND_REG ||
			insn->src == KAGE_OPND_IMM);
	return (insn->op == KAGE_OP_MOV || insn->op == KAGE_OP_MOVZX) &&
	       insn->src == KAGE_OPND_MEM && insn->dst == KAGE_OPND_REG;
}

static bool learn_code(struct kage_vcpu *vcpu, struct memo *memo)
{
	u64 bytes[2];

	if ((memo->rip & ~KAGE_PAGE_MASK) > KAGE_PAGE_SIZE - FETCH ||
	    !find_trail(vcpu, &memo->code, memo->rip, KAGE_PF_I))
		return false;
	memo->bytes_at = kage_mem_host(vcpu->vm, memo->code.gpa, FETCH, false);
	if (!memo->bytes_at)
		return false;
	/* Once, so that what is compared is what is decoded. */
	bytes[0] = READ_ONCE(memo->bytes_at[0]);
	bytes[1] = READ_ONCE(memo->bytes_at[1]);
	if (kage_decode((const u8 *)bytes, KAGE_INSN_MAX, 8, &memo->insn) ||
	    !is_plain(&memo->insn, memo->write))
		return false;
	memo->mask[0] = kage_insn_mask(memo->insn.len);
	memo->mask[1] = kage_insn_mask(memo->insn.len - 8);
	memo->bytes[0] = bytes[0] & memo->mask[0];
	memo->bytes[1] = bytes[1] & memo->mask[1];
	return true;
}

static bool learn_target(struct kage_vcpu *vcpu, struct memo *memo)
{
	return find_trail(vcpu, &memo->target, memo->page,
			  memo->write ? KAGE_PF_W : 0) &&
	       !kage_mem_slot(vcpu->vm,
			      memo->target.gpa >> KAGE_PAGE_SHIFT);
}

void kage_device_remember(struct kage_vcpu *vcpu, u64 rip, gva_t gva,
			  bool write)
{
	gva_t page = gva & KAGE_PAGE_MASK;
	struct memo *memo = memo_of(vcpu->devices, rip, page);
	bool again = memo->rip == rip && memo->page == page &&
		     memo->write == write;

	if (!kage_has(KAGE_FEATURE_DEVICE))
		return;
	memo->ready = false;
	memo->rip = rip;
	memo->page = page;
	memo->write = write;
	memo->efer = vcpu->efer;
	if (!again || !same_slots(vcpu) || !find_root(vcpu) ||
	    !is_supervisor(vcpu))
		return;
	memo->ready = learn_target(vcpu, memo) && learn_code(vcpu, memo);
}
