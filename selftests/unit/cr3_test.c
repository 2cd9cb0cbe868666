// SPDX-License-Identifier: GPL-2.0
/* Changes of CR3 that take several instructions, as kernels have them. */
#include "emul/cr3.h"
#include "ktap.h"
#include <linux/kernel.h>
#include <string.h>

enum { RAX, RSP = 4, RDI = 7, R11 = 11 };

#define AND_RDI	"\x48\x81\xe7\xff\xe7\xff\xff"
#define OR_RDI	"\x48\x81\xcf\x00\x10\x00\x00"
#define LOAD_RDI "\x0f\x22\xdf"
#define NOP5	"\x90\x90\x90\x90\x90"
#define NO_USER	0xffffffffffffe7ffULL

struct row {
	const char *name;
	unsigned int reg;
	const char *code;
	unsigned int size;	/* of @code */
	unsigned int len;	/* 0: not admitted */
	u64 keep, add;
	bool flags;
};

#define CODE(bytes)	(bytes), sizeof(bytes) - 1
#define NONE		0, 0, 0, false

static const struct row rows[] = {
	{ "nothing but the load", RAX, CODE("\x0f\x22\xd8"), 3, ~0ULL, 0, false },
	{ "AND", RDI, CODE(AND_RDI LOAD_RDI), 10, NO_USER, 0, true },
	{ "OR", RDI, CODE(OR_RDI LOAD_RDI), 10, ~0x1000ULL, 0x1000, true },
	{ "AND of RAX", RAX, CODE("\x48\x25\xff\xe7\xff\xff\x0f\x22\xd8"), 9,
	  NO_USER, 0, true },
	{ "OR of RAX", RAX, CODE("\x48\x0d\x00\x10\x00\x00\x0f\x22\xd8"), 9,
	  ~0x1000ULL, 0x1000, true },
	{ "AND with one byte", RDI, CODE("\x48\x83\xe7\xf0" LOAD_RDI), 7,
	  ~0xfULL, 0, true },
	{ "OR with one byte", RDI, CODE("\x48\x83\xcf\x18" LOAD_RDI), 7,
	  ~0x18ULL, 0x18, true },
	{ "RSP", RSP, CODE("\x48\x81\xe4\xff\xe7\xff\xff\x0f\x22\xdc"), 10,
	  NO_USER, 0, true },
	{ "R11", R11, CODE("\x49\x81\xe3\xff\xe7\xff\xff\x41\x0f\x22\xdb"), 11,
	  NO_USER, 0, true },
	{ "AND, then OR", RDI, CODE(AND_RDI OR_RDI LOAD_RDI), 17,
	  NO_USER & ~0x1000ULL, 0x1000, true },
	{ "OR, then AND", RDI, CODE(OR_RDI AND_RDI LOAD_RDI), 17,
	  NO_USER & ~0x1000ULL, 0, true },
	{ "five NOPs", RDI, CODE(NOP5 AND_RDI LOAD_RDI), 15, NO_USER, 0, true },
	{ "long NOPs", RDI, CODE("\x66\x90\x0f\x1f\x00\x0f\x1f\x40\x00"
	  "\x0f\x1f\x44\x00\x00\x66\x0f\x1f\x44\x00\x00" LOAD_RDI), 23,
	  ~0ULL, 0, false },
	{ "longer NOPs", RDI, CODE("\x0f\x1f\x80\x00\x00\x00\x00"
	  "\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00" LOAD_RDI), 20, ~0ULL, 0, false },
	{ "a NOP of an absolute address", RDI,
	  CODE("\x0f\x1f\x04\x25\x00\x00\x00\x00" LOAD_RDI), 11, ~0ULL, 0, false },
	{ "a jump over what is not executed", RDI,
	  CODE("\xeb\x32xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	  OR_RDI LOAD_RDI), 62, ~0x1000ULL, 0x1000, true },
	{ "a near jump", RDI, CODE("\xe9\x02\x00\x00\x00\x0f\x0b" LOAD_RDI), 10,
	  ~0ULL, 0, false },
	{ "a jump back", RDI, CODE("\xeb\xfe" LOAD_RDI), NONE },
	{ "a jump too far", RDI, CODE("\xeb\x46" LOAD_RDI), NONE },
	{ "a near jump too far", RDI, CODE("\xe9\x00\x00\x00\x10" LOAD_RDI), NONE },
	{ "another register loaded", RDI, CODE(AND_RDI "\x0f\x22\xde"), NONE },
	{ "another register changed", RDI,
	  CODE("\x48\x81\xe6\xff\xe7\xff\xff" LOAD_RDI), NONE },
	{ "R15 for RDI", RDI, CODE("\x49\x81\xe7\xff\xe7\xff\xff" LOAD_RDI), NONE },
	{ "half of the register", RDI,
	  CODE("\x81\xe7\xff\xe7\xff\xff" LOAD_RDI), NONE },
	{ "a quarter of the register", RDI,
	  CODE("\x66\x81\xe7\xff\xe7" LOAD_RDI), NONE },
	{ "memory", RDI, CODE("\x48\x81\x27\xff\xe7\xff\xff" LOAD_RDI), NONE },
	{ "XOR", RDI, CODE("\x48\x81\xf7\x00\x10\x00\x00" LOAD_RDI), NONE },
	{ "AND of RAX for RDI", RDI,
	  CODE("\x48\x25\xff\xe7\xff\xff" LOAD_RDI), NONE },
	{ "another control register", RDI, CODE(AND_RDI "\x0f\x22\xe7"), NONE },
	{ "one that does not exist", RDI, CODE(AND_RDI "\x44\x0f\x22\xdf"), NONE },
	{ "PAUSE", RDI, CODE("\xf3\x90" LOAD_RDI), NONE },
	{ "XCHG with R8", RAX, CODE("\x49\x90\x0f\x22\xd8"), NONE },
	{ "LOCK", RDI, CODE("\xf0" AND_RDI LOAD_RDI), NONE },
	{ "a breakpoint", RDI, CODE("\xcc\x81\xe7\xff\xe7\xff\xff" LOAD_RDI), NONE },
	{ "a load that is too far", RDI,
	  CODE("\xeb\x44xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	  "xxxxxxxxxxxxxxxx" LOAD_RDI), NONE },
	{ "more places than are kept", RDI,
	  CODE("\xeb\x08xxxxxxxx\xeb\x08xxxxxxxx\xeb\x08xxxxxxxx"
	  "\xeb\x08xxxxxxxx" LOAD_RDI), NONE },
};

static bool is_same(const struct kage_cr3_change *a,
		    const struct kage_cr3_change *b)
{
	return a->keep == b->keep && a->add == b->add && a->len == b->len &&
	       a->flags == b->flags;
}

static bool compares_equal(const struct kage_cr3_change *change, const u8 *code)
{
	unsigned int i;
	u64 word;

	for (i = 0; i < change->nr; i++) {
		memcpy(&word, code + change->piece[i].at, sizeof(word));
		if ((word & change->piece[i].mask) != change->piece[i].bytes)
			return false;
	}
	return true;
}

/* No bit may change what the code does and not be compared. */
static bool is_all_compared(const struct row *row, u8 *code,
			    const struct kage_cr3_change *change)
{
	struct kage_cr3_change other;
	unsigned int bit;

	if (!compares_equal(change, code))
		return false;
	for (bit = 0; bit < 8 * KAGE_CR3_REACH; bit++) {
		bool same;

		code[bit / 8] ^= 1 << bit % 8;
		same = kage_cr3_decode(code, row->reg, &other) &&
		       is_same(change, &other);
		if (!same && compares_equal(change, code)) {
			ktap_diag("bit %u is not compared", bit);
			return false;
		}
		code[bit / 8] ^= 1 << bit % 8;
	}
	return true;
}

static bool check(const struct row *row)
{
	const struct kage_cr3_change want = {
		.keep = row->keep, .add = row->add, .len = row->len,
		.flags = row->flags,
	};
	u8 code[KAGE_CR3_REACH + sizeof(u64)];
	struct kage_cr3_change got;
	bool admitted;

	memset(code, 0xcc, sizeof(code));
	memcpy(code, row->code, row->size);
	admitted = kage_cr3_decode(code, row->reg, &got);
	if (!admitted || !row->len)
		return admitted == (row->len > 0);
	if (!is_same(&got, &want)) {
		ktap_diag("%u bytes, & %#llx | %#llx", got.len,
			  (unsigned long long)got.keep,
			  (unsigned long long)got.add);
		return false;
	}
	return is_all_compared(row, code, &got);
}

int main(void)
{
	unsigned int i;

	ktap_plan(ARRAY_SIZE(rows));
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		ktap_ok(check(&rows[i]), "%s", rows[i].name);
	return ktap_done();
}
