/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the shadow tables say of an address, for those who act in the processor's
 * place: it is being executed, or was translated, this very moment. Within mmu/,
 * under mmu->lock.
 */
#ifndef _KAGE_MMU_LOOK_H
#define _KAGE_MMU_LOOK_H

#include "shadow.h"

/**
 * kage_look() - the entry that maps an address
 * @root: a live root
 * @gva: the address
 * @level: on return, of the entry
 * @above: on return, the AND of the entries above it
 *
 * Return: NULL where the shadow has none.
 */
u64 *kage_look(struct kage_shadow *root, gva_t gva, int *level, u64 *above);

/**
 * kage_look_code() - bytes of code that are mapped
 * @root: a live root
 * @rip: the first of them
 * @len: how many
 * @sptep: on return, what maps them
 *
 * Return: NULL where the shadow has none, or they go over the end of a page.
 */
const void *kage_look_code(struct kage_shadow *root, gva_t rip,
			   unsigned int len, u64 **sptep);

#endif /* _KAGE_MMU_LOOK_H */
