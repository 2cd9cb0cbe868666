/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VMCS: reading, writing and setting it up.
 *
 * SDM: "Virtual Machine Control Structures". Everything but the set-up acts on
 * the current VMCS: preemption off, kage_cpu_load() done.
 */
#ifndef _KAGE_VMX_VMCS_H
#define _KAGE_VMX_VMCS_H

#include "../types.h"
#include <asm/asm.h>
#include <asm/vmx.h>
#include <linux/bug.h>

struct kage_vmcs {
	u32 revision;
	u32 abort;
	char data[];
};

static __always_inline u64 kage_vmcs_read(unsigned long field)
{
	u64 value;

	/* Fails only for a field that this processor does not have: our bug. */
	asm volatile("vmread %[field], %[value]"
		     : [value] "=r" (value) : [field] "r" (field) : "cc");
	return value;
}

/* A failed write is our bug: the field is not there or nothing is current. */
static __always_inline void kage_vmcs_write(unsigned long field, u64 value)
{
	asm goto("vmwrite %[value], %[field]\n\t"
		 "jbe %l[failed]"
		 : : [field] "r" (field), [value] "rm" (value)
		 : "cc", "memory" : failed);
	return;
failed:
	WARN_ONCE(1, "kage: VMWRITE of field %#lx failed\n", field);
}

struct kage_vmcs *kage_vmcs_alloc(void);
void kage_vmcs_free(struct kage_vmcs *vmcs);
/** kage_vmcs_clear() - VMCLEAR: not active anywhere, next entry launches */
void kage_vmcs_clear(struct kage_vmcs *vmcs);
/** kage_vmcs_load() - VMPTRLD */
void kage_vmcs_load(struct kage_vmcs *vmcs);

/** kage_vmcs_flush() - drop all translations of a VPID */
void kage_vmcs_flush(u16 vpid);
/** kage_vmcs_flush_all() - drop the translations of every VPID */
void kage_vmcs_flush_all(void);

/** kage_vmcs_setup() - controls, host state and a guest at power-on */
void kage_vmcs_setup(struct kage_vcpu *vcpu);
/** kage_vmcs_setup_cpu() - host state that differs between CPUs */
void kage_vmcs_setup_cpu(void);

int kage_vmcs_init(void);
void kage_vmcs_uninit(void);

/** kage_vmcs_msr_lists() - say what is in the MSR lists; the VMCS is active */
void kage_vmcs_msr_lists(struct kage_vcpu *vcpu);

/** kage_vmcs_tsc() - write the TSC offset; the VMCS is active */
void kage_vmcs_tsc(struct kage_vcpu *vcpu);

/** kage_vmcs_route() - which page faults exit; the VMCS is active */
void kage_vmcs_route(struct kage_vcpu *vcpu, enum kage_route route);

#endif /* _KAGE_VMX_VMCS_H */
