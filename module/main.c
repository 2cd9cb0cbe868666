// SPDX-License-Identifier: GPL-2.0
/*
 * Brings the module up, each step on the one before, and takes it down in the
 * reverse order.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "dev/console.h"
#include "feature.h"
#include "mmu/spte.h"
#include "netlink.h"
#include "vm.h"
#include "vmx/cap.h"
#include "vmx/cpu.h"
#include "vmx/cpuid.h"
#include "vmx/fpu.h"
#include "vmx/vmcs.h"
#include <linux/init.h>
#include <linux/module.h>

static int __init kage_init(void)
{
	int ret;

	/*
	 * Bursts take spinlocks with preemption off, the express lane with
	 * interrupts off: they must not sleep.
	 */
	if (IS_ENABLED(CONFIG_PREEMPT_RT)) {
		pr_err("not loaded: kage does not run on a PREEMPT_RT kernel\n");
		return -EOPNOTSUPP;
	}
	ret = kage_cpu_init();
	if (ret)
		return ret;
	kage_fpu_init();
	kage_cpuid_init();
	if (kage_has(KAGE_FEATURE_ROUTE))
		kage_spte_reserve(kage_caps.phys_bits);
	ret = kage_vmcs_init();
	if (ret)
		goto err_cpu;
	ret = kage_console_init();
	if (ret)
		goto err_vmcs;
	ret = kage_netlink_init();
	if (ret)
		goto err_console;
	return 0;

err_console:
	kage_console_uninit();
err_vmcs:
	kage_vmcs_uninit();
err_cpu:
	kage_cpu_uninit();
	return ret;
}

static void __exit kage_exit(void)
{
	kage_netlink_uninit();
	kage_vm_uninit();
	kage_console_uninit();
	kage_vmcs_uninit();
	kage_cpu_uninit();
}

module_init(kage_init);
module_exit(kage_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The kage authors");
MODULE_DESCRIPTION("Hypervisor with shadow page tables and in-kernel virtio-net");
MODULE_VERSION("0.1");
/*
 * No MODULE_ALIAS_GENL_FAMILY(): anybody may look a family up by its name, and
 * would so take VMX away from the administrator's KVM.
 */
