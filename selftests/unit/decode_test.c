// SPDX-License-Identifier: GPL-2.0
/*
 * kage_decode() and kage_insn_ea(): rows of instructions with what they mean,
 * rows of effective addresses, and random bytes for what must hold of all.
 */
#include "emul/decode.h"
#include "decode_rows.h"
#include "ktap.h"
#include <linux/errno.h>
#include <linux/kernel.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_ROUNDS	100000

static const char *const op_names[KAGE_NR_OPS] = {
	"mov", "movzx", "movsx", "stos", "lods", "movs", "xchg", "cmpxchg",
	"xadd", "add", "or", "adc", "sbb", "and", "sub", "xor", "cmp", "test",
	"not", "neg", "inc", "dec", "bt", "bts", "btr", "btc",
	"flush",
};

static const char *const seg_names[] = { "es", "cs", "ss", "ds", "fs", "gs" };

/* A description that grows. */
struct text {
	char buf[160];
	size_t len;
};

__attribute__((format(printf, 2, 3)))
static void put(struct text *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	t->len += vsnprintf(t->buf + t->len, sizeof(t->buf) - t->len, fmt,
			    args);
	va_end(args);
}

static void put_number(struct text *t, s64 val, const char *plus)
{
	if (val < 0)
		put(t, "-0x%llx", -(u64)val);
	else
		put(t, "%s0x%llx", plus, val);
}

static void put_operand(struct text *t, const struct kage_insn *insn, u8 opnd)
{
	switch (opnd) {
	case KAGE_OPND_NONE:
		put(t, "-");
		break;
	case KAGE_OPND_MEM:
		put(t, "m");
		break;
	case KAGE_OPND_REG:
		put(t, "r%u%s", insn->reg, insn->high_byte ? "h" : "");
		break;
	case KAGE_OPND_IMM:
		put_number(t, insn->imm, "");
		break;
	case KAGE_OPND_SI:
		put(t, "si");
		break;
	case KAGE_OPND_DI:
		put(t, "di");
		break;
	default:
		put(t, "?");
	}
}

static void put_address(struct text *t, const struct kage_insn *insn)
{
	const char *plus = "";

	put(t, "[");
	if (insn->rip_rel) {
		put(t, "rip");
		plus = "+";
	}
	if (insn->base != KAGE_NO_REG) {
		put(t, "%sr%u", plus, insn->base);
		plus = "+";
	}
	if (insn->index != KAGE_NO_REG) {
		put(t, "%sr%u*%u", plus, insn->index, insn->scale);
		plus = "+";
	}
	if (insn->disp || !*plus)
		put_number(t, insn->disp, plus);
	put(t, "]");
}

static void describe(struct text *t, const struct kage_insn *insn)
{
	put(t, "%s %u/%u a%u ", op_names[insn->op], insn->opsize,
	    insn->memsize, insn->adsize);
	put_operand(t, insn, insn->dst);
	put(t, ",");
	put_operand(t, insn, insn->src);
	put(t, "%s%s %s:", insn->lock ? " lock" : "", insn->rep ? " rep" : "",
	    seg_names[insn->seg]);
	if (insn->dst == KAGE_OPND_MEM || insn->src == KAGE_OPND_MEM)
		put_address(t, insn);
}

static unsigned int parse_bytes(const char *hex, u8 *bytes)
{
	unsigned int len = 0;
	char *end;

	while (*hex && len < KAGE_INSN_MAX) {
		bytes[len++] = strtoul(hex, &end, 16);
		hex = end;
	}
	return len;
}

/* The bytes lie at the end of their allocation: reading on is caught. */
static int decode_exact(const u8 *bytes, unsigned int avail,
			unsigned int mode, struct kage_insn *insn)
{
	u8 *copy = malloc(avail);
	int ret;

	memcpy(copy, bytes, avail);
	ret = kage_decode(copy, avail, mode, insn);
	free(copy);
	return ret;
}

static void test_row(const struct row *row)
{
	u8 bytes[KAGE_INSN_MAX];
	const unsigned int len = parse_bytes(row->bytes, bytes);
	struct text got = { .buf = "" };
	struct kage_insn insn;

	switch (decode_exact(bytes, len, row->mode, &insn)) {
	case 0:
		describe(&got, &insn);
		if (insn.len != len)
			put(&got, " length %u", insn.len);
		break;
	case -ENODATA:
		put(&got, "ENODATA");
		break;
	case -EOPNOTSUPP:
		put(&got, "EOPNOTSUPP");
		break;
	case -EINVAL:
		put(&got, "EINVAL");
		break;
	default:
		put(&got, "another error");
	}
	if (!ktap_ok(!strcmp(got.buf, row->expect), "%u-bit %s: %s",
		     row->mode * 8, row->bytes, row->expect))
		ktap_diag("got %s", got.buf);
}

#define EA_RIP	0x7ffffffffff0ULL

/* RCX is -1: an index and a bit offset before the base. */
static const u64 ea_regs[KAGE_NR_REGS] = {
	[KAGE_RAX] = 0x1122334455667788, [KAGE_RCX] = ~0ULL,
	[KAGE_RDX] = 100, [KAGE_RBX] = 0xfffffffffffffff0,
	[KAGE_RBP] = 0xffff8000, [KAGE_RSI] = 0x123456789abcdef0,
	[KAGE_RDI] = 0xfedcba9876543210, [KAGE_R8] = 0x8000000000000000,
};

struct ea_row {
	unsigned int mode;
	const char *bytes;
	enum kage_opnd opnd;
	u64 ea;
};

static const struct ea_row ea_rows[] = {
	{ 8, "89 03", KAGE_OPND_MEM, 0xfffffffffffffff0 },
	{ 8, "67 89 03", KAGE_OPND_MEM, 0xfffffff0 },
	{ 8, "89 43 20", KAGE_OPND_MEM, 0x10 },
	{ 4, "89 43 20", KAGE_OPND_MEM, 0x10 },
	{ 8, "89 04 8b", KAGE_OPND_MEM, 0xffffffffffffffec },
	{ 8, "89 04 cd 00 00 00 00", KAGE_OPND_MEM, 0xfffffffffffffff8 },
	{ 2, "89 07", KAGE_OPND_MEM, 0xfff0 },
	{ 2, "89 00", KAGE_OPND_MEM, 0xdee0 },
	{ 2, "89 46 fe", KAGE_OPND_MEM, 0x7ffe },
	{ 2, "89 47 20", KAGE_OPND_MEM, 0x10 },
	{ 2, "89 06 34 f2", KAGE_OPND_MEM, 0xf234 },
	{ 8, "89 05 10 00 00 00", KAGE_OPND_MEM, 0x800000000006 },
	{ 8, "67 89 05 10 00 00 00", KAGE_OPND_MEM, 0x7 },
	{ 8, "c6 05 00 00 00 00 01", KAGE_OPND_MEM, 0x7ffffffffff7 },
	{ 8, "48 a3 88 77 66 55 44 33 22 11", KAGE_OPND_MEM,
	  0x1122334455667788 },
	{ 8, "67 a3 88 77 66 f5", KAGE_OPND_MEM, 0xf5667788 },
	/* RDX is bit 100, RCX bit -1 of the string at RAX. */
	{ 8, "66 0f a3 10", KAGE_OPND_MEM, 0x1122334455667794 },
	{ 8, "0f a3 10", KAGE_OPND_MEM, 0x1122334455667794 },
	{ 8, "48 0f a3 10", KAGE_OPND_MEM, 0x1122334455667790 },
	{ 8, "66 0f ab 08", KAGE_OPND_MEM, 0x1122334455667786 },
	{ 8, "0f b3 08", KAGE_OPND_MEM, 0x1122334455667784 },
	{ 8, "48 0f bb 08", KAGE_OPND_MEM, 0x1122334455667780 },
	{ 4, "0f bb 08", KAGE_OPND_MEM, 0x55667784 },
	{ 8, "4c 0f a3 00", KAGE_OPND_MEM, 0x0122334455667788 },
	{ 8, "0f ba 20 64", KAGE_OPND_MEM, 0x1122334455667788 },
	{ 8, "a4", KAGE_OPND_SI, 0x123456789abcdef0 },
	{ 8, "a4", KAGE_OPND_DI, 0xfedcba9876543210 },
	{ 8, "67 a4", KAGE_OPND_DI, 0x76543210 },
	{ 2, "a4", KAGE_OPND_SI, 0xdef0 },
};

static void test_ea(const struct ea_row *row)
{
	u8 bytes[KAGE_INSN_MAX];
	const unsigned int len = parse_bytes(row->bytes, bytes);
	struct kage_insn insn;
	u64 ea = 0;
	int ret;

	ret = kage_decode(bytes, len, row->mode, &insn);
	if (!ret)
		ea = kage_insn_ea(&insn, ea_regs, EA_RIP, row->opnd);
	if (!ktap_ok(!ret && ea == row->ea, "%u-bit address of %s",
		     row->mode * 8, row->bytes))
		ktap_diag("error %d, got %llx for %llx", ret, ea, row->ea);
}

/* The outcome depends on no byte after the instruction's last. */
static bool consistent(const u8 *bytes, unsigned int mode)
{
	struct kage_insn whole, insn;
	unsigned int avail, need = 0;
	int ret, end = decode_exact(bytes, KAGE_INSN_MAX, mode, &whole);

	for (avail = 1; avail < KAGE_INSN_MAX; avail++) {
		ret = decode_exact(bytes, avail, mode, &insn);
		if (ret == -ENODATA && !need)
			continue;
		if (!need)
			need = avail;
		if (ret != end || (!ret && memcmp(&insn, &whole, sizeof(insn))))
			return false;
	}
	if (end)
		return true;
	return (need ?: KAGE_INSN_MAX) == whole.len &&
	       whole.op < KAGE_NR_OPS && whole.seg <= KAGE_GS;
}

static void test_random(unsigned int mode)
{
	u8 bytes[KAGE_INSN_MAX];
	unsigned int i, j;
	bool ok = true;

	for (i = 0; i < RANDOM_ROUNDS && ok; i++) {
		for (j = 0; j < KAGE_INSN_MAX; j++)
			bytes[j] = rand() >> 7;
		ok = consistent(bytes, mode);
	}
	ktap_ok(ok, "%u-bit random bytes", mode * 8);
	for (j = 0; j < KAGE_INSN_MAX && !ok; j++)
		ktap_diag("byte %u is %02x", j, bytes[j]);
}

int main(void)
{
	size_t i;

	ktap_plan(ARRAY_SIZE(rows) + ARRAY_SIZE(ea_rows) + 3);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		test_row(&rows[i]);
	for (i = 0; i < ARRAY_SIZE(ea_rows); i++)
		test_ea(&ea_rows[i]);
	srand(1);
	test_random(8);
	test_random(4);
	test_random(2);
	return ktap_done();
}
