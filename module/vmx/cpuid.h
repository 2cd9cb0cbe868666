/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPUID of a guest: the host's leaves through a table of allowed bits.
 */
#ifndef _KAGE_VMX_CPUID_H
#define _KAGE_VMX_CPUID_H

#include "../types.h"

/** kage_cpuid_exit() - serve a CPUID exit */
void kage_cpuid_exit(struct kage_vcpu *vcpu);

/** kage_cpuid_init() - compute what no guest's state changes, once */
void kage_cpuid_init(void);

/** kage_cpuid_cr4() - CR4 bits that the offered features bring */
u64 kage_cpuid_cr4(void);

#endif /* _KAGE_VMX_CPUID_H */
