/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMX operation of the host's processors: entered when the module loads or a
 * CPU comes up, left when it goes, sleeps, reboots or crashes.
 */
#ifndef _KAGE_VMX_CPU_H
#define _KAGE_VMX_CPU_H

#include "../types.h"
#include <linux/list.h>

/**
 * kage_cpu_init() - enter VMX operation on every CPU
 *
 * Return: 0; -ENODEV, -EPERM as kage_cap_probe(); -EBUSY if VMX is in use on
 * a CPU; one line in the log says why. All CPUs are then as they were.
 */
int kage_cpu_init(void);
void kage_cpu_uninit(void);

/** kage_cpu_enabled() - is this CPU in VMX operation? Preemption off */
bool kage_cpu_enabled(void);

/**
 * kage_cpu_tsc_lost() - how far the host's TSC was set back by its sleeps
 *
 * To be added to the host's TSC wherever that is a guest's clock.
 */
u64 kage_cpu_tsc_lost(void);

/**
 * kage_cpu_load() - make a vCPU's VMCS current on this CPU
 *
 * Context: preemption off. Return: false if the VMCS is active on another CPU:
 * kage_cpu_evict() first, with preemption on.
 */
bool kage_cpu_load(struct kage_vcpu *vcpu);

/** kage_cpu_evict() - VMCLEAR a vCPU's VMCS wherever it is active; sleeps */
void kage_cpu_evict(struct kage_vcpu *vcpu);

#endif /* _KAGE_VMX_CPU_H */
