/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The PCI host bridge of a machine: bus 0 and configuration mechanism 1 at
 * ports 0xcf8 and 0xcfc. The reset control register at 0xcf9 lies inside and
 * is passed on to dev/pm.h.
 *
 * Windows for BARs, as the ACPI tables must tell: ports 0xc000-0xffff, memory
 * 0xe0000000-0xfebfffff.
 */
#ifndef _KAGE_DEV_PCI_H
#define _KAGE_DEV_PCI_H

#include "pci_dev.h"
#include <uapi/linux/kage.h>

/* The bridge itself, then one slot for each device. */
#define KAGE_PCI_NR_SLOTS	(1 + KAGE_MAX_NICS)

/* Where BARs lie at power-on, for guests that do not assign them. */
#define KAGE_PCI_IO_BASE(slot)	(0xc000U + 0x100U * (slot))
#define KAGE_PCI_MEM_BASE(slot)	(0xfe000000U + 0x10000U * (slot))

/** kage_pci_create() - make vm->pci; 0, -ENOMEM or -EBUSY */
int kage_pci_create(struct kage_vm *vm);

/**
 * kage_pci_destroy() - the reverse; harmless if never created
 *
 * Context: process. Every device is unplugged and no vCPU runs.
 */
void kage_pci_destroy(struct kage_vm *vm);

/** kage_pci_reset() - bridge and devices to power-on; no vCPU runs */
void kage_pci_reset(struct kage_vm *vm);

/**
 * kage_pci_plug() - show a sealed function to the guest
 *
 * Context: vm->lock held, the slot is free.
 */
void kage_pci_plug(struct kage_vm *vm, struct kage_pci_dev *pdev);

/**
 * kage_pci_unplug() - take it away; nothing calls into it any more after
 *
 * Context: process, may sleep; vm->lock held.
 */
void kage_pci_unplug(struct kage_vm *vm, struct kage_pci_dev *pdev);

#endif /* _KAGE_DEV_PCI_H */
