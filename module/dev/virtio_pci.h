/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Virtio over PCI, version 1, not transitional. Virtio 1.1: "Virtio Over PCI
 * Bus".
 *
 * BAR 0 are ports: one doorbell per queue, so that the exit alone tells the
 * queue. BAR 1 is memory: the other structures and MSI-X, 4 KiB each.
 */
#ifndef _KAGE_DEV_VIRTIO_PCI_H
#define _KAGE_DEV_VIRTIO_PCI_H

#include "virtio.h"

/**
 * kage_virtio_pci_init() - make a virtio device a function of @vm in @slot
 * @type: device type, VIRTIO_ID_*
 * @class: PCI class, 24 bits
 * @config_len: bytes of device configuration
 *
 * @vdev->ops and @vdev->offered are set. The function is sealed; the caller
 * plugs it in.
 */
void kage_virtio_pci_init(struct kage_virtio *vdev, struct kage_vm *vm,
			  unsigned int slot, u16 type, u32 class,
			  u32 config_len);

#endif /* _KAGE_DEV_VIRTIO_PCI_H */
