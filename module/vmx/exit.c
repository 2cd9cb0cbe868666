// SPDX-License-Identifier: GPL-2.0
/*
 * The exit table.
 *
 * SDM: "Basic VM-Exit Information", "VMX Basic Exit Reasons".
 */
#include "exit.h"
#include "../vcpu.h"
#include "../vm.h"
#include "../dev/bus.h"
#include "../emul/device.h"
#include "../mmu/fault.h"
#include "../mmu/route.h"
#include "../mmu/store.h"
#include "../trace.h"
#include "cpuid.h"
#include "cr.h"
#include "event.h"
#include "express.h"
#include "fpu.h"
#include "io.h"
#include "msr.h"
#include "perf.h"
#include "state.h"
#include "vmcs.h"
#include <asm/cpufeature.h>
#include <asm/debugreg.h>
#include <asm/fpu/types.h>
#include <asm/mce.h>
#include <asm/processor-flags.h>
#include <asm/ptrace.h>
#include <asm/segment.h>
#include <asm/trapnr.h>
#include <linux/nospec.h>

static void skip(struct kage_vcpu *vcpu)
{
	kage_vcpu_skip(vcpu, kage_vmcs_read(VM_EXIT_INSTRUCTION_LEN));
}

/* A host NMI: NMIs stay blocked until the handler's IRET, so do it now. */
static void host_nmi(void)
{
	asm volatile("int $2" : : : "memory");
}

/*
 * A machine check while the guest ran is the host's affair. Its handler is told
 * that user code was hit, for that is what a guest is to it: bad memory costs a
 * process its life then, not the host. What it wants done about that it leaves
 * to the thread, which gets to it when it ends; to hit more bad memory before
 * that is the end of the host. So the guest must not run again. A host without a
 * handler has made no arrangements: there the guest is the end of it.
 */
static void host_machine_check(struct kage_vcpu *vcpu)
{
#ifdef CONFIG_X86_MCE
	struct pt_regs user = { .cs = __USER_CS, .flags = X86_EFLAGS_IF };

	do_machine_check(&user);
	if (!current->mce_count)
		return;
#endif
	WRITE_ONCE(vcpu->vm->broken, true);
	kage_vcpu_kill(vcpu, "machine check: the hardware failed under the guest");
}

static void debug_exception(struct kage_vcpu *vcpu, u32 info)
{
	/* INT1 exits before it is done, and says nothing in DR6. */
	if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_PRIV_SW_EXCEPTION) {
		kage_event_inject_int1(vcpu,
				       kage_vmcs_read(VM_EXIT_INSTRUCTION_LEN));
		return;
	}
	/* SDM: "Exit Qualification for Debug Exceptions": DR6's layout. */
	kage_event_inject_db(vcpu, kage_vmcs_read(EXIT_QUALIFICATION) &
			     (DR_TRAP_BITS | DR_STEP | BIT(13) | BIT(15)));
}

static void page_fault(struct kage_vcpu *vcpu)
{
	gva_t gva = kage_vmcs_read(EXIT_QUALIFICATION);
	u32 pfec = kage_vmcs_read(VM_EXIT_INTR_ERROR_CODE);

	if (trace_kage_page_fault_enabled())
		trace_kage_page_fault(vcpu->vm->id, vcpu->id,
				      kage_vcpu_rip(vcpu), gva, pfec);
	if (!kage_event_vectoring(vcpu) && kage_store_fast(vcpu, gva, pfec))
		return;
	local_irq_enable();
	if (kage_event_vectoring(vcpu) ||
	    !kage_device_again(vcpu, gva, pfec))
		kage_mmu_fault(vcpu, gva, pfec);
	local_irq_disable();
}

/* SDM: "Interrupt 17-Alignment Check Exception (#AC)": what a guest asked for. */
static bool checks_alignment(struct kage_vcpu *vcpu)
{
	return kage_vcpu_cpl(vcpu) == 3 && (vcpu->cr0 & X86_CR0_AM) &&
	       (kage_vcpu_rflags(vcpu) & X86_EFLAGS_AC);
}

/*
 * Any other is of a split lock, which the host's kernel detects and the guest
 * knows nothing of. It is the thread's turn then: what to do may sleep.
 */
static void alignment_check(struct kage_vcpu *vcpu)
{
	if (!boot_cpu_has(X86_FEATURE_SPLIT_LOCK_DETECT) ||
	    checks_alignment(vcpu)) {
		kage_event_inject_ac(vcpu,
				     kage_vmcs_read(VM_EXIT_INTR_ERROR_CODE));
		return;
	}
	vcpu->vmx.split_lock_rip = kage_vcpu_rip(vcpu);
	vcpu->vmx.split_lock = true;
	kage_vcpu_request(vcpu, KAGE_REQ_REBURST);
}

static void handle_exception(struct kage_vcpu *vcpu)
{
	u32 info = kage_vmcs_read(VM_EXIT_INTR_INFO);
	u32 vector = info & INTR_INFO_VECTOR_MASK;

	if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR) {
		host_nmi();
		return;
	}
	switch (vector) {
	case X86_TRAP_PF:
		page_fault(vcpu);
		break;
	case X86_TRAP_MC:
		host_machine_check(vcpu);
		break;
	case X86_TRAP_DB:
		debug_exception(vcpu, info);
		break;
	case X86_TRAP_AC:
		alignment_check(vcpu);
		break;
	default:
		kage_vcpu_kill(vcpu, "unexpected exception %u", vector);
	}
}

/* The host's IDT takes it: interrupts come on, and off again. */
static void handle_interrupt(struct kage_vcpu *vcpu)
{
	local_irq_enable();
	asm volatile("nop");
	local_irq_disable();
	kage_perf_refresh(vcpu);
	kage_route_relax(vcpu->vm);
}

static void handle_triple_fault(struct kage_vcpu *vcpu)
{
	char reason[KAGE_REASON_MAX + 1];
	int n = scnprintf(reason, sizeof(reason), "triple fault: ");

	kage_vcpu_describe(vcpu, reason + n, sizeof(reason) - n);
	kage_vm_shutdown(vcpu->vm, KAGE_EVENT_REBOOT, reason);
}

static void handle_interrupt_window(struct kage_vcpu *vcpu)
{
	kage_event_close_window(vcpu, CPU_BASED_INTR_WINDOW_EXITING);
}

static void handle_nmi_window(struct kage_vcpu *vcpu)
{
	kage_event_close_window(vcpu, CPU_BASED_NMI_WINDOW_EXITING);
}

static void handle_hlt(struct kage_vcpu *vcpu)
{
	skip(vcpu);
	vcpu->stats[KAGE_STAT_HALTS]++;
	vcpu->halted_if = kage_vcpu_rflags(vcpu) & X86_EFLAGS_IF;
	/* In an NMI's handler another one waits until the IRET. */
	vcpu->halted_nmi = !(kage_vmcs_read(GUEST_INTERRUPTIBILITY_INFO) &
			     GUEST_INTR_STATE_NMI);
	/* A trap that comes after HLT ends it before it has begun. */
	vcpu->halted = !kage_vmcs_read(GUEST_PENDING_DBG_EXCEPTIONS) &&
		       !kage_event_wakes(vcpu);
}

/* Only without its feature: what is in the shadow is right at any time. */
static void handle_invlpg(struct kage_vcpu *vcpu)
{
	kage_vcpu_request(vcpu, KAGE_REQ_TLB_FLUSH);
	skip(vcpu);
}

static void handle_rdmsr(struct kage_vcpu *vcpu)
{
	u64 val;

	if (kage_msr_read(vcpu, vcpu->regs[KAGE_RCX], &val)) {
		kage_event_inject_gp(vcpu, 0);
		return;
	}
	vcpu->regs[KAGE_RAX] = lower_32_bits(val);
	vcpu->regs[KAGE_RDX] = upper_32_bits(val);
	skip(vcpu);
}

static void handle_wrmsr(struct kage_vcpu *vcpu)
{
	u64 val = (vcpu->regs[KAGE_RDX] << 32) | (u32)vcpu->regs[KAGE_RAX];

	if (kage_msr_write(vcpu, vcpu->regs[KAGE_RCX], val)) {
		kage_event_inject_gp(vcpu, 0);
		return;
	}
	skip(vcpu);
}

/* SDM: "XSETBV-Set Extended Control Register". CPL was checked already. */
static void handle_xsetbv(struct kage_vcpu *vcpu)
{
	u64 val = (vcpu->regs[KAGE_RDX] << 32) | (u32)vcpu->regs[KAGE_RAX];
	u64 avx512 = val & XFEATURE_MASK_AVX512;

	if ((u32)vcpu->regs[KAGE_RCX] || (val & ~kage_fpu_xcr0()) ||
	    !(val & XFEATURE_MASK_FP) ||
	    ((val & XFEATURE_MASK_YMM) && !(val & XFEATURE_MASK_SSE)) ||
	    (avx512 && (avx512 != XFEATURE_MASK_AVX512 ||
			!(val & XFEATURE_MASK_YMM)))) {
		kage_event_inject_gp(vcpu, 0);
		return;
	}
	kage_fpu_set_xcr0(vcpu, val);
	/* Leaf 0xd shows it. */
	kage_express_forget(vcpu);
	skip(vcpu);
}

/* No cache is the guest's: there is nothing to write back or to lose. */
static void handle_nothing(struct kage_vcpu *vcpu)
{
	skip(vcpu);
}

static void handle_ud(struct kage_vcpu *vcpu)
{
	kage_event_inject_ud(vcpu);
}

static void handle_gp(struct kage_vcpu *vcpu)
{
	kage_event_inject_gp(vcpu, 0);
}

/* With the quirk's timer this is just a way out for host interrupts. */
static void handle_timer(struct kage_vcpu *vcpu)
{
	handle_interrupt(vcpu);
}

static void handle_task_switch(struct kage_vcpu *vcpu)
{
	kage_vcpu_kill(vcpu, "task switch, which kage does not serve");
}

/* Exit always, at any privilege level, where the processor knows TDX. */
#define EXIT_SEAMCALL	76
#define EXIT_TDCALL	77

struct handler {
	void (*handle)(struct kage_vcpu *vcpu);
	const char *name;
};

/* Without a handler: the machine is stopped with the reason's name. */
static const struct handler handlers[KAGE_NR_EXITS] = {
	[EXIT_REASON_EXCEPTION_NMI] = { handle_exception, "exception" },
	[EXIT_REASON_EXTERNAL_INTERRUPT] = { handle_interrupt, "interrupt" },
	[EXIT_REASON_TRIPLE_FAULT] = { handle_triple_fault, "triple-fault" },
	[EXIT_REASON_INIT_SIGNAL] = { NULL, "init" },
	[EXIT_REASON_SIPI_SIGNAL] = { NULL, "sipi" },
	[EXIT_REASON_INTERRUPT_WINDOW] = { handle_interrupt_window,
					   "interrupt-window" },
	[EXIT_REASON_NMI_WINDOW] = { handle_nmi_window, "nmi-window" },
	[EXIT_REASON_TASK_SWITCH] = { handle_task_switch, "task-switch" },
	[EXIT_REASON_CPUID] = { kage_cpuid_exit, "cpuid" },
	[EXIT_REASON_HLT] = { handle_hlt, "hlt" },
	[EXIT_REASON_INVD] = { handle_nothing, "invd" },
	[EXIT_REASON_INVLPG] = { handle_invlpg, "invlpg" },
	[EXIT_REASON_RDPMC] = { handle_gp, "rdpmc" },
	[EXIT_REASON_VMCALL] = { handle_ud, "vmcall" },
	[EXIT_REASON_VMCLEAR] = { handle_ud, "vmclear" },
	[EXIT_REASON_VMLAUNCH] = { handle_ud, "vmlaunch" },
	[EXIT_REASON_VMPTRLD] = { handle_ud, "vmptrld" },
	[EXIT_REASON_VMPTRST] = { handle_ud, "vmptrst" },
	[EXIT_REASON_VMREAD] = { handle_ud, "vmread" },
	[EXIT_REASON_VMRESUME] = { handle_ud, "vmresume" },
	[EXIT_REASON_VMWRITE] = { handle_ud, "vmwrite" },
	[EXIT_REASON_VMOFF] = { handle_ud, "vmxoff" },
	[EXIT_REASON_VMON] = { handle_ud, "vmxon" },
	[EXIT_REASON_INVEPT] = { handle_ud, "invept" },
	[EXIT_REASON_INVVPID] = { handle_ud, "invvpid" },
	[EXIT_REASON_CR_ACCESS] = { kage_cr_exit, "cr-access" },
	[EXIT_REASON_DR_ACCESS] = { kage_dr_exit, "dr-access" },
	[EXIT_REASON_IO_INSTRUCTION] = { kage_io_exit, "io" },
	[EXIT_REASON_MSR_READ] = { handle_rdmsr, "rdmsr" },
	[EXIT_REASON_MSR_WRITE] = { handle_wrmsr, "wrmsr" },
	[EXIT_REASON_INVALID_STATE] = { NULL, "invalid-guest-state" },
	[EXIT_REASON_MSR_LOAD_FAIL] = { NULL, "msr-load" },
	[EXIT_REASON_MWAIT_INSTRUCTION] = { handle_ud, "mwait" },
	[EXIT_REASON_MONITOR_INSTRUCTION] = { handle_ud, "monitor" },
	[EXIT_REASON_PAUSE_INSTRUCTION] = { handle_nothing, "pause" },
	[EXIT_REASON_MCE_DURING_VMENTRY] = { NULL, "machine-check" },
	[EXIT_REASON_WBINVD] = { handle_nothing, "wbinvd" },
	[EXIT_REASON_XSETBV] = { handle_xsetbv, "xsetbv" },
	[EXIT_REASON_ENCLS] = { handle_ud, "encls" },
	[EXIT_SEAMCALL] = { handle_ud, "seamcall" },
	[EXIT_TDCALL] = { handle_ud, "tdcall" },
	[EXIT_REASON_PREEMPTION_TIMER] = { handle_timer, "preemption-timer" },
};

const char *kage_exit_name(unsigned int reason)
{
	return reason < KAGE_NR_EXITS ? handlers[reason].name : NULL;
}

/* SDM: "Checks on the Guest State Area": say what may be at fault. */
static void entry_failed(struct kage_vcpu *vcpu, unsigned int basic)
{
	char regs[KAGE_REASON_MAX + 1];

	/* The host's affair first: other CPUs may be waiting for this one. */
	if (basic == EXIT_REASON_MCE_DURING_VMENTRY)
		host_machine_check(vcpu);
	kage_vcpu_describe(vcpu, regs, sizeof(regs));
	kage_vcpu_kill(vcpu,
		       "VM entry failed: %s (qualification %#llx, blocking %#llx, activity %llu): %s",
		       kage_exit_name(basic) ?: "unknown reason",
		       kage_vmcs_read(EXIT_QUALIFICATION),
		       kage_vmcs_read(GUEST_INTERRUPTIBILITY_INFO),
		       kage_vmcs_read(GUEST_ACTIVITY_STATE), regs);
}

static void unserved(struct kage_vcpu *vcpu, unsigned int basic)
{
	char regs[KAGE_REASON_MAX + 1];

	kage_vcpu_describe(vcpu, regs, sizeof(regs));
	kage_vcpu_kill(vcpu, "exit reason %u (%s) is not served: %s", basic,
		       kage_exit_name(basic) ?: "unknown", regs);
}

void kage_exit_handle(struct kage_vcpu *vcpu)
{
	struct kage_vmx *vmx = &vcpu->vmx;
	unsigned int basic;

	/* entry.S has read it. */
	basic = vmx->exit_reason & 0xffff;
	trace_kage_exit(vcpu->vm->id, vcpu->id, vmx->exit_reason);
	if (unlikely(vmx->exit_reason & VMX_EXIT_REASONS_FAILED_VMENTRY)) {
		entry_failed(vcpu, basic);
		return;
	}
	kage_event_after_exit(vcpu);
	vmx->rsp = kage_vmcs_read(GUEST_RSP);
	vcpu->regs[KAGE_RSP] = vmx->rsp;
	vmx->rsp_loaded = true;
	if (unlikely(basic >= KAGE_NR_EXITS)) {
		unserved(vcpu, basic);
		return;
	}
	basic = array_index_nospec(basic, KAGE_NR_EXITS);
	vcpu->exits[basic]++;
	if (unlikely(!handlers[basic].handle)) {
		unserved(vcpu, basic);
		return;
	}
	handlers[basic].handle(vcpu);
}
