/* SPDX-License-Identifier: GPL-2.0 */
/* The virtio-net device: its features, configuration and notifications. */
#ifndef _KAGE_DEV_VIRTIO_NET_H
#define _KAGE_DEV_VIRTIO_NET_H

#include "nic.h"

/**
 * kage_virtio_net_init() - make the NIC's function, sealed but not plugged in
 *
 * The interface is set up but not registered yet.
 */
void kage_virtio_net_init(struct kage_nic *nic, struct kage_vm *vm,
			  unsigned int slot);

/** kage_virtio_net_link() - the interface went up or down; process context */
void kage_virtio_net_link(struct kage_nic *nic, bool up);

#endif /* _KAGE_DEV_VIRTIO_NET_H */
