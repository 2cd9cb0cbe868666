/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The generic netlink family: the one way in which user space controls kage.
 * What can be said is in <uapi/linux/kage.h>.
 */
#ifndef _KAGE_NETLINK_H
#define _KAGE_NETLINK_H

/**
 * kage_netlink_init() - open for requests and report events
 *
 * The last step of loading the module: everything else is ready.
 * Return: 0, or what registering the family returns.
 */
int kage_netlink_init(void);

/** kage_netlink_uninit() - no request and no event is under way after it */
void kage_netlink_uninit(void);

#endif /* _KAGE_NETLINK_H */
