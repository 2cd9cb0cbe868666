// SPDX-License-Identifier: GPL-2.0
/*
 * Control and debug registers.
 *
 * All bits of CR0 and CR4 are the host's: the guest reads the shadow and its
 * writes exit. What the processor runs with is the guest's value with paging,
 * protection and write protection always on.
 */
#include "cr.h"
#include "../vcpu.h"
#include "../vm.h"
#include "../dev/irqchip.h"
#include "../mmu/shadow.h"
#include "cap.h"
#include "cpuid.h"
#include "event.h"
#include "express.h"
#include "state.h"
#include "vmcs.h"
#include <asm/debugreg.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>

/* Bits that every guest has; kage_cpuid_cr4() adds those of its features. */
#define CR4_BASE	(X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | \
			 X86_CR4_DE | X86_CR4_PSE | X86_CR4_PAE | \
			 X86_CR4_MCE | X86_CR4_PGE | X86_CR4_PCE | \
			 X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT)

#define EFER_KNOWN	(EFER_SCE | EFER_LME | EFER_LMA | EFER_NX)

bool kage_cr0_valid(u64 cr0)
{
	if (upper_32_bits(cr0))
		return false;
	if ((cr0 & X86_CR0_PG) && !(cr0 & X86_CR0_PE))
		return false;
	return !(cr0 & X86_CR0_NW) || (cr0 & X86_CR0_CD);
}

bool kage_cr4_valid(u64 cr4)
{
	return !(cr4 & ~(CR4_BASE | kage_cpuid_cr4())) &&
	       (cr4 & X86_CR4_PAE);
}

static void apply_cr0(struct kage_vcpu *vcpu)
{
	u64 hw = vcpu->cr0 & ~(u64)(X86_CR0_CD | X86_CR0_NW);

	/*
	 * Caching stays on: no device is the guest's own. WP stays on: the
	 * shadow's entries make the difference (mmu/spte.c).
	 */
	hw |= X86_CR0_PE | X86_CR0_PG | X86_CR0_WP | X86_CR0_NE;
	hw = (hw | kage_caps.cr0_fixed0) & kage_caps.cr0_fixed1;
	kage_vmcs_write(GUEST_CR0, hw);
	kage_vmcs_write(CR0_READ_SHADOW, vcpu->cr0);
}

static void apply_cr4(struct kage_vcpu *vcpu)
{
	/* MCE: a machine check must exit and not shut the processor down. */
	u64 hw = vcpu->cr4 | X86_CR4_PAE | X86_CR4_MCE;

	hw = (hw | kage_caps.cr4_fixed0) & kage_caps.cr4_fixed1;
	kage_vmcs_write(GUEST_CR4, hw);
	kage_vmcs_write(CR4_READ_SHADOW, vcpu->cr4);
}

/*
 * NXE is always on in the processor: without it, and without SMEP, an error code
 * would not tell a fetch, which SMAP allows, from a read, which it does not. SCE
 * follows the guest. Where no control switches EFER the MSR lists do.
 */
void kage_cr_apply_efer(struct kage_vcpu *vcpu)
{
	struct kage_vmx *vmx = &vcpu->vmx;
	u64 hw = (vcpu->efer & EFER_SCE) | EFER_LME | EFER_LMA | EFER_NX;
	u64 host;

	if (kage_caps.efer_controls) {
		kage_vmcs_write(GUEST_IA32_EFER, hw);
		return;
	}
	rdmsrl(MSR_EFER, host);
	vmx->entry_msrs[KAGE_LIST_EFER] = (struct kage_msr_entry) {
		.index = MSR_EFER, .value = hw,
	};
	vmx->exit_msrs[KAGE_LIST_EFER] = (struct kage_msr_entry) {
		.index = MSR_EFER, .value = host,
	};
	vmx->efer_listed = hw != host;
	kage_vmcs_msr_lists(vcpu);
}

void kage_cr_setup(struct kage_vcpu *vcpu)
{
	kage_vmcs_write(CR0_GUEST_HOST_MASK, ~0ULL);
	kage_vmcs_write(CR4_GUEST_HOST_MASK, ~0ULL);
	apply_cr0(vcpu);
	apply_cr4(vcpu);
	kage_cr_apply_efer(vcpu);
}

static void skip(struct kage_vcpu *vcpu)
{
	kage_vcpu_skip(vcpu, kage_vmcs_read(VM_EXIT_INSTRUCTION_LEN));
}

/* Another root may be needed, and old translations are void. */
static void paging_changed(struct kage_vcpu *vcpu)
{
	kage_vcpu_request(vcpu, KAGE_REQ_LOAD_ROOT);
}

static void set_cr0(struct kage_vcpu *vcpu, u64 cr0)
{
	u64 changed;

	cr0 |= X86_CR0_ET;
	if (!kage_cr0_valid(cr0)) {
		kage_event_inject_gp(vcpu, 0);
		return;
	}
	cr0 &= KAGE_CR0_KNOWN;
	changed = cr0 ^ vcpu->cr0;
	if (!(cr0 & X86_CR0_PG) || !(cr0 & X86_CR0_PE)) {
		/* SDM: #GP where CS.L is set; only then is paging left. */
		if (kage_vcpu_code_size(vcpu) == 8)
			kage_event_inject_gp(vcpu, 0);
		else
			kage_vcpu_kill(vcpu,
				       "the guest turned paging off (CR0 %#llx at %#llx), which kage does not serve",
				       cr0, kage_vcpu_rip(vcpu));
		return;
	}
	vcpu->cr0 = cr0;
	apply_cr0(vcpu);
	if (changed & X86_CR0_WP)
		paging_changed(vcpu);
	skip(vcpu);
}

static void set_cr3(struct kage_vcpu *vcpu, u64 cr3)
{
	if (cr3 >> KAGE_MAXPHYADDR) {
		kage_event_inject_gp(vcpu, 0);
		return;
	}
	vcpu->cr3 = cr3;
	paging_changed(vcpu);
	skip(vcpu);
}

static void set_cr4(struct kage_vcpu *vcpu, u64 cr4)
{
	const u64 flushing = X86_CR4_PGE | X86_CR4_PSE | X86_CR4_SMEP |
			     X86_CR4_SMAP;
	u64 changed = cr4 ^ vcpu->cr4;

	if (!kage_cr4_valid(cr4)) {
		kage_event_inject_gp(vcpu, 0);
		return;
	}
	vcpu->cr4 = cr4;
	apply_cr4(vcpu);
	/* CPUID shows some of it. */
	kage_express_forget(vcpu);
	if (changed & flushing)
		kage_vcpu_request(vcpu, KAGE_REQ_TLB_FLUSH);
	skip(vcpu);
}

static void set_cr8(struct kage_vcpu *vcpu, u64 cr8)
{
	if (cr8 & ~0xfULL) {
		kage_event_inject_gp(vcpu, 0);
		return;
	}
	kage_lapic_set_cr8(vcpu, cr8);
	skip(vcpu);
}

static void set_cr(struct kage_vcpu *vcpu, unsigned int cr, u64 val)
{
	switch (cr) {
	case 0:
		set_cr0(vcpu, val);
		break;
	case 3:
		set_cr3(vcpu, val);
		break;
	case 4:
		set_cr4(vcpu, val);
		break;
	case 8:
		set_cr8(vcpu, val);
		break;
	default:
		kage_event_inject_ud(vcpu);
	}
}

static void get_cr(struct kage_vcpu *vcpu, unsigned int cr, unsigned int reg)
{
	/* CR0 and CR4 are read from their shadows without an exit. */
	if (cr == 3)
		vcpu->regs[reg] = vcpu->cr3;
	else if (cr == 8)
		vcpu->regs[reg] = kage_lapic_get_cr8(vcpu);
	skip(vcpu);
}

/* SDM: "Exit Qualification for Control-Register Accesses". */
void kage_cr_exit(struct kage_vcpu *vcpu)
{
	u64 qual = kage_vmcs_read(EXIT_QUALIFICATION);
	unsigned int cr = qual & 0xf;
	unsigned int reg = (qual >> 8) & 0xf;
	u64 msw;

	switch ((qual >> 4) & 3) {
	case 0:
		set_cr(vcpu, cr, vcpu->regs[reg]);
		break;
	case 1:
		get_cr(vcpu, cr, reg);
		break;
	case 2:	/* CLTS */
		set_cr0(vcpu, vcpu->cr0 & ~(u64)X86_CR0_TS);
		break;
	case 3:	/* LMSW loads PE, MP, EM, TS and cannot clear PE */
		msw = (qual >> 16) & 0xf;
		set_cr0(vcpu, (vcpu->cr0 & ~0xeULL) | msw);
		break;
	}
}

/* DR4 and DR5 are DR6 and DR7, or invalid where CR4.DE is set. */
static void set_dr(struct kage_vcpu *vcpu, unsigned int nr, u64 val)
{
	if (nr < 4) {
		vcpu->dr[nr] = val;
	} else if (nr == 6 || nr == 4) {
		vcpu->dr6 = (val & DR_TRAP_BITS) | DR6_RESERVED |
			    (val & (DR_BUS_LOCK | DR_STEP | BIT(13) | BIT(15)));
	} else {
		vcpu->dr7 = (val & 0xffff2bff) | KAGE_DR7_FIXED;
		kage_vmcs_write(GUEST_DR7, vcpu->dr7);
	}
}

static u64 get_dr(const struct kage_vcpu *vcpu, unsigned int nr)
{
	if (nr < 4)
		return vcpu->dr[nr];
	return nr == 6 || nr == 4 ? vcpu->dr6 : vcpu->dr7;
}

/* SDM: "Exit Qualification for MOV DR". */
void kage_dr_exit(struct kage_vcpu *vcpu)
{
	u64 qual = kage_vmcs_read(EXIT_QUALIFICATION);
	unsigned int nr = qual & 7;
	unsigned int reg = (qual >> 8) & 0xf;

	if ((nr == 4 || nr == 5) && (vcpu->cr4 & X86_CR4_DE)) {
		kage_event_inject_ud(vcpu);
		return;
	}
	/* SDM: "Relative Priority of Faults and VM Exits": this one comes late. */
	if (kage_vcpu_cpl(vcpu)) {
		kage_event_inject_gp(vcpu, 0);
		return;
	}
	if (vcpu->dr7 & (u64)KAGE_DR7_GD) {
		kage_event_inject_db(vcpu, BIT(13));
		return;
	}
	if (qual & BIT(4)) {
		vcpu->regs[reg] = get_dr(vcpu, nr);
	} else {
		if (nr > 3 && upper_32_bits(vcpu->regs[reg])) {
			kage_event_inject_gp(vcpu, 0);
			return;
		}
		set_dr(vcpu, nr, vcpu->regs[reg]);
	}
	skip(vcpu);
}

int kage_cr_write_efer(struct kage_vcpu *vcpu, u64 efer)
{
	u64 changed = efer ^ vcpu->efer;

	if (efer & ~(u64)EFER_KNOWN)
		return -EINVAL;
	/* LME cannot change while paging is on; LMA is read-only. */
	if (changed & EFER_LME)
		return -EINVAL;
	efer = (efer & ~(u64)EFER_LMA) | (vcpu->efer & EFER_LMA);
	vcpu->efer = efer;
	kage_cr_apply_efer(vcpu);
	if (changed & EFER_NX)
		paging_changed(vcpu);
	return 0;
}
