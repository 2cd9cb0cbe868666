/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Running the guest: bursts, and the loop inside one.
 */
#ifndef _KAGE_VMX_RUN_H
#define _KAGE_VMX_RUN_H

#include "../types.h"

/* entry.S */
unsigned long kage_vmx_switch(struct kage_vcpu *vcpu, unsigned long launched);
extern char kage_vmx_landing[];

/**
 * kage_vmx_burst() - run the guest until its thread is needed
 *
 * Comes back for KAGE_REQ_TOPUP, KAGE_REQ_BREAK, HLT (vcpu->halted) or
 * need_resched(); guest FPU and MSRs are loaded meanwhile and preemption is
 * off. Context: the vCPU's thread, preemption on.
 */
void kage_vmx_burst(struct kage_vcpu *vcpu);

/** kage_vmx_create() - VMCS, VPID and FPU image; 0 or -ENOMEM, -ENOSPC */
int kage_vmx_create(struct kage_vcpu *vcpu);
void kage_vmx_destroy(struct kage_vcpu *vcpu);
/** kage_vmx_reset() - the next burst starts from power-on state */
void kage_vmx_reset(struct kage_vcpu *vcpu);

#endif /* _KAGE_VMX_RUN_H */
