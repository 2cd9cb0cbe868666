// SPDX-License-Identifier: GPL-2.0
/*
 * MSR policy. SDM: "Model-Specific Registers (MSRs)".
 */
#include "msr.h"
#include "../vcpu.h"
#include "../dev/irqchip.h"
#include "cap.h"
#include "cr.h"
#include "express.h"
#include "vmcs.h"
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <linux/bitmap.h>
#include <linux/nospec.h>

#define MTRR_CAP	0x508	/* 8 variable ranges, fixed ranges, WC */
#define MTRR_DEF_WB	0xc06	/* all ranges on, default write-back */
#define MISC_ENABLE_RO	(MSR_IA32_MISC_ENABLE_BTS_UNAVAIL | \
			 MSR_IA32_MISC_ENABLE_PEBS_UNAVAIL)

/* What a burst swaps, in the order of enum kage_burst_msr. */
static const u32 burst_msrs[KAGE_NR_BURST_MSRS] = {
	MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SYSCALL_MASK,
	MSR_KERNEL_GS_BASE, MSR_TSC_AUX,
};

/*
 * MSRs that the guest reads and writes itself: kept in the VMCS, or swapped by
 * burst. Refused, each for its reason: SPEC_CTRL, PRED_CMD, FLUSH_CMD (0x48,
 * 0x49, 0x10b: the host's protection against guests), ARCH_CAPABILITIES
 * (0x10a: a guest that is told nothing mitigates by itself),
 * MCU_OPT_CTRL, TSX_CTRL (0x123, 0x122: the host's), S_CET and the shadow
 * stacks (CET is hidden), PERF_* (no virtual PMU), XSS (no supervisor states).
 */
static const u32 passthrough[] = {
	MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SYSCALL_MASK,
	MSR_KERNEL_GS_BASE, MSR_FS_BASE, MSR_GS_BASE,
	MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP,
};

static bool has_rdtscp(void)
{
	return kage_caps.proc2 & SECONDARY_EXEC_ENABLE_RDTSCP;
}

/* SDM: "MSR-Bitmap Address": low and high reads, low and high writes. */
static void allow(unsigned long *bitmap, u32 msr)
{
	u32 bit = (msr & 0x1fff) + (msr >= 0xc0000000 ? 8 * 1024 : 0);

	__clear_bit(bit, bitmap);
	__clear_bit(bit + 8 * 2048, bitmap);
}

void kage_msr_fill_bitmap(unsigned long *bitmap)
{
	int i;

	bitmap_fill(bitmap, 8 * PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(passthrough); i++)
		allow(bitmap, passthrough[i]);
	if (has_rdtscp())
		allow(bitmap, MSR_TSC_AUX);
}

static int nr_burst_msrs(void)
{
	return has_rdtscp() ? KAGE_NR_BURST_MSRS : KAGE_MSR_TSC_AUX;
}

void kage_msr_load(struct kage_vcpu *vcpu)
{
	struct kage_vmx *vmx = &vcpu->vmx;
	int i;

	for (i = 0; i < nr_burst_msrs(); i++) {
		rdmsrl(burst_msrs[i], vmx->host_msr[i]);
		if (vmx->msr[i] != vmx->host_msr[i])
			wrmsrl(burst_msrs[i], vmx->msr[i]);
	}
}

void kage_msr_unload(struct kage_vcpu *vcpu)
{
	struct kage_vmx *vmx = &vcpu->vmx;
	int i;

	for (i = 0; i < nr_burst_msrs(); i++) {
		rdmsrl(burst_msrs[i], vmx->msr[i]);
		if (vmx->msr[i] != vmx->host_msr[i])
			wrmsrl(burst_msrs[i], vmx->host_msr[i]);
	}
}

static int read_pat(struct kage_vcpu *vcpu, u32 msr, u64 *val)
{
	*val = vcpu->pat;
	return 0;
}

/* Kept and shown only: shadow entries are always write-back. */
static int write_pat(struct kage_vcpu *vcpu, u32 msr, u64 val)
{
	int i;

	for (i = 0; i < 64; i += 8) {
		u8 type = val >> i;

		if (type > 7 || type == 2 || type == 3)
			return -EINVAL;
	}
	vcpu->pat = val;
	return 0;
}

static int read_efer(struct kage_vcpu *vcpu, u32 msr, u64 *val)
{
	*val = vcpu->efer;
	return 0;
}

static int write_efer(struct kage_vcpu *vcpu, u32 msr, u64 val)
{
	return kage_cr_write_efer(vcpu, val);
}

static int read_tsc(struct kage_vcpu *vcpu, u32 msr, u64 *val)
{
	*val = kage_vcpu_tsc(vcpu);
	return 0;
}

/* SDM: "IA32_TSC_ADJUST": a write to one of the two moves both. */
static void move_tsc(struct kage_vcpu *vcpu, u64 by)
{
	vcpu->tsc_adjust += by;
	WRITE_ONCE(vcpu->tsc_offset, vcpu->tsc_offset + by);
	kage_vmcs_tsc(vcpu);
	kage_lapic_tsc_moved(vcpu);
}

static int write_tsc(struct kage_vcpu *vcpu, u32 msr, u64 val)
{
	move_tsc(vcpu, val - kage_vcpu_tsc(vcpu));
	return 0;
}

static int read_tsc_adjust(struct kage_vcpu *vcpu, u32 msr, u64 *val)
{
	*val = vcpu->tsc_adjust;
	return 0;
}

static int write_tsc_adjust(struct kage_vcpu *vcpu, u32 msr, u64 val)
{
	move_tsc(vcpu, val - vcpu->tsc_adjust);
	return 0;
}

static int read_apic_base(struct kage_vcpu *vcpu, u32 msr, u64 *val)
{
	*val = kage_lapic_get_base(vcpu);
	return 0;
}

static int write_apic_base(struct kage_vcpu *vcpu, u32 msr, u64 val)
{
	return kage_lapic_set_base(vcpu, val);
}

static int read_deadline(struct kage_vcpu *vcpu, u32 msr, u64 *val)
{
	*val = kage_lapic_get_deadline(vcpu);
	return 0;
}

static int write_deadline(struct kage_vcpu *vcpu, u32 msr, u64 val)
{
	kage_lapic_set_deadline(vcpu, val);
	return 0;
}

static int read_misc(struct kage_vcpu *vcpu, u32 msr, u64 *val)
{
	*val = vcpu->msr_misc_enable | MISC_ENABLE_RO;
	return 0;
}

static int write_misc(struct kage_vcpu *vcpu, u32 msr, u64 val)
{
	vcpu->msr_misc_enable = val & MSR_IA32_MISC_ENABLE_FAST_STRING;
	return 0;
}

static int read_zero(struct kage_vcpu *vcpu, u32 msr, u64 *val)
{
	*val = 0;
	return 0;
}

static int write_zero(struct kage_vcpu *vcpu, u32 msr, u64 val)
{
	return val ? -EINVAL : 0;
}

/*
 * No CPUID bit says that BTF is there, so kernels set it for a debugger that asks
 * for steps from branch to branch. Here it gets every instruction.
 */
static int write_debugctl(struct kage_vcpu *vcpu, u32 msr, u64 val)
{
	return val & ~(u64)DEBUGCTLMSR_BTF ? -EINVAL : 0;
}

/* The revision is the host's: what the guest concludes from it is true. */
static int read_ucode(struct kage_vcpu *vcpu, u32 msr, u64 *val)
{
	*val = (u64)boot_cpu_data.microcode << 32;
	return 0;
}

static int read_mtrr_cap(struct kage_vcpu *vcpu, u32 msr, u64 *val)
{
	*val = MTRR_CAP;
	return 0;
}

/* Index into vcpu->mtrr[]: variable pairs, fixed ranges, default type. */
static int mtrr_index(u32 msr)
{
	static const u32 fixed[] = {
		0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b,
		0x26c, 0x26d, 0x26e, 0x26f,
	};
	int i;

	if (msr >= 0x200 && msr < 0x210)
		return array_index_nospec(msr - 0x200, 16);
	if (msr == 0x2ff)
		return KAGE_NR_MTRRS - 1;
	for (i = 0; i < ARRAY_SIZE(fixed); i++)
		if (fixed[i] == msr)
			return 16 + i;
	return -1;
}

static bool is_mtrr_type(u8 type)
{
	return type < 7 && type != 2 && type != 3;
}

/* SDM: "IA32_MTRR_DEF_TYPE MSR", "Fixed Range MTRRs", "Variable Range MTRRs". */
static bool mtrr_valid(u32 msr, u64 val)
{
	int i;

	if (msr == MSR_MTRRdefType)
		return is_mtrr_type(val) && !(val & ~0xcffULL);
	if (msr < 0x210)
		return !(val >> KAGE_MAXPHYADDR) &&
		       (msr & 1 ? !(val & 0x7ff) :
				  is_mtrr_type(val) && !(val & 0xf00));
	for (i = 0; i < 64; i += 8)
		if (!is_mtrr_type(val >> i))
			return false;
	return true;
}

static int read_mtrr(struct kage_vcpu *vcpu, u32 msr, u64 *val)
{
	int i = mtrr_index(msr);

	if (i < 0)
		return -EINVAL;
	*val = vcpu->mtrr[i];
	return 0;
}

static int write_mtrr(struct kage_vcpu *vcpu, u32 msr, u64 val)
{
	int i = mtrr_index(msr);

	if (i < 0 || !mtrr_valid(msr, val))
		return -EINVAL;
	vcpu->mtrr[i] = val;
	return 0;
}

struct msr_rule {
	u32 first, last;
	int (*read)(struct kage_vcpu *vcpu, u32 msr, u64 *val);
	int (*write)(struct kage_vcpu *vcpu, u32 msr, u64 val);
	bool express;		/* changes by WRMSR alone; so may CPUID by it */
};

/* The most frequent first; what is not here raises #GP. */
static const struct msr_rule rules[] = {
	{ MSR_IA32_TSC_DEADLINE, MSR_IA32_TSC_DEADLINE,
	  read_deadline, write_deadline },
	{ 0x800, 0x8ff, kage_lapic_msr_read, kage_lapic_msr_write },
	{ MSR_EFER, MSR_EFER, read_efer, write_efer, true },
	{ MSR_IA32_TSC, MSR_IA32_TSC, read_tsc, write_tsc },
	{ MSR_IA32_TSC_ADJUST, MSR_IA32_TSC_ADJUST,
	  read_tsc_adjust, write_tsc_adjust },
	{ MSR_IA32_CR_PAT, MSR_IA32_CR_PAT, read_pat, write_pat, true },
	{ MSR_IA32_APICBASE, MSR_IA32_APICBASE,
	  read_apic_base, write_apic_base, true },
	{ MSR_IA32_MISC_ENABLE, MSR_IA32_MISC_ENABLE, read_misc, write_misc, true },
	{ MSR_IA32_UCODE_REV, MSR_IA32_UCODE_REV, read_ucode, write_zero, true },
	{ MSR_IA32_PLATFORM_ID, MSR_IA32_PLATFORM_ID, read_zero, NULL },
	{ MSR_IA32_DEBUGCTLMSR, MSR_IA32_DEBUGCTLMSR, read_zero, write_debugctl },
	{ MSR_MTRRcap, MSR_MTRRcap, read_mtrr_cap, NULL, true },
	{ 0x200, 0x20f, read_mtrr, write_mtrr, true },
	{ 0x250, 0x26f, read_mtrr, write_mtrr, true },
	{ MSR_MTRRdefType, MSR_MTRRdefType, read_mtrr, write_mtrr, true },
};

static const struct msr_rule *find_rule(u32 msr)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (msr >= rules[i].first && msr <= rules[i].last)
			return &rules[i];
	return NULL;
}

int kage_msr_read(struct kage_vcpu *vcpu, u32 msr, u64 *val)
{
	const struct msr_rule *rule = find_rule(msr);
	int ret;

	if (!rule || !rule->read)
		return -EINVAL;
	ret = rule->read(vcpu, msr, val);
	if (!ret && rule->express)
		kage_express_msr(vcpu, msr, *val);
	return ret;
}

int kage_msr_write(struct kage_vcpu *vcpu, u32 msr, u64 val)
{
	const struct msr_rule *rule = find_rule(msr);

	if (!rule || !rule->write)
		return -EINVAL;
	if (rule->express)
		kage_express_forget(vcpu);
	return rule->write(vcpu, msr, val);
}

void kage_msr_reset(struct kage_vcpu *vcpu)
{
	memset(vcpu->mtrr, 0, sizeof(vcpu->mtrr));
	vcpu->mtrr[KAGE_NR_MTRRS - 1] = MTRR_DEF_WB;
	vcpu->pat = 0x0007040600070406ULL;
	vcpu->msr_misc_enable = MSR_IA32_MISC_ENABLE_FAST_STRING;
	vcpu->tsc_adjust = 0;
}
