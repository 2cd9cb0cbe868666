// SPDX-License-Identifier: GPL-2.0
/*
 * The processor of a machine under KVM.
 */
#include "kvm_run.h"
#include <stdlib.h>
#include <sys/ioctl.h>

#define ENTRIES_MOST	256
#define PARAVIRT	0x40000000	/* to 0x400000ff */
#define L1C_DEADLINE	(1U << 24)
/* As QEMU has it: without, Linux takes string instructions for slow. */
#define MISC_ENABLE	0x1a0
#define FAST_STRINGS	1
#define FEATURE_CONTROL	0x3a
#define CODE		0x10
#define DATA		0x18

/* KVM's own leaves go; its LAPIC timer has the deadline mode. */
static void filter(struct kvm_cpuid2 *cpuid)
{
	unsigned int i, n = 0;

	for (i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 entry = cpuid->entries[i];

		if (entry.function >> 8 == PARAVIRT >> 8)
			continue;
		if (entry.function == 1) {
			entry.ecx |= L1C_DEADLINE;
			entry.ebx &= 0xffff;	/* APIC id 0, one CPU */
		}
		cpuid->entries[n++] = entry;
	}
	cpuid->nent = n;
}

static int set_cpuid(const struct machine *m)
{
	struct kvm_cpuid2 *cpuid;
	int ret = 0;

	cpuid = calloc(1, sizeof(*cpuid) +
		       ENTRIES_MOST * sizeof(cpuid->entries[0]));
	if (!cpuid)
		return complain("cpuid");
	cpuid->nent = ENTRIES_MOST;
	if (ioctl(m->kvm, KVM_GET_SUPPORTED_CPUID, cpuid))
		ret = complain("KVM_GET_SUPPORTED_CPUID");
	filter(cpuid);
	if (!ret && ioctl(m->vcpu, KVM_SET_CPUID2, cpuid))
		ret = complain("KVM_SET_CPUID2");
	free(cpuid);
	return ret;
}

static int set_msr(const struct machine *m, uint32_t msr, uint64_t val)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = {
		.head.nmsrs = 1, .entry = { .index = msr, .data = val },
	};

	return ioctl(m->vcpu, KVM_SET_MSRS, &msrs) == 1 ? 0 :
	       complain("KVM_SET_MSRS");
}

static struct kvm_segment segment(uint16_t selector, uint8_t type)
{
	bool code = selector == CODE;

	return (struct kvm_segment){
		.limit = 0xffffffff, .selector = selector, .type = type,
		.present = 1, .s = 1, .g = 1, .l = code, .db = !code,
	};
}

static int set_sregs(const struct machine *m, const uint64_t *regs)
{
	const struct kvm_segment data = segment(DATA, 3);
	struct kvm_sregs s;

	if (ioctl(m->vcpu, KVM_GET_SREGS, &s))
		return complain("KVM_GET_SREGS");
	s.cs = segment(CODE, 11);
	s.ds = s.es = s.fs = s.gs = s.ss = data;
	s.tr = (struct kvm_segment){ .limit = 0x67, .type = 11, .present = 1 };
	s.cr0 = regs[KAGE_REGS_A_CR0];
	s.cr3 = regs[KAGE_REGS_A_CR3];
	s.cr4 = regs[KAGE_REGS_A_CR4];
	s.efer = regs[KAGE_REGS_A_EFER];
	s.gdt.base = regs[KAGE_REGS_A_GDT_BASE];
	s.gdt.limit = regs[KAGE_REGS_A_GDT_LIMIT];
	s.idt.limit = 0;
	return ioctl(m->vcpu, KVM_SET_SREGS, &s) ?
	       complain("KVM_SET_SREGS") : 0;
}

static int set_regs(const struct machine *m, const uint64_t *regs)
{
	struct kvm_regs r = {
		.rip = regs[KAGE_REGS_A_RIP],
		.rsp = regs[KAGE_REGS_A_RSP],
		.rsi = regs[KAGE_REGS_A_RSI],
		.rflags = regs[KAGE_REGS_A_RFLAGS],
	};

	return ioctl(m->vcpu, KVM_SET_REGS, &r) ? complain("KVM_SET_REGS") : 0;
}

int cpu_set_up(const struct machine *m, long feature_control)
{
	uint64_t regs[KAGE_REGS_A_MAX + 1];

	load_cpu_regs(&m->plan, 0, regs);
	if (set_cpuid(m) || set_sregs(m, regs) || set_regs(m, regs) ||
	    set_msr(m, MISC_ENABLE, FAST_STRINGS))
		return -1;
	if (feature_control < 0)
		return 0;
	return set_msr(m, FEATURE_CONTROL, feature_control);
}
