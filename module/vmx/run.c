// SPDX-License-Identifier: GPL-2.0
/*
 * Bursts. What a host thread would find changed on this CPU (FPU, syscall
 * MSRs, descriptor limits, LDT) is swapped at the edges of a burst and not at
 * every exit; between them preemption is off.
 */
#include "run.h"
#include "../vcpu.h"
#include "../vm.h"
#include "../dev/irqchip.h"
#include "../mmu/route.h"
#include "../mmu/shadow.h"
#include "../trace.h"
#include "cap.h"
#include "cpu.h"
#include "event.h"
#include "exit.h"
#include "express.h"
#include "fpu.h"
#include "msr.h"
#include "perf.h"
#include "vmcs.h"
#include <asm/cpu.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/fpu/api.h>
#include <asm/mmu_context.h>
#include <asm/nospec-branch.h>
#include <asm/tlbflush.h>
#include <linux/delay.h>
#include <linux/hw_breakpoint.h>
#include <linux/idr.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>

static bool quirk_irq_timer;
module_param(quirk_irq_timer, bool, 0444);
MODULE_PARM_DESC(quirk_irq_timer,
		 "Leave the guest at least every millisecond: for emulated processors that hold host interrupts back while the guest has them disabled (default: off)");

static DEFINE_IDA(vpids);

/*
 * With the preemption timer always armed such a guest is left in time. The
 * value is loaded anew at every entry, so it is written once. Where there is no
 * such timer, PAUSE exiting ends at least the loops that wait.
 */
static void setup_quirks(struct kage_vcpu *vcpu)
{
	if (!quirk_irq_timer)
		return;
	if (!(kage_caps.pin & PIN_BASED_VMX_PREEMPTION_TIMER)) {
		vcpu->vmx.proc |= CPU_BASED_PAUSE_EXITING;
		kage_vmcs_write(CPU_BASED_VM_EXEC_CONTROL, vcpu->vmx.proc);
		return;
	}
	kage_vmcs_write(PIN_BASED_VM_EXEC_CONTROL, kage_caps.pin);
	kage_vmcs_write(VMX_PREEMPTION_TIMER_VALUE,
			max_t(u32, tsc_khz >> kage_caps.timer_shift, 1));
}

static void setup_once(struct kage_vcpu *vcpu)
{
	if (!vcpu->fresh)
		return;
	vcpu->fresh = false;
	kage_vmcs_setup(vcpu);
	setup_quirks(vcpu);
	set_bit(KAGE_REQ_LOAD_ROOT, &vcpu->requests);
}

static bool has_breakpoints(const struct kage_vcpu *vcpu)
{
	return vcpu->dr7 & KAGE_DR7_ENABLES;
}

/*
 * Around each entry and not each burst: while interrupts are on, other CPUs
 * change the host's breakpoints and branch records here.
 */
static void load_debug(struct kage_vcpu *vcpu)
{
	vcpu->vmx.host_debugctl = get_debugctlmsr();
	if (likely(!has_breakpoints(vcpu)))
		return;
	/* The host's own breakpoints must not meet the guest's addresses. */
	if (hw_breakpoint_active())
		set_debugreg(0, 7);
	set_debugreg(vcpu->dr[0], 0);
	set_debugreg(vcpu->dr[1], 1);
	set_debugreg(vcpu->dr[2], 2);
	set_debugreg(vcpu->dr[3], 3);
}

/* Every exit clears DR7 and DEBUGCTL. */
static void unload_debug(struct kage_vcpu *vcpu)
{
	if (unlikely(vcpu->vmx.host_debugctl))
		update_debugctlmsr(vcpu->vmx.host_debugctl);
	if (unlikely(hw_breakpoint_active()))
		hw_breakpoint_restore();
}

/*
 * Exits leave no LDT. This thread has borrowed the address space of a process
 * that may use one, and come back without a switch that loads it: unless an
 * interrupt has taken the CPU out of that address space, and its LDT may be
 * freed. Where a new one is just being set up its descriptor may not stand in
 * the GDT yet; the interrupt that is under way then puts it there and loads it.
 */
static void unload_ldt(void)
{
#ifdef CONFIG_MODIFY_LDT_SYSCALL
	struct mm_struct *mm = current->active_mm;
	unsigned long flags;

	local_irq_save(flags);
	if ((__get_current_cr3_fast() & CR3_ADDR_MASK) == __pa(mm->pgd) &&
	    unlikely(READ_ONCE(mm->context.ldt)))
		asm volatile("1: lldt %w0\n\t"
			     "2:\n\t"
			     _ASM_EXTABLE(1b, 2b)
			     : : "r" (GDT_ENTRY_LDT * 8));
	local_irq_restore(flags);
#endif
}

/* Exits leave GDTR and TR with limits that the SDM fixes. */
static void unload_descriptors(void)
{
	load_fixmap_gdt(raw_smp_processor_id());
	invalidate_tss_limit();
	unload_ldt();
}

/*
 * Exit-free flushes of the guest never reach other CPUs' TLBs: what this CPU
 * kept from an earlier stay may be stale.
 */
static void arrive(struct kage_vcpu *vcpu)
{
	struct kage_vmx *vmx = &vcpu->vmx;

	if (vmx->last_cpu == raw_smp_processor_id())
		return;
	vmx->last_cpu = raw_smp_processor_id();
	kage_vmcs_setup_cpu();
	set_bit(KAGE_REQ_TLB_FLUSH, &vcpu->requests);
}

static void load(struct kage_vcpu *vcpu)
{
	setup_once(vcpu);
	arrive(vcpu);
	if (unlikely(vcpu->vmx.tsc_lost != kage_cpu_tsc_lost()))
		kage_vmcs_tsc(vcpu);
	kage_perf_refresh(vcpu);
	kage_msr_load(vcpu);
	kage_fpu_load(vcpu);
	kage_route_relax(vcpu->vm);
}

static void unload(struct kage_vcpu *vcpu)
{
	kage_fpu_unload(vcpu);
	kage_msr_unload(vcpu);
	unload_descriptors();
	/*
	 * The thread that ran user code here before may come back without a
	 * switch of address spaces, and so without its barrier.
	 */
	if (cpu_feature_enabled(X86_FEATURE_IBPB_EXIT_TO_USER))
		this_cpu_write(x86_ibpb_exit_to_user, true);
}

/* Host CR3 and CR4 can change between bursts and by shootdowns within. */
static void refresh_host(struct kage_vmx *vmx)
{
	u64 cr3 = __get_current_cr3_fast();
	u64 cr4 = cr4_read_shadow();

	if (cr3 != vmx->host_cr3) {
		kage_vmcs_write(HOST_CR3, cr3);
		vmx->host_cr3 = cr3;
	}
	if (cr4 != vmx->host_cr4) {
		kage_vmcs_write(HOST_CR4, cr4);
		vmx->host_cr4 = cr4;
	}
}

static void commit_guest(struct kage_vcpu *vcpu)
{
	struct kage_vmx *vmx = &vcpu->vmx;
	u64 cr3 = __pa(vcpu->root->spt);
	enum kage_route route = kage_route(vcpu);

	if (route != vmx->route)
		kage_vmcs_route(vcpu, route);
	if (cr3 != vmx->guest_cr3) {
		kage_vmcs_write(GUEST_CR3, cr3);
		vmx->guest_cr3 = cr3;
	}
	if (vmx->rip_dirty)
		kage_vmcs_write(GUEST_RIP, vmx->rip);
	if (vmx->rsp_loaded && vcpu->regs[KAGE_RSP] != vmx->rsp)
		kage_vmcs_write(GUEST_RSP, vcpu->regs[KAGE_RSP]);
	vmx->rip_dirty = false;
	vmx->rip_loaded = false;
	vmx->rsp_loaded = false;
}

static void refill_express(struct kage_vcpu *vcpu)
{
	kage_express_refill(vcpu);
	/*
	 * The lane leaves RFLAGS.RF as a page fault has set it, and that would
	 * keep the guest from a breakpoint on the next instruction; and it may
	 * do several at once. Nor does it wait for counters to be quiet.
	 */
	if (unlikely(has_breakpoints(vcpu) || vcpu->vmx.nr_perf))
		vcpu->vmx.express.left = 0;
}

/* True if the guest may be entered, false if the thread is needed first. */
static bool serve_requests(struct kage_vcpu *vcpu)
{
	if (test_and_clear_bit(KAGE_REQ_REBURST, &vcpu->requests) ||
	    kage_vcpu_has(vcpu, KAGE_REQ_TOPUP) ||
	    kage_vcpu_has(vcpu, KAGE_REQ_BREAK))
		return false;
	clear_bit(KAGE_REQ_EVENT, &vcpu->requests);
	if (test_and_clear_bit(KAGE_REQ_LOAD_ROOT, &vcpu->requests) ||
	    !vcpu->root) {
		set_bit(KAGE_REQ_TLB_FLUSH, &vcpu->requests);
		if (!kage_mmu_load_root(vcpu)) {
			set_bit(KAGE_REQ_LOAD_ROOT, &vcpu->requests);
			return false;
		}
	}
	if (test_and_clear_bit(KAGE_REQ_TLB_FLUSH, &vcpu->requests)) {
		vcpu->stats[KAGE_STAT_TLB_FLUSHES]++;
		kage_vmcs_flush(vcpu->vmx.vpid);
	}
	return true;
}

/* Into the guest and back; false if it was not entered. */
static bool switch_over(struct kage_vcpu *vcpu)
{
	unsigned long failed;

	vcpu->stats[KAGE_STAT_ENTRIES]++;
	load_debug(vcpu);
	/* No VMCS field holds CR2; the host's handlers change it freely. */
	if (native_read_cr2() != vcpu->cr2)
		native_write_cr2(vcpu->cr2);
	failed = kage_vmx_switch(vcpu, vcpu->vmx.launched);
	vcpu->cr2 = native_read_cr2();
	unload_debug(vcpu);
	/* Pairs with kage_mmu_flush(): out before anything else is done. */
	smp_store_release(&vcpu->mode, KAGE_OUTSIDE_GUEST);
	if (unlikely(failed)) {
		kage_perf_restore(vcpu);
		kage_vcpu_kill(vcpu, "VM entry failed: VM-instruction error %llu",
			       kage_vmcs_read(VM_INSTRUCTION_ERROR));
		return false;
	}
	vcpu->vmx.launched = true;
	return true;
}

/*
 * Interrupts are off. A request raised after the mode is set is seen by the
 * check after it, or its sender sees the mode and kicks: the pair of barriers
 * is smp_store_mb() here and smp_mb__after_atomic() in kage_vcpu_request().
 */
static bool enter(struct kage_vcpu *vcpu)
{
	struct kage_vmx *vmx = &vcpu->vmx;

	kage_event_prepare(vcpu);
	commit_guest(vcpu);
	refresh_host(vmx);
	if (unlikely(vmx->nr_perf))
		kage_perf_refresh(vcpu);
	/* Pairs with kage_vcpu_request(), see above. */
	smp_store_mb(vcpu->mode, KAGE_IN_GUEST);
	if (unlikely(READ_ONCE(vcpu->requests) || need_resched())) {
		/* Not entered: what was prepared is prepared again. */
		WRITE_ONCE(vcpu->mode, KAGE_OUTSIDE_GUEST);
		kage_event_unprepare(vcpu);
		return false;
	}
	refill_express(vcpu);
	trace_kage_entry(vcpu->vm->id, vcpu->id, vmx->event.info);
	if (unlikely(vmx->nr_perf))
		kage_perf_quiet(vcpu);
	return switch_over(vcpu);
}

static void loop(struct kage_vcpu *vcpu)
{
	bool left;

	while (!need_resched() && !vcpu->halted) {
		if (READ_ONCE(vcpu->requests) || !vcpu->root)
			if (!serve_requests(vcpu))
				return;
		local_irq_disable();
		left = enter(vcpu);
		if (left)
			kage_exit_handle(vcpu);
		local_irq_enable();
	}
}

/*
 * The kernel makes whoever locks across cache lines wait, and then lets this
 * CPU do it for a moment; where it is set to be strict it does not.
 */
static void serve_split_lock(struct kage_vcpu *vcpu)
{
	struct kage_vmx *vmx = &vcpu->vmx;

	vmx->split_lock = false;
	if (handle_guest_split_lock(vmx->split_lock_rip))
		return;
	/* It takes the thread for a VMM's in user space. */
	flush_signals(current);
	kage_vcpu_kill(vcpu, "split lock at %#llx, which the host forbids",
		       vmx->split_lock_rip);
}

void kage_vmx_burst(struct kage_vcpu *vcpu)
{
	bool enabled;

	kernel_fpu_begin_mask(0);
	enabled = kage_cpu_enabled();
	if (enabled && kage_cpu_load(vcpu)) {
		vcpu->stats[KAGE_STAT_BURSTS]++;
		load(vcpu);
		loop(vcpu);
		unload(vcpu);
		kernel_fpu_end();
		if (unlikely(vcpu->vmx.split_lock))
			serve_split_lock(vcpu);
		return;
	}
	kernel_fpu_end();
	/* Active elsewhere: the next burst finds it free. */
	kage_cpu_evict(vcpu);
	/* Or this CPU is going down, and the thread is to move. */
	if (!enabled)
		usleep_range(100, 200);
}

int kage_vmx_create(struct kage_vcpu *vcpu)
{
	struct kage_vmx *vmx = &vcpu->vmx;
	int vpid;

	BUILD_BUG_ON(offsetof(struct kage_vmx, entry_msrs) % 16);
	INIT_LIST_HEAD(&vmx->loaded_node);
	vmx->cpu = -1;
	vmx->last_cpu = -1;
	vpid = ida_alloc_range(&vpids, 1, U16_MAX, GFP_KERNEL);
	if (vpid < 0)
		return vpid;
	vmx->vpid = vpid;
	vmx->vmcs = kage_vmcs_alloc();
	vmx->fpu = kage_fpu_alloc();
	if (vmx->vmcs && vmx->fpu)
		return 0;
	kage_vmx_destroy(vcpu);
	return -ENOMEM;
}

void kage_vmx_destroy(struct kage_vcpu *vcpu)
{
	struct kage_vmx *vmx = &vcpu->vmx;

	if (!vmx->vpid)
		return;
	kage_cpu_evict(vcpu);
	kage_fpu_free(vmx->fpu);
	kage_vmcs_free(vmx->vmcs);
	ida_free(&vpids, vmx->vpid);
	vmx->vpid = 0;
}

void kage_vmx_reset(struct kage_vcpu *vcpu)
{
	struct kage_vmx *vmx = &vcpu->vmx;

	kage_cpu_evict(vcpu);
	memset(&vmx->event, 0, sizeof(vmx->event));
	memset(vmx->msr, 0, sizeof(vmx->msr));
	vmx->deferred = -1;
	vmx->nmi_pending = false;
	vmx->host_rsp = 0;
	vmx->host_cr3 = 0;
	vmx->host_cr4 = 0;
	vmx->guest_cr3 = ~0ULL;
	kage_express_reset(vcpu);
	vmx->last_cpu = -1;
	vmx->rip_dirty = false;
	vmx->rip_loaded = false;
	vmx->rsp_loaded = false;
	kage_fpu_reset(vmx->fpu);
	vcpu->fresh = true;
}
