/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What vmx/ keeps for each vCPU, and how the rest reads and changes the part
 * of a guest's state that lives in the VMCS.
 */
#ifndef _KAGE_VMX_STATE_H
#define _KAGE_VMX_STATE_H

#include "../types.h"
#include <linux/list.h>

struct kage_dtable;
struct kage_segment;
struct kage_vmcs;

/* An event that waits for the next entry, in the VMCS's own format. */
struct kage_vmx_event {
	u32 info;		/* 0: none. SDM: "VM-Entry Controls for Event
				 * Injection"
				 */
	u32 error;
	u32 len;		/* instruction length of a software event */
	bool vectoring;		/* its delivery exited: it goes first again */
};

/* SDM: "MSR-Load Areas"; 16-byte aligned. */
struct kage_msr_entry {
	u32 index;
	u32 reserved;
	u64 value;
};

/* What the MSR lists hold, in this order; EFER where no control switches it. */
enum kage_msr_list {
	KAGE_LIST_EFER,
	KAGE_LIST_PERF,
	KAGE_NR_PERF_MSRS = 2,
	KAGE_NR_LISTED = KAGE_LIST_PERF + KAGE_NR_PERF_MSRS
};

/* MSRs that hold the guest's values for a whole burst. */
enum kage_burst_msr {
	KAGE_MSR_STAR, KAGE_MSR_LSTAR, KAGE_MSR_CSTAR, KAGE_MSR_FMASK,
	KAGE_MSR_KERNEL_GS, KAGE_MSR_TSC_AUX,
	KAGE_NR_BURST_MSRS
};

#define KAGE_EXPRESS_CPUIDS	8	/* powers of two */
#define KAGE_EXPRESS_MSRS	8

/* An answer of kage_cpuid_exit(), found by leaf and sub-leaf. */
struct kage_express_cpuid {
	u32 leaf, sub;
	u32 eax, ebx, ecx, edx;
};

/* An MSR that reads the same until the next WRMSR. */
struct kage_express_msr {
	u32 nr;
	u64 value;
};

/* What the express lane in entry.S answers from. */
struct kage_express {
	s32 left;		/* exits until the next one takes the long way */
	u64 vpid[2];		/* INVVPID descriptor; 0 without VPID */
	struct kage_express_cpuid cpuid[KAGE_EXPRESS_CPUIDS];
	struct kage_express_msr msr[KAGE_EXPRESS_MSRS];
};

/* All of it: the vCPU's thread only, but cpu and loaded_node (see cpu.c). */
struct kage_vmx {
	unsigned long host_rsp;		/* value in the VMCS; entry.S */
	u32 exit_reason;		/* entry.S */

	/* What the VMCS holds now, so that it need not be written again. */
	u64 host_cr3, host_cr4, guest_cr3;
	u64 tsc_lost;			/* as of the TSC offset */
	u32 proc;
	enum kage_route route;
	bool launched;
	bool rsp_loaded;		/* regs[RSP] is the VMCS's value */
	u64 rsp;			/* what it was when it was loaded */
	bool rip_loaded, rip_dirty;
	u64 rip;

	struct kage_express express;

	struct kage_vmx_event event;
	bool nmi_pending;		/* taken from the local APIC, not delivered */
	int deferred;			/* interrupt that an exception overtook,
					 * or -1
					 */
	bool split_lock;		/* ended the burst: the host's affair */
	u64 split_lock_rip;
	u16 vpid;

	struct kage_vmcs *vmcs;
	struct list_head loaded_node;
	int cpu;			/* where the VMCS is active, or -1 */
	int last_cpu;			/* where the last burst ran, or -1 */

	void *fpu;			/* guest's XSAVE image */
	u64 msr[KAGE_NR_BURST_MSRS];	/* guest's, between bursts */
	u64 host_msr[KAGE_NR_BURST_MSRS];
	u64 host_xcr0;
	u64 host_debugctl;

	bool efer_listed;
	unsigned int nr_perf;		/* of the host's counters; 0: all well */
	struct kage_msr_entry entry_msrs[KAGE_NR_LISTED] __aligned(16);
	struct kage_msr_entry exit_msrs[KAGE_NR_LISTED] __aligned(16);
};

#define KAGE_DR7_ENABLES 0xff	/* of breakpoints, local and global */
#define KAGE_DR7_GD	BIT(13)	/* general detect */
#define KAGE_DR7_FIXED	BIT(10)	/* reads 1 */

u64 kage_vcpu_rip(struct kage_vcpu *vcpu);
void kage_vcpu_set_rip(struct kage_vcpu *vcpu, u64 rip);
u64 kage_vcpu_rflags(struct kage_vcpu *vcpu);
void kage_vcpu_set_rflags(struct kage_vcpu *vcpu, u64 rflags);
/** kage_vcpu_seg() - segment registers in the VMCS */
void kage_vcpu_seg(struct kage_vcpu *vcpu, enum kage_seg seg,
		   struct kage_segment *out);
/** kage_vcpu_seg_base() - the base alone; 0 for ES, CS, SS, DS in 64-bit code */
u64 kage_vcpu_seg_base(struct kage_vcpu *vcpu, enum kage_seg seg);
/** kage_vcpu_cpl() - current privilege level, 0 to 3 */
unsigned int kage_vcpu_cpl(struct kage_vcpu *vcpu);
/** kage_vcpu_code_size() - 8 in 64-bit code, 4 or 2 in compatibility mode */
unsigned int kage_vcpu_code_size(struct kage_vcpu *vcpu);

/**
 * kage_vcpu_skip() - the instruction of @len bytes at RIP is done
 *
 * Moves RIP on (truncated outside 64-bit code), ends the shadow of STI and
 * MOV SS, clears RFLAGS.RF, and leaves a single-step trap pending where
 * RFLAGS.TF asks for it. @len is 0 after elements of a REP that goes on.
 */
void kage_vcpu_skip(struct kage_vcpu *vcpu, unsigned int len);

/** kage_vcpu_describe() - the registers that a stop reason should show */
void kage_vcpu_describe(struct kage_vcpu *vcpu, char *buf, size_t len);

#endif /* _KAGE_VMX_STATE_H */
