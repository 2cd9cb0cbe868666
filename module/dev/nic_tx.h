/* SPDX-License-Identifier: GPL-2.0 */
/* From the host's stack into the guest's posted buffers. */
#ifndef _KAGE_DEV_NIC_TX_H
#define _KAGE_DEV_NIC_TX_H

#include "nic.h"

/**
 * kage_nic_tx() - ndo_start_xmit: copy a packet into the guest
 *
 * Return: NETDEV_TX_OK, the packet is gone; NETDEV_TX_BUSY, the guest has no
 * room for it and the queue is stopped until it kicks or a while has passed.
 */
netdev_tx_t kage_nic_tx(struct kage_nic *nic, struct sk_buff *skb);

/** kage_nic_tx_features() - what the guest can take of @features */
netdev_features_t kage_nic_tx_features(const struct kage_nic *nic,
				       netdev_features_t features);

/** kage_nic_tx_kick() - the guest posted buffers; any context */
void kage_nic_tx_kick(struct kage_nic *nic);

/** kage_nic_tx_reset() - a driver came or went; vdev->lock held */
void kage_nic_tx_reset(struct kage_nic *nic);

void kage_nic_tx_init(struct kage_nic *nic);
/** kage_nic_tx_uninit() - the interface is unregistered; may sleep */
void kage_nic_tx_uninit(struct kage_nic *nic);

#endif /* _KAGE_DEV_NIC_TX_H */
