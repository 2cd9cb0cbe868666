/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The short way for a guest kernel's stores to its page tables: no walk of the
 * guest's tables, and no decoding of an instruction seen before.
 */
#ifndef _KAGE_MMU_STORE_H
#define _KAGE_MMU_STORE_H

#include "../types.h"

struct kage_store_cache;

struct kage_store_cache *kage_store_cache_alloc(void);
void kage_store_cache_free(struct kage_store_cache *cache);

/**
 * kage_store_fast() - execute a store to a tracked table, if it is a plain one
 * @gva: the faulting address
 * @pfec: the error code
 *
 * Context: the vCPU's thread, interrupts off, registers in the VMCS.
 * Return: true if the instruction is done; false if nothing has changed and
 * kage_mmu_fault() must look.
 */
bool kage_store_fast(struct kage_vcpu *vcpu, gva_t gva, u32 pfec);

/**
 * kage_store_express() - the same once more, without leaving the guest for long
 * @gva: the faulting address
 * @pfec: the error code
 * @rip: where the instruction is, in 64-bit code
 *
 * What kage_store_fast() has done a moment ago with this instruction and this
 * table. To the rest of the module the vCPU is in the guest meanwhile: nothing
 * may happen here that has to wait for vCPUs to leave it, nor wait for a lock
 * whose holder might. No indirect branch either (see vmx/entry.S).
 *
 * Return: the instruction's length if it is done; 0 if nothing has changed.
 */
unsigned int kage_store_express(struct kage_vcpu *vcpu, gva_t gva, u32 pfec,
				u64 rip);

#endif /* _KAGE_MMU_STORE_H */
