// SPDX-License-Identifier: GPL-2.0
/*
 * Executes one guest instruction that touched a page table or a device.
 *
 * Nothing of an instruction, or of one iteration of a string instruction, is
 * carried out before every byte of its operands is known to be accessible.
 */
#include "emul.h"
#include "decode.h"
#include "device.h"
#include "../dev/bus.h"
#include "../mmu/fault.h"
#include "../mmu/mem.h"
#include "../vcpu.h"
#include "../vmx/event.h"
#include "../vmx/state.h"
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <asm/processor-flags.h>

/* Iterations of a REP string per exit: interrupts are taken in between. */
#define STRING_BURST	64

/* Attempts at a locked operation that another vCPU keeps disturbing. */
#define LOCK_TRIES	16

/* SDM: "Segment-Register Access Rights". */
#define SEG_WRITE	BIT(1)	/* data: writable; code: readable */
#define SEG_DOWN	BIT(2)	/* data: expands down */
#define SEG_CODE	BIT(3)
#define SEG_PRESENT	BIT(7)
#define SEG_BIG		BIT(14)

/* A memory operand: one piece, or two where it crosses into another page. */
struct span {
	enum kage_opnd opnd;
	u32 access;		/* KAGE_PF_W or 0 */
	gva_t gva;
	u64 ea;
	unsigned int len;	/* 0: the operand is not in memory */
	unsigned int head;	/* bytes of it in the first page */
	gpa_t gpa[2];
};

struct emul {
	struct kage_vcpu *vcpu;
	struct kage_insn insn;
	u64 rip;
	u64 rflags;		/* before the instruction */
	unsigned int mode;	/* code size in bytes */
	u32 user;		/* KAGE_PF_U at CPL 3 */

	/* The access that exited. */
	gva_t gva;
	gpa_t gpa;
	u32 access;

	struct span from, to;
};

/*
 * Internal results: 0 the instruction is done or may go on, -EAGAIN the guest
 * shall run it again, -EOPNOTSUPP it is not one of those admitted.
 */

static u64 low_bytes(u64 val, unsigned int size)
{
	return val & kage_insn_mask(size);
}

/* Linear addresses have 32 bits outside 64-bit code. */
static gva_t wrap(const struct emul *e, gva_t gva)
{
	return e->mode == 8 ? gva : (u32)gva;
}

static u64 read_reg(const struct emul *e, unsigned int size)
{
	return kage_insn_reg(&e->insn, e->vcpu->regs, size);
}

static void write_reg(struct emul *e, u64 val)
{
	kage_insn_set_reg(&e->insn, e->vcpu->regs, val);
}

/* The bytes end before the instruction does: find out why. */
static int cut_short(struct emul *e, gva_t ip, unsigned int avail)
{
	const gva_t next = wrap(e, ip + avail);
	gpa_t gpa;
	u32 err;

	if (avail == KAGE_INSN_MAX)
		kage_event_inject_gp(e->vcpu, 0);
	else if (kage_mmu_translate(e->vcpu, next, e->user | KAGE_PF_I, &gpa,
				    &err))
		kage_event_inject_pf(e->vcpu, next, err);
	else
		return -EOPNOTSUPP;	/* code outside RAM */
	return -EAGAIN;
}

static int fetch(struct emul *e)
{
	const gva_t ip = wrap(e, kage_vcpu_seg_base(e->vcpu, KAGE_CS) + e->rip);
	u8 bytes[KAGE_INSN_MAX];
	unsigned int avail;
	int ret = -ENODATA;

	avail = kage_mmu_fetch(e->vcpu, ip, bytes, sizeof(bytes));
	if (avail)
		ret = kage_decode(bytes, avail, e->mode, &e->insn);
	if (ret == -ENODATA)
		return cut_short(e, ip, avail);
	if (ret == -EINVAL) {
		/* What exited was valid: these bytes are newer. */
		kage_event_inject_ud(e->vcpu);
		return -EAGAIN;
	}
	return ret;
}

static enum kage_seg segment_of(const struct emul *e, const struct span *s)
{
	return s->opnd == KAGE_OPND_DI ? KAGE_ES : e->insn.seg;
}

static bool canonical(gva_t gva)
{
	return (s64)(gva << 16) >> 16 == (s64)gva;
}

/* SDM: "Limit Checking" and "Type Checking". */
static bool segment_allows(const struct emul *e, const struct span *s)
{
	const u64 last = s->ea + s->len - 1;
	struct kage_segment seg;

	kage_vcpu_seg(e->vcpu, segment_of(e, s), &seg);
	if (!(seg.attr & SEG_PRESENT))
		return false;
	if (seg.attr & SEG_CODE)
		return (seg.attr & SEG_WRITE) && !(s->access & KAGE_PF_W) &&
		       last <= seg.limit;
	if ((s->access & KAGE_PF_W) && !(seg.attr & SEG_WRITE))
		return false;
	if (seg.attr & SEG_DOWN)
		return s->ea > seg.limit &&
		       last <= (seg.attr & SEG_BIG ? U32_MAX : U16_MAX);
	return last <= seg.limit;
}

static bool allowed(const struct emul *e, const struct span *s)
{
	if (e->mode == 8)
		return canonical(s->gva) && canonical(s->gva + s->len - 1);
	return segment_allows(e, s);
}

static bool aligned(const struct emul *e, const struct span *s)
{
	return !e->user || !(e->vcpu->cr0 & X86_CR0_AM) ||
	       !(s->gva & (s->len - 1)) ||
	       !(e->rflags & X86_EFLAGS_AC);
}

/* The operand's linear address; says nothing about whether it is allowed. */
static void place(const struct emul *e, enum kage_opnd opnd, u32 access,
		  struct span *s)
{
	memset(s, 0, sizeof(*s));
	if (opnd != KAGE_OPND_MEM && opnd != KAGE_OPND_SI &&
	    opnd != KAGE_OPND_DI)
		return;
	s->opnd = opnd;
	s->access = access;
	s->len = e->insn.memsize;
	s->ea = kage_insn_ea(&e->insn, e->vcpu->regs, e->rip, opnd);
	s->gva = wrap(e, s->ea +
		      kage_vcpu_seg_base(e->vcpu, segment_of(e, s)));
	s->head = min_t(u64, s->len, KAGE_PAGE_SIZE -
			(s->gva & ~KAGE_PAGE_MASK));
}

/* Raise what an access to @s raises before paging looks at it. */
static int check(struct emul *e, const struct span *s)
{
	if (!s->len)
		return 0;
	if (!allowed(e, s)) {
		if (segment_of(e, s) == KAGE_SS)
			kage_event_inject_ss(e->vcpu, 0);
		else
			kage_event_inject_gp(e->vcpu, 0);
		return -EAGAIN;
	}
	if (!aligned(e, s)) {
		kage_event_inject_ac(e->vcpu, 0);
		return -EAGAIN;
	}
	return 0;
}

static int translate_piece(struct emul *e, gva_t gva, u32 access, gpa_t *gpa)
{
	u32 err;

	/* The exit handler has walked for this page already. */
	if (!((gva ^ e->gva) & KAGE_PAGE_MASK) && !(access & ~e->access)) {
		*gpa = (e->gpa & KAGE_PAGE_MASK) | (gva & ~KAGE_PAGE_MASK);
		return 0;
	}
	if (!kage_mmu_translate(e->vcpu, gva, access | e->user, gpa, &err))
		return 0;
	kage_event_inject_pf(e->vcpu, gva, err);
	return -EAGAIN;
}

static int translate(struct emul *e, struct span *s)
{
	int ret = 0;

	if (s->len)
		ret = translate_piece(e, s->gva, s->access, &s->gpa[0]);
	if (!ret && s->head < s->len)
		ret = translate_piece(e, wrap(e, s->gva + s->head), s->access,
				      &s->gpa[1]);
	return ret;
}

static bool hit(const struct emul *e, const struct span *s)
{
	return wrap(e, e->gva - s->gva) < s->len;
}

static bool writes(const struct kage_insn *insn)
{
	return insn->op != KAGE_OP_CMP && insn->op != KAGE_OP_TEST &&
	       insn->op != KAGE_OP_BT && insn->op != KAGE_OP_FLUSH;
}

/* Make both operands accessible, or leave a fault pending for the guest. */
static int reach(struct emul *e)
{
	const struct kage_insn *insn = &e->insn;
	int ret;

	place(e, insn->src, 0, &e->from);
	place(e, insn->dst, writes(insn) ? KAGE_PF_W : 0, &e->to);
	/*
	 * Not the instruction that exited: another CPU wrote over it. Nothing
	 * promises that a REP string, done in larger pieces by the processor,
	 * faults at the element that its registers name, nor at which byte of
	 * its line a flush does.
	 */
	if (!insn->rep && insn->op != KAGE_OP_FLUSH && !hit(e, &e->from) &&
	    !hit(e, &e->to))
		return -EAGAIN;

	ret = check(e, &e->from);
	if (!ret)
		ret = check(e, &e->to);
	if (!ret)
		ret = translate(e, &e->from);
	if (!ret)
		ret = translate(e, &e->to);
	return ret;
}

/* One access where the size has one; other vCPUs may be storing here. */
static u64 load(const void *host, unsigned int len)
{
	u64 val = 0;

	switch ((unsigned long)host & (len - 1) ? 0 : len) {
	case 1:
		return READ_ONCE(*(const u8 *)host);
	case 2:
		return READ_ONCE(*(const u16 *)host);
	case 4:
		return READ_ONCE(*(const u32 *)host);
	case 8:
		return READ_ONCE(*(const u64 *)host);
	default:
		memcpy(&val, host, len);
		return val;
	}
}

/* The bus takes 1, 2, 4 or 8 bytes; what a page boundary cut goes bytewise. */
static unsigned int bus_unit(unsigned int len)
{
	return len & (len - 1) ? 1 : len;
}

static u64 bus_read(struct kage_vcpu *vcpu, gpa_t gpa, unsigned int len)
{
	const unsigned int unit = bus_unit(len);
	unsigned int i;
	u64 val = 0;

	for (i = 0; i < len; i += unit)
		val |= low_bytes(kage_bus_read(vcpu, KAGE_BUS_MMIO, gpa + i,
					       unit), unit) << (i * 8);
	return val;
}

static void bus_write(struct kage_vcpu *vcpu, gpa_t gpa, unsigned int len,
		      u64 val)
{
	const unsigned int unit = bus_unit(len);
	unsigned int i;

	for (i = 0; i < len; i += unit)
		kage_bus_write(vcpu, KAGE_BUS_MMIO, gpa + i, unit,
			       low_bytes(val >> (i * 8), unit));
}

static u64 read_piece(struct kage_vcpu *vcpu, gpa_t gpa, unsigned int len)
{
	const void *host = kage_mem_host(vcpu->vm, gpa, len, false);

	return host ? load(host, len) : bus_read(vcpu, gpa, len);
}

static void write_piece(struct kage_vcpu *vcpu, gpa_t gpa, unsigned int len,
			u64 val)
{
	/* A store to read-only memory is lost, as it is in a ROM. */
	if (kage_mem_host(vcpu->vm, gpa, len, false))
		(void)kage_mmu_store(vcpu, gpa, val, len);
	else
		bus_write(vcpu, gpa, len, val);
}

static u64 read_span(struct emul *e, const struct span *s)
{
	u64 val = read_piece(e->vcpu, s->gpa[0], s->head);

	if (s->head < s->len)
		val |= read_piece(e->vcpu, s->gpa[1], s->len - s->head) <<
		       (s->head * 8);
	return val;
}

static void write_span(struct emul *e, const struct span *s, u64 val)
{
	write_piece(e->vcpu, s->gpa[0], s->head, low_bytes(val, s->head));
	if (s->head < s->len)
		write_piece(e->vcpu, s->gpa[1], s->len - s->head,
			    val >> (s->head * 8));
}

/* What a read-modify-write took and made. */
struct rmw {
	u64 src;
	u64 old;
	u64 rflags;
};

static u64 compute(struct emul *e, struct rmw *rmw)
{
	return kage_insn_alu(&e->insn, rmw->old, rmw->src,
			     e->vcpu->regs[KAGE_RAX], &rmw->rflags);
}

/*
 * Only one page and only RAM can be exclusive. A locked access to a device or
 * across pages is two accesses: nothing that a guest does relies on more.
 */
static bool exclusive(const struct emul *e)
{
	return e->insn.lock && e->to.head == e->to.len &&
	       kage_mem_host(e->vcpu->vm, e->to.gpa[0], e->to.len, false);
}

static int rmw_locked(struct emul *e, struct rmw *rmw)
{
	const struct span *s = &e->to;
	int tries, ret;
	u64 val;

	for (tries = 0; tries < LOCK_TRIES; tries++) {
		rmw->rflags = e->rflags;
		rmw->old = read_span(e, s);
		val = compute(e, rmw);
		ret = kage_mmu_cmpxchg(e->vcpu, s->gpa[0], rmw->old, val,
				       s->len);
		/* -EFAULT: read-only memory, the store is lost. */
		if (ret)
			return 0;
	}
	return -EAGAIN;
}

static void rmw_plain(struct emul *e, struct rmw *rmw)
{
	u64 val;

	/* A device must not see a read that the instruction does not make. */
	if (e->insn.op != KAGE_OP_MOV)
		rmw->old = read_span(e, &e->to);
	val = compute(e, rmw);
	if (writes(&e->insn))
		write_span(e, &e->to, val);
}

/* The register that some operations change beside their destination. */
static void write_back(struct emul *e, const struct rmw *rmw)
{
	const struct kage_insn *insn = &e->insn;

	if (insn->op == KAGE_OP_XCHG || insn->op == KAGE_OP_XADD)
		write_reg(e, rmw->old);
	else if (insn->op == KAGE_OP_CMPXCHG && !(rmw->rflags & X86_EFLAGS_ZF))
		kage_insn_put(&e->vcpu->regs[KAGE_RAX], rmw->old, insn->opsize);
}

static int run_to_memory(struct emul *e, struct rmw *rmw)
{
	int ret = 0;

	if (e->insn.src == KAGE_OPND_REG)
		rmw->src = read_reg(e, e->insn.opsize);
	else
		rmw->src = low_bytes(e->insn.imm, e->insn.opsize);
	if (exclusive(e))
		ret = rmw_locked(e, rmw);
	else
		rmw_plain(e, rmw);
	if (!ret)
		write_back(e, rmw);
	return ret;
}

static void run_to_register(struct emul *e, struct rmw *rmw)
{
	u64 val;

	rmw->src = read_span(e, &e->from);
	rmw->old = read_reg(e, e->insn.opsize);
	val = compute(e, rmw);
	if (writes(&e->insn))
		write_reg(e, val);
}

static int run_plain(struct emul *e)
{
	struct rmw rmw = { .rflags = e->rflags };
	int ret = reach(e);

	/* No cache holds what a device has. */
	if (ret || e->insn.op == KAGE_OP_FLUSH)
		return ret;
	if (e->to.len)
		ret = run_to_memory(e, &rmw);
	else
		run_to_register(e, &rmw);
	if (!ret && rmw.rflags != e->rflags)
		kage_vcpu_set_rflags(e->vcpu, rmw.rflags);
	return ret;
}

static void advance(struct emul *e, enum kage_reg reg)
{
	u64 *val = &e->vcpu->regs[reg];
	s64 delta = e->insn.opsize;

	if (e->rflags & X86_EFLAGS_DF)
		delta = -delta;
	kage_insn_put(val, *val + delta, e->insn.adsize);
}

static void string_step(struct emul *e)
{
	const u64 val = e->from.len ? read_span(e, &e->from) :
				      read_reg(e, e->insn.opsize);

	if (e->to.len)
		write_span(e, &e->to, val);
	else
		write_reg(e, val);
	if (e->from.len)
		advance(e, KAGE_RSI);
	if (e->to.len)
		advance(e, KAGE_RDI);
}

/* Count an iteration; false once none is left. */
static bool count_down(struct emul *e)
{
	u64 *count = &e->vcpu->regs[KAGE_RCX];

	kage_insn_put(count, *count - 1, e->insn.adsize);
	return low_bytes(*count, e->insn.adsize);
}

/* Move to the next element; false where that takes a new look at the tables. */
static bool next_element(struct emul *e, struct span *s)
{
	struct span next;

	if (!s->len)
		return true;
	place(e, s->opnd, s->access, &next);
	if (((next.gva ^ s->gva) & KAGE_PAGE_MASK) || s->head < s->len ||
	    next.head < next.len || !allowed(e, &next) || !aligned(e, &next))
		return false;
	next.gpa[0] = (s->gpa[0] & KAGE_PAGE_MASK) |
		      (next.gva & ~KAGE_PAGE_MASK);
	*s = next;
	return true;
}

/*
 * An unfinished REP string leaves RIP where it is: the guest runs it again,
 * and takes an interrupt or a single-step trap before that if one is due.
 */
static int run_string(struct emul *e)
{
	unsigned int left = STRING_BURST;
	int ret;

	if (e->insn.rep &&
	    !low_bytes(e->vcpu->regs[KAGE_RCX], e->insn.adsize))
		return 0;
	ret = reach(e);
	if (ret)
		return ret;
	if (e->rflags & X86_EFLAGS_TF)
		left = 1;
	do {
		string_step(e);
		if (!e->insn.rep || !count_down(e))
			return 0;
	} while (--left && next_element(e, &e->from) &&
		 next_element(e, &e->to));

	e->vcpu->stats[KAGE_STAT_INSNS]++;
	kage_vcpu_skip(e->vcpu, 0);
	return -EAGAIN;
}

static int run(struct emul *e)
{
	int ret = fetch(e);

	if (ret)
		return ret;
	ret = kage_insn_is_string(&e->insn) ? run_string(e) : run_plain(e);
	if (ret)
		return ret;

	e->vcpu->stats[KAGE_STAT_INSNS]++;
	kage_vcpu_skip(e->vcpu, e->insn.len);
	return 0;
}

enum kage_emul_result kage_emul_run(struct kage_vcpu *vcpu, gva_t gva,
				    gpa_t gpa, bool write)
{
	struct emul e = {
		.vcpu = vcpu,
		.rip = kage_vcpu_rip(vcpu),
		.rflags = kage_vcpu_rflags(vcpu),
		.mode = kage_vcpu_code_size(vcpu),
		.user = kage_vcpu_cpl(vcpu) == 3 ? KAGE_PF_U : 0,
		.gva = gva,
		.gpa = gpa,
		.access = write ? KAGE_PF_W : 0,
	};

	switch (run(&e)) {
	case 0:
		if (!kage_mem_slot(vcpu->vm, gpa >> KAGE_PAGE_SHIFT))
			kage_device_remember(vcpu, e.rip, gva, write);
		return KAGE_EMUL_DONE;
	case -EAGAIN:
		return KAGE_EMUL_RETRY;
	default:
		return KAGE_EMUL_UNKNOWN;
	}
}
