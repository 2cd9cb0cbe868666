// SPDX-License-Identifier: GPL-2.0
/* What an instruction reads from a register, and what it leaves of one. */
#include "emul/decode.h"
#include "ktap.h"
#include <linux/kernel.h>

#define OLD	0x1122334455667788ULL
#define VAL	0xffeeddccbbaa99eeULL

struct row {
	const char *name;
	unsigned int size;
	bool high_byte;
	u64 read;	/* of OLD */
	u64 left;	/* of OLD, when VAL is stored */
};

static const struct row rows[] = {
	{ "8 bytes", 8, false, OLD, VAL },
	{ "4 bytes clear the rest", 4, false, 0x55667788, 0xbbaa99ee },
	{ "2 bytes leave the rest", 2, false, 0x7788, 0x11223344556699eeULL },
	{ "1 byte leaves the rest", 1, false, 0x88, 0x11223344556677eeULL },
	{ "AH, CH, DH, BH", 1, true, 0x77, 0x112233445566ee88ULL },
};

struct mask_row {
	int n;
	u64 mask;
};

static const struct mask_row masks[] = {
	{ -7, 0 }, { 0, 0 }, { 1, 0xff }, { 7, 0xffffffffffffffULL },
	{ 8, ~0ULL }, { 15, ~0ULL },
};

static bool reg_is_right(const struct row *row)
{
	const struct kage_insn insn = {
		.reg = KAGE_RBX, .opsize = row->size,
		.high_byte = row->high_byte,
	};
	u64 regs[KAGE_NR_REGS] = { [KAGE_RBX] = OLD };
	bool ok = kage_insn_reg(&insn, regs, row->size) == row->read;
	unsigned int i;

	kage_insn_set_reg(&insn, regs, VAL);
	for (i = 0; i < KAGE_NR_REGS; i++)
		ok &= regs[i] == (i == KAGE_RBX ? row->left : 0);
	return ok;
}

int main(void)
{
	unsigned int i;

	ktap_plan(ARRAY_SIZE(rows) + ARRAY_SIZE(masks));
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		ktap_ok(reg_is_right(&rows[i]), "%s", rows[i].name);
	for (i = 0; i < ARRAY_SIZE(masks); i++)
		ktap_ok(kage_insn_mask(masks[i].n) == masks[i].mask,
			"mask of %d bytes", masks[i].n);
	return ktap_done();
}
