/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which page faults of a guest are its own: they need no exit where the
 * processor can tell them by their error code.
 *
 * A fault at an entry that is not present is the guest's own, for what kage has
 * to look at has LAZY entries, whose reserved bits show in the error code. A
 * fault at a present entry is the guest's own, too, unless kage withholds what
 * the guest's tables grant: W from page tables, from pages that are not dirty,
 * from read-only slots. The guest's kernel meets such entries all the time; its
 * users hardly ever. So of the two conditions that the VMCS can express, one
 * lets all faults of users through while nothing is withheld from users (such
 * entries are counted), and the other lets faults at absent entries through.
 *
 * SDM: "Exception Bitmap", "Page-Fault Error-Code Mask and Page-Fault
 * Error-Code Match".
 */
#ifndef _KAGE_MMU_ROUTE_H
#define _KAGE_MMU_ROUTE_H

#include "../types.h"
#include "spte.h"

/**
 * kage_route() - how the faults of a vCPU are to be routed
 *
 * Asked before each entry, and before mode is KAGE_IN_GUEST: a change that must
 * be heeded raises KAGE_REQ_TLB_FLUSH.
 */
enum kage_route kage_route(const struct kage_vcpu *vcpu);

/**
 * kage_route_note() - a fault exited that was the guest's own
 * @pfec: its error code
 *
 * Where the guest could have either condition it gets what would have spared
 * more exits lately.
 */
void kage_route_note(struct kage_vcpu *vcpu, u32 pfec);

/** kage_route_watch() - something is withheld from users. Under mmu->lock */
void kage_route_watch(struct kage_vm *vm);

/**
 * kage_route_relax() - let faults of users through again if they may be
 *
 * Now and then, for each change costs a flush. Context: no vCPU of the caller's
 * is in the guest.
 */
void kage_route_relax(struct kage_vm *vm);

#endif /* _KAGE_MMU_ROUTE_H */
