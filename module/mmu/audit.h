/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The audit: derives every shadow entry again and compares.
 */
#ifndef _KAGE_MMU_AUDIT_H
#define _KAGE_MMU_AUDIT_H

#include "../types.h"

/**
 * kage_mmu_audit() - check the invariants of shadow.h
 * @errors: how many entries, lists and counts are not what they must be
 *
 * The machine may run; it waits at its next fault meanwhile.
 * Return: 0.
 */
int kage_mmu_audit(struct kage_vm *vm, u32 *errors);

#endif /* _KAGE_MMU_AUDIT_H */
