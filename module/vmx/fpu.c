// SPDX-License-Identifier: GPL-2.0
/*
 * Guest FPU state by burst.
 *
 * The scheduler does not save the FPU registers of a kernel thread, so guest
 * values live in them only inside kernel_fpu_begin_mask() ... kernel_fpu_end().
 * The whole image is saved and restored eagerly: nothing of a guest's stays in
 * a register when host code may use it.
 */
#include "fpu.h"
#include "../vcpu.h"
#include <asm/cpufeature.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xcr.h>
#include <asm/processor.h>
#include <linux/slab.h>

/*
 * Components a guest may have. Not: PKRU (protection keys are hidden), AMX
 * (needs XFD switched), MPX, and all supervisor states.
 */
#define GUEST_XCR0	(XFEATURE_MASK_FPSSE | XFEATURE_MASK_YMM | \
			 XFEATURE_MASK_AVX512)

#define FXSAVE_SIZE	512
#define XSAVE_HEADER	64
#define MXCSR_DEFAULT	0x1f80
#define FCW_DEFAULT	0x37f

static u64 guest_xcr0;

u64 kage_fpu_xcr0(void)
{
	return guest_xcr0;
}

u32 kage_fpu_size(u64 xcr0)
{
	u32 size = FXSAVE_SIZE + XSAVE_HEADER;
	int i;

	for (i = 2; i < 63; i++) {
		u32 len, off, ecx, edx;

		if (!(xcr0 & BIT_ULL(i)))
			continue;
		cpuid_count(0xd, i, &len, &off, &ecx, &edx);
		size = max(size, off + len);
	}
	return size;
}

/* SDM: "Extended Region of an XSAVE Area": some components are aligned. */
u32 kage_fpu_compact_size(u64 xcr0)
{
	u32 size = FXSAVE_SIZE + XSAVE_HEADER;
	int i;

	for (i = 2; i < 63; i++) {
		u32 len, off, ecx, edx;

		if (!(xcr0 & BIT_ULL(i)))
			continue;
		cpuid_count(0xd, i, &len, &off, &ecx, &edx);
		if (ecx & BIT(1))
			size = ALIGN(size, 64);
		size += len;
	}
	return size;
}

void kage_fpu_init(void)
{
	guest_xcr0 = 0;
	if (!boot_cpu_has(X86_FEATURE_OSXSAVE))
		return;
	guest_xcr0 = xgetbv(0) & GUEST_XCR0;
	/* AVX-512 comes whole or not at all, and stands on AVX. */
	if ((guest_xcr0 & XFEATURE_MASK_AVX512) != XFEATURE_MASK_AVX512 ||
	    !(guest_xcr0 & XFEATURE_MASK_YMM))
		guest_xcr0 &= ~XFEATURE_MASK_AVX512;
}

void *kage_fpu_alloc(void)
{
	/* Whole pages: XSAVE wants 64-byte alignment. */
	return alloc_pages_exact(kage_fpu_size(guest_xcr0),
				 GFP_KERNEL_ACCOUNT | __GFP_ZERO);
}

void kage_fpu_free(void *fpu)
{
	if (fpu)
		free_pages_exact(fpu, kage_fpu_size(guest_xcr0));
}

void kage_fpu_reset(void *fpu)
{
	/* SDM: "FXSAVE Area": control word at 0, MXCSR at 24. */
	memset(fpu, 0, kage_fpu_size(guest_xcr0));
	*(u16 *)fpu = FCW_DEFAULT;
	*(u32 *)(fpu + 24) = MXCSR_DEFAULT;
	/* XSTATE_BV: x87 and SSE are taken from the image, the rest is init. */
	if (guest_xcr0)
		*(u64 *)(fpu + FXSAVE_SIZE) = XFEATURE_MASK_FPSSE;
}

static void restore(void *fpu)
{
	if (guest_xcr0)
		asm volatile("xrstor64 (%0)"
			     : : "r" (fpu), "a" ((u32)guest_xcr0),
				 "d" ((u32)(guest_xcr0 >> 32)) : "memory");
	else
		asm volatile("fxrstor64 (%0)" : : "r" (fpu) : "memory");
}

static void save(void *fpu)
{
	if (guest_xcr0)
		asm volatile("xsave64 (%0)"
			     : : "r" (fpu), "a" ((u32)guest_xcr0),
				 "d" ((u32)(guest_xcr0 >> 32)) : "memory");
	else
		asm volatile("fxsave64 (%0)" : : "r" (fpu) : "memory");
}

/*
 * XCR0 is changed last and put back first: what the guest has disabled now it
 * may have used before, and the image keeps it all.
 */
void kage_fpu_load(struct kage_vcpu *vcpu)
{
	restore(vcpu->vmx.fpu);
	if (!guest_xcr0)
		return;
	vcpu->vmx.host_xcr0 = xgetbv(0);
	if (vcpu->vmx.host_xcr0 != vcpu->xcr0)
		xsetbv(0, vcpu->xcr0);
}

void kage_fpu_unload(struct kage_vcpu *vcpu)
{
	if (guest_xcr0 && vcpu->vmx.host_xcr0 != vcpu->xcr0)
		xsetbv(0, vcpu->vmx.host_xcr0);
	save(vcpu->vmx.fpu);
}

void kage_fpu_set_xcr0(struct kage_vcpu *vcpu, u64 xcr0)
{
	vcpu->xcr0 = xcr0;
	xsetbv(0, xcr0);
}
