/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What C code leaves for the express lane of entry.S, which serves the most
 * frequent simple exits without a return or an indirect branch.
 */
#ifndef _KAGE_VMX_EXPRESS_H
#define _KAGE_VMX_EXPRESS_H

#include "../types.h"

struct kage_express_cpuid;
struct kage_vcpu;

/** kage_express_reset() - nothing is known; VPID as the processor has it */
void kage_express_reset(struct kage_vcpu *vcpu);

/** kage_express_forget() - what CPUID and RDMSR said may be true no longer */
void kage_express_forget(struct kage_vcpu *vcpu);

/** kage_express_cpuid() - remember an answer */
void kage_express_cpuid(struct kage_vcpu *vcpu,
			const struct kage_express_cpuid *answer);

/** kage_express_msr() - remember the value of an MSR that only WRMSR changes */
void kage_express_msr(struct kage_vcpu *vcpu, u32 nr, u64 value);

/** kage_express_refill() - before an entry: allow so many exits */
void kage_express_refill(struct kage_vcpu *vcpu);

/**
 * kage_express_store() - an exception has exited; for entry.S
 * @rip: where the guest was
 *
 * Return: where it goes on if it was a store to a page table and is done, else 0.
 */
u64 kage_express_store(struct kage_vcpu *vcpu, u64 rip);

/**
 * kage_express_cr3() - execute a MOV from CR3; for entry.S
 * @next: the instruction behind it
 * @reg: the register
 *
 * If it is known that the guest goes on to load CR3 with a value that differs from
 * this one in some bits, and it has loaded that before, so much is done too.
 *
 * Return: where the guest goes on.
 */
u64 kage_express_cr3(struct kage_vcpu *vcpu, u64 next, unsigned int reg);

#endif /* _KAGE_VMX_EXPRESS_H */
