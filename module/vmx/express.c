// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps what the express lane answers from.
 */
#include "express.h"
#include "../feature.h"
#include "../vcpu.h"
#include "../trace.h"
#include "cap.h"

/*
 * Exits in a row before one takes the long way round, where the host's
 * interrupts are let in and its requests are seen. A processor does not need
 * that, for it exits at once when it is entered with an interrupt pending.
 */
#define BUDGET	64

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
