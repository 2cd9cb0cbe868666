// SPDX-License-Identifier: GPL-2.0
/*
 * Recognises changes of CR3 that take several instructions.
 */
#include "cr3.h"

#define REX_B	BIT(0)
#define REX_R	BIT(2)
#define REX_W	BIT(3)

struct cursor {
	const u8 *code;
	unsigned int pos;	/* beyond KAGE_CR3_REACH: too far */
	u8 rex;
	struct kage_cr3_change *change;
};

/* The next byte, which is among those that are compared from now on. */
static u8 take(struct cursor *c)
{
	struct kage_cr3_change *change = c->change;
	struct kage_cr3_piece *piece;
	unsigned int shift;
	bool fresh = !change->nr ||
		     c->pos >= change->piece[change->nr - 1].at + sizeof(u64);

	if (c->pos >= KAGE_CR3_REACH ||
	    (fresh && change->nr == KAGE_CR3_PIECES)) {
		c->pos = KAGE_CR3_REACH + 1;
		return 0;
	}
	if (fresh)
		change->piece[change->nr++].at = c->pos;
	piece = &change->piece[change->nr - 1];
	shift = 8 * (c->pos - piece->at);
	piece->mask |= 0xffULL << shift;
	piece->bytes |= (u64)c->code[c->pos] << shift;
	return c->code[c->pos++];
}

/* A constant of one byte or of four, which counts as one with a sign. */
static s64 take_number(struct cursor *c, unsigned int len)
{
	u32 val = 0;
	unsigned int i;

	for (i = 0; i < len; i++)
		val |= (u32)take(c) << (8 * i);
	return len == 1 ? (s8)val : (s32)val;
}

/* Those that stay in what may be looked at are further checked by take(). */
static bool jump(struct cursor *c, unsigned int len)
{
	s64 distance = take_number(c, len);

	if (distance < 0 || distance > KAGE_CR3_REACH)
		return false;
	c->pos += distance;
	return true;
}

/* The long NOP has an operand that it does not use. */
static bool skip_operand(struct cursor *c)
{
	u8 modrm = take(c), mod = modrm >> 6, rm = modrm & 7;
	unsigned int len = mod == 2 ? 4 : mod & 1;

	if (mod == 3)
		return true;
	if (rm == 4)
		rm = take(c) & 7;
	if (rm == 5 && !mod)
		len = 4;
	while (len--)
		take(c);
	return true;
}

/* Which register an operand is that must be one. */
static bool is_reg(const struct cursor *c, u8 modrm)
{
	return ((modrm & 7) | (c->rex & REX_B ? 8 : 0)) == c->change->reg;
}

static bool alu(struct cursor *c, bool or, unsigned int len)
{
	struct kage_cr3_change *change = c->change;
	u64 val = take_number(c, len);

	if (or) {
		change->add |= val;
		change->keep &= ~val;
	} else {
		change->add &= val;
		change->keep &= val;
	}
	change->flags = true;
	return true;
}

static bool alu_group(struct cursor *c, unsigned int len)
{
	u8 modrm = take(c), op = (modrm >> 3) & 7;

	return modrm >> 6 == 3 && is_reg(c, modrm) && (op == 1 || op == 4) &&
	       alu(c, op == 1, len);
}

/* What the whole sequence ends with; MOV CR takes a register whatever mod is. */
static bool load(struct cursor *c)
{
	u8 modrm = take(c);

	if (((modrm >> 3) & 7) != 3 || (c->rex & REX_R) || !is_reg(c, modrm))
		return false;
	c->change->len = c->pos;
	return true;
}

static bool two_byte(struct cursor *c)
{
	switch (take(c)) {
	case 0x1f:
		return skip_operand(c);
	case 0x22:
		return load(c);
	default:
		return false;
	}
}

/* AND and OR of RAX, or of a register, with all of their 64 bits. */
static bool wide(struct cursor *c, u8 opcode)
{
	switch (opcode) {
	case 0x0d:
	case 0x25:
		return is_reg(c, 0) && !(c->rex & REX_B) &&
		       alu(c, opcode == 0x0d, 4);
	case 0x81:
		return alu_group(c, 4);
	case 0x83:
		return alu_group(c, 1);
	default:
		return false;
	}
}

static u8 skip_prefixes(struct cursor *c, bool *any)
{
	u8 byte = take(c);

	*any = false;
	for (; byte == 0x66 || byte == 0x2e; byte = take(c))
		*any = true;
	return byte;
}

static bool step(struct cursor *c)
{
	bool prefixed;
	u8 byte = skip_prefixes(c, &prefixed);

	c->rex = 0;
	if (byte == 0x90)
		return true;
	/* Only NOPs may have any. */
	if (prefixed)
		return byte == 0x0f && take(c) == 0x1f && skip_operand(c);
	if (byte == 0xeb || byte == 0xe9)
		return jump(c, byte == 0xeb ? 1 : 4);
	if ((byte & 0xf0) == 0x40) {
		c->rex = byte;
		byte = take(c);
	}
	if (byte == 0x0f)
		return two_byte(c);
	return (c->rex & REX_W) && wide(c, byte);
}

bool kage_cr3_decode(const u8 *code, unsigned int reg,
		     struct kage_cr3_change *change)
{
	struct cursor c = { .code = code, .change = change };

	*change = (struct kage_cr3_change) { .keep = ~0ULL, .reg = reg };
	while (step(&c) && c.pos <= KAGE_CR3_REACH)
		if (change->len)
			return true;
	return false;
}
