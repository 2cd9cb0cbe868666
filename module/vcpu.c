// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual CPUs: threads, requests, and registers at power-on.
 *
 * A thread runs bursts while vm->run is set and parks otherwise. Whoever
 * clears vm->run, raises KAGE_REQ_BREAK and sees all threads parked owns the
 * vCPUs' state until vm->run is set again.
 */
#include "vcpu.h"
#include "vm.h"
#include "dev/irqchip.h"
#include "dev/nic.h"
#include "emul/device.h"
#include "mmu/ahead.h"
#include "mmu/store.h"
#include "trace.h"
#include "vmx/cpu.h"
#include "vmx/cr.h"
#include "vmx/event.h"
#include "vmx/exit.h"
#include "vmx/msr.h"
#include "vmx/run.h"
#include "vmx/vmcs.h"
#include <asm/debugreg.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>
#include <asm/tsc.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/smp.h>
#include <linux/slab.h>
#include <trace/events/ipi.h>

void kage_vcpu_request(struct kage_vcpu *vcpu, enum kage_req req)
{
	int cpu;

	set_bit(req, &vcpu->requests);
	/* Pairs with enter(): the vCPU sees the bit, or we see its mode. */
	smp_mb__after_atomic();
	if (READ_ONCE(vcpu->mode) == KAGE_IN_GUEST) {
		cpu = READ_ONCE(vcpu->vmx.cpu);
		if (cpu >= 0 && cpu != raw_smp_processor_id()) {
			vcpu->stats[KAGE_STAT_KICKS]++;
			trace_kage_kick(vcpu->vm->id, vcpu->id, req);
			smp_send_reschedule(cpu);
		}
		return;
	}
	/* From an interrupt that hit the thread on its way to sleep, too. */
	if (req == KAGE_REQ_EVENT || req == KAGE_REQ_BREAK)
		wake_up_process(vcpu->task);
}

void kage_vcpu_kill(struct kage_vcpu *vcpu, const char *reason, ...)
{
	char text[KAGE_REASON_MAX + 1];
	va_list args;

	va_start(args, reason);
	vscnprintf(text, sizeof(text), reason, args);
	va_end(args);
	kage_vm_shutdown(vcpu->vm, KAGE_EVENT_KILLED, text);
}

/* Sleeps until the VM runs or the thread is to end. */
static void park(struct kage_vcpu *vcpu)
{
	struct kage_vm *vm = vcpu->vm;

	for (;;) {
		set_current_state(TASK_IDLE);
		/* Pairs with kage_vcpus_wait_parked(). */
		smp_store_release(&vcpu->parked, true);
		wake_up_all(&vm->parked_wq);
		if (READ_ONCE(vm->run) || kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	WRITE_ONCE(vcpu->parked, false);
}

/* HLT: sleeps until an event that ends it, or a request. */
static void sleep_halted(struct kage_vcpu *vcpu)
{
	/* Perhaps it waits for what others wait for to see. */
	kage_nic_idle(vcpu->vm);
	for (;;) {
		set_current_state(TASK_IDLE);
		if (kage_event_wakes(vcpu)) {
			vcpu->halted = false;
			break;
		}
		if (kage_vcpu_has(vcpu, KAGE_REQ_BREAK) ||
		    kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

static void top_up(struct kage_vcpu *vcpu)
{
	if (!test_and_clear_bit(KAGE_REQ_TOPUP, &vcpu->requests))
		return;
	if (kage_mmu_topup(vcpu->vm))
		kage_vcpu_kill(vcpu, "the host has no memory for shadow tables");
}

static int thread(void *arg)
{
	struct kage_vcpu *vcpu = arg;

	while (!kthread_should_stop()) {
		clear_bit(KAGE_REQ_BREAK, &vcpu->requests);
		/* The flag is cleared before the request is raised. */
		smp_mb__after_atomic();
		if (!READ_ONCE(vcpu->vm->run)) {
			park(vcpu);
			continue;
		}
		top_up(vcpu);
		if (vcpu->halted)
			sleep_halted(vcpu);
		else
			kage_vmx_burst(vcpu);
		cond_resched();
	}
	return 0;
}

u64 kage_vcpu_tsc(const struct kage_vcpu *vcpu)
{
	return rdtsc() + kage_cpu_tsc_lost() + READ_ONCE(vcpu->tsc_offset);
}

void kage_vcpu_reset(struct kage_vcpu *vcpu)
{
	kage_mmu_unload_root(vcpu);
	memset(vcpu->regs, 0, sizeof(vcpu->regs));
	vcpu->halted = false;
	vcpu->requests = BIT(KAGE_REQ_TOPUP);
	vcpu->retry_count = 0;
	vcpu->cr0 = X86_CR0_PE | X86_CR0_ET | X86_CR0_NE | X86_CR0_WP |
		    X86_CR0_PG;
	vcpu->cr2 = 0;
	vcpu->cr3 = 0;
	vcpu->cr4 = X86_CR4_PAE;
	vcpu->efer = EFER_LME | EFER_LMA;
	vcpu->xcr0 = 1;
	memset(vcpu->dr, 0, sizeof(vcpu->dr));
	vcpu->dr6 = DR6_RESERVED;
	vcpu->dr7 = KAGE_DR7_FIXED;
	vcpu->start_rflags = X86_EFLAGS_FIXED;
	memset(&vcpu->gdt, 0, sizeof(vcpu->gdt));
	memset(&vcpu->idt, 0, sizeof(vcpu->idt));
	/* One clock for all: a guest gives up a TSC that differs. */
	vcpu->tsc_offset = vcpu->id ? vcpu->vm->vcpus[0]->tsc_offset :
				      -(rdtsc() + kage_cpu_tsc_lost());
	kage_msr_reset(vcpu);
	kage_vmx_reset(vcpu);
	vcpu->vmx.rip = 0;
}

/* What is remembered of instructions. */
static int alloc_caches(struct kage_vcpu *vcpu)
{
	vcpu->stores = kage_store_cache_alloc();
	vcpu->aheads = kage_ahead_cache_alloc();
	vcpu->devices = kage_device_cache_alloc();
	return vcpu->stores && vcpu->aheads && vcpu->devices ? 0 : -ENOMEM;
}

static void free_caches(struct kage_vcpu *vcpu)
{
	kage_device_cache_free(vcpu->devices);
	kage_ahead_cache_free(vcpu->aheads);
	kage_store_cache_free(vcpu->stores);
}

struct kage_vcpu *kage_vcpu_create(struct kage_vm *vm, unsigned int id)
{
	struct kage_vcpu *vcpu = kzalloc(sizeof(*vcpu), GFP_KERNEL_ACCOUNT);
	struct task_struct *task;
	int ret;

	if (!vcpu)
		return ERR_PTR(-ENOMEM);
	vcpu->vm = vm;
	vcpu->id = id;
	ret = alloc_caches(vcpu) ?: kage_vmx_create(vcpu);
	if (ret)
		goto err_free;
	task = kthread_create(thread, vcpu, "kage-%s/%u", vm->name, id);
	if (IS_ERR(task)) {
		ret = PTR_ERR(task);
		goto err_vmx;
	}
	/* Timers may wake it until the very end. */
	vcpu->task = get_task_struct(task);
	return vcpu;

err_vmx:
	kage_vmx_destroy(vcpu);
err_free:
	free_caches(vcpu);
	kfree(vcpu);
	return ERR_PTR(ret);
}

void kage_vcpu_start(struct kage_vcpu *vcpu)
{
	wake_up_process(vcpu->task);
}

void kage_vcpu_stop(struct kage_vcpu *vcpu)
{
	if (vcpu->stopped)
		return;
	vcpu->stopped = true;
	kthread_stop(vcpu->task);
}

void kage_vcpu_destroy(struct kage_vcpu *vcpu)
{
	kage_vcpu_stop(vcpu);
	kage_mmu_unload_root(vcpu);
	kage_vmx_destroy(vcpu);
	put_task_struct(vcpu->task);
	free_caches(vcpu);
	kfree(vcpu);
}

static bool canonical(u64 addr)
{
	return sign_extend64(addr, 47) == (s64)addr;
}

static bool regs_valid(const u64 *val, int *bad)
{
	const u64 paging = X86_CR0_PE | X86_CR0_PG;
	const u64 efer = EFER_LME | EFER_LMA;

	*bad = KAGE_REGS_A_CR0;
	if (!kage_cr0_valid(val[KAGE_REGS_A_CR0]) ||
	    (val[KAGE_REGS_A_CR0] & ~(u64)KAGE_CR0_KNOWN) ||
	    (val[KAGE_REGS_A_CR0] & paging) != paging)
		return false;
	*bad = KAGE_REGS_A_CR3;
	if (val[KAGE_REGS_A_CR3] >> KAGE_MAXPHYADDR)
		return false;
	*bad = KAGE_REGS_A_CR4;
	if (!kage_cr4_valid(val[KAGE_REGS_A_CR4]))
		return false;
	*bad = KAGE_REGS_A_EFER;
	if ((val[KAGE_REGS_A_EFER] & efer) != efer ||
	    (val[KAGE_REGS_A_EFER] & ~(efer | EFER_SCE | EFER_NX)))
		return false;
	*bad = KAGE_REGS_A_GDT_BASE;
	if (!canonical(val[KAGE_REGS_A_GDT_BASE]))
		return false;
	*bad = KAGE_REGS_A_IDT_BASE;
	if (!canonical(val[KAGE_REGS_A_IDT_BASE]))
		return false;
	*bad = KAGE_REGS_A_GDT_LIMIT;
	if (val[KAGE_REGS_A_GDT_LIMIT] > U16_MAX)
		return false;
	*bad = KAGE_REGS_A_IDT_LIMIT;
	if (val[KAGE_REGS_A_IDT_LIMIT] > U16_MAX)
		return false;
	*bad = KAGE_REGS_A_RIP;
	if (!canonical(val[KAGE_REGS_A_RIP]))
		return false;
	*bad = KAGE_REGS_A_RFLAGS;
	return !(val[KAGE_REGS_A_RFLAGS] & ~0x3f7fd7ULL) &&
	       !(val[KAGE_REGS_A_RFLAGS] & X86_EFLAGS_VM);
}

static void read_vmcs(struct kage_vcpu *vcpu, u64 *val)
{
	if (!vcpu->vmx.rsp_loaded)
		val[KAGE_REGS_A_RSP] = kage_vmcs_read(GUEST_RSP);
	val[KAGE_REGS_A_RIP] = kage_vmcs_read(GUEST_RIP);
	val[KAGE_REGS_A_RFLAGS] = kage_vmcs_read(GUEST_RFLAGS);
	val[KAGE_REGS_A_GDT_BASE] = kage_vmcs_read(GUEST_GDTR_BASE);
	val[KAGE_REGS_A_GDT_LIMIT] = kage_vmcs_read(GUEST_GDTR_LIMIT);
	val[KAGE_REGS_A_IDT_BASE] = kage_vmcs_read(GUEST_IDTR_BASE);
	val[KAGE_REGS_A_IDT_LIMIT] = kage_vmcs_read(GUEST_IDTR_LIMIT);
}

static bool try_read_vmcs(struct kage_vcpu *vcpu, u64 *val)
{
	bool loaded;

	kage_cpu_evict(vcpu);
	preempt_disable();
	loaded = kage_cpu_enabled() && kage_cpu_load(vcpu);
	if (loaded)
		read_vmcs(vcpu, val);
	preempt_enable();
	return loaded;
}

/* What a burst that has run left in the VMCS; the thread is parked. */
static void read_parked(struct kage_vcpu *vcpu, u64 *val)
{
	/* A CPU that is going down is left soon; a shutdown kills who waits. */
	while (!try_read_vmcs(vcpu, val) && !fatal_signal_pending(current))
		usleep_range(100, 200);
	/* A RIP that was moved on is written at the next entry only. */
	if (vcpu->vmx.rip_dirty)
		val[KAGE_REGS_A_RIP] = vcpu->vmx.rip;
}

void kage_vcpu_get_regs(struct kage_vcpu *vcpu, u64 *val)
{
	int i;

	lockdep_assert_held(&vcpu->vm->lock);
	for (i = 0; i < KAGE_NR_REGS; i++)
		val[KAGE_REGS_A_RAX + i] = vcpu->regs[i];
	val[KAGE_REGS_A_CR0] = vcpu->cr0;
	val[KAGE_REGS_A_CR2] = vcpu->cr2;
	val[KAGE_REGS_A_CR3] = vcpu->cr3;
	val[KAGE_REGS_A_CR4] = vcpu->cr4;
	val[KAGE_REGS_A_EFER] = vcpu->efer;
	if (!vcpu->fresh) {
		read_parked(vcpu, val);
		return;
	}
	val[KAGE_REGS_A_RIP] = vcpu->vmx.rip;
	val[KAGE_REGS_A_RFLAGS] = vcpu->start_rflags;
	val[KAGE_REGS_A_GDT_BASE] = vcpu->gdt.base;
	val[KAGE_REGS_A_GDT_LIMIT] = vcpu->gdt.limit;
	val[KAGE_REGS_A_IDT_BASE] = vcpu->idt.base;
	val[KAGE_REGS_A_IDT_LIMIT] = vcpu->idt.limit;
}

int kage_vcpu_set_regs(struct kage_vcpu *vcpu, const u64 *val, u64 mask,
		       int *bad)
{
	u64 all[__KAGE_REGS_A_MAX] = {};
	int i;

	lockdep_assert_held(&vcpu->vm->lock);
	kage_vcpu_get_regs(vcpu, all);
	for (i = 1; i < __KAGE_REGS_A_MAX; i++)
		if (mask & BIT_ULL(i))
			all[i] = val[i];
	if (!regs_valid(all, bad))
		return -EINVAL;
	kage_vmx_reset(vcpu);
	vcpu->halted = false;
	for (i = 0; i < KAGE_NR_REGS; i++)
		vcpu->regs[i] = all[KAGE_REGS_A_RAX + i];
	vcpu->vmx.rip = all[KAGE_REGS_A_RIP];
	vcpu->start_rflags = all[KAGE_REGS_A_RFLAGS] | X86_EFLAGS_FIXED;
	vcpu->cr0 = all[KAGE_REGS_A_CR0] | X86_CR0_ET;
	vcpu->cr2 = all[KAGE_REGS_A_CR2];
	vcpu->cr3 = all[KAGE_REGS_A_CR3];
	vcpu->cr4 = all[KAGE_REGS_A_CR4];
	vcpu->efer = all[KAGE_REGS_A_EFER];
	vcpu->gdt.base = all[KAGE_REGS_A_GDT_BASE];
	vcpu->gdt.limit = all[KAGE_REGS_A_GDT_LIMIT];
	vcpu->idt.base = all[KAGE_REGS_A_IDT_BASE];
	vcpu->idt.limit = all[KAGE_REGS_A_IDT_LIMIT];
	return 0;
}

static const char * const stat_names[KAGE_NR_VCPU_STATS] = {
	[KAGE_STAT_ENTRIES] = "entries",
	[KAGE_STAT_BURSTS] = "bursts",
	[KAGE_STAT_HALTS] = "halts",
	[KAGE_STAT_KICKS] = "kicks",
	[KAGE_STAT_INJECTIONS] = "injections",
	[KAGE_STAT_IRQ_WINDOWS] = "irq-windows",
	[KAGE_STAT_TLB_FLUSHES] = "tlb-flushes",
	[KAGE_STAT_IBPB] = "ibpb",
	[KAGE_STAT_PF_GUEST] = "pf-guest",
	[KAGE_STAT_PF_HIDDEN] = "pf-hidden",
	[KAGE_STAT_PF_STORE] = "pf-store",
	[KAGE_STAT_PF_MMIO] = "pf-mmio",
	[KAGE_STAT_PF_SPURIOUS] = "pf-spurious",
	[KAGE_STAT_ROOT_HITS] = "root-hits",
	[KAGE_STAT_AHEAD] = "cr3-ahead",
	[KAGE_STAT_ROOT_MISSES] = "root-misses",
	[KAGE_STAT_INSNS] = "insns",
	[KAGE_STAT_UNSHADOWS] = "unshadows",
};

int kage_vcpu_stats(struct kage_vcpu *vcpu, struct kage_stat_sink *sink)
{
	char name[40];
	int i, ret;

	for (i = 0; i < KAGE_NR_VCPU_STATS; i++) {
		ret = sink->put(sink, stat_names[i],
				READ_ONCE(vcpu->stats[i]));
		if (ret)
			return ret;
	}
	for (i = 0; i < KAGE_NR_EXITS; i++) {
		u64 n = READ_ONCE(vcpu->exits[i]);

		if (!n)
			continue;
		scnprintf(name, sizeof(name), "exit-%s",
			  kage_exit_name(i) ?: "other");
		ret = sink->put(sink, name, n);
		if (ret)
			return ret;
	}
	return 0;
}
