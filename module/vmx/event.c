// SPDX-License-Identifier: GPL-2.0
/*
 * Delivers events at entry, and again where their delivery was cut short.
 *
 * SDM: "Event Injection", "Information for VM Exits During Event Delivery".
 */
#include "event.h"
#include "../vcpu.h"
#include "../vm.h"
#include "../dev/irqchip.h"
#include "../dev/lapic.h"
#include "state.h"
#include "vmcs.h"
#include <asm/debugreg.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#define NMI_UNBLOCKED_BY_IRET	BIT(12)	/* of the exit interruption info */
#define SHADOW			((u64)(GUEST_INTR_STATE_STI | \
				       GUEST_INTR_STATE_MOV_SS))

static u32 event_type(const struct kage_vmx_event *ev)
{
	return ev->info & INTR_INFO_INTR_TYPE_MASK;
}

static bool is_contributory(u32 vector)
{
	return vector == X86_TRAP_DE ||
	       (vector >= X86_TRAP_TS && vector <= X86_TRAP_GP);
}

enum merge { MERGE_REPLACE, MERGE_DOUBLE, MERGE_TRIPLE };

/* What becomes of exception @vector while @first waits to be delivered. */
static enum merge merge(const struct kage_vmx_event *first, u32 vector)
{
	u32 old = first->info & INTR_INFO_VECTOR_MASK;

	if (!first->info || event_type(first) != INTR_TYPE_HARD_EXCEPTION)
		return MERGE_REPLACE;
	if (!is_contributory(vector) && vector != X86_TRAP_PF)
		return MERGE_REPLACE;
	if (old == X86_TRAP_DF)
		return MERGE_TRIPLE;
	if (old == X86_TRAP_PF ||
	    (is_contributory(old) && is_contributory(vector)))
		return MERGE_DOUBLE;
	return MERGE_REPLACE;
}

/*
 * A fault shows the handler RFLAGS with RF set, so that no breakpoint is taken
 * twice on the way back. An exit by an exception has saved it as it is to be
 * shown, one by an instruction as 0. SDM: "Saving RIP, RSP, RFLAGS, and SSP".
 */
static void set_resume(struct kage_vcpu *vcpu, u32 vector)
{
	u64 rflags;

	if ((vcpu->vmx.exit_reason & 0xffff) == EXIT_REASON_EXCEPTION_NMI ||
	    vector == X86_TRAP_DF)
		return;
	rflags = kage_vcpu_rflags(vcpu);
	if (!(rflags & X86_EFLAGS_RF))
		kage_vcpu_set_rflags(vcpu, rflags | X86_EFLAGS_RF);
}

static void raise(struct kage_vcpu *vcpu, u32 vector, bool has_error, u32 error)
{
	struct kage_vmx_event *ev = &vcpu->vmx.event;

	switch (merge(ev, vector)) {
	case MERGE_TRIPLE:
		kage_vm_shutdown(vcpu->vm, KAGE_EVENT_REBOOT, "triple fault");
		return;
	case MERGE_DOUBLE:
		vector = X86_TRAP_DF;
		has_error = true;
		error = 0;
		break;
	case MERGE_REPLACE:
		/* What was taken from the local APIC must not get lost. */
		if (ev->info && event_type(ev) == INTR_TYPE_EXT_INTR)
			vcpu->vmx.deferred = ev->info & INTR_INFO_VECTOR_MASK;
		else if (ev->info && event_type(ev) == INTR_TYPE_NMI_INTR)
			vcpu->vmx.nmi_pending = true;
		break;
	}
	set_resume(vcpu, vector);
	*ev = (struct kage_vmx_event) {
		.info = vector | INTR_TYPE_HARD_EXCEPTION |
			INTR_INFO_VALID_MASK |
			(has_error ? INTR_INFO_DELIVER_CODE_MASK : 0),
		.error = error,
	};
}

/*
 * The handler's first instruction is in no shadow. More than that: an entry
 * with TF set in a shadow fails unless a single-step trap is pending, and that
 * trap may be the very exception which exited. SDM: "Checks on Guest
 * Non-Register State".
 */
static void end_shadow(void)
{
	u64 blocked = kage_vmcs_read(GUEST_INTERRUPTIBILITY_INFO);

	if (blocked & SHADOW)
		kage_vmcs_write(GUEST_INTERRUPTIBILITY_INFO, blocked & ~SHADOW);
}

void kage_event_inject_db(struct kage_vcpu *vcpu, u64 dr6)
{
	end_shadow();
	/* DR6 gathers; the fixed bits stay. RTM reads 1 where it was not one. */
	vcpu->dr6 = (vcpu->dr6 & ~DR_TRAP_BITS) | dr6 | DR6_RESERVED;
	vcpu->dr7 &= ~(u64)KAGE_DR7_GD;
	kage_vmcs_write(GUEST_DR7, vcpu->dr7);
	raise(vcpu, X86_TRAP_DB, false, 0);
}

/* An exit by a fault of its delivery is to find RIP at the instruction. */
void kage_event_inject_int1(struct kage_vcpu *vcpu, u32 len)
{
	struct kage_vmx_event *ev = &vcpu->vmx.event;

	kage_event_inject_db(vcpu, 0);
	ev->info = (ev->info & ~INTR_INFO_INTR_TYPE_MASK) |
		   INTR_TYPE_PRIV_SW_EXCEPTION;
	ev->len = len;
}

void kage_event_inject_ud(struct kage_vcpu *vcpu)
{
	raise(vcpu, X86_TRAP_UD, false, 0);
}

void kage_event_inject_gp(struct kage_vcpu *vcpu, u32 error)
{
	raise(vcpu, X86_TRAP_GP, true, error);
}

void kage_event_inject_ss(struct kage_vcpu *vcpu, u32 error)
{
	raise(vcpu, X86_TRAP_SS, true, error);
}

void kage_event_inject_ac(struct kage_vcpu *vcpu, u32 error)
{
	raise(vcpu, X86_TRAP_AC, true, error);
}

void kage_event_inject_pf(struct kage_vcpu *vcpu, gva_t gva, u32 error)
{
	vcpu->cr2 = gva;
	raise(vcpu, X86_TRAP_PF, true, error);
}

bool kage_event_vectoring(struct kage_vcpu *vcpu)
{
	return vcpu->vmx.event.vectoring;
}

static void set_window(struct kage_vcpu *vcpu, u32 window)
{
	struct kage_vmx *vmx = &vcpu->vmx;

	if (vmx->proc & window)
		return;
	vmx->proc |= window;
	kage_vmcs_write(CPU_BASED_VM_EXEC_CONTROL, vmx->proc);
}

void kage_event_close_window(struct kage_vcpu *vcpu, u32 window)
{
	struct kage_vmx *vmx = &vcpu->vmx;

	vmx->proc &= ~window;
	kage_vmcs_write(CPU_BASED_VM_EXEC_CONTROL, vmx->proc);
	vcpu->stats[KAGE_STAT_IRQ_WINDOWS]++;
}

/*
 * A trap that waits, of a single step or a breakpoint on data, has priority, and
 * an injection drops it.
 */
static bool trap_first(const struct kage_vcpu *vcpu, u64 rflags)
{
	return unlikely((rflags & X86_EFLAGS_TF) ||
			(vcpu->dr7 & KAGE_DR7_ENABLES)) &&
	       kage_vmcs_read(GUEST_PENDING_DBG_EXCEPTIONS);
}

static bool takes_interrupt(const struct kage_vcpu *vcpu)
{
	u64 rflags = kage_vmcs_read(GUEST_RFLAGS);

	return (rflags & X86_EFLAGS_IF) && !trap_first(vcpu, rflags) &&
	       !(kage_vmcs_read(GUEST_INTERRUPTIBILITY_INFO) & SHADOW);
}

static void take_nmi(struct kage_vcpu *vcpu)
{
	u64 blocked = kage_vmcs_read(GUEST_INTERRUPTIBILITY_INFO);
	struct kage_vmx *vmx = &vcpu->vmx;

	if (!(blocked & (SHADOW | GUEST_INTR_STATE_NMI)) &&
	    !trap_first(vcpu, kage_vmcs_read(GUEST_RFLAGS))) {
		vmx->nmi_pending = false;
		vmx->event.info = X86_TRAP_NMI | INTR_TYPE_NMI_INTR |
				  INTR_INFO_VALID_MASK;
		return;
	}
	vmx->nmi_pending = true;
	/*
	 * Not every processor keeps the NMI window shut in the shadow of STI:
	 * it would exit for ever. IF is set there, so the other window serves.
	 */
	set_window(vcpu, blocked & GUEST_INTR_STATE_STI ?
		   CPU_BASED_INTR_WINDOW_EXITING :
		   CPU_BASED_NMI_WINDOW_EXITING);
}

/* Takes from the interrupt controllers, or asks for a window. */
static void take_interrupt(struct kage_vcpu *vcpu)
{
	struct kage_vmx *vmx = &vcpu->vmx;
	int vector;

	if (vmx->deferred < 0 && !kage_irq_pending(vcpu))
		return;
	if (!takes_interrupt(vcpu)) {
		set_window(vcpu, CPU_BASED_INTR_WINDOW_EXITING);
		return;
	}
	vector = vmx->deferred;
	vmx->deferred = -1;
	if (vector < 0)
		vector = kage_irq_ack(vcpu);
	if (vector < 0)
		return;
	vmx->event.info = vector | INTR_TYPE_EXT_INTR | INTR_INFO_VALID_MASK;
}

/* An NMI that is blocked does not hold interrupts back. */
static void take_external(struct kage_vcpu *vcpu)
{
	if (vcpu->vmx.nmi_pending || kage_lapic_take_nmi(vcpu))
		take_nmi(vcpu);
	if (!vcpu->vmx.event.info)
		take_interrupt(vcpu);
}

/* What waits behind an event wants its window as soon as that is open. */
static void open_windows(struct kage_vcpu *vcpu)
{
	struct kage_vmx *vmx = &vcpu->vmx;

	if (vmx->nmi_pending || READ_ONCE(vcpu->lapic->nmi))
		set_window(vcpu, CPU_BASED_NMI_WINDOW_EXITING);
	if (vmx->deferred >= 0 || kage_irq_pending(vcpu))
		set_window(vcpu, CPU_BASED_INTR_WINDOW_EXITING);
}

void kage_event_prepare(struct kage_vcpu *vcpu)
{
	struct kage_vmx_event *ev = &vcpu->vmx.event;

	if (!ev->info)
		take_external(vcpu);
	if (likely(!ev->info))
		return;
	open_windows(vcpu);
	if (ev->info & INTR_INFO_DELIVER_CODE_MASK)
		kage_vmcs_write(VM_ENTRY_EXCEPTION_ERROR_CODE, ev->error);
	if (ev->len)
		kage_vmcs_write(VM_ENTRY_INSTRUCTION_LEN, ev->len);
	kage_vmcs_write(VM_ENTRY_INTR_INFO_FIELD, ev->info);
}

void kage_event_unprepare(struct kage_vcpu *vcpu)
{
	if (vcpu->vmx.event.info)
		kage_vmcs_write(VM_ENTRY_INTR_INFO_FIELD, 0);
}

/* A fault of IRET itself leaves NMIs blocked that IRET had unblocked. */
static void restore_nmi_blocking(void)
{
	u32 info = kage_vmcs_read(VM_EXIT_INTR_INFO);

	if ((info & (INTR_INFO_VALID_MASK | NMI_UNBLOCKED_BY_IRET)) !=
	    (INTR_INFO_VALID_MASK | NMI_UNBLOCKED_BY_IRET) ||
	    (info & INTR_INFO_VECTOR_MASK) == X86_TRAP_DF)
		return;
	kage_vmcs_write(GUEST_INTERRUPTIBILITY_INFO,
			kage_vmcs_read(GUEST_INTERRUPTIBILITY_INFO) |
			GUEST_INTR_STATE_NMI);
}

static void deliver_again(struct kage_vmx_event *ev, u32 info)
{
	u32 type = info & VECTORING_INFO_TYPE_MASK;

	ev->info = info & (VECTORING_INFO_VECTOR_MASK |
			   VECTORING_INFO_TYPE_MASK |
			   VECTORING_INFO_DELIVER_CODE_MASK |
			   VECTORING_INFO_VALID_MASK);
	ev->vectoring = true;
	if (info & VECTORING_INFO_DELIVER_CODE_MASK)
		ev->error = kage_vmcs_read(IDT_VECTORING_ERROR_CODE);
	if (type == INTR_TYPE_SOFT_INTR || type == INTR_TYPE_SOFT_EXCEPTION ||
	    type == INTR_TYPE_PRIV_SW_EXCEPTION)
		ev->len = kage_vmcs_read(VM_EXIT_INSTRUCTION_LEN);
	/* Its delivery set this; it will be set again. */
	if (type == INTR_TYPE_NMI_INTR)
		kage_vmcs_write(GUEST_INTERRUPTIBILITY_INFO,
				kage_vmcs_read(GUEST_INTERRUPTIBILITY_INFO) &
				~GUEST_INTR_STATE_NMI);
}

void kage_event_after_exit(struct kage_vcpu *vcpu)
{
	u32 info = kage_vmcs_read(IDT_VECTORING_INFO_FIELD);

	/* Here and not where it is prepared: that may have been in vain. */
	if (vcpu->vmx.event.info)
		vcpu->stats[KAGE_STAT_INJECTIONS]++;
	memset(&vcpu->vmx.event, 0, sizeof(vcpu->vmx.event));
	if (unlikely(info & VECTORING_INFO_VALID_MASK))
		deliver_again(&vcpu->vmx.event, info);
	else if ((vcpu->vmx.exit_reason & 0xffff) == EXIT_REASON_EXCEPTION_NMI)
		restore_nmi_blocking();
}

bool kage_event_wakes(struct kage_vcpu *vcpu)
{
	struct kage_vmx *vmx = &vcpu->vmx;

	if (vmx->event.info)
		return true;
	if (vcpu->halted_nmi &&
	    (vmx->nmi_pending || READ_ONCE(vcpu->lapic->nmi)))
		return true;
	return vcpu->halted_if &&
	       (vmx->deferred >= 0 || kage_irq_pending(vcpu));
}
