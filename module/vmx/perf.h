/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's performance counters while a guest runs.
 */
#ifndef _KAGE_VMX_PERF_H
#define _KAGE_VMX_PERF_H

#include "../types.h"

/**
 * kage_perf_refresh() - which MSRs of the counters have to be switched now
 *
 * Context: preemption off, the VMCS is active.
 */
void kage_perf_refresh(struct kage_vcpu *vcpu);

/** kage_perf_quiet() - before entry, interrupts off: the guest's values */
void kage_perf_quiet(struct kage_vcpu *vcpu);
/** kage_perf_restore() - the entry failed: the host's values */
void kage_perf_restore(struct kage_vcpu *vcpu);

#endif /* _KAGE_VMX_PERF_H */
