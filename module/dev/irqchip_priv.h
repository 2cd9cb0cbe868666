/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interrupt controllers of a machine as they see one another. One lock
 * guards all of them, because an interrupt passes from one to the next (8259
 * to LINT0, I/O APIC to local APIC, EOI back) in one step.
 *
 * Lock order: a device's own lock, then irq->lock, then what hrtimer_start()
 * and kage_vcpu_request() take.
 */
#ifndef _KAGE_DEV_IRQCHIP_PRIV_H
#define _KAGE_DEV_IRQCHIP_PRIV_H

#include "irqchip.h"
#include "ioapic.h"
#include "lapic.h"
#include "pic.h"
#include <linux/spinlock.h>

/* Field tags: I immutable after create, L under lock. */
struct kage_irqchip {
	spinlock_t lock;		/* irq-safe */
	struct kage_vm *vm;		/* I */
	struct kage_pic pic;		/* L */
	struct kage_ioapic ioapic;	/* L */
	struct kage_iodev lapic_page;	/* I */
	unsigned int next_lowest;	/* L where arbitration starts */
	unsigned int nr_lapics;		/* I */
	struct kage_lapic lapics[];	/* L one per vCPU, by id */
};

#endif /* _KAGE_DEV_IRQCHIP_PRIV_H */
