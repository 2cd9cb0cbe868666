// SPDX-License-Identifier: GPL-2.0
/*
 * Probes VMX and negotiates the control words from tables.
 *
 * SDM: "VMX Capability Reporting Facility".
 */
#include "cap.h"
#include "../feature.h"
#include "host.h"
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/vmx.h>

#define CPUID_1_ECX_VMX	BIT(5)
#define MEM_TYPE_WB	6

struct kage_caps kage_caps;

struct control {
	u32 bit;
	const char *missing;	/* what to say; NULL: optional */
};

static const struct control pin_controls[] = {
	{ PIN_BASED_EXT_INTR_MASK, "external-interrupt exiting" },
	{ PIN_BASED_NMI_EXITING, "NMI exiting" },
	{ PIN_BASED_VIRTUAL_NMIS, "virtual NMIs" },
	{ PIN_BASED_VMX_PREEMPTION_TIMER, NULL },
	{ }
};

static const struct control proc_controls[] = {
	{ CPU_BASED_USE_TSC_OFFSETTING, "TSC offsetting" },
	{ CPU_BASED_HLT_EXITING, "HLT exiting" },
	{ CPU_BASED_MWAIT_EXITING, "MWAIT exiting" },
	{ CPU_BASED_MONITOR_EXITING, "MONITOR exiting" },
	{ CPU_BASED_RDPMC_EXITING, "RDPMC exiting" },
	{ CPU_BASED_CR3_LOAD_EXITING, "CR3-load exiting" },
	{ CPU_BASED_CR3_STORE_EXITING, "CR3-store exiting" },
	{ CPU_BASED_CR8_LOAD_EXITING, "CR8-load exiting" },
	{ CPU_BASED_CR8_STORE_EXITING, "CR8-store exiting" },
	{ CPU_BASED_MOV_DR_EXITING, "MOV-DR exiting" },
	{ CPU_BASED_UNCOND_IO_EXITING, "unconditional I/O exiting" },
	{ CPU_BASED_USE_MSR_BITMAPS, "MSR bitmaps" },
	{ CPU_BASED_ACTIVATE_SECONDARY_CONTROLS, NULL },
	/* Not asked for: RDTSC exiting (the offset does), PAUSE exiting,
	 * I/O bitmaps (no port is the guest's own), MTF, TPR shadow.
	 */
	{ }
};

static const struct control proc2_controls[] = {
	{ SECONDARY_EXEC_ENABLE_VPID, NULL },
	{ SECONDARY_EXEC_ENABLE_RDTSCP, NULL },
	{ SECONDARY_EXEC_WBINVD_EXITING, NULL },
	{ SECONDARY_EXEC_ENCLS_EXITING, NULL },
	/* Not asked for: EPT and what needs it, INVPCID and XSAVES (hidden
	 * from the guest, #UD without the control).
	 */
	{ }
};

static const struct control exit_controls[] = {
	{ VM_EXIT_SAVE_DEBUG_CONTROLS, "save debug controls" },
	{ VM_EXIT_HOST_ADDR_SPACE_SIZE, "64-bit host" },
	{ VM_EXIT_LOAD_IA32_EFER, NULL },
	/* Not asked for: acknowledge interrupt on exit; the host takes its
	 * interrupts through its own IDT once they are enabled again.
	 */
	{ }
};

static const struct control entry_controls[] = {
	{ VM_ENTRY_LOAD_DEBUG_CONTROLS, "load debug controls" },
	{ VM_ENTRY_IA32E_MODE, "IA-32e mode guest" },
	{ VM_ENTRY_LOAD_IA32_EFER, NULL },
	{ }
};

/* SDM: low half of the MSR: must be 1; high half: may be 1. */
static int negotiate(u32 msr, const struct control *ctl, u32 *word,
		     const char **why)
{
	u32 must, may;

	rdmsr(msr, must, may);
	*word = must;
	for (; ctl->bit; ctl++) {
		if (may & ctl->bit) {
			*word |= ctl->bit;
		} else if (ctl->missing) {
			*why = ctl->missing;
			return -ENODEV;
		}
	}
	return 0;
}

static int negotiate_all(struct kage_caps *caps, bool true_ctls,
			 const char **why)
{
	int ret;

	ret = negotiate(true_ctls ? MSR_IA32_VMX_TRUE_PINBASED_CTLS :
			MSR_IA32_VMX_PINBASED_CTLS, pin_controls,
			&caps->pin, why) ?:
	      negotiate(true_ctls ? MSR_IA32_VMX_TRUE_PROCBASED_CTLS :
			MSR_IA32_VMX_PROCBASED_CTLS, proc_controls,
			&caps->proc, why) ?:
	      negotiate(true_ctls ? MSR_IA32_VMX_TRUE_EXIT_CTLS :
			MSR_IA32_VMX_EXIT_CTLS, exit_controls,
			&caps->exit, why) ?:
	      negotiate(true_ctls ? MSR_IA32_VMX_TRUE_ENTRY_CTLS :
			MSR_IA32_VMX_ENTRY_CTLS, entry_controls,
			&caps->entry, why);
	if (!ret && !kage_has(KAGE_FEATURE_INVLPG))
		caps->proc |= CPU_BASED_INVLPG_EXITING;
	if (ret || !(caps->proc & CPU_BASED_ACTIVATE_SECONDARY_CONTROLS))
		return ret;
	return negotiate(MSR_IA32_VMX_PROCBASED_CTLS2, proc2_controls,
			 &caps->proc2, why);
}

/* VPID serves only with an INVVPID that drops one context, or all. */
static void settle_vpid(struct kage_caps *caps)
{
	const u64 need = VMX_VPID_INVVPID_BIT |
			 VMX_VPID_EXTENT_SINGLE_CONTEXT_BIT |
			 VMX_VPID_EXTENT_GLOBAL_CONTEXT_BIT;
	u64 cap;

	if (!(caps->proc2 & SECONDARY_EXEC_ENABLE_VPID))
		return;
	rdmsrl(MSR_IA32_VMX_EPT_VPID_CAP, cap);
	caps->vpid = ((cap >> 32) & need) == need;
	if (!caps->vpid)
		caps->proc2 &= ~SECONDARY_EXEC_ENABLE_VPID;
}

/* EFER needs both directions, or neither. */
static void settle_efer(struct kage_caps *caps)
{
	caps->efer_controls = (caps->exit & VM_EXIT_LOAD_IA32_EFER) &&
			      (caps->entry & VM_ENTRY_LOAD_IA32_EFER);
	if (caps->efer_controls)
		return;
	caps->exit &= ~VM_EXIT_LOAD_IA32_EFER;
	caps->entry &= ~VM_ENTRY_LOAD_IA32_EFER;
}

/*
 * Bits of an address that are reserved in page tables. A hypervisor may show
 * fewer bits than the processor has, and then none that it says are reserved
 * need fault. SDM: "Enumeration of Paging Features by CPUID".
 */
static void probe_phys_bits(struct kage_caps *caps)
{
	caps->phys_bits = 52;
	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR) &&
	    cpuid_eax(0x80000000) >= 0x80000008)
		caps->phys_bits = min(cpuid_eax(0x80000008) & 0xff, 52U);
}

static int probe_presence(const char **why)
{
	u64 feat;

	if (!(cpuid_ecx(1) & CPUID_1_ECX_VMX)) {
		*why = "this processor has no VMX";
		return -ENODEV;
	}
	if (kage_fred_enabled()) {
		*why = "the host uses FRED, which kage does not know";
		return -ENODEV;
	}
	rdmsrl(MSR_IA32_FEAT_CTL, feat);
	if ((feat & FEAT_CTL_LOCKED) &&
	    !(feat & FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX)) {
		*why = "firmware has locked VMX off";
		return -EPERM;
	}
	if (!(feat & FEAT_CTL_LOCKED)) {
		*why = "firmware left VMX disabled";
		return -EPERM;
	}
	return 0;
}

int kage_cap_probe(struct kage_caps *caps, const char **why)
{
	u64 basic, misc;
	int ret;

	memset(caps, 0, sizeof(*caps));
	ret = probe_presence(why);
	if (ret)
		return ret;
	rdmsrl(MSR_IA32_VMX_BASIC, basic);
	rdmsrl(MSR_IA32_VMX_MISC, misc);
	caps->revision = basic & GENMASK(30, 0);
	caps->timer_shift = misc & 0x1f;
	caps->string_info = basic & BIT_ULL(54);
	if (((basic >> 50) & 0xf) != MEM_TYPE_WB) {
		*why = "VMX structures must not be write-back here";
		return -ENODEV;
	}
	ret = negotiate_all(caps, basic & BIT_ULL(55), why);
	if (ret)
		return ret;
	settle_vpid(caps);
	settle_efer(caps);
	probe_phys_bits(caps);
	rdmsrl(MSR_IA32_VMX_CR0_FIXED0, caps->cr0_fixed0);
	rdmsrl(MSR_IA32_VMX_CR0_FIXED1, caps->cr0_fixed1);
	rdmsrl(MSR_IA32_VMX_CR4_FIXED0, caps->cr4_fixed0);
	rdmsrl(MSR_IA32_VMX_CR4_FIXED1, caps->cr4_fixed1);
	return 0;
}
