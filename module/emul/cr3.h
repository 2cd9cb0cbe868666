/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What kernels do with CR3 between reading it and loading it: nothing at all, to
 * flush the TLB, or one or two bits, to change between the page tables of the
 * kernel and those of the user. PURE.
 */
#ifndef _KAGE_EMUL_CR3_H
#define _KAGE_EMUL_CR3_H

#include "../types.h"

#define KAGE_CR3_REACH	72	/* bytes, within which the load must end */
#define KAGE_CR3_PIECES	4

/* Eight bytes of code, as far as they are executed. */
struct kage_cr3_piece {
	u64 bytes, mask;
	u8 at;
};

struct kage_cr3_change {
	u64 keep, add;		/* what is loaded: (CR3 & keep) | add */
	u8 reg;			/* by way of this register */
	u8 len;			/* bytes from the first to after the load */
	bool flags;		/* set, as AND and OR set them */
	u8 nr;
	struct kage_cr3_piece piece[KAGE_CR3_PIECES];
};

/**
 * kage_cr3_decode() - describe what follows a MOV from CR3
 * @code: the instructions behind it, in 64-bit code; KAGE_CR3_REACH bytes
 * @reg: the register that CR3 was read to
 * @change: what they do; undefined on failure
 *
 * Admitted are AND and OR of @reg with a constant, NOPs and jumps ahead, up to a
 * MOV from @reg to CR3.
 *
 * SDM: "MOV-Move to/from Control Registers", "AND-Logical AND", "OR-Logical
 * Inclusive OR", "NOP-No Operation".
 *
 * Return: true if that is all there is.
 */
bool kage_cr3_decode(const u8 *code, unsigned int reg,
		     struct kage_cr3_change *change);

#endif /* _KAGE_EMUL_CR3_H */
