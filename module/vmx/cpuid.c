// SPDX-License-Identifier: GPL-2.0
/*
 * CPUID policy: which bits of the host's leaves a guest sees. Bits that are
 * not named are refused; those refused on purpose stand in comments.
 *
 * SDM: "CPUID-CPU Identification".
 */
#include "cpuid.h"
#include "../vcpu.h"
#include "../vm.h"
#include "../dev/irqchip.h"
#include "cap.h"
#include "express.h"
#include "fpu.h"
#include "state.h"
#include "vmcs.h"
#include <asm/cpufeature.h>
#include <asm/processor.h>
#include <asm/processor-flags.h>
#include <asm/tsc.h>

#define MAX_BASIC	0x15
#define MAX_EXTENDED	0x80000008
#define HYPERVISOR	0x40000000

struct regs {
	u32 eax, ebx, ecx, edx;
};

/* Leaf 1 ECX */
static const u32 l1c_allowed =
	BIT(0)  | /* SSE3 */
	BIT(1)  | /* PCLMULQDQ */
		  /* 2 DTES64, 3 MONITOR, 4 DS-CPL, 5 VMX, 6 SMX, 7 EIST,
		   * 8 TM2: the host's
		   */
	BIT(9)  | /* SSSE3 */
		  /* 10 CNXT-ID, 11 SDBG */
	BIT(12) | /* FMA */
	BIT(13) | /* CMPXCHG16B */
		  /* 14 xTPR, 15 PDCM, 17 PCID (every CR3 load flushes
		   * as it is), 18 DCA
		   */
	BIT(19) | /* SSE4.1 */
	BIT(20) | /* SSE4.2 */
	BIT(22) | /* MOVBE */
	BIT(23) | /* POPCNT */
	BIT(25) | /* AES */
	BIT(26) | /* XSAVE */
		  /* 27 OSXSAVE follows the guest's CR4 */
	BIT(28) | /* AVX */
	BIT(29) | /* F16C */
	BIT(30);  /* RDRAND */

/* Leaf 1 ECX: there whatever the host has */
static const u32 l1c_added =
	BIT(21) | /* x2APIC */
	BIT(24) | /* TSC deadline */
	BIT(31);  /* hypervisor present */

/* Leaf 1 EDX */
static const u32 l1d_allowed =
	BIT(0)  | /* FPU */
	BIT(1)  | /* VME */
	BIT(2)  | /* DE */
	BIT(3)  | /* PSE */
	BIT(4)  | /* TSC */
	BIT(5)  | /* MSR */
	BIT(6)  | /* PAE */
		  /* 7 MCE, 14 MCA: machine checks are the host's */
	BIT(8)  | /* CMPXCHG8B */
		  /* 9 APIC follows IA32_APIC_BASE */
	BIT(11) | /* SEP */
	BIT(12) | /* MTRR */
	BIT(13) | /* PGE */
	BIT(15) | /* CMOV */
	BIT(16) | /* PAT */
	BIT(17) | /* PSE-36 */
		  /* 18 PSN, 21 DS, 22 ACPI */
	BIT(19) | /* CLFSH */
	BIT(23) | /* MMX */
	BIT(24) | /* FXSR */
	BIT(25) | /* SSE */
	BIT(26) | /* SSE2 */
	BIT(27);  /* self snoop */
		  /* 28 HTT follows the number of vCPUs; 29 TM, 31 PBE */

/* Leaf 7.0 EBX */
static const u32 l7b_allowed =
	BIT(0)  | /* FSGSBASE */
		  /* 2 SGX, 4 HLE, 11 RTM: TSX_CTRL is the host's */
	BIT(3)  | /* BMI1 */
	BIT(5)  | /* AVX2 */
	BIT(7)  | /* SMEP */
	BIT(8)  | /* BMI2 */
	BIT(9)  | /* ERMS */
		  /* 10 INVPCID (needs a control), 12 RDT-M, 14 MPX,
		   * 15 RDT-A
		   */
	BIT(13) | /* FPU CS and DS deprecated */
	BIT(16) | /* AVX512F */
	BIT(17) | /* AVX512DQ */
	BIT(18) | /* RDSEED */
	BIT(19) | /* ADX */
	BIT(20) | /* SMAP */
	BIT(21) | /* AVX512IFMA */
	BIT(23) | /* CLFLUSHOPT */
	BIT(24) | /* CLWB */
		  /* 25 Intel PT */
	BIT(28) | /* AVX512CD */
	BIT(29) | /* SHA */
	BIT(30) | /* AVX512BW */
	BIT(31);  /* AVX512VL */

/* Leaf 7.0 EBX: software only, whatever the host has */
static const u32 l7b_added =
	BIT(1);   /* TSC_ADJUST */

/* Leaf 7.0 ECX */
static const u32 l7c_allowed =
	BIT(1)  | /* AVX512VBMI */
		  /* 3 PKU, 4 OSPKE, 5 WAITPKG, 7 CET_SS, 16 LA57, 31 PKS */
	BIT(2)  | /* UMIP */
	BIT(6)  | /* AVX512VBMI2 */
	BIT(8)  | /* GFNI */
	BIT(9)  | /* VAES */
	BIT(10) | /* VPCLMULQDQ */
	BIT(11) | /* AVX512VNNI */
	BIT(12) | /* AVX512BITALG */
	BIT(14);  /* AVX512VPOPCNTDQ */
		  /* 22 RDPID follows RDTSCP; 25 CLDEMOTE, 27 MOVDIRI,
		   * 28 MOVDIR64B, 29 ENQCMD
		   */

/* Leaf 7.0 EDX */
static const u32 l7d_allowed =
	BIT(4)  | /* fast short REP MOV */
	BIT(8)  | /* AVX512VP2INTERSECT */
	BIT(10);  /* MD_CLEAR: VERW clears, and the guest may use it */
		  /* 14 SERIALIZE, 20 CET_IBT, 22-25 AMX; 26 IBRS/IBPB,
		   * 27 STIBP, 28 L1D_FLUSH, 29 ARCH_CAPABILITIES, 31 SSBD:
		   * their MSRs are the host's
		   */

/* Leaf 0x80000001 */
static const u32 e1c_allowed =
	BIT(0)  | /* LAHF */
	BIT(5)  | /* LZCNT */
	BIT(8);   /* PREFETCHW */
static const u32 e1d_allowed =
	BIT(20) | /* NX */
	BIT(29);  /* long mode */
static const u32 e1d_added =
	BIT(11) | /* SYSCALL: shown to 64-bit code only, so to us always */
	BIT(26);  /* 1 GiB pages: shadowed in pieces */
static const u32 e1d_rdtscp = BIT(27);

#define L7B_AVX512 (BIT(16) | BIT(17) | BIT(21) | BIT(28) | BIT(30) | BIT(31))
#define L7C_AVX512 (BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14))

static u32 leaf7_ebx, leaf7_ecx, leaf1_ecx;

static void host(struct regs *r, u32 leaf, u32 sub)
{
	*r = (struct regs) {};
	if (leaf <= cpuid_eax(leaf & 0x80000000))
		cpuid_count(leaf, sub, &r->eax, &r->ebx, &r->ecx, &r->edx);
}

/*
 * What the host's kernel does without, for an erratum, for what firmware left
 * off or because it was told to (clearcpuid=), is not for guests either. The
 * words that every 64-bit kernel builds on, EDX of both leaves, stay.
 */
static void host_features(struct regs *r, u32 leaf, u32 sub)
{
	const u32 *kept = boot_cpu_data.x86_capability;

	host(r, leaf, sub);
	switch (leaf) {
	case 1:
		r->ecx &= kept[CPUID_1_ECX];
		break;
	case 7:
		r->ebx &= kept[CPUID_7_0_EBX];
		r->ecx &= kept[CPUID_7_ECX];
		r->edx &= kept[CPUID_7_EDX];
		break;
	case 0xd:
		r->eax &= kept[CPUID_D_1_EAX];
		break;
	case 0x80000001:
		r->ecx &= kept[CPUID_8000_0001_ECX];
		break;
	}
}

static bool has_rdtscp(void)
{
	return kage_caps.proc2 & SECONDARY_EXEC_ENABLE_RDTSCP;
}

static void leaf_features(struct kage_vcpu *vcpu, struct regs *r, u32 sub)
{
	host(r, 1, 0);
	r->ebx = (r->ebx & 0xffff) | (vcpu->vm->nr_vcpus << 16) |
		 (vcpu->id << 24);
	r->ecx = leaf1_ecx;
	if (vcpu->cr4 & X86_CR4_OSXSAVE)
		r->ecx |= BIT(27);
	r->edx &= l1d_allowed;
	if (kage_lapic_enabled(vcpu))
		r->edx |= BIT(9);
	if (vcpu->vm->nr_vcpus > 1)
		r->edx |= BIT(28);
}

/* Deterministic cache parameters: no cache is shared, each vCPU is a core. */
static void leaf_caches(struct kage_vcpu *vcpu, struct regs *r, u32 sub)
{
	host(r, 4, sub);
	r->eax &= 0x3fff;
	if (r->eax & 0x1f)
		r->eax |= (vcpu->vm->nr_vcpus - 1) << 26;
}

/* Thermal and power: only that the APIC timer never stops. */
static void leaf_power(struct kage_vcpu *vcpu, struct regs *r, u32 sub)
{
	*r = (struct regs) { .eax = BIT(2) };
}

static void leaf_extended_features(struct kage_vcpu *vcpu, struct regs *r,
				   u32 sub)
{
	*r = (struct regs) {};
	if (sub)
		return;
	host_features(r, 7, 0);
	r->eax = 0;
	r->ebx = leaf7_ebx;
	r->ecx = leaf7_ecx;
	r->edx &= l7d_allowed;
	if (!(kage_fpu_xcr0() & XFEATURE_MASK_AVX512))
		r->edx &= ~BIT(8);
}

/* Topology: one thread per core, all cores in one package. */
static void leaf_topology(struct kage_vcpu *vcpu, struct regs *r, u32 sub)
{
	unsigned int bits = order_base_2(vcpu->vm->nr_vcpus);

	*r = (struct regs) { .ecx = sub & 0xff, .edx = vcpu->id };
	if (sub == 0) {
		r->ebx = 1;
		r->ecx |= 1 << 8;	/* SMT level */
	} else if (sub == 1) {
		r->eax = bits;
		r->ebx = vcpu->vm->nr_vcpus;
		r->ecx |= 2 << 8;	/* core level */
	}
}

static void leaf_xsave(struct kage_vcpu *vcpu, struct regs *r, u32 sub)
{
	u64 all = kage_fpu_xcr0();

	*r = (struct regs) {};
	if (!all)
		return;
	if (sub == 0) {
		r->eax = lower_32_bits(all);
		r->ebx = kage_fpu_size(vcpu->xcr0);
		r->ecx = kage_fpu_size(all);
		r->edx = upper_32_bits(all);
	} else if (sub == 1) {
		host_features(r, 0xd, 1);
		/* XSAVEOPT, XSAVEC, XGETBV(1); 3 XSAVES, 4 XFD are refused. */
		r->eax &= BIT(0) | BIT(1) | BIT(2);
		r->ebx = 0;
		if (r->eax & BIT(1))
			r->ebx = kage_fpu_compact_size(vcpu->xcr0);
		r->ecx = 0;
		r->edx = 0;
	} else if (sub < 63 && (all & BIT_ULL(sub))) {
		host(r, 0xd, sub);
	}
}

/*
 * TSC frequency: the crystal's by a ratio. The numerator is small enough for
 * guests that multiply in 32 bits, up to 4.2 GHz.
 */
static void leaf_tsc(struct kage_vcpu *vcpu, struct regs *r, u32 sub)
{
	*r = (struct regs) {
		.eax = 1000,
		.ebx = tsc_khz / (KAGE_LAPIC_HZ / USEC_PER_SEC),
		.ecx = KAGE_LAPIC_HZ,
	};
}

static void leaf_hypervisor(struct kage_vcpu *vcpu, struct regs *r, u32 sub)
{
	*r = (struct regs) { .eax = HYPERVISOR };
	memcpy(&r->ebx, "kage", 4);
	memcpy(&r->ecx, "kage", 4);
	memcpy(&r->edx, "kage", 4);
}

static void leaf_extended(struct kage_vcpu *vcpu, struct regs *r, u32 sub)
{
	host_features(r, 0x80000001, 0);
	r->ebx = 0;
	r->ecx &= e1c_allowed;
	r->edx = (r->edx & e1d_allowed) | e1d_added;
	if (has_rdtscp())
		r->edx |= e1d_rdtscp;
}

static void leaf_invariant_tsc(struct kage_vcpu *vcpu, struct regs *r, u32 sub)
{
	host(r, 0x80000007, 0);
	/* What Linux found out may be worse than what the processor says. */
	*r = (struct regs) {
		.edx = check_tsc_unstable() ? 0 : r->edx & BIT(8),
	};
}

static void leaf_addresses(struct kage_vcpu *vcpu, struct regs *r, u32 sub)
{
	*r = (struct regs) { .eax = KAGE_MAXPHYADDR | 48 << 8 };
}

static void leaf_max(struct kage_vcpu *vcpu, struct regs *r, u32 sub)
{
	host(r, 0, 0);
	r->eax = MAX_BASIC;
}

static void leaf_extended_max(struct kage_vcpu *vcpu, struct regs *r, u32 sub)
{
	host(r, 0x80000000, 0);
	r->eax = MAX_EXTENDED;
}

struct leaf {
	u32 leaf;
	void (*fill)(struct kage_vcpu *vcpu, struct regs *r, u32 sub);
};

/*
 * Leaves without a row read 0: 3 (serial number), 5 (MONITOR), 9 (DCA),
 * 0xa (performance counters), 0xf, 0x10 (RDT), 0x12 (SGX), 0x14 (PT).
 */
static const struct leaf leaves[] = {
	{ 0, leaf_max },
	{ 1, leaf_features },
	{ 4, leaf_caches },
	{ 6, leaf_power },
	{ 7, leaf_extended_features },
	{ 0xb, leaf_topology },
	{ 0xd, leaf_xsave },
	{ 0x15, leaf_tsc },
	{ HYPERVISOR, leaf_hypervisor },
	{ 0x80000000, leaf_extended_max },
	{ 0x80000001, leaf_extended },
	{ 0x80000007, leaf_invariant_tsc },
	{ 0x80000008, leaf_addresses },
};

/* No basic and no extended leaf; those of hypervisors are not the processor's. */
static bool above_last(u32 leaf)
{
	switch (leaf >> 28) {
	case HYPERVISOR >> 28:
		return false;
	case 0x80000000 >> 28:
		return leaf > MAX_EXTENDED;
	default:
		return leaf > MAX_BASIC;
	}
}

static void fill(struct kage_vcpu *vcpu, struct regs *r, u32 leaf, u32 sub)
{
	int i;

	if (above_last(leaf))
		leaf = MAX_BASIC;	/* as the processor does */
	for (i = 0; i < ARRAY_SIZE(leaves); i++) {
		if (leaves[i].leaf == leaf) {
			leaves[i].fill(vcpu, r, sub);
			return;
		}
	}
	/* Brand string and cache descriptors: the host's, as they are. */
	*r = (struct regs) {};
	if (leaf == 2 || (leaf >= 0x80000002 && leaf <= 0x80000006))
		host(r, leaf, sub);
}

void kage_cpuid_exit(struct kage_vcpu *vcpu)
{
	u64 *regs = vcpu->regs;
	u32 leaf = regs[KAGE_RAX], sub = regs[KAGE_RCX];
	struct regs r;

	fill(vcpu, &r, leaf, sub);
	kage_express_cpuid(vcpu, &(struct kage_express_cpuid) {
		.leaf = leaf, .sub = sub,
		.eax = r.eax, .ebx = r.ebx, .ecx = r.ecx, .edx = r.edx,
	});
	regs[KAGE_RAX] = r.eax;
	regs[KAGE_RBX] = r.ebx;
	regs[KAGE_RCX] = r.ecx;
	regs[KAGE_RDX] = r.edx;
	kage_vcpu_skip(vcpu, kage_vmcs_read(VM_EXIT_INSTRUCTION_LEN));
}

void kage_cpuid_init(void)
{
	u64 xcr0 = kage_fpu_xcr0();
	struct regs r;

	host_features(&r, 1, 0);
	leaf1_ecx = (r.ecx & l1c_allowed) | l1c_added;
	if (!xcr0)
		leaf1_ecx &= ~BIT(26);
	/* AVX and what is encoded with it go with its state. */
	if (!(xcr0 & XFEATURE_MASK_YMM))
		leaf1_ecx &= ~(BIT(12) | BIT(28) | BIT(29));
	host_features(&r, 7, 0);
	leaf7_ebx = (r.ebx & l7b_allowed) | l7b_added;
	leaf7_ecx = r.ecx & l7c_allowed;
	if (has_rdtscp())
		leaf7_ecx |= r.ecx & BIT(22);
	if (!(xcr0 & XFEATURE_MASK_YMM)) {
		leaf7_ebx &= ~BIT(5);
		leaf7_ecx &= ~(BIT(9) | BIT(10));
	}
	if (!(xcr0 & XFEATURE_MASK_AVX512)) {
		leaf7_ebx &= ~L7B_AVX512;
		leaf7_ecx &= ~L7C_AVX512;
	}
}

u64 kage_cpuid_cr4(void)
{
	u64 cr4 = 0;

	if (leaf1_ecx & BIT(26))
		cr4 |= X86_CR4_OSXSAVE;
	if (leaf7_ebx & BIT(0))
		cr4 |= X86_CR4_FSGSBASE;
	if (leaf7_ebx & BIT(7))
		cr4 |= X86_CR4_SMEP;
	if (leaf7_ebx & BIT(20))
		cr4 |= X86_CR4_SMAP;
	if (leaf7_ecx & BIT(2))
		cr4 |= X86_CR4_UMIP;
	return cr4;
}
