// SPDX-License-Identifier: GPL-2.0
/*
 * What processors have cached of shadow tables, and how it goes.
 */
#include "shadow.h"
#include "../vcpu.h"
#include "../vm.h"

/*
 * Makes every vCPU drop what it has cached before it runs the guest again, and
 * waits until none runs on what it had. The caller's own vCPU is outside.
 */
void kage_mmu_flush(struct kage_vm *vm)
{
	unsigned int i;

	lockdep_assert_held(&vm->mmu.lock);
	vm->mmu.stale = false;
	vm->mmu.stats[KAGE_MMU_FLUSHES]++;
	for (i = 0; i < vm->nr_vcpus; i++)
		kage_vcpu_request(vm->vcpus[i], KAGE_REQ_TLB_FLUSH);
	for (i = 0; i < vm->nr_vcpus; i++) {
		/* Pairs with the barrier between mode and requests at entry. */
		while (smp_load_acquire(&vm->vcpus[i]->mode) == KAGE_IN_GUEST &&
		       kage_vcpu_has(vm->vcpus[i], KAGE_REQ_TLB_FLUSH))
			cpu_relax();
	}
}
