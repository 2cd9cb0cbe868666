// SPDX-License-Identifier: GPL-2.0
/*
 * The arithmetic of the instructions that kage executes for a guest: results
 * and flags. PURE, the other half of decode.h.
 */
#include "decode.h"
#include <linux/bits.h>
#include <linux/types.h>

#define FLAG_CF		BIT_ULL(0)
#define FLAG_PF		BIT_ULL(2)
#define FLAG_AF		BIT_ULL(4)
#define FLAG_ZF		BIT_ULL(6)
#define FLAG_SF		BIT_ULL(7)
#define FLAG_OF		BIT_ULL(11)
#define FLAGS_ARITH	(FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | \
			 FLAG_OF)

static u64 size_mask(unsigned int size)
{
	return size >= 8 ? ~0ULL : BIT_ULL(size * 8) - 1;
}

static s64 sign_extend(u64 val, unsigned int size)
{
	const unsigned int shift = 64 - size * 8;

	return (s64)(val << shift) >> shift;
}

static u64 sign_bit(unsigned int size)
{
	return BIT_ULL(size * 8 - 1);
}

static void put_flags(u64 *rflags, u64 mask, u64 val)
{
	*rflags = (*rflags & ~mask) | (val & mask);
}

/* PF, ZF and SF; PF looks at the low byte alone. */
static u64 result_flags(u64 val, unsigned int size)
{
	u8 fold = val ^ val >> 4;
	u64 flags = 0;

	/* Bit n of 0x6996 is the parity of n. */
	if (!(0x6996 >> (fold & 15) & 1))
		flags |= FLAG_PF;
	if (!val)
		flags |= FLAG_ZF;
	if (val & sign_bit(size))
		flags |= FLAG_SF;
	return flags;
}

/* @chain: the carry or borrow out of every bit. */
static u64 chain_flags(u64 chain, u64 overflow, unsigned int size)
{
	u64 flags = 0;

	if (chain & sign_bit(size))
		flags |= FLAG_CF;
	if (chain & BIT_ULL(3))
		flags |= FLAG_AF;
	if (overflow & sign_bit(size))
		flags |= FLAG_OF;
	return flags;
}

static u64 add(u64 dst, u64 src, u64 carry, unsigned int size, u64 *rflags)
{
	const u64 val = (dst + src + carry) & size_mask(size);
	const u64 chain = (dst & src) | ((dst | src) & ~val);
	const u64 overflow = (dst ^ val) & (src ^ val);

	put_flags(rflags, FLAGS_ARITH, result_flags(val, size) |
		  chain_flags(chain, overflow, size));
	return val;
}

static u64 sub(u64 dst, u64 src, u64 borrow, unsigned int size, u64 *rflags)
{
	const u64 val = (dst - src - borrow) & size_mask(size);
	const u64 chain = (~dst & src) | ((~dst | src) & val);
	const u64 overflow = (dst ^ src) & (dst ^ val);

	put_flags(rflags, FLAGS_ARITH, result_flags(val, size) |
		  chain_flags(chain, overflow, size));
	return val;
}

/* AF is undefined after these; it is cleared as processors do. */
static u64 logic(u64 val, unsigned int size, u64 *rflags)
{
	put_flags(rflags, FLAGS_ARITH, result_flags(val, size));
	return val;
}

/* INC and DEC leave CF alone. */
static u64 step(enum kage_op op, u64 dst, unsigned int size, u64 *rflags)
{
	const u64 carry = *rflags;
	u64 val;

	if (op == KAGE_OP_INC)
		val = add(dst, 1, 0, size, rflags);
	else
		val = sub(dst, 1, 0, size, rflags);
	put_flags(rflags, FLAG_CF, carry);
	return val;
}

/* The flags but CF and ZF are undefined after these; they are left alone. */
static u64 bit_op(enum kage_op op, u64 dst, u64 src, unsigned int size,
		  u64 *rflags)
{
	const u64 bit = BIT_ULL(src & (size * 8 - 1));

	put_flags(rflags, FLAG_CF, dst & bit ? FLAG_CF : 0);
	switch (op) {
	case KAGE_OP_BTS:
		return dst | bit;
	case KAGE_OP_BTR:
		return dst & ~bit;
	case KAGE_OP_BTC:
		return dst ^ bit;
	default:
		return dst;
	}
}

u64 kage_insn_alu(const struct kage_insn *insn, u64 dst, u64 src, u64 rax,
		  u64 *rflags)
{
	const unsigned int size = insn->opsize;
	const u64 mask = size_mask(size);
	const u64 carry = *rflags & FLAG_CF;

	dst &= mask;
	src &= mask;
	switch (insn->op) {
	case KAGE_OP_MOVZX:
		return src & size_mask(insn->memsize);
	case KAGE_OP_MOVSX:
		return sign_extend(src, insn->memsize) & mask;
	case KAGE_OP_CMPXCHG:
		sub(rax & mask, dst, 0, size, rflags);
		return *rflags & FLAG_ZF ? src : dst;
	case KAGE_OP_ADD:
	case KAGE_OP_XADD:
		return add(dst, src, 0, size, rflags);
	case KAGE_OP_ADC:
		return add(dst, src, carry, size, rflags);
	case KAGE_OP_SUB:
		return sub(dst, src, 0, size, rflags);
	case KAGE_OP_SBB:
		return sub(dst, src, carry, size, rflags);
	case KAGE_OP_CMP:
		sub(dst, src, 0, size, rflags);
		return dst;
	case KAGE_OP_NEG:
		return sub(0, dst, 0, size, rflags);
	case KAGE_OP_OR:
		return logic(dst | src, size, rflags);
	case KAGE_OP_AND:
		return logic(dst & src, size, rflags);
	case KAGE_OP_XOR:
		return logic(dst ^ src, size, rflags);
	case KAGE_OP_TEST:
		logic(dst & src, size, rflags);
		return dst;
	case KAGE_OP_NOT:
		return ~dst & mask;
	case KAGE_OP_INC:
	case KAGE_OP_DEC:
		return step(insn->op, dst, size, rflags);
	case KAGE_OP_BT:
	case KAGE_OP_BTS:
	case KAGE_OP_BTR:
	case KAGE_OP_BTC:
		return bit_op(insn->op, dst, src, size, rflags);
	default:
		/* MOV, XCHG and the string operations hand the source on. */
		return src;
	}
}
