// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps the host's PEBS out of guests, and events that exclude guests, too.
 *
 * The processor writes PEBS records to a linear address of the host's. In a
 * guest that address means what the guest's tables say: a record would be
 * written over the guest's memory, or fault there. So perf tells what the
 * counters are to hold meanwhile, and the MSR lists switch them with entry and
 * exit, whatever an NMI may write in between. SDM: "Processor Event-Based
 * Sampling (PEBS) Facility", "Loading MSRs".
 *
 * While there is something to switch perf is asked before each entry. Else it
 * is asked at the begin of a burst and after the exit for an interrupt of the
 * host's, which is how events of other CPUs and timers get here: to ask costs
 * more than the rest of a short exit. What an interrupt that hits the host's
 * own part of a burst has switched on is found at the next of these.
 */
#include "perf.h"
#include "../vcpu.h"
#include "vmcs.h"
#include <asm/msr.h>
#include <asm/perf_event.h>
#include <linux/smp.h>

/*
 * perf asks what a guest has programmed into its counters, and takes it from
 * KVM's struct, which this one stands for: nothing. It is longer than that.
 */
static const u64 no_guest_pmu[PAGE_SIZE / sizeof(u64)];

/*
 * Return: the PEBS events that count in guests alone. Some kernels leave it to
 * whoever calls to see that they do not.
 */
static u64 guest_pebs(const struct perf_guest_switch_msr *msrs, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		if (msrs[i].msr == MSR_IA32_PEBS_ENABLE)
			return msrs[i].guest;
	return 0;
}

static bool in_use(const struct perf_guest_switch_msr *msr)
{
	/* The others are for counters of the guest's own. */
	return msr->host != msr->guest &&
	       (msr->msr == MSR_CORE_PERF_GLOBAL_CTRL ||
		msr->msr == MSR_IA32_PEBS_ENABLE);
}

static unsigned int fill_lists(struct kage_vmx *vmx,
			       const struct perf_guest_switch_msr *msrs,
			       int nr)
{
	const u64 off = guest_pebs(msrs, nr);
	unsigned int n = KAGE_LIST_PERF;
	int i;

	for (i = 0; i < nr && n < KAGE_NR_LISTED; i++) {
		struct perf_guest_switch_msr msr = msrs[i];

		msr.guest &= ~off;
		if (!in_use(&msr))
			continue;
		vmx->entry_msrs[n] = (struct kage_msr_entry) {
			.index = msr.msr, .value = msr.guest,
		};
		vmx->exit_msrs[n] = (struct kage_msr_entry) {
			.index = msr.msr, .value = msr.host,
		};
		n++;
	}
	return n - KAGE_LIST_PERF;
}

void kage_perf_refresh(struct kage_vcpu *vcpu)
{
	const struct perf_guest_switch_msr *msrs;
	struct kage_vmx *vmx = &vcpu->vmx;
	unsigned int listed = 0;
	int nr = 0;

	lockdep_assert_preemption_disabled();
	msrs = perf_guest_get_msrs(&nr, (void *)no_guest_pmu);
	if (msrs)
		listed = fill_lists(vmx, msrs, nr);
	if (listed == vmx->nr_perf)
		return;
	vmx->nr_perf = listed;
	kage_vmcs_msr_lists(vcpu);
}

static void write_all(const struct kage_msr_entry *list, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		wrmsrl(list[i].index, list[i].value);
}

/*
 * A record may be under way when its counter is switched off. WRMSR waits for
 * that; the lists need not.
 */
void kage_perf_quiet(struct kage_vcpu *vcpu)
{
	write_all(&vcpu->vmx.entry_msrs[KAGE_LIST_PERF], vcpu->vmx.nr_perf);
}

void kage_perf_restore(struct kage_vcpu *vcpu)
{
	write_all(&vcpu->vmx.exit_msrs[KAGE_LIST_PERF], vcpu->vmx.nr_perf);
}
