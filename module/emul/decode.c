// SPDX-License-Identifier: GPL-2.0
/*
 * Decoder for the few instructions that kage executes for a guest. The opcode
 * maps are tables; a form that is not in them is not admitted, VEX and EVEX
 * among them.
 */
#include "decode.h"
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/types.h>

/* Where an instruction keeps an operand. */
enum part {
	P_NONE,
	P_RM,		/* ModRM.rm, memory only */
	P_REG,		/* ModRM.reg */
	P_ACC,		/* AL, AX, EAX, RAX */
	P_IMM,		/* immediate of the operand size, at most 4 bytes */
	P_MOFFS,	/* absolute address of the address size */
	P_SI,
	P_DI,
	P_GROUP,	/* ModRM.reg selects from the group named by op */
};

#define F_BYTE	BIT(0)	/* the operand size is one byte */
#define F_LOCK	BIT(1)	/* LOCK is allowed */
#define F_M1	BIT(2)	/* the memory operand has one byte */
#define F_M2	BIT(3)	/* two bytes */
#define F_M4	BIT(4)	/* four bytes, or two with 16-bit operands */
#define F_IMM1	BIT(5)	/* the immediate has one byte */
#define F_LONG	BIT(6)	/* another instruction outside 64-bit code */
#define F_PLAIN	BIT(7)	/* 66 not allowed; never 16-bit operands */
#define F_NOREP	BIT(8)	/* F2, F3 not allowed */
#define F_66	BIT(9)	/* another instruction without 66 */

/* A row whose dst is P_NONE is not admitted. */
struct form {
	u8 op;		/* enum kage_op, or enum group with P_GROUP */
	u8 dst, src;	/* enum part */
	u16 flags;
};

enum group {
	GRP_ALU, GRP_MOV, GRP_UNARY, GRP_INCDEC, GRP_BIT, GRP_FLUSH, NR_GROUPS
};

static const struct form groups[NR_GROUPS][8] = {
	[GRP_ALU] = {
		{ KAGE_OP_ADD, P_RM, P_IMM, F_LOCK },
		{ KAGE_OP_OR, P_RM, P_IMM, F_LOCK },
		{ KAGE_OP_ADC, P_RM, P_IMM, F_LOCK },
		{ KAGE_OP_SBB, P_RM, P_IMM, F_LOCK },
		{ KAGE_OP_AND, P_RM, P_IMM, F_LOCK },
		{ KAGE_OP_SUB, P_RM, P_IMM, F_LOCK },
		{ KAGE_OP_XOR, P_RM, P_IMM, F_LOCK },
		{ KAGE_OP_CMP, P_RM, P_IMM, 0 },
	},
	[GRP_MOV] = {
		{ KAGE_OP_MOV, P_RM, P_IMM, 0 },
	},
	[GRP_UNARY] = {
		[0] = { KAGE_OP_TEST, P_RM, P_IMM, 0 },
		[2] = { KAGE_OP_NOT, P_RM, P_NONE, F_LOCK },
		[3] = { KAGE_OP_NEG, P_RM, P_NONE, F_LOCK },
	},
	[GRP_INCDEC] = {
		{ KAGE_OP_INC, P_RM, P_NONE, F_LOCK },
		{ KAGE_OP_DEC, P_RM, P_NONE, F_LOCK },
	},
	[GRP_BIT] = {
		[4] = { KAGE_OP_BT, P_RM, P_IMM, 0 },
		[5] = { KAGE_OP_BTS, P_RM, P_IMM, F_LOCK },
		[6] = { KAGE_OP_BTR, P_RM, P_IMM, F_LOCK },
		[7] = { KAGE_OP_BTC, P_RM, P_IMM, F_LOCK },
	},
	[GRP_FLUSH] = {
		[6] = { KAGE_OP_FLUSH, P_RM, P_NONE, F_66 },
		[7] = { KAGE_OP_FLUSH, P_RM, P_NONE, 0 },
	},
};

/* The six-opcode rows of the arithmetic operations, memory forms only. */
#define ALU_ROW(code, op, lock)					\
	[(code) + 0] = { op, P_RM, P_REG, F_BYTE | (lock) },	\
	[(code) + 1] = { op, P_RM, P_REG, lock },		\
	[(code) + 2] = { op, P_REG, P_RM, F_BYTE },		\
	[(code) + 3] = { op, P_REG, P_RM, 0 }

static const struct form one_byte[256] = {
	ALU_ROW(0x00, KAGE_OP_ADD, F_LOCK),
	ALU_ROW(0x08, KAGE_OP_OR, F_LOCK),
	ALU_ROW(0x10, KAGE_OP_ADC, F_LOCK),
	ALU_ROW(0x18, KAGE_OP_SBB, F_LOCK),
	ALU_ROW(0x20, KAGE_OP_AND, F_LOCK),
	ALU_ROW(0x28, KAGE_OP_SUB, F_LOCK),
	ALU_ROW(0x30, KAGE_OP_XOR, F_LOCK),
	ALU_ROW(0x38, KAGE_OP_CMP, 0),
	[0x63] = { KAGE_OP_MOVSX, P_REG, P_RM, F_M4 | F_LONG },
	[0x80] = { GRP_ALU, P_GROUP, P_NONE, F_BYTE },
	[0x81] = { GRP_ALU, P_GROUP, P_NONE, 0 },
	[0x83] = { GRP_ALU, P_GROUP, P_NONE, F_IMM1 },
	[0x84] = { KAGE_OP_TEST, P_RM, P_REG, F_BYTE },
	[0x85] = { KAGE_OP_TEST, P_RM, P_REG, 0 },
	[0x86] = { KAGE_OP_XCHG, P_RM, P_REG, F_BYTE | F_LOCK },
	[0x87] = { KAGE_OP_XCHG, P_RM, P_REG, F_LOCK },
	[0x88] = { KAGE_OP_MOV, P_RM, P_REG, F_BYTE },
	[0x89] = { KAGE_OP_MOV, P_RM, P_REG, 0 },
	[0x8a] = { KAGE_OP_MOV, P_REG, P_RM, F_BYTE },
	[0x8b] = { KAGE_OP_MOV, P_REG, P_RM, 0 },
	[0xa0] = { KAGE_OP_MOV, P_ACC, P_MOFFS, F_BYTE },
	[0xa1] = { KAGE_OP_MOV, P_ACC, P_MOFFS, 0 },
	[0xa2] = { KAGE_OP_MOV, P_MOFFS, P_ACC, F_BYTE },
	[0xa3] = { KAGE_OP_MOV, P_MOFFS, P_ACC, 0 },
	[0xa4] = { KAGE_OP_MOVS, P_DI, P_SI, F_BYTE },
	[0xa5] = { KAGE_OP_MOVS, P_DI, P_SI, 0 },
	[0xaa] = { KAGE_OP_STOS, P_DI, P_ACC, F_BYTE },
	[0xab] = { KAGE_OP_STOS, P_DI, P_ACC, 0 },
	[0xac] = { KAGE_OP_LODS, P_ACC, P_SI, F_BYTE },
	[0xad] = { KAGE_OP_LODS, P_ACC, P_SI, 0 },
	[0xc6] = { GRP_MOV, P_GROUP, P_NONE, F_BYTE },
	[0xc7] = { GRP_MOV, P_GROUP, P_NONE, 0 },
	[0xf6] = { GRP_UNARY, P_GROUP, P_NONE, F_BYTE },
	[0xf7] = { GRP_UNARY, P_GROUP, P_NONE, 0 },
	[0xfe] = { GRP_INCDEC, P_GROUP, P_NONE, F_BYTE },
	[0xff] = { GRP_INCDEC, P_GROUP, P_NONE, 0 },
};

/* After 0F. */
static const struct form two_byte[256] = {
	[0xa3] = { KAGE_OP_BT, P_RM, P_REG, 0 },
	[0xab] = { KAGE_OP_BTS, P_RM, P_REG, F_LOCK },
	[0xae] = { GRP_FLUSH, P_GROUP, P_NONE, F_BYTE | F_NOREP },
	[0xb0] = { KAGE_OP_CMPXCHG, P_RM, P_REG, F_BYTE | F_LOCK },
	[0xb1] = { KAGE_OP_CMPXCHG, P_RM, P_REG, F_LOCK },
	[0xb3] = { KAGE_OP_BTR, P_RM, P_REG, F_LOCK },
	[0xb6] = { KAGE_OP_MOVZX, P_REG, P_RM, F_M1 },
	[0xb7] = { KAGE_OP_MOVZX, P_REG, P_RM, F_M2 },
	[0xba] = { GRP_BIT, P_GROUP, P_NONE, F_IMM1 },
	[0xbb] = { KAGE_OP_BTC, P_RM, P_REG, F_LOCK },
	[0xbe] = { KAGE_OP_MOVSX, P_REG, P_RM, F_M1 },
	[0xbf] = { KAGE_OP_MOVSX, P_REG, P_RM, F_M2 },
	[0xc0] = { KAGE_OP_XADD, P_RM, P_REG, F_BYTE | F_LOCK },
	[0xc1] = { KAGE_OP_XADD, P_RM, P_REG, F_LOCK },
	[0xc3] = { KAGE_OP_MOV, P_RM, P_REG, F_PLAIN | F_NOREP },
};

#define NO_SEG	KAGE_NR_SEGS

#define REX_B	BIT(0)
#define REX_X	BIT(1)
#define REX_R	BIT(2)
#define REX_W	BIT(3)

/* The bytes, how far they are read, and what the prefixes said. */
struct cursor {
	const u8 *bytes;
	unsigned int avail, pos;
	unsigned int mode;
	bool over;		/* sticky: the bytes did not suffice */
	bool size_prefix, address_prefix, rep, lock;
	u8 rex;
	u8 seg;
	u8 modrm;
};

static u64 size_mask(unsigned int size)
{
	return size >= 8 ? ~0ULL : BIT_ULL(size * 8) - 1;
}

static s64 sign_extend(u64 val, unsigned int size)
{
	const unsigned int shift = 64 - size * 8;

	return (s64)(val << shift) >> shift;
}

/* The next @size bytes as a number; 0 once they do not suffice. */
static u64 take(struct cursor *c, unsigned int size)
{
	u64 val = 0;
	unsigned int i;

	if (c->over || size > c->avail - c->pos) {
		c->over = true;
		return 0;
	}
	for (i = 0; i < size; i++)
		val |= (u64)c->bytes[c->pos++] << (i * 8);
	return val;
}

static s64 take_signed(struct cursor *c, unsigned int size)
{
	return sign_extend(take(c, size), size);
}

/* ES, CS, SS and DS overrides are without effect in 64-bit code. */
static void set_segment(struct cursor *c, enum kage_seg seg)
{
	if (c->mode != 8 || seg == KAGE_FS || seg == KAGE_GS)
		c->seg = seg;
}

static bool legacy_prefix(struct cursor *c, u8 byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
		set_segment(c, KAGE_ES + (byte - 0x26) / 8);
		return true;
	case 0x64:
	case 0x65:
		set_segment(c, KAGE_FS + byte - 0x64);
		return true;
	case 0x66:
		c->size_prefix = true;
		return true;
	case 0x67:
		c->address_prefix = true;
		return true;
	case 0xf0:
		c->lock = true;
		return true;
	case 0xf2:
	case 0xf3:
		c->rep = true;
		return true;
	}
	return false;
}

/* Returns the first opcode byte. */
static u8 take_prefixes(struct cursor *c)
{
	u8 byte;

	while (!c->over) {
		byte = take(c, 1);
		if (c->mode == 8 && (byte & 0xf0) == 0x40) {
			c->rex = byte;
			continue;
		}
		if (!legacy_prefix(c, byte))
			return byte;
		/* REX counts only right before the opcode. */
		c->rex = 0;
	}
	return 0;
}

static bool has_modrm(const struct form *form)
{
	return form->dst == P_RM || form->src == P_RM || form->dst == P_GROUP;
}

/* The opcode and the ModRM byte. */
static struct form take_form(struct cursor *c)
{
	u8 byte = take_prefixes(c);
	const struct form *row = &one_byte[byte];
	struct form form;

	if (byte == 0x0f)
		row = &two_byte[(u8)take(c, 1)];
	form = *row;
	if (!has_modrm(row))
		return form;

	c->modrm = take(c, 1);
	if (row->dst == P_GROUP) {
		form = groups[row->op][c->modrm >> 3 & 7];
		form.flags |= row->flags;
	}
	return form;
}

static int check_form(const struct cursor *c, const struct form *form)
{
	const bool reg_only = has_modrm(form) && c->modrm >> 6 == 3;

	if (c->over)
		return -ENODATA;
	if (form->dst == P_NONE)
		return -EOPNOTSUPP;
	if ((form->flags & F_LONG) && c->mode != 8)
		return -EOPNOTSUPP;
	if (((form->flags & F_PLAIN) && c->size_prefix) ||
	    ((form->flags & F_66) && !c->size_prefix) ||
	    ((form->flags & F_NOREP) && c->rep))
		return -EOPNOTSUPP;
	if (c->lock && (reg_only || !(form->flags & F_LOCK)))
		return -EINVAL;
	return reg_only ? -EOPNOTSUPP : 0;
}

static u8 operand_size(const struct cursor *c, const struct form *form)
{
	if (form->flags & F_BYTE)
		return 1;
	if (c->rex & REX_W)
		return 8;
	if (form->flags & F_PLAIN)
		return 4;
	return (c->mode == 2) == c->size_prefix ? 4 : 2;
}

static u8 memory_size(const struct form *form, u8 opsize)
{
	if (form->flags & F_M1)
		return 1;
	if (form->flags & F_M2)
		return 2;
	if (form->flags & F_M4)
		return opsize == 2 ? 2 : 4;
	return opsize;
}

static u8 address_size(const struct cursor *c)
{
	if (!c->address_prefix)
		return c->mode;
	return c->mode == 4 ? 2 : 4;
}

/* SDM: "16-Bit Addressing Forms with the ModR/M Byte". */
static void take_mem16(struct cursor *c, struct kage_insn *insn)
{
	static const struct { u8 base, index; } rows[8] = {
		{ KAGE_RBX, KAGE_RSI }, { KAGE_RBX, KAGE_RDI },
		{ KAGE_RBP, KAGE_RSI }, { KAGE_RBP, KAGE_RDI },
		{ KAGE_RSI, KAGE_NO_REG }, { KAGE_RDI, KAGE_NO_REG },
		{ KAGE_RBP, KAGE_NO_REG }, { KAGE_RBX, KAGE_NO_REG },
	};
	const unsigned int mod = c->modrm >> 6, rm = c->modrm & 7;

	if (mod == 0 && rm == 6) {
		insn->disp = take_signed(c, 2);
		return;
	}
	insn->base = rows[rm].base;
	insn->index = rows[rm].index;
	if (mod)
		insn->disp = take_signed(c, mod);
}

static void take_sib(struct cursor *c, struct kage_insn *insn)
{
	const u8 sib = take(c, 1);
	const u8 index = (sib >> 3 & 7) | (c->rex & REX_X ? 8 : 0);

	if (index != KAGE_RSP) {
		insn->index = index;
		insn->scale = 1 << (sib >> 6);
	}
	if ((sib & 7) == KAGE_RBP && c->modrm >> 6 == 0)
		insn->disp = take_signed(c, 4);
	else
		insn->base = (sib & 7) | (c->rex & REX_B ? 8 : 0);
}

/* SDM: "32-Bit Addressing Forms with the ModR/M Byte", and REX on top. */
static void take_mem32(struct cursor *c, struct kage_insn *insn)
{
	const unsigned int mod = c->modrm >> 6, rm = c->modrm & 7;

	if (rm == KAGE_RSP) {
		take_sib(c, insn);
	} else if (mod == 0 && rm == KAGE_RBP) {
		insn->disp = take_signed(c, 4);
		insn->rip_rel = c->mode == 8;
	} else {
		insn->base = rm | (c->rex & REX_B ? 8 : 0);
	}
	if (mod)
		insn->disp = take_signed(c, mod == 1 ? 1 : 4);
}

static void take_mem(struct cursor *c, struct kage_insn *insn)
{
	if (insn->adsize == 2)
		take_mem16(c, insn);
	else
		take_mem32(c, insn);
	if (insn->base == KAGE_RSP || insn->base == KAGE_RBP)
		insn->seg = KAGE_SS;
}

static void set_reg(const struct cursor *c, struct kage_insn *insn)
{
	insn->reg = (c->modrm >> 3 & 7) | (c->rex & REX_R ? 8 : 0);
	if (insn->opsize == 1 && !c->rex && insn->reg >= 4) {
		insn->reg -= 4;
		insn->high_byte = true;
	}
}

static enum kage_opnd take_operand(struct cursor *c, struct kage_insn *insn,
				   enum part part, u16 flags)
{
	unsigned int size = insn->opsize == 8 ? 4 : insn->opsize;

	switch (part) {
	case P_RM:
		take_mem(c, insn);
		return KAGE_OPND_MEM;
	case P_MOFFS:
		insn->disp = take(c, insn->adsize);
		return KAGE_OPND_MEM;
	case P_REG:
		set_reg(c, insn);
		return KAGE_OPND_REG;
	case P_ACC:
		insn->reg = KAGE_RAX;
		return KAGE_OPND_REG;
	case P_IMM:
		insn->imm = take_signed(c, flags & F_IMM1 ? 1 : size);
		return KAGE_OPND_IMM;
	case P_SI:
		return KAGE_OPND_SI;
	case P_DI:
		return KAGE_OPND_DI;
	default:
		return KAGE_OPND_NONE;
	}
}

int kage_decode(const u8 *bytes, unsigned int avail, unsigned int mode,
		struct kage_insn *insn)
{
	struct cursor c = {
		.bytes = bytes, .avail = avail, .mode = mode, .seg = NO_SEG,
	};
	struct form form = take_form(&c);
	int ret = check_form(&c, &form);

	if (ret)
		return ret;

	memset(insn, 0, sizeof(*insn));
	insn->op = form.op;
	insn->opsize = operand_size(&c, &form);
	insn->memsize = memory_size(&form, insn->opsize);
	insn->adsize = address_size(&c);
	insn->base = KAGE_NO_REG;
	insn->index = KAGE_NO_REG;
	insn->scale = 1;
	insn->seg = KAGE_DS;
	/* Address before immediate: no form has the two the other way round. */
	insn->dst = take_operand(&c, insn, form.dst, form.flags);
	insn->src = take_operand(&c, insn, form.src, form.flags);
	if (c.over)
		return -ENODATA;

	if (c.seg != NO_SEG)
		insn->seg = c.seg;
	if (insn->op == KAGE_OP_STOS)
		insn->seg = KAGE_ES;
	insn->rep = c.rep && kage_insn_is_string(insn);
	insn->lock = c.lock || insn->op == KAGE_OP_XCHG;
	insn->len = c.pos;
	return 0;
}

static bool is_bit_op(const struct kage_insn *insn)
{
	return insn->op >= KAGE_OP_BT && insn->op <= KAGE_OP_BTC;
}

/* A register bit offset reaches any operand before or after the base. */
static u64 bit_string_offset(const struct kage_insn *insn, u64 offset)
{
	s64 bytes = sign_extend(offset, insn->opsize) >> 3;

	return bytes & ~((s64)insn->opsize - 1);
}

static u64 mem_ea(const struct kage_insn *insn, const u64 *regs, u64 rip)
{
	u64 ea = insn->disp;

	if (insn->rip_rel)
		ea += rip + insn->len;
	if (insn->base != KAGE_NO_REG)
		ea += regs[insn->base];
	if (insn->index != KAGE_NO_REG)
		ea += regs[insn->index] * insn->scale;
	if (is_bit_op(insn) && insn->src == KAGE_OPND_REG)
		ea += bit_string_offset(insn, regs[insn->reg]);
	return ea;
}

u64 kage_insn_ea(const struct kage_insn *insn, const u64 *regs, u64 rip,
		 enum kage_opnd opnd)
{
	u64 ea;

	if (opnd == KAGE_OPND_SI)
		ea = regs[KAGE_RSI];
	else if (opnd == KAGE_OPND_DI)
		ea = regs[KAGE_RDI];
	else
		ea = mem_ea(insn, regs, rip);
	return ea & size_mask(insn->adsize);
}
