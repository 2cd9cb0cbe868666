// SPDX-License-Identifier: GPL-2.0
/*
 * Takes the host's processors into VMX operation and out of it again.
 *
 * Invariant: a CPU is in VMX operation if, and only if, its enabled flag is
 * set, and every VMCS that may be active on it is on its list.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "cpu.h"
#include "host.h"
#include "../vcpu.h"
#include "../vm.h"
#include "cap.h"
#include "vmcs.h"
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/nospec-branch.h>
#include <asm/perf_event.h>
#include <asm/tlbflush.h>
#include <linux/cpu.h>
#include <linux/percpu.h>
#include <linux/reboot.h>
#include <linux/smp.h>

struct cpu_state {
	void *region;			/* VMXON region, a page */
	bool enabled;			/* this CPU, interrupts off */
	struct list_head loaded;	/* this CPU, interrupts off */
	u32 last_vm;			/* this CPU: id of the VM that ran last */
};

static DEFINE_PER_CPU(struct cpu_state, cpus);
static int hp_state;			/* 0: every CPU has left for good */
/*
 * What the TSC lost in sleep, where it begins anew: guests' clocks go on from
 * where they were. One CPU writes them with all others off.
 */
static u64 tsc_lost, tsc_asleep;
/* Why the last CPU refused; written by the hotplug thread we wait for. */
static const char *refusal;

static int vmxon(hpa_t region)
{
	asm goto("1: vmxon %[region]\n\t"
		 "jbe %l[failed]\n\t"
		 _ASM_EXTABLE(1b, %l[failed])
		 : : [region] "m" (region) : "memory", "cc" : failed);
	return 0;
failed:
	return -EIO;
}

static void vmxoff(void)
{
	/* A fault here means that VMX is off already: as wanted. */
	asm goto("1: vmxoff\n\t"
		 _ASM_EXTABLE(1b, %l[out])
		 : : : "cc", "memory" : out);
out:
	return;
}

static int enable_here(void)
{
	struct cpu_state *cpu = this_cpu_ptr(&cpus);
	struct kage_caps caps;
	int ret;

	if (__read_cr4() & X86_CR4_VMXE) {
		refusal = "VMX is in use already (unload kvm_intel or the other hypervisor first)";
		return -EBUSY;
	}
	ret = kage_cap_probe(&caps, &refusal);
	if (ret)
		return ret;
	if (memcmp(&caps, &kage_caps, sizeof(caps))) {
		refusal = "the processors' VMX capabilities differ";
		return -ENODEV;
	}
	*(u32 *)cpu->region = caps.revision;
	intel_pt_handle_vmx(1);
	cr4_set_bits(X86_CR4_VMXE);
	ret = vmxon(__pa(cpu->region));
	if (ret) {
		refusal = "VMXON failed";
		cr4_clear_bits(X86_CR4_VMXE);
		intel_pt_handle_vmx(0);
		return ret;
	}
	cpu->enabled = true;
	/* Entries of an earlier life of our VPIDs may still be cached. */
	kage_vmcs_flush_all();
	return 0;
}

static void clear_loaded(struct cpu_state *cpu)
{
	struct kage_vcpu *vcpu, *next;

	list_for_each_entry_safe(vcpu, next, &cpu->loaded, vmx.loaded_node) {
		kage_vmcs_clear(vcpu->vmx.vmcs);
		vcpu->vmx.launched = false;
		list_del_init(&vcpu->vmx.loaded_node);
		/* Pairs with kage_cpu_load(): cleared before it is free. */
		smp_store_release(&vcpu->vmx.cpu, -1);
	}
}

static void disable_here(void)
{
	struct cpu_state *cpu = this_cpu_ptr(&cpus);
	unsigned long flags;

	local_irq_save(flags);
	if (cpu->enabled) {
		clear_loaded(cpu);
		vmxoff();
		cpu->enabled = false;
		cr4_clear_bits(X86_CR4_VMXE);
		intel_pt_handle_vmx(0);
	}
	local_irq_restore(flags);
}

static int enable(void)
{
	unsigned long flags;
	int ret;

	local_irq_save(flags);
	ret = enable_here();
	local_irq_restore(flags);
	return ret;
}

/* While the module loads, its init says why it does not. */
static int online(unsigned int nr)
{
	int ret = enable();

	if (ret && hp_state > 0)
		pr_err("CPU %u stays offline: %s\n", nr, refusal);
	return ret;
}

static int offline(unsigned int nr)
{
	disable_here();
	return 0;
}

/*
 * Crash and emergency reboot: other CPUs are stopped or about to be, nothing
 * may be waited for, and INIT is blocked until VMXOFF. The memory image must
 * not have a VMCS still cached in the processor.
 */
static void emergency(void)
{
	struct cpu_state *cpu = this_cpu_ptr(&cpus);
	struct kage_vcpu *vcpu;

	if (!cpu->enabled)
		return;
	cpu->enabled = false;
	list_for_each_entry(vcpu, &cpu->loaded, vmx.loaded_node)
		kage_vmcs_clear(vcpu->vmx.vmcs);
	vmxoff();
	cr4_clear_bits(X86_CR4_VMXE);
}

/*
 * In the CPUs' hotplug threads and not by an interrupt: that could come in the
 * middle of a burst, whose next VMX instruction would fault. No CPU that comes
 * up later enters again.
 */
static void leave_all(void)
{
	if (hp_state > 0)
		cpuhp_remove_state(hp_state);
	hp_state = 0;
}

static int reboot_call(struct notifier_block *nb, unsigned long action,
		       void *data)
{
	leave_all();
	return NOTIFY_OK;
}

static struct notifier_block reboot_nb = { .notifier_call = reboot_call };

/* The last CPU's way into sleep and back; hotplug serves the others. */
static int suspend(void)
{
	disable_here();
	tsc_asleep = rdtsc();
	return 0;
}

static void resume(void)
{
	const u64 now = rdtsc();

	if (now < tsc_asleep)
		tsc_lost += tsc_asleep - now;
	if (enable())
		pr_err("%s; no machine can run on this CPU\n", refusal);
}

KAGE_DEFINE_SYSCORE(sleep_ops, suspend, resume);

u64 kage_cpu_tsc_lost(void)
{
	return tsc_lost;
}

bool kage_cpu_enabled(void)
{
	return this_cpu_read(cpus.enabled);
}

/*
 * What one VM trained into the predictors must not steer another's branches.
 * SDM: "Indirect Branch Predictor Barrier (IBPB)".
 */
static void switch_vm(struct kage_vcpu *vcpu)
{
	if (this_cpu_read(cpus.last_vm) == vcpu->vm->id)
		return;
	this_cpu_write(cpus.last_vm, vcpu->vm->id);
	vcpu->stats[KAGE_STAT_IBPB]++;
	indirect_branch_prediction_barrier();
}

bool kage_cpu_load(struct kage_vcpu *vcpu)
{
	struct cpu_state *cpu = this_cpu_ptr(&cpus);
	/* Pairs with clear_loaded(). */
	int where = smp_load_acquire(&vcpu->vmx.cpu);
	unsigned long flags;

	if (where >= 0 && where != smp_processor_id())
		return false;
	switch_vm(vcpu);
	local_irq_save(flags);
	if (where < 0) {
		/* SDM: "Initializing a VMCS": first of all for a new one. */
		kage_vmcs_clear(vcpu->vmx.vmcs);
		list_add(&vcpu->vmx.loaded_node, &cpu->loaded);
		vcpu->vmx.cpu = smp_processor_id();
	}
	kage_vmcs_load(vcpu->vmx.vmcs);
	local_irq_restore(flags);
	return true;
}

static void evict_ipi(void *arg)
{
	struct kage_vcpu *vcpu = arg;

	/* The CPU may have gone down, and the VMCS with it, meanwhile. */
	if (vcpu->vmx.cpu != smp_processor_id())
		return;
	kage_vmcs_clear(vcpu->vmx.vmcs);
	vcpu->vmx.launched = false;
	list_del_init(&vcpu->vmx.loaded_node);
	/* Pairs with kage_cpu_load(). */
	smp_store_release(&vcpu->vmx.cpu, -1);
}

void kage_cpu_evict(struct kage_vcpu *vcpu)
{
	/* Pairs with clear_loaded(). */
	int where = smp_load_acquire(&vcpu->vmx.cpu);

	/* Offline fails the call, but then offline() has cleared it. */
	if (where >= 0)
		smp_call_function_single(where, evict_ipi, vcpu, 1);
}

static void free_regions(void)
{
	int nr;

	for_each_possible_cpu(nr) {
		free_page((unsigned long)per_cpu(cpus.region, nr));
		per_cpu(cpus.region, nr) = NULL;
	}
}

static int alloc_regions(void)
{
	int nr;

	for_each_possible_cpu(nr) {
		struct cpu_state *cpu = per_cpu_ptr(&cpus, nr);

		INIT_LIST_HEAD(&cpu->loaded);
		cpu->region = (void *)get_zeroed_page(GFP_KERNEL);
		if (!cpu->region) {
			free_regions();
			return -ENOMEM;
		}
	}
	return 0;
}

/*
 * A KVM without guests need not have VMX on, but where it has registered for
 * emergencies nobody else can: VMX would stay on over a crash.
 */
static int refuse_kvm(void)
{
	if (!__symbol_get("kvm_init"))
		return 0;
	__symbol_put("kvm_init");
	refusal = "KVM is there (unload kvm_intel and kvm first)";
	return -EBUSY;
}

int kage_cpu_init(void)
{
	int ret;

	refusal = NULL;
	ret = kage_cap_probe(&kage_caps, &refusal);
	ret = ret ?: refuse_kvm();
	if (ret)
		goto err_say;
	ret = alloc_regions();
	if (ret)
		return ret;
	hp_state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "kage:online",
				     online, offline);
	ret = hp_state;
	if (ret < 0)
		goto err_free;
	cpu_emergency_register_virt_callback(emergency);
	register_reboot_notifier(&reboot_nb);
	kage_register_syscore(&sleep_ops);
	return 0;

err_free:
	free_regions();
err_say:
	if (refusal)
		pr_err("not loaded: %s\n", refusal);
	return ret;
}

void kage_cpu_uninit(void)
{
	kage_unregister_syscore(&sleep_ops);
	unregister_reboot_notifier(&reboot_nb);
	cpu_emergency_unregister_virt_callback(emergency);
	leave_all();
	free_regions();
}
