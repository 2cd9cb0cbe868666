/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ACPI fixed hardware, and the ports that end a PC: reset register and
 * keyboard controller.
 */
#ifndef _KAGE_DEV_PM_H
#define _KAGE_DEV_PM_H

#include "../types.h"

/* What the FADT says of the block. */
#define KAGE_PM_EVENT		0x600	/* PM1a_EVT_BLK, 4 bytes */
#define KAGE_PM_CONTROL		0x604	/* PM1a_CNT_BLK, 2 bytes */
#define KAGE_PM_TIMER		0x608	/* PM_TMR_BLK, 4 bytes, 32 bits wide */
#define KAGE_PM_RESET		0xcf9	/* RESET_REG, value 0x06 */
#define KAGE_PM_SLP_TYP_S5	5

/** kage_pm_create() - sets vm->pm and claims the ports but KAGE_PM_RESET */
int kage_pm_create(struct kage_vm *vm);
/** kage_pm_destroy() - the reverse; harmless if never created */
void kage_pm_destroy(struct kage_vm *vm);
/** kage_pm_reset() - power-on state */
void kage_pm_reset(struct kage_vm *vm);

/**
 * kage_pm_reset_write() - a one-byte write to KAGE_PM_RESET
 *
 * That port lies inside the PCI host bridge's, which calls this.
 * Return: whether the machine is going down.
 */
bool kage_pm_reset_write(struct kage_vm *vm, u8 val);

#endif /* _KAGE_DEV_PM_H */
