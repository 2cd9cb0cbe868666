/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page faults of a guest, and the guest's memory as its own instructions see
 * it: what the exit handler and the emulator ask of the MMU.
 */
#ifndef _KAGE_MMU_FAULT_H
#define _KAGE_MMU_FAULT_H

#include "../types.h"
#include "gwalk.h"

/**
 * kage_mmu_fault() - serve a #PF exit
 * @gva: the faulting address (exit qualification)
 * @pfec: the error code
 *
 * Fills the shadow, executes a store or a device access, or injects the fault
 * into the guest. Context: the vCPU's thread, preemption off.
 */
void kage_mmu_fault(struct kage_vcpu *vcpu, gva_t gva, u32 pfec);

/**
 * kage_mmu_translate() - walk the guest's tables for one access
 * @pfec: the access: KAGE_PF_W, KAGE_PF_U, KAGE_PF_I; KAGE_PF_U is right for
 *        CPL 3 only, and an implicit supervisor access leaves it out
 * @gpa: the translation
 * @err: on -EFAULT the error code that the guest's #PF must carry
 *
 * Sets the accessed and dirty bits that the access sets.
 * Return: 0, or -EFAULT if the guest's own tables refuse.
 */
int kage_mmu_translate(struct kage_vcpu *vcpu, gva_t gva, u32 pfec,
		       gpa_t *gpa, u32 *err);

/**
 * kage_mmu_fetch() - read instruction bytes at a linear address
 *
 * Return: the number of bytes that could be read before the end or a fault
 * or the end of RAM, 0 to @len.
 */
unsigned int kage_mmu_fetch(struct kage_vcpu *vcpu, gva_t gva, u8 *bytes,
			    unsigned int len);

/**
 * kage_mmu_store() - a guest store to RAM, page tables included
 * @gpa: @len bytes (1 to 8) here, inside one page
 *
 * Atomic where aligned. Shadow entries made from these bytes follow at once.
 * Return: 0, or -EFAULT if it is not writable RAM.
 */
int kage_mmu_store(struct kage_vcpu *vcpu, gpa_t gpa, u64 val,
		   unsigned int len);

/**
 * kage_mmu_cmpxchg() - the same for a locked instruction
 *
 * Return: 1 if @old was there and @val was stored, 0 if not, -EFAULT.
 */
int kage_mmu_cmpxchg(struct kage_vcpu *vcpu, gpa_t gpa, u64 old, u64 val,
		     unsigned int len);

#endif /* _KAGE_MMU_FAULT_H */
