/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finds tables that the guest changes entry after entry. Within mmu/, under
 * mmu->lock.
 */
#ifndef _KAGE_MMU_BURST_H
#define _KAGE_MMU_BURST_H

#include "shadow.h"
#include "../vcpu.h"

/**
 * kage_burst_note() - the guest changed an entry of a tracked table
 * @gfn: the table's frame
 * @old: the entry before
 * @sptep: what maps the table where the guest stores to it, or NULL
 *
 * Unlinks the table if this was one time too often; the guest can then go on
 * without an exit.
 */
void kage_burst_note(struct kage_vcpu *vcpu, gfn_t gfn, u64 old, u64 *sptep);

/** kage_burst_end() - the guest does something else */
static inline void kage_burst_end(struct kage_vcpu *vcpu)
{
	vcpu->burst.nr = 0;
}

#endif /* _KAGE_MMU_BURST_H */
