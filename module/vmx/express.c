// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps what the express lane answers from.
 */
#include "express.h"
#include "../feature.h"
#include "../mmu/ahead.h"
#include "../mmu/shadow.h"
#include "../mmu/store.h"
#include "../vcpu.h"
#include "../trace.h"
#include "cap.h"
#include "vmcs.h"
#include <asm/processor-flags.h>
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
	/* A number that is looked for elsewhere matches nothing. */
	for (i = 0; i < KAGE_EXPRESS_CPUIDS; i++)
		express->cpuid[i].leaf = i + 1;
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

static void set_reg(struct kage_vcpu *vcpu, unsigned int reg, u64 val)
{
	if (reg == KAGE_RSP)
		kage_vmcs_write(GUEST_RSP, val);
	else
		vcpu->regs[reg] = val;
}

/*
 * A root that the vCPU may load by itself. Others take them away at any time, but
 * do not free them while it is here.
 */
static __always_inline bool find_root(struct kage_vcpu *vcpu, u64 cr3,
				      struct kage_root_ref *root)
{
	const struct kage_root_ref *ref = kage_root_set(vcpu, cr3);
	const struct kage_root_ref *end = ref + KAGE_ROOT_WAYS;

	for (; ref < end; ref++) {
		if (ref->cr3 != cr3)
			continue;
		root->sp = READ_ONCE(ref->sp);
		root->spt = ref->spt;
		if (root->sp)
			return true;
	}
	return false;
}

/* Load CR3, and leave the rest as the last of the instructions leaves it. */
static __always_inline void change_cr3(struct kage_vcpu *vcpu,
				       const struct kage_cr3_change *change,
				       u64 cr3,
				       const struct kage_root_ref *root)
{
	const u64 alu = X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF |
			X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_OF;

	WRITE_ONCE(vcpu->root, root->sp);
	vcpu->cr3 = cr3;
	vcpu->vmx.guest_cr3 = root->spt;
	kage_vmcs_write(GUEST_CR3, root->spt);
	kage_vmcs_flush(vcpu->vmx.vpid);
	set_reg(vcpu, change->reg, cr3);
	if (change->flags)
		kage_vmcs_write(GUEST_RFLAGS,
				(kage_vmcs_read(GUEST_RFLAGS) & ~alu) |
				X86_EFLAGS_PF);
	vcpu->stats[KAGE_STAT_TLB_FLUSHES]++;
	vcpu->stats[KAGE_STAT_ROOT_HITS]++;
	vcpu->stats[KAGE_STAT_AHEAD]++;
}

/*
 * Done with the exit of the MOV from CR3, as if nothing had come in between: where a
 * breakpoint might, nobody is in the lane. The flags are known only of a value whose
 * last byte is 0.
 */
static __always_inline u64 run_ahead(struct kage_vcpu *vcpu, u64 rip,
				     unsigned int reg)
{
	const struct kage_cr3_change *change;
	struct kage_root_ref root;
	u64 cr3;

	if (!(kage_vmcs_read(GUEST_CS_AR_BYTES) & VMX_AR_L_MASK))
		return 0;
	change = kage_ahead(vcpu, rip, reg);
	if (!change)
		return 0;
	cr3 = (vcpu->cr3 & change->keep) | change->add;
	if ((cr3 & 0xff) || !cr3 || !find_root(vcpu, cr3, &root))
		return 0;
	change_cr3(vcpu, change, cr3, &root);
	return rip + change->len;
}

noinstr u64 kage_express_cr3(struct kage_vcpu *vcpu, u64 next, unsigned int reg)
{
	u64 rip = 0;

	instrumentation_begin();
	if (kage_has(KAGE_FEATURE_AHEAD))
		rip = run_ahead(vcpu, next, reg);
	if (!rip) {
		set_reg(vcpu, reg, vcpu->cr3);
		rip = next;
	}
	instrumentation_end();
	return rip;
}
