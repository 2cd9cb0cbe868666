// SPDX-License-Identifier: GPL-2.0
/*
 * The decoder on the stores that kernels make to page tables, and on what it
 * must refuse. The full set of rows runs in user space.
 */
#include <kunit/test.h>
#include "../emul/decode.c"

struct row {
	const char *name;
	u8 bytes[KAGE_INSN_MAX];
	unsigned int avail;
	int ret;
	u8 len, op, memsize;
};

static const struct row rows[] = {
	{ "mov [rdi], rax", { 0x48, 0x89, 0x07 }, 15, 0, 3, KAGE_OP_MOV, 8 },
	{ "mov [rdi+rcx*8], rsi", { 0x48, 0x89, 0x34, 0xcf }, 15, 0, 4,
	  KAGE_OP_MOV, 8 },
	{ "mov qword [rax], 0", { 0x48, 0xc7, 0x00, 0, 0, 0, 0 }, 15, 0, 7,
	  KAGE_OP_MOV, 8 },
	{ "mov [rdi], eax", { 0x89, 0x07 }, 15, 0, 2, KAGE_OP_MOV, 4 },
	{ "xchg [rdi], rax", { 0x48, 0x87, 0x07 }, 15, 0, 3, KAGE_OP_XCHG, 8 },
	{ "lock cmpxchg [rdi], rsi", { 0xf0, 0x48, 0x0f, 0xb1, 0x37 }, 15, 0,
	  5, KAGE_OP_CMPXCHG, 8 },
	{ "lock btr qword [rdi], 1", { 0xf0, 0x48, 0x0f, 0xba, 0x37, 1 }, 15,
	  0, 6, KAGE_OP_BTR, 8 },
	{ "lock and byte [rdi], 0xfd", { 0xf0, 0x80, 0x27, 0xfd }, 15, 0, 4,
	  KAGE_OP_AND, 1 },
	{ "rep stosq", { 0xf3, 0x48, 0xab }, 15, 0, 3, KAGE_OP_STOS, 8 },
	{ "rep movsq", { 0xf3, 0x48, 0xa5 }, 15, 0, 3, KAGE_OP_MOVS, 8 },
	{ "cut short", { 0x48, 0xc7, 0x00, 0, 0 }, 5, -ENODATA },
	{ "no memory operand", { 0x48, 0x89, 0xc0 }, 15, -EOPNOTSUPP },
	{ "movdqu", { 0xf3, 0x0f, 0x7f, 0x07 }, 15, -EOPNOTSUPP },
	{ "lock mov", { 0xf0, 0x48, 0x89, 0x07 }, 15, -EINVAL },
};

static void decode_row(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct kage_insn insn;
	int ret = kage_decode(row->bytes, row->avail, 8, &insn);

	KUNIT_ASSERT_EQ(test, ret, row->ret);
	if (ret)
		return;
	KUNIT_EXPECT_EQ(test, insn.len, row->len);
	KUNIT_EXPECT_EQ(test, insn.op, row->op);
	KUNIT_EXPECT_EQ(test, insn.memsize, row->memsize);
}

static void row_name(const struct row *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(decode, rows, row_name);

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(decode_row, decode_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "kage_decode",
	.test_cases = cases,
};

kunit_test_suite(suite);
