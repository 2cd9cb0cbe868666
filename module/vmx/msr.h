/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Model-specific registers of a guest: a list of what it has; everything else
 * raises #GP.
 */
#ifndef _KAGE_VMX_MSR_H
#define _KAGE_VMX_MSR_H

#include "../types.h"

/** kage_msr_fill_bitmap() - clear the bits of the MSRs that do not exit */
void kage_msr_fill_bitmap(unsigned long *bitmap);

/** kage_msr_load() - the guest's syscall MSRs, at the start of a burst */
void kage_msr_load(struct kage_vcpu *vcpu);
/** kage_msr_unload() - and the host's again, at its end */
void kage_msr_unload(struct kage_vcpu *vcpu);

/** kage_msr_reset() - values at power-on */
void kage_msr_reset(struct kage_vcpu *vcpu);

/** kage_msr_read() - RDMSR; -EINVAL: #GP */
int kage_msr_read(struct kage_vcpu *vcpu, u32 msr, u64 *val);
/** kage_msr_write() - WRMSR; -EINVAL: #GP */
int kage_msr_write(struct kage_vcpu *vcpu, u32 msr, u64 val);

#endif /* _KAGE_VMX_MSR_H */
