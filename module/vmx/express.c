// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps what the express lane answers from.
 */
#include "express.h"
#include "../feature.h"
#include "../mmu/store.h"
#include "../vcpu.h"
#include "../trace.h"
#include "cap.h"
#include "vmcs.h"
#include <asm/trapnr.h>
#include <asm/vmx.h>

/*
 * Exits in a row before one takes the long way round, where the host's
 * interrupts are let in and its requests are seen. A processor does not need
 * that, for it exits at once when it is entered with an interrupt pending.
 */
#define BUDGET	256

/* As entry.S finds it. */
static struct kage_express_cpuid *cpuid_slot(struct kage_express *express,
					     u32 leaf)
{
	return &express->cpuid[(leaf + (leaf >> 29)) % KAGE_EXPRESS_CPUIDS];
}

void kage_express_forget(struct kage_vcpu *vcpu)
{
	struct kage_express *express = &vcpu->vmx.express;
	int i;

	memset(express->cpuid, 0, sizeof(express->cpuid));
	/* There is no such leaf: it reads 0 in any case. */
	for (i = 0; i < KAGE_EXPRESS_CPUIDS; i++)
		express->cpuid[i].leaf = ~0U;
	/* A number that is looked for elsewhere matches nothing. */
	for (i = 0; i < KAGE_EXPRESS_MSRS; i++)
		express->msr[i].nr = i + 1;
}

void kage_express_reset(struct kage_vcpu *vcpu)
{
	struct kage_express *express = &vcpu->vmx.express;

	express->vpid[0] = kage_caps.vpid ? vcpu->vmx.vpid : 0;
	express->vpid[1] = 0;
	kage_express_forget(vcpu);
}

void kage_express_cpuid(struct kage_vcpu *vcpu,
			const struct kage_express_cpuid *answer)
{
	*cpuid_slot(&vcpu->vmx.express, answer->leaf) = *answer;
}

void kage_express_msr(struct kage_vcpu *vcpu, u32 nr, u64 value)
{
	struct kage_express_msr *slot =
		&vcpu->vmx.express.msr[nr % KAGE_EXPRESS_MSRS];

	slot->nr = nr;
	slot->value = value;
}

void kage_express_refill(struct kage_vcpu *vcpu)
{
	/* A tracepoint is not to miss any. */
	bool watched = trace_kage_exit_enabled() ||
		       trace_kage_entry_enabled() ||
		       trace_kage_page_fault_enabled();

	vcpu->vmx.express.left =
		watched || !kage_has(KAGE_FEATURE_EXPRESS) ? 0 : BUDGET;
}

/* A page fault in 64-bit code, and nothing that was under way or is undone. */
static __always_inline bool is_plain_fault(void)
{
	const u32 mask = INTR_INFO_VECTOR_MASK | INTR_INFO_INTR_TYPE_MASK |
			 INTR_INFO_VALID_MASK | INTR_INFO_UNBLOCK_NMI;

	return (kage_vmcs_read(VM_EXIT_INTR_INFO) & mask) ==
	       (X86_TRAP_PF | INTR_TYPE_HARD_EXCEPTION |
		INTR_INFO_VALID_MASK) &&
	       !(kage_vmcs_read(IDT_VECTORING_INFO_FIELD) &
		 VECTORING_INFO_VALID_MASK) &&
	       (kage_vmcs_read(GUEST_CS_AR_BYTES) & VMX_AR_L_MASK);
}

/*
 * Called from where the host's code must be careful about what it runs; by now
 * the host's state is all there, and nothing but interrupts is withheld.
 */
noinstr u64 kage_express_store(struct kage_vcpu *vcpu, u64 rip)
{
	unsigned int len = 0;

	instrumentation_begin();
	if (is_plain_fault() && !READ_ONCE(vcpu->requests))
		len = kage_store_express(vcpu,
					 kage_vmcs_read(EXIT_QUALIFICATION),
					 kage_vmcs_read(VM_EXIT_INTR_ERROR_CODE),
					 rip);
	instrumentation_end();
	return len ? rip + len : 0;
}
