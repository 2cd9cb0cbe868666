// SPDX-License-Identifier: GPL-2.0
/*
 * Results and flags of executed instructions: a sample of what user space
 * compares with the processor for all operands.
 */
#include <kunit/test.h>
#include "../emul/alu.c"

#define CF	BIT(0)
#define ZF	BIT(6)
#define SF	BIT(7)
#define OF	BIT(11)

struct row {
	const char *name;
	u8 op, size;
	u64 dst, src, result, flags;
};

static const struct row rows[] = {
	{ "and to zero", KAGE_OP_AND, 8, 0xf0, 0x0f, 0, ZF },
	{ "or sets the sign", KAGE_OP_OR, 1, 0x80, 1, 0x81, SF },
	{ "xor with itself", KAGE_OP_XOR, 4, 0x1234, 0x1234, 0, ZF },
	{ "add carries", KAGE_OP_ADD, 1, 0xff, 1, 0, ZF | CF },
	{ "add overflows", KAGE_OP_ADD, 1, 0x7f, 1, 0x80, SF | OF },
	{ "sub borrows", KAGE_OP_SUB, 2, 0, 1, 0xffff, SF | CF },
	{ "btr tells the bit", KAGE_OP_BTR, 8, 3, 1, 1, CF },
	{ "bts tells the bit", KAGE_OP_BTS, 8, 1, 1, 3, 0 },
};

static void alu_row(struct kunit *test)
{
	const struct row *row = test->param_value;
	const struct kage_insn insn = { .op = row->op, .opsize = row->size,
					.memsize = row->size };
	u64 flags = 0;

	KUNIT_EXPECT_EQ(test, kage_insn_alu(&insn, row->dst, row->src, 0,
					    &flags), row->result);
	/* Bit operations leave ZF, SF and OF as they were or undefined. */
	KUNIT_EXPECT_EQ(test, flags & (CF | ZF | SF | OF), row->flags);
}

static void row_name(const struct row *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(alu, rows, row_name);

/* CMPXCHG: what is stored, and ZF, which tells whether it was. */
static void cmpxchg_tells(struct kunit *test)
{
	const struct kage_insn insn = { .op = KAGE_OP_CMPXCHG, .opsize = 8,
					.memsize = 8 };
	u64 flags = 0;

	KUNIT_EXPECT_EQ(test, kage_insn_alu(&insn, 5, 7, 5, &flags), 7ULL);
	KUNIT_EXPECT_TRUE(test, flags & BIT(6));
	KUNIT_EXPECT_EQ(test, kage_insn_alu(&insn, 6, 7, 5, &flags), 6ULL);
	KUNIT_EXPECT_FALSE(test, flags & BIT(6));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(alu_row, alu_gen_params),
	KUNIT_CASE(cmpxchg_tells),
	{}
};

static struct kunit_suite suite = {
	.name = "kage_alu",
	.test_cases = cases,
};

kunit_test_suite(suite);
