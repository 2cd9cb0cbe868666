// SPDX-License-Identifier: GPL-2.0
/*
 * VMCS regions and their set-up, in the order of the SDM's chapter.
 */
#include "vmcs.h"
#include "../vcpu.h"
#include "../mmu/gwalk.h"
#include "cap.h"
#include "cpu.h"
#include "cr.h"
#include "msr.h"
#include "run.h"
#include <asm/desc.h>
#include <asm/fixmap.h>
#include <asm/msr.h>
#include <asm/special_insns.h>
#include <asm/tlbflush.h>
#include <asm/trapnr.h>
#include <linux/gfp.h>

#define AR_CODE64	0xa09b	/* present, code, accessed, L, G */
#define AR_DATA		0xc093	/* present, writable data, accessed, B, G */
#define AR_LDT		0x10000	/* unusable */
#define AR_TSS64	0x008b	/* present, busy 64-bit TSS */

#define SEL_CODE	0x10
#define SEL_DATA	0x18

/* One for all guests: the policy does not differ between them. */
static unsigned long *msr_bitmap;

struct kage_vmcs *kage_vmcs_alloc(void)
{
	struct kage_vmcs *vmcs;

	vmcs = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (vmcs)
		vmcs->revision = kage_caps.revision;
	return vmcs;
}

void kage_vmcs_free(struct kage_vmcs *vmcs)
{
	free_page((unsigned long)vmcs);
}

void kage_vmcs_clear(struct kage_vmcs *vmcs)
{
	hpa_t pa = __pa(vmcs);

	asm goto("vmclear %[pa]\n\t"
		 "jbe %l[failed]"
		 : : [pa] "m" (pa) : "cc", "memory" : failed);
	return;
failed:
	WARN_ONCE(1, "kage: VMCLEAR failed\n");
}

void kage_vmcs_load(struct kage_vmcs *vmcs)
{
	hpa_t pa = __pa(vmcs);

	asm goto("vmptrld %[pa]\n\t"
		 "jbe %l[failed]"
		 : : [pa] "m" (pa) : "cc", "memory" : failed);
	return;
failed:
	WARN_ONCE(1, "kage: VMPTRLD failed\n");
}

static void invvpid(unsigned long type, u16 vpid)
{
	const struct {
		u64 vpid, gva;
	} desc = { .vpid = vpid };

	asm goto("invvpid %[desc], %[type]\n\t"
		 "jbe %l[failed]"
		 : : [desc] "m" (desc), [type] "r" (type)
		 : "cc", "memory" : failed);
	return;
failed:
	WARN_ONCE(1, "kage: INVVPID failed\n");
}

/*
 * Without VPID every entry and exit drops everything, and there is nothing to
 * do. SDM: "Operations that Invalidate Cached Mappings".
 */
void kage_vmcs_flush(u16 vpid)
{
	if (kage_caps.vpid)
		invvpid(VMX_VPID_EXTENT_SINGLE_CONTEXT, vpid);
}

void kage_vmcs_flush_all(void)
{
	if (kage_caps.vpid)
		invvpid(VMX_VPID_EXTENT_ALL_CONTEXT, 0);
}

/*
 * A page fault exits if its error code under the mask equals the match; where
 * the exception bitmap leaves #PF out, if it does not.
 */
static const struct {
	u32 bitmap, mask, match;
} routes[] = {
	[KAGE_ROUTE_EXIT] = { .bitmap = BIT(X86_TRAP_PF) },
	[KAGE_ROUTE_ABSENT] = {
		.bitmap = BIT(X86_TRAP_PF),
		.mask = KAGE_PF_P, .match = KAGE_PF_P,
	},
	[KAGE_ROUTE_USER] = {
		.mask = KAGE_PF_U | KAGE_PF_RSVD, .match = KAGE_PF_U,
	},
};

/*
 * #DB and #AC exit because a guest can make their delivery raise them again
 * without end; #MC is the host's; #PF is what shadows live on.
 */
void kage_vmcs_route(struct kage_vcpu *vcpu, enum kage_route route)
{
	kage_vmcs_write(EXCEPTION_BITMAP, BIT(X86_TRAP_DB) | BIT(X86_TRAP_AC) |
			BIT(X86_TRAP_MC) | routes[route].bitmap);
	kage_vmcs_write(PAGE_FAULT_ERROR_CODE_MASK, routes[route].mask);
	kage_vmcs_write(PAGE_FAULT_ERROR_CODE_MATCH, routes[route].match);
	vcpu->vmx.route = route;
}

void kage_vmcs_tsc(struct kage_vcpu *vcpu)
{
	vcpu->vmx.tsc_lost = kage_cpu_tsc_lost();
	kage_vmcs_write(TSC_OFFSET, vcpu->tsc_offset + vcpu->vmx.tsc_lost);
}

void kage_vmcs_msr_lists(struct kage_vcpu *vcpu)
{
	struct kage_vmx *vmx = &vcpu->vmx;
	int first = vmx->efer_listed ? KAGE_LIST_EFER : KAGE_LIST_PERF;
	int nr = KAGE_LIST_PERF + vmx->nr_perf - first;

	kage_vmcs_write(VM_EXIT_MSR_LOAD_ADDR, __pa(&vmx->exit_msrs[first]));
	kage_vmcs_write(VM_EXIT_MSR_LOAD_COUNT, nr);
	kage_vmcs_write(VM_ENTRY_MSR_LOAD_ADDR, __pa(&vmx->entry_msrs[first]));
	kage_vmcs_write(VM_ENTRY_MSR_LOAD_COUNT, nr);
}

static void setup_controls(struct kage_vcpu *vcpu)
{
	struct kage_vmx *vmx = &vcpu->vmx;

	kage_vmcs_write(PIN_BASED_VM_EXEC_CONTROL, kage_caps.pin &
			~PIN_BASED_VMX_PREEMPTION_TIMER);
	vmx->proc = kage_caps.proc;
	kage_vmcs_write(CPU_BASED_VM_EXEC_CONTROL, vmx->proc);
	if (kage_caps.proc & CPU_BASED_ACTIVATE_SECONDARY_CONTROLS)
		kage_vmcs_write(SECONDARY_VM_EXEC_CONTROL, kage_caps.proc2);
	if (kage_caps.proc2 & SECONDARY_EXEC_ENCLS_EXITING)
		kage_vmcs_write(ENCLS_EXITING_BITMAP, ~0ULL);
	kage_vmcs_route(vcpu, KAGE_ROUTE_EXIT);
	kage_vmcs_write(CR3_TARGET_COUNT, 0);
	kage_vmcs_write(MSR_BITMAP, __pa(msr_bitmap));
	kage_vmcs_tsc(vcpu);
	if (kage_caps.vpid)
		kage_vmcs_write(VIRTUAL_PROCESSOR_ID, vmx->vpid);

	kage_vmcs_write(VM_EXIT_CONTROLS, kage_caps.exit);
	kage_vmcs_write(VM_EXIT_MSR_STORE_COUNT, 0);
	kage_vmcs_write(VM_ENTRY_CONTROLS, kage_caps.entry);
	vmx->efer_listed = false;
	vmx->nr_perf = 0;
	kage_vmcs_msr_lists(vcpu);
	kage_vmcs_write(VM_ENTRY_INTR_INFO_FIELD, 0);
	kage_vmcs_write(VMCS_LINK_POINTER, ~0ULL);
}

/* Host state that is the same on every CPU and never changes. */
static void setup_host(void)
{
	struct desc_ptr idt;
	u64 value;

	/* TS is the FPU's affair and clear while kage runs. */
	kage_vmcs_write(HOST_CR0, read_cr0() & ~X86_CR0_TS);
	kage_vmcs_write(HOST_CS_SELECTOR, __KERNEL_CS);
	kage_vmcs_write(HOST_SS_SELECTOR, __KERNEL_DS);
	kage_vmcs_write(HOST_DS_SELECTOR, 0);
	kage_vmcs_write(HOST_ES_SELECTOR, 0);
	kage_vmcs_write(HOST_FS_SELECTOR, 0);
	kage_vmcs_write(HOST_GS_SELECTOR, 0);
	kage_vmcs_write(HOST_TR_SELECTOR, GDT_ENTRY_TSS * 8);
	store_idt(&idt);
	kage_vmcs_write(HOST_IDTR_BASE, idt.address);
	rdmsrl(MSR_IA32_SYSENTER_CS, value);
	kage_vmcs_write(HOST_IA32_SYSENTER_CS, value);
	kage_vmcs_write(HOST_RIP, (unsigned long)kage_vmx_landing);
	if (kage_caps.efer_controls) {
		rdmsrl(MSR_EFER, value);
		kage_vmcs_write(HOST_IA32_EFER, value);
	}
}

void kage_vmcs_setup_cpu(void)
{
	int cpu = smp_processor_id();
	u64 value;

	/* A kernel thread has no TLS: its FS base is 0 before and after. */
	kage_vmcs_write(HOST_FS_BASE, 0);
	rdmsrl(MSR_GS_BASE, value);
	kage_vmcs_write(HOST_GS_BASE, value);
	kage_vmcs_write(HOST_TR_BASE,
			(unsigned long)&get_cpu_entry_area(cpu)->tss.x86_tss);
	kage_vmcs_write(HOST_GDTR_BASE, (unsigned long)get_cpu_gdt_ro(cpu));
	rdmsrl(MSR_IA32_SYSENTER_ESP, value);
	kage_vmcs_write(HOST_IA32_SYSENTER_ESP, value);
	rdmsrl(MSR_IA32_SYSENTER_EIP, value);
	kage_vmcs_write(HOST_IA32_SYSENTER_EIP, value);
}

#define setup_seg(name, sel, lim, ar) do {			\
	kage_vmcs_write(GUEST_##name##_SELECTOR, sel);		\
	kage_vmcs_write(GUEST_##name##_BASE, 0);		\
	kage_vmcs_write(GUEST_##name##_LIMIT, lim);		\
	kage_vmcs_write(GUEST_##name##_AR_BYTES, ar);		\
} while (0)

/* Flat 64-bit code at privilege 0: where every guest of kage starts. */
static void setup_guest(struct kage_vcpu *vcpu)
{
	setup_seg(CS, SEL_CODE, ~0U, AR_CODE64);
	setup_seg(SS, SEL_DATA, ~0U, AR_DATA);
	setup_seg(DS, SEL_DATA, ~0U, AR_DATA);
	setup_seg(ES, SEL_DATA, ~0U, AR_DATA);
	setup_seg(FS, SEL_DATA, ~0U, AR_DATA);
	setup_seg(GS, SEL_DATA, ~0U, AR_DATA);
	setup_seg(LDTR, 0, 0, AR_LDT);
	setup_seg(TR, 0, 0x67, AR_TSS64);
	kage_vmcs_write(GUEST_GDTR_BASE, vcpu->gdt.base);
	kage_vmcs_write(GUEST_GDTR_LIMIT, vcpu->gdt.limit);
	kage_vmcs_write(GUEST_IDTR_BASE, vcpu->idt.base);
	kage_vmcs_write(GUEST_IDTR_LIMIT, vcpu->idt.limit);
	kage_vmcs_write(GUEST_SYSENTER_CS, 0);
	kage_vmcs_write(GUEST_SYSENTER_ESP, 0);
	kage_vmcs_write(GUEST_SYSENTER_EIP, 0);
	kage_vmcs_write(GUEST_IA32_DEBUGCTL, 0);
	kage_vmcs_write(GUEST_DR7, vcpu->dr7);
	kage_vmcs_write(GUEST_RSP, vcpu->regs[KAGE_RSP]);
	kage_vmcs_write(GUEST_RIP, vcpu->vmx.rip);
	kage_vmcs_write(GUEST_RFLAGS, vcpu->start_rflags);
	kage_vmcs_write(GUEST_INTERRUPTIBILITY_INFO, 0);
	kage_vmcs_write(GUEST_ACTIVITY_STATE, 0);
	kage_vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS, 0);
}

void kage_vmcs_setup(struct kage_vcpu *vcpu)
{
	lockdep_assert_preemption_disabled();
	setup_controls(vcpu);
	setup_host();
	setup_guest(vcpu);
	kage_cr_setup(vcpu);
}

int kage_vmcs_init(void)
{
	msr_bitmap = (void *)get_zeroed_page(GFP_KERNEL);
	if (!msr_bitmap)
		return -ENOMEM;
	kage_msr_fill_bitmap(msr_bitmap);
	return 0;
}

void kage_vmcs_uninit(void)
{
	free_page((unsigned long)msr_bitmap);
}
