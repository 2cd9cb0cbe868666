// SPDX-License-Identifier: GPL-2.0
/*
 * Roots: the shadow pages that stand for values of CR3. Each vCPU keeps those
 * that it loaded lately pinned, and may load them again by itself (entry.S).
 */
#include "shadow.h"
#include "../vm.h"
#include "../vcpu.h"
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

/*
 * A vCPU may load a root that it has pinned at this very moment. If that is
 * given up now, it finds nothing in it.
 */
bool kage_shadow_loaded(struct kage_vm *vm, const struct kage_shadow *sp)
{
	unsigned int i;

	if (sp->role.level < KAGE_ROOT_LEVEL)
		return false;
	for (i = 0; i < vm->nr_vcpus; i++)
		if (READ_ONCE(vm->vcpus[i]->root) == sp)
			return true;
	return false;
}

static void unpin(struct kage_root_ref *ref)
{
	if (ref->sp)
		ref->sp->pins--;
	/* The rest stays: the vCPU may be just about to use it. */
	WRITE_ONCE(ref->sp, NULL);
}

void kage_shadow_unpin(struct kage_vm *vm, struct kage_shadow *sp)
{
	unsigned int i, way;

	for (i = 0; sp->pins && i < vm->nr_vcpus; i++) {
		struct kage_root_ref *ref = kage_root_set(vm->vcpus[i],
						   sp->gfn << KAGE_PAGE_SHIFT);

		for (way = 0; way < KAGE_ROOT_WAYS; way++)
			if (ref[way].sp == sp)
				unpin(&ref[way]);
	}
}

static void unpin_all(struct kage_vcpu *vcpu)
{
	int i;

	for (i = 0; i < KAGE_ROOTS; i++)
		unpin(&vcpu->roots[i]);
}

void kage_mmu_unload_root(struct kage_vcpu *vcpu)
{
	struct kage_mmu *mmu = &vcpu->vm->mmu;
	unsigned long flags;

	spin_lock_irqsave(&mmu->lock, flags);
	unpin_all(vcpu);
	vcpu->root = NULL;
	spin_unlock_irqrestore(&mmu->lock, flags);
}

/* Where @cr3 stands, or may stand: a value has one place only. */
static struct kage_root_ref *place_for(struct kage_vcpu *vcpu, u64 cr3)
{
	struct kage_root_ref *set = kage_root_set(vcpu, cr3);
	int i;

	for (i = 0; i < KAGE_ROOT_WAYS; i++)
		if (set[i].sp && set[i].cr3 == cr3)
			return &set[i];
	for (i = 0; i < KAGE_ROOT_WAYS; i++)
		if (!set[i].sp)
			return &set[i];
	vcpu->next_root = (vcpu->next_root + 1) % KAGE_ROOT_WAYS;
	return &set[vcpu->next_root];
}

static void use_root(struct kage_vcpu *vcpu, struct kage_shadow *sp)
{
	struct kage_root_ref *ref = place_for(vcpu, vcpu->cr3);

	unpin(ref);
	*ref = (struct kage_root_ref) {
		.cr3 = vcpu->cr3, .spt = __pa(sp->spt), .sp = sp,
	};
	sp->pins++;
	WRITE_ONCE(vcpu->root, sp);
}

/* NULL if there is none and none can be made now. */
static struct kage_shadow *find_root(struct kage_vcpu *vcpu,
				     union kage_role role, bool *ready)
{
	gfn_t gfn = (vcpu->cr3 & KAGE_PTE_ADDR) >> KAGE_PAGE_SHIFT;
	struct kage_shadow *sp = kage_shadow_find(vcpu->vm, gfn, role);

	*ready = true;
	if (sp) {
		vcpu->stats[KAGE_STAT_ROOT_HITS]++;
		return sp;
	}
	vcpu->stats[KAGE_STAT_ROOT_MISSES]++;
	*ready = kage_shadow_reserve(vcpu);
	return *ready ? kage_shadow_get(vcpu->vm, gfn, role) : NULL;
}

bool kage_mmu_load_root(struct kage_vcpu *vcpu)
{
	const union kage_role role = {
		.level = KAGE_ROOT_LEVEL,
		.wp = !!(vcpu->cr0 & X86_CR0_WP),
		.nxe = !!(vcpu->efer & EFER_NX),
	};
	struct kage_mmu *mmu = &vcpu->vm->mmu;
	struct kage_shadow *sp;
	unsigned long flags;
	bool ready;

	spin_lock_irqsave(&mmu->lock, flags);
	/* What is let go may be what is in use: nothing is until another is. */
	WRITE_ONCE(vcpu->root, NULL);
	/* Those of another mode of paging are of no use. */
	if (vcpu->roots_role != role.word)
		unpin_all(vcpu);
	vcpu->roots_role = role.word;
	sp = find_root(vcpu, role, &ready);
	if (sp) {
		list_move_tail(&sp->lru, &mmu->live);
		use_root(vcpu, sp);
	}
	spin_unlock_irqrestore(&mmu->lock, flags);
	if (ready && !sp)
		kage_vcpu_kill(vcpu, "CR3 %#llx is not guest memory",
			       vcpu->cr3);
	return sp;
}
