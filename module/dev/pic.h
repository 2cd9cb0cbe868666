/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pair of 8259A interrupt controllers. The master's output goes to LINT0
 * of vCPU 0 and to pin 0 of the I/O APIC.
 */
#ifndef _KAGE_DEV_PIC_H
#define _KAGE_DEV_PIC_H

#include "../types.h"
#include "bus.h"

struct kage_irqchip;

/* Everything is under irq->lock. */
struct kage_pic_chip {
	u8 lines;		/* level of the inputs now */
	u8 irr, imr, isr;
	u8 elcr;		/* inputs that are level triggered */
	u8 base;		/* vector of input 0 */
	u8 top;			/* input of highest priority */
	u8 init_step;		/* next ICW that port 1 takes, 0: none */
	bool want_icw4;
	bool single;
	bool auto_eoi;
	bool rotate_auto;
	bool special_mask;
	bool nested;		/* special fully nested mode */
	bool read_isr;
	bool poll;		/* the next read is an acknowledge */
};

struct kage_pic {
	struct kage_pic_chip chip[2];	/* master, slave */
	bool intr;			/* the master's output */
	struct kage_iodev dev[3];	/* I master, slave, ELCR */
	u64 acks, spurious;
};

/** kage_pic_create() - claim the ports; vm->irq exists */
int kage_pic_create(struct kage_vm *vm);
/** kage_pic_destroy() - give the ports back; harmless if never created */
void kage_pic_destroy(struct kage_vm *vm);
/** kage_pic_reset_locked() - power-on state, all inputs low */
void kage_pic_reset_locked(struct kage_irqchip *irq);
/** kage_pic_set_locked() - drive input @n, 0 to 15 */
void kage_pic_set_locked(struct kage_irqchip *irq, unsigned int n, int level);

/**
 * kage_pic_ack_locked() - the two INTA cycles of a processor
 *
 * Return: the vector; that of IRQ 7 or 15 if the request has gone.
 */
int kage_pic_ack_locked(struct kage_irqchip *irq);

/** kage_pic_stats() - report the counters */
int kage_pic_stats(struct kage_vm *vm, struct kage_stat_sink *sink);

#endif /* _KAGE_DEV_PIC_H */
