// SPDX-License-Identifier: GPL-2.0
/*
 * Chooses the page faults that need no exit.
 */
#include "route.h"
#include "../vcpu.h"
#include "../vm.h"
#include "gwalk.h"
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

/* How far the favour of one condition may grow. */
#define FAVOUR_MAX	16

enum kage_route kage_route(const struct kage_vcpu *vcpu)
{
	if (!(KAGE_SPTE_LAZY & KAGE_PTE_P))
		return KAGE_ROUTE_EXIT;
	/* The processor's error codes tell fetches, and the guest's must not. */
	if (!(vcpu->efer & EFER_NX) && !(vcpu->cr4 & X86_CR4_SMEP))
		return KAGE_ROUTE_EXIT;
	if (READ_ONCE(vcpu->vm->mmu.watch) || vcpu->absent_favour > 0)
		return KAGE_ROUTE_ABSENT;
	return KAGE_ROUTE_USER;
}

void kage_route_note(struct kage_vcpu *vcpu, u32 pfec)
{
	bool user = pfec & KAGE_PF_U, present = pfec & KAGE_PF_P;

	if (!user && !present && vcpu->absent_favour < FAVOUR_MAX)
		vcpu->absent_favour++;
	else if (user && present && vcpu->absent_favour > -FAVOUR_MAX)
		vcpu->absent_favour--;
}

/* Every vCPU is out before such an entry exists, and enters with care. */
void kage_route_watch(struct kage_vm *vm)
{
	lockdep_assert_held(&vm->mmu.lock);
	if (vm->mmu.watch)
		return;
	WRITE_ONCE(vm->mmu.watch, true);
	if (KAGE_SPTE_LAZY & KAGE_PTE_P)
		kage_mmu_flush(vm);
}

void kage_shadow_withhold(struct kage_vm *vm, u64 old, u64 new)
{
	if (old & KAGE_SPTE_WITHHELD) {
		vm->mmu.withheld--;
		return;
	}
	vm->mmu.withheld++;
	kage_route_watch(vm);
}

/*
 * An entry that has got its W may still be cached without: the flush comes
 * before any vCPU runs that does not exit for it.
 */
void kage_route_relax(struct kage_vm *vm)
{
	struct kage_mmu *mmu = &vm->mmu;
	unsigned long flags;

	if (!READ_ONCE(mmu->watch) || READ_ONCE(mmu->withheld))
		return;
	spin_lock_irqsave(&mmu->lock, flags);
	if (mmu->watch && !mmu->withheld) {
		kage_mmu_flush(vm);
		WRITE_ONCE(mmu->watch, false);
	}
	spin_unlock_irqrestore(&mmu->lock, flags);
}
