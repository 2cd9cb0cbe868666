// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's state that lives in the VMCS, for those who do not know VMX.
 * The VMCS must be current: inside a burst, or after kage_cpu_load().
 */
#include "state.h"
#include "../vcpu.h"
#include "vmcs.h"
#include <asm/debugreg.h>
#include <asm/processor-flags.h>

#define SEG_PRESENT	BIT(7)
#define SEG_L		BIT(13)
#define SEG_DB		BIT(14)
#define SEG_UNUSABLE	BIT(16)

/* The fields of one segment stand at the same distance in every group. */
static unsigned long seg_field(unsigned long es_field, enum kage_seg seg)
{
	/* VMCS order: ES CS SS DS FS GS LDTR TR. */
	unsigned int n = seg == KAGE_TR ? 7 : seg == KAGE_LDTR ? 6 : seg;

	return es_field + 2 * n;
}

u64 kage_vcpu_rip(struct kage_vcpu *vcpu)
{
	struct kage_vmx *vmx = &vcpu->vmx;

	if (!vmx->rip_loaded) {
		vmx->rip = kage_vmcs_read(GUEST_RIP);
		vmx->rip_loaded = true;
	}
	return vmx->rip;
}

void kage_vcpu_set_rip(struct kage_vcpu *vcpu, u64 rip)
{
	vcpu->vmx.rip = rip;
	vcpu->vmx.rip_loaded = true;
	vcpu->vmx.rip_dirty = true;
}

u64 kage_vcpu_rflags(struct kage_vcpu *vcpu)
{
	return kage_vmcs_read(GUEST_RFLAGS);
}

void kage_vcpu_set_rflags(struct kage_vcpu *vcpu, u64 rflags)
{
	kage_vmcs_write(GUEST_RFLAGS, rflags);
}

void kage_vcpu_seg(struct kage_vcpu *vcpu, enum kage_seg seg,
		   struct kage_segment *out)
{
	u32 ar;

	out->base = kage_vmcs_read(seg_field(GUEST_ES_BASE, seg));
	out->limit = kage_vmcs_read(seg_field(GUEST_ES_LIMIT, seg));
	out->selector = kage_vmcs_read(seg_field(GUEST_ES_SELECTOR, seg));
	ar = kage_vmcs_read(seg_field(GUEST_ES_AR_BYTES, seg));
	/* Nobody else knows the unusable bit: such a segment is not present. */
	out->attr = ar & SEG_UNUSABLE ? ar & ~SEG_PRESENT : ar;
}

u64 kage_vcpu_seg_base(struct kage_vcpu *vcpu, enum kage_seg seg)
{
	if (seg < KAGE_FS && kage_vcpu_code_size(vcpu) == 8)
		return 0;
	return kage_vmcs_read(seg_field(GUEST_ES_BASE, seg));
}

unsigned int kage_vcpu_cpl(struct kage_vcpu *vcpu)
{
	/* SDM: "Guest Register State": SS.DPL is the CPL. */
	return (kage_vmcs_read(GUEST_SS_AR_BYTES) >> 5) & 3;
}

unsigned int kage_vcpu_code_size(struct kage_vcpu *vcpu)
{
	u64 ar = kage_vmcs_read(GUEST_CS_AR_BYTES);

	if (ar & SEG_L)
		return 8;
	return ar & SEG_DB ? 4 : 2;
}

void kage_vcpu_skip(struct kage_vcpu *vcpu, unsigned int len)
{
	const u64 shadow = GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS;
	u64 rip = kage_vcpu_rip(vcpu) + len;
	u64 rflags = kage_vcpu_rflags(vcpu);
	u64 blocked;

	/* Only code above 4 GiB can leave the low half: no need to look. */
	if (unlikely(upper_32_bits(rip) != upper_32_bits(rip - len)) &&
	    kage_vcpu_code_size(vcpu) != 8)
		rip = lower_32_bits(rip);
	kage_vcpu_set_rip(vcpu, rip);
	blocked = kage_vmcs_read(GUEST_INTERRUPTIBILITY_INFO);
	if (blocked & shadow)
		kage_vmcs_write(GUEST_INTERRUPTIBILITY_INFO,
				blocked & ~shadow);
	/*
	 * A fault that exited has set it, and what is done now clears it; but
	 * within a REP it stays, or a breakpoint there would be met again.
	 */
	if (len && (rflags & X86_EFLAGS_RF))
		kage_vcpu_set_rflags(vcpu, rflags & ~(u64)X86_EFLAGS_RF);
	if (unlikely(rflags & X86_EFLAGS_TF))
		kage_vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS,
				kage_vmcs_read(GUEST_PENDING_DBG_EXCEPTIONS) |
				DR_STEP);
}

void kage_vcpu_describe(struct kage_vcpu *vcpu, char *buf, size_t len)
{
	scnprintf(buf, len,
		  "rip %#llx rsp %#llx rflags %#llx cr0 %#llx cr2 %#llx cr3 %#llx cr4 %#llx",
		  kage_vcpu_rip(vcpu), kage_vmcs_read(GUEST_RSP),
		  kage_vcpu_rflags(vcpu), vcpu->cr0, vcpu->cr2, vcpu->cr3,
		  vcpu->cr4);
}
