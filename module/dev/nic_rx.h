/* SPDX-License-Identifier: GPL-2.0 */
/* From the guest's transmit queue into the host's stack. */
#ifndef _KAGE_DEV_NIC_RX_H
#define _KAGE_DEV_NIC_RX_H

#include "nic.h"

/** kage_nic_rx_kick() - the guest queued packets; not hard interrupt */
void kage_nic_rx_kick(struct kage_nic *nic);

/** kage_nic_rx_idle() - a vCPU has nothing to do; its thread */
void kage_nic_rx_idle(struct kage_nic *nic);

/** kage_nic_rx_init() - nic->dev is set, and not registered yet */
void kage_nic_rx_init(struct kage_nic *nic);

/** kage_nic_rx_uninit() - the interface is unregistered; may sleep */
void kage_nic_rx_uninit(struct kage_nic *nic);

#endif /* _KAGE_DEV_NIC_RX_H */
