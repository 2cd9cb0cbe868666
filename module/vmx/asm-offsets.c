// SPDX-License-Identifier: GPL-2.0
/*
 * Offsets that entry.S needs; compiled to assembly only, for kbuild to read.
 */
#include "../vcpu.h"
#include <linux/build_bug.h>
#include <linux/kbuild.h>
#include <linux/log2.h>

static void __used offsets(void)
{
	OFFSET(KAGE_VCPU_REGS, kage_vcpu, regs);
	OFFSET(KAGE_VCPU_HOST_RSP, kage_vcpu, vmx.host_rsp);
	OFFSET(KAGE_VCPU_EXIT_REASON, kage_vcpu, vmx.exit_reason);
	OFFSET(KAGE_VCPU_GUEST_CR3, kage_vcpu, vmx.guest_cr3);
	OFFSET(KAGE_VCPU_CR3, kage_vcpu, cr3);
	OFFSET(KAGE_VCPU_ROOT, kage_vcpu, root);
	OFFSET(KAGE_VCPU_EXITS, kage_vcpu, exits);
	OFFSET(KAGE_VCPU_ENTRIES, kage_vcpu, stats[KAGE_STAT_ENTRIES]);
	OFFSET(KAGE_VCPU_ROOT_HITS, kage_vcpu, stats[KAGE_STAT_ROOT_HITS]);
	OFFSET(KAGE_VCPU_TLB_FLUSHES, kage_vcpu, stats[KAGE_STAT_TLB_FLUSHES]);
	BLANK();
	OFFSET(KAGE_VCPU_ROOTS, kage_vcpu, roots);
	OFFSET(KAGE_ROOT_CR3, kage_root_ref, cr3);
	OFFSET(KAGE_ROOT_SPT, kage_root_ref, spt);
	OFFSET(KAGE_ROOT_SP, kage_root_ref, sp);
	DEFINE(KAGE_ROOT_SIZE, sizeof(struct kage_root_ref));
	DEFINE(KAGE_NR_ROOT_SETS, KAGE_ROOT_SETS);
	DEFINE(KAGE_NR_ROOT_WAYS, KAGE_ROOT_WAYS);
	BLANK();
	OFFSET(KAGE_VCPU_EXPRESS_LEFT, kage_vcpu, vmx.express.left);
	OFFSET(KAGE_VCPU_VPID_DESC, kage_vcpu, vmx.express.vpid);
	OFFSET(KAGE_VCPU_CPUIDS, kage_vcpu, vmx.express.cpuid);
	OFFSET(KAGE_CPUID_LEAF, kage_express_cpuid, leaf);
	OFFSET(KAGE_CPUID_SUB, kage_express_cpuid, sub);
	OFFSET(KAGE_CPUID_EAX, kage_express_cpuid, eax);
	OFFSET(KAGE_CPUID_EBX, kage_express_cpuid, ebx);
	OFFSET(KAGE_CPUID_ECX, kage_express_cpuid, ecx);
	OFFSET(KAGE_CPUID_EDX, kage_express_cpuid, edx);
	DEFINE(KAGE_CPUID_SIZE, sizeof(struct kage_express_cpuid));
	DEFINE(KAGE_NR_CPUIDS, KAGE_EXPRESS_CPUIDS);
	OFFSET(KAGE_VCPU_MSRS, kage_vcpu, vmx.express.msr);
	OFFSET(KAGE_MSR_NR, kage_express_msr, nr);
	OFFSET(KAGE_MSR_VALUE, kage_express_msr, value);
	DEFINE(KAGE_MSR_SHIFT, ilog2(sizeof(struct kage_express_msr)));
	DEFINE(KAGE_NR_MSRS, KAGE_EXPRESS_MSRS);
}
