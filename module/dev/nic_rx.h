/* SPDX-License-Identifier: GPL-2.0 */
/* From the guest's transmit queue into the host's stack. */
#ifndef _KAGE_DEV_NIC_RX_H
#define _KAGE_DEV_NIC_RX_H

#include "nic.h"

/** kage_nic_rx_poll() - the NAPI poll function */
int kage_nic_rx_poll(struct napi_struct *napi, int budget);

/** kage_nic_rx_kick() - the guest queued packets; not hard interrupt */
void kage_nic_rx_kick(struct kage_nic *nic);

#endif /* _KAGE_DEV_NIC_RX_H */
