/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Leaf tables shadowed before they are used.
 */
#ifndef _KAGE_MMU_PREFETCH_H
#define _KAGE_MMU_PREFETCH_H

#include "shadow.h"

/**
 * kage_prefetch_tables() - shadow the tables next to one that was just made
 * @sp: shadow page of level 2 that leads to it, not direct
 * @index: of the entry that does
 *
 * Takes from the reserves what the fault that is being served can spare. Context:
 * mmu->lock. What is present in @sp stays so.
 */
void kage_prefetch_tables(struct kage_vm *vm, struct kage_shadow *sp,
			  unsigned int index);

#endif /* _KAGE_MMU_PREFETCH_H */
