/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Executes one guest instruction that touched a page table or a device.
 */
#ifndef _KAGE_EMUL_EMUL_H
#define _KAGE_EMUL_EMUL_H

#include "../types.h"

enum kage_emul_result {
	KAGE_EMUL_DONE,		/* executed, RIP moved on */
	KAGE_EMUL_RETRY,	/* let the guest run it again: bytes changed,
				 * a REP string goes on, or an operand faulted
				 * and the fault was injected
				 */
	KAGE_EMUL_UNKNOWN,	/* not one of the admitted instructions */
};

/**
 * kage_emul_run() - decode and execute the instruction at RIP
 * @gva: the address whose access exited (CR2)
 * @gpa: what it translates to
 * @write: the access was a store
 *
 * The access that touches @gpa goes where the address belongs: the bus for a
 * device, guest RAM with kage_mmu_store() for a page table. Any other memory
 * operand is translated with the guest's rights. Context: the vCPU's thread,
 * interrupts on, preemption off.
 */
enum kage_emul_result kage_emul_run(struct kage_vcpu *vcpu, gva_t gva,
				    gpa_t gpa, bool write);

#endif /* _KAGE_EMUL_EMUL_H */
