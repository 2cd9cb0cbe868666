/* SPDX-License-Identifier: GPL-2.0 */
/* Read sections of a program with one thread. */
#ifndef _KAGE_SHIM_LINUX_RCUPDATE_H
#define _KAGE_SHIM_LINUX_RCUPDATE_H

#include <linux/compiler.h>

struct rcu_head {
	void *next;
};

#define rcu_read_lock()		((void)0)
#define rcu_read_unlock()	((void)0)

#endif /* _KAGE_SHIM_LINUX_RCUPDATE_H */
