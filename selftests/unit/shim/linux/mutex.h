/* SPDX-License-Identifier: GPL-2.0 */
/* Mutexes that nobody waits for. */
#ifndef _KAGE_SHIM_LINUX_MUTEX_H
#define _KAGE_SHIM_LINUX_MUTEX_H

struct mutex {
	char unused;
};

#endif /* _KAGE_SHIM_LINUX_MUTEX_H */
