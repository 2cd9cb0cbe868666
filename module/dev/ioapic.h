/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The I/O APIC: 24 pins, version 0x20 (with an EOI register).
 */
#ifndef _KAGE_DEV_IOAPIC_H
#define _KAGE_DEV_IOAPIC_H

#include "../types.h"
#include "bus.h"
#include "irqchip.h"

struct kage_irqchip;

/* Everything is under irq->lock. */
struct kage_ioapic {
	u8 select;			/* IOREGSEL */
	u32 id;				/* as the register has it */
	u32 lines;			/* level of the pins now */
	u64 rte[KAGE_NR_GSIS];		/* redirection table */
	struct kage_iodev dev;		/* I */
	u64 interrupts, eois;
};

/** kage_ioapic_create() - claim the registers; vm->irq exists */
int kage_ioapic_create(struct kage_vm *vm);
/** kage_ioapic_destroy() - the reverse; harmless if never created */
void kage_ioapic_destroy(struct kage_vm *vm);
/** kage_ioapic_reset_locked() - every pin masked and low */
void kage_ioapic_reset_locked(struct kage_irqchip *irq);
/** kage_ioapic_set_locked() - drive @pin, below KAGE_NR_GSIS */
void kage_ioapic_set_locked(struct kage_irqchip *irq, unsigned int pin,
			    int level);

/**
 * kage_ioapic_eoi_locked() - a local APIC ended a level interrupt
 *
 * Pins with @vector that are still asserted interrupt again.
 */
void kage_ioapic_eoi_locked(struct kage_irqchip *irq, u8 vector);

/** kage_ioapic_stats() - report the counters */
int kage_ioapic_stats(struct kage_vm *vm, struct kage_stat_sink *sink);

#endif /* _KAGE_DEV_IOAPIC_H */
