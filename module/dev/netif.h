/* SPDX-License-Identifier: GPL-2.0 */
/* The host interface of a NIC. */
#ifndef _KAGE_DEV_NETIF_H
#define _KAGE_DEV_NETIF_H

#include "nic.h"

/**
 * kage_netif_alloc() - an interface that is not registered yet
 *
 * Return: the NIC in its private part, or NULL. free_netdev(nic->dev) undoes.
 */
struct kage_nic *kage_netif_alloc(struct net *net, const char *name, u32 mtu);

#endif /* _KAGE_DEV_NETIF_H */
