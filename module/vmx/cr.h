/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Control and debug registers of a guest.
 *
 * SDM: "Control Registers", "Guest/Host Masks and Read Shadows for CR0 and
 * CR4", "Debug Registers".
 */
#ifndef _KAGE_VMX_CR_H
#define _KAGE_VMX_CR_H

#include "../types.h"
#include <asm/processor-flags.h>

/* Bits that CR0 has; a guest's write of another one is ignored. */
#define KAGE_CR0_KNOWN	(X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | \
			 X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | X86_CR0_AM | \
			 X86_CR0_NW | X86_CR0_CD | X86_CR0_PG)

/** kage_cr_setup() - masks, shadows and values of a new VMCS */
void kage_cr_setup(struct kage_vcpu *vcpu);

/** kage_cr_exit() - serve an exit by a control-register access */
void kage_cr_exit(struct kage_vcpu *vcpu);

/** kage_dr_exit() - serve an exit by a debug-register access */
void kage_dr_exit(struct kage_vcpu *vcpu);

/** kage_cr0_valid() - may the guest load @cr0 in 64-bit mode? */
bool kage_cr0_valid(u64 cr0);
/** kage_cr4_valid() - may the guest load @cr4 in 64-bit mode? */
bool kage_cr4_valid(u64 cr4);

/** kage_cr_write_efer() - 0, or -EINVAL where the SDM wants #GP */
int kage_cr_write_efer(struct kage_vcpu *vcpu, u64 efer);
/** kage_cr_apply_efer() - give the processor what the guest's EFER needs */
void kage_cr_apply_efer(struct kage_vcpu *vcpu);

#endif /* _KAGE_VMX_CR_H */
