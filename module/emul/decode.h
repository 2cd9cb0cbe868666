/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Decoder for the few instructions that kage executes for a guest: stores to
 * page tables and accesses to device memory. PURE: bytes in, a description
 * out.
 */
#ifndef _KAGE_EMUL_DECODE_H
#define _KAGE_EMUL_DECODE_H

#include "../types.h"

#define KAGE_INSN_MAX	15

/*
 * One name per operation; the operand forms are told apart by dst and src.
 * CMP, TEST and BT read memory and change only flags; FLUSH does not even read.
 */
enum kage_op {
	KAGE_OP_MOV,		/* also movnti */
	KAGE_OP_MOVZX,
	KAGE_OP_MOVSX,		/* also movsxd */
	KAGE_OP_STOS,
	KAGE_OP_LODS,
	KAGE_OP_MOVS,
	KAGE_OP_XCHG,
	KAGE_OP_CMPXCHG,
	KAGE_OP_XADD,
	KAGE_OP_ADD, KAGE_OP_OR, KAGE_OP_ADC, KAGE_OP_SBB,
	KAGE_OP_AND, KAGE_OP_SUB, KAGE_OP_XOR, KAGE_OP_CMP,
	KAGE_OP_TEST,
	KAGE_OP_NOT, KAGE_OP_NEG, KAGE_OP_INC, KAGE_OP_DEC,
	KAGE_OP_BT, KAGE_OP_BTS, KAGE_OP_BTR, KAGE_OP_BTC,
	KAGE_OP_FLUSH,		/* clflush, clflushopt, clwb */
	KAGE_NR_OPS
};

enum kage_opnd {
	KAGE_OPND_NONE,
	KAGE_OPND_MEM,		/* base + index * scale + disp, segment seg */
	KAGE_OPND_REG,		/* register reg */
	KAGE_OPND_IMM,		/* imm, sign-extended to 64 bits */
	KAGE_OPND_SI,		/* [seg:rSI] of lods and movs */
	KAGE_OPND_DI,		/* [es:rDI] of stos and movs */
};

#define KAGE_NO_REG	0xff

struct kage_insn {
	u8 len;			/* bytes of the whole instruction */
	u8 op;			/* enum kage_op */
	u8 dst;			/* enum kage_opnd */
	u8 src;			/* enum kage_opnd */
	u8 opsize;		/* bytes of the destination: 1, 2, 4, 8 */
	u8 memsize;		/* bytes at the memory operand: 1, 2, 4, 8 */
	u8 adsize;		/* address size in bytes: 2, 4, 8 */
	u8 reg;			/* enum kage_reg of KAGE_OPND_REG */
	bool high_byte;		/* reg means AH, CH, DH, BH of RAX + reg */
	bool rep;		/* REP prefix on a string instruction */
	bool lock;		/* LOCK prefix, or XCHG with memory */
	u8 seg;			/* enum kage_seg of the memory operand */
	u8 base;		/* enum kage_reg or KAGE_NO_REG */
	u8 index;		/* enum kage_reg or KAGE_NO_REG */
	u8 scale;		/* 1, 2, 4, 8 */
	bool rip_rel;		/* base is the address of the next instruction */
	s64 disp;
	s64 imm;
};

static inline bool kage_insn_is_string(const struct kage_insn *insn)
{
	return insn->dst == KAGE_OPND_DI || insn->src == KAGE_OPND_SI;
}

/**
 * kage_decode() - describe the instruction at the start of @bytes
 * @bytes: instruction bytes
 * @avail: how many of them are valid, 1 to KAGE_INSN_MAX
 * @mode: 8 in 64-bit code, 4 in 32-bit code, 2 in 16-bit code
 * @insn: filled on success, unspecified otherwise
 *
 * Only forms that name memory are admitted (register-only forms never fault
 * on an address). LOCK is accepted only where the SDM allows it.
 *
 * Return: 0; -ENODATA if the instruction goes on past @avail; -EOPNOTSUPP if
 * it is none of those admitted; -EINVAL if it is invalid in @mode (#UD).
 */
int kage_decode(const u8 *bytes, unsigned int avail, unsigned int mode,
		struct kage_insn *insn);

/**
 * kage_insn_ea() - effective address of the memory operand, segment base apart
 * @regs: the KAGE_NR_REGS general registers
 * @rip: address of the instruction
 * @opnd: KAGE_OPND_MEM, KAGE_OPND_SI or KAGE_OPND_DI
 *
 * Truncated to the address size. For the bit-string forms (BT and family with
 * a register bit offset) the offset's whole operands are added in.
 */
u64 kage_insn_ea(const struct kage_insn *insn, const u64 *regs, u64 rip,
		 enum kage_opnd opnd);

/** kage_insn_mask() - the @n lowest bytes of a word; @n may be out of it */
static inline u64 kage_insn_mask(int n)
{
	return n <= 0 ? 0 : n >= 8 ? ~0ULL : (1ULL << (n * 8)) - 1;
}

/** kage_insn_put() - store @size bytes in a register, as the processor does */
static inline void kage_insn_put(u64 *reg, u64 val, unsigned int size)
{
	/* A 32-bit result clears the rest, a shorter one leaves it. */
	const u64 keep = size >= 4 ? 0 : *reg & ~kage_insn_mask(size);

	*reg = keep | (val & kage_insn_mask(size));
}

/** kage_insn_reg() - @size bytes of the register operand */
static inline u64 kage_insn_reg(const struct kage_insn *insn, const u64 *regs,
				unsigned int size)
{
	const u64 val = regs[insn->reg];

	return (insn->high_byte ? val >> 8 : val) & kage_insn_mask(size);
}

/** kage_insn_set_reg() - the register operand's new value */
static inline void kage_insn_set_reg(const struct kage_insn *insn, u64 *regs,
				     u64 val)
{
	u64 *reg = &regs[insn->reg];

	if (insn->high_byte)
		*reg = (*reg & ~0xff00ULL) | (val & 0xff) << 8;
	else
		kage_insn_put(reg, val, insn->opsize);
}

/**
 * kage_insn_alu() - compute an operation's result and flags
 * @dst: old destination value; @src: source value, both zero-extended
 * @rax: for CMPXCHG
 * @rflags: in: old RFLAGS; out: RFLAGS with the arithmetic flags changed
 *
 * For every operation but the string ones and XADD's and XCHG's register
 * half. SDM: the pages of the instructions, "Flags Affected".
 *
 * Return: the new destination value, zero-extended from the operand size.
 * CMPXCHG returns @src where it matched and @dst where not (ZF tells).
 */
u64 kage_insn_alu(const struct kage_insn *insn, u64 dst, u64 src, u64 rax,
		  u64 *rflags);

#endif /* _KAGE_EMUL_DECODE_H */
