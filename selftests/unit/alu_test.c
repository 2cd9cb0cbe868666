// SPDX-License-Identifier: GPL-2.0
/*
 * kage_insn_alu() against the CPU that the test runs on: every 8-bit operand
 * pair, edge values and random operands of the wider sizes, with both states
 * of the carry flag and of the other flags.
 */
#include "emul/decode.h"
#include "ktap.h"
#include <linux/kernel.h>

#define CF	0x001ULL
#define PF	0x004ULL
#define AF	0x010ULL
#define ZF	0x040ULL
#define SF	0x080ULL
#define OF	0x800ULL
#define ALL	(CF | PF | AF | ZF | SF | OF)

#define RANDOM_ROUNDS	20000

/* The operation's name and registers in, the same out. */
struct regs {
	u64 dst, src, rax, flags;
};

typedef void (*run_fn)(struct regs *r);

/* Flags in, operation, flags out; the rest of RFLAGS stays as it is. */
#define RUN(insn, type)							\
	do {								\
		type dst = r->dst, src = r->src, rax = r->rax;		\
		u64 keep;						\
									\
		asm volatile("pushfq; pop %[keep]; and %[clear], %[keep];" \
			     "or %[flags], %[keep]; push %[keep]; popfq;" \
			     insn "; pushfq; pop %[flags]"		\
			     : [flags] "+&r" (r->flags),		\
			       [dst] "+&r" (dst), [src] "+&r" (src),	\
			       [rax] "+&a" (rax), [keep] "=&r" (keep)	\
			     : [clear] "i" (~(int)ALL)			\
			     : "cc", "memory");				\
		r->dst = dst;						\
		r->src = src;						\
		r->rax = rax;						\
		r->flags &= ALL;					\
	} while (0)

#define OP_SIZE(name, size, insn, type)					\
	static void name##_##size(struct regs *r) { RUN(insn, type); }

#define OP_WIDE(name, text)						\
	OP_SIZE(name, 2, text("w"), u16)				\
	OP_SIZE(name, 4, text("l"), u32)				\
	OP_SIZE(name, 8, text("q"), u64)
#define OP(name, text)							\
	OP_SIZE(name, 1, text("b"), u8)					\
	OP_WIDE(name, text)

#define T_ADD(s)	"add" s " %[src], %[dst]"
#define T_OR(s)		"or" s " %[src], %[dst]"
#define T_ADC(s)	"adc" s " %[src], %[dst]"
#define T_SBB(s)	"sbb" s " %[src], %[dst]"
#define T_AND(s)	"and" s " %[src], %[dst]"
#define T_SUB(s)	"sub" s " %[src], %[dst]"
#define T_XOR(s)	"xor" s " %[src], %[dst]"
#define T_CMP(s)	"cmp" s " %[src], %[dst]"
#define T_TEST(s)	"test" s " %[src], %[dst]"
#define T_NOT(s)	"not" s " %[dst]"
#define T_NEG(s)	"neg" s " %[dst]"
#define T_INC(s)	"inc" s " %[dst]"
#define T_DEC(s)	"dec" s " %[dst]"
#define T_BT(s)		"bt" s " %[src], %[dst]"
#define T_BTS(s)	"bts" s " %[src], %[dst]"
#define T_BTR(s)	"btr" s " %[src], %[dst]"
#define T_BTC(s)	"btc" s " %[src], %[dst]"
#define T_XADD(s)	"xadd" s " %[src], %[dst]"
#define T_CMPXCHG(s)	"cmpxchg" s " %[src], %[dst]"
#define T_MOV(s)	"mov" s " %[src], %[dst]"

OP(add, T_ADD)
OP(or, T_OR)
OP(adc, T_ADC)
OP(sbb, T_SBB)
OP(and, T_AND)
OP(sub, T_SUB)
OP(xor, T_XOR)
OP(cmp, T_CMP)
OP(test, T_TEST)
OP(not, T_NOT)
OP(neg, T_NEG)
OP(inc, T_INC)
OP(dec, T_DEC)
OP_WIDE(bt, T_BT)
OP_WIDE(bts, T_BTS)
OP_WIDE(btr, T_BTR)
OP_WIDE(btc, T_BTC)
OP(xadd, T_XADD)
OP(cmpxchg, T_CMPXCHG)
OP(mov, T_MOV)

OP_SIZE(movzx1, 2, "movzbw %b[src], %[dst]", u16)
OP_SIZE(movzx1, 4, "movzbl %b[src], %[dst]", u32)
OP_SIZE(movzx1, 8, "movzbq %b[src], %[dst]", u64)
OP_SIZE(movzx2, 4, "movzwl %w[src], %[dst]", u32)
OP_SIZE(movzx2, 8, "movzwq %w[src], %[dst]", u64)
OP_SIZE(movsx1, 2, "movsbw %b[src], %[dst]", u16)
OP_SIZE(movsx1, 4, "movsbl %b[src], %[dst]", u32)
OP_SIZE(movsx1, 8, "movsbq %b[src], %[dst]", u64)
OP_SIZE(movsx2, 4, "movswl %w[src], %[dst]", u32)
OP_SIZE(movsx2, 8, "movswq %w[src], %[dst]", u64)
OP_SIZE(movsx4, 8, "movslq %k[src], %[dst]", u64)

struct row {
	const char *name;
	enum kage_op op;
	unsigned int size, memsize;
	u64 defined;		/* the flags that the SDM defines */
	run_fn run;
};

#define ROW(fn, op, size, defined) \
	{ #op, KAGE_OP_##op, size, size, defined, fn##_##size }
#define WIDE(fn, op, defined) \
	ROW(fn, op, 2, defined), ROW(fn, op, 4, defined), \
	ROW(fn, op, 8, defined)
#define EACH(fn, op, defined) ROW(fn, op, 1, defined), WIDE(fn, op, defined)
#define EXTEND(fn, op, size, mem) \
	{ #op, KAGE_OP_##op, size, mem, ALL, fn##mem##_##size }

static const struct row rows[] = {
	EACH(add, ADD, ALL),
	EACH(or, OR, ALL & ~AF),
	EACH(adc, ADC, ALL),
	EACH(sbb, SBB, ALL),
	EACH(and, AND, ALL & ~AF),
	EACH(sub, SUB, ALL),
	EACH(xor, XOR, ALL & ~AF),
	EACH(cmp, CMP, ALL),
	EACH(test, TEST, ALL & ~AF),
	EACH(not, NOT, ALL),
	EACH(neg, NEG, ALL),
	EACH(inc, INC, ALL),
	EACH(dec, DEC, ALL),
	WIDE(bt, BT, CF | ZF),
	WIDE(bts, BTS, CF | ZF),
	WIDE(btr, BTR, CF | ZF),
	WIDE(btc, BTC, CF | ZF),
	EACH(xadd, XADD, ALL),
	EACH(cmpxchg, CMPXCHG, ALL),
	EACH(mov, MOV, ALL),
	EACH(mov, XCHG, ALL),
	EXTEND(movzx, MOVZX, 2, 1),
	EXTEND(movzx, MOVZX, 4, 1),
	EXTEND(movzx, MOVZX, 8, 1),
	EXTEND(movzx, MOVZX, 4, 2),
	EXTEND(movzx, MOVZX, 8, 2),
	EXTEND(movsx, MOVSX, 2, 1),
	EXTEND(movsx, MOVSX, 4, 1),
	EXTEND(movsx, MOVSX, 8, 1),
	EXTEND(movsx, MOVSX, 4, 2),
	EXTEND(movsx, MOVSX, 8, 2),
	EXTEND(movsx, MOVSX, 8, 4),
};

static u64 low(u64 val, unsigned int size)
{
	return size == 8 ? val : val & (BIT_ULL(size * 8) - 1);
}

static u64 next_random(void)
{
	static u64 state = 0x9e3779b97f4a7c15ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Bits that an arithmetic operation has no say in must come back as given. */
#define OTHER_FLAGS	0x202ULL

static bool same(const struct row *row, u64 dst, u64 src, u64 rax, u64 flags)
{
	const struct kage_insn insn = {
		.op = row->op, .opsize = row->size, .memsize = row->memsize,
	};
	struct regs r = { dst, src, rax, flags };
	u64 ours = flags | OTHER_FLAGS, val;

	row->run(&r);
	val = kage_insn_alu(&insn, low(dst, row->size),
			    low(src, row->memsize), rax, &ours);
	if (val == r.dst && !((ours ^ r.flags) & row->defined) &&
	    (ours & ~ALL) == OTHER_FLAGS)
		return true;
	ktap_diag("%s %u: %llx %llx, rax %llx, flags %llx: %llx/%llx, CPU %llx/%llx",
		  row->name, row->size, dst, src, rax, flags, val, ours, r.dst,
		  r.flags);
	return false;
}

/* A third operand only for CMPXCHG, which must match often. */
static bool same_all_flags(const struct row *row, u64 dst, u64 src)
{
	const u64 noise = next_random();

	return same(row, dst, src, dst, 0) && same(row, dst, src, src, ALL) &&
	       same(row, dst, src, noise, CF) &&
	       same(row, dst, src, noise, noise & ALL);
}

static bool exhaustive(const struct row *row)
{
	unsigned int dst, src;

	for (dst = 0; dst < 256; dst++)
		for (src = 0; src < 256; src++)
			if (!same_all_flags(row, dst, src))
				return false;
	return true;
}

static bool edges(const struct row *row)
{
	static const u64 edge[] = {
		0, 1, 2, 0xf, 0x10, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000,
		0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
		0x100000000, 0x7fffffffffffffff, 0x8000000000000000,
		0xfffffffffffffffe, 0xffffffffffffffff,
	};
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(edge); i++)
		for (j = 0; j < ARRAY_SIZE(edge); j++)
			if (!same_all_flags(row, edge[i], edge[j]))
				return false;
	return true;
}

static bool randoms(const struct row *row)
{
	unsigned int i;
	u64 shift;

	for (i = 0; i < RANDOM_ROUNDS; i++) {
		shift = next_random() & 63;
		if (!same_all_flags(row, next_random() >> shift,
				    next_random()))
			return false;
	}
	return true;
}

int main(void)
{
	const struct row *row;
	bool ok;

	ktap_plan(ARRAY_SIZE(rows));
	for (row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		ok = edges(row) && randoms(row);
		if (ok && row->size == 1)
			ok = exhaustive(row);
		ktap_ok(ok, "%s of %u bytes, source of %u", row->name,
			row->size, row->memsize);
	}
	return ktap_done();
}
