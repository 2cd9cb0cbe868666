/* SPDX-License-Identifier: GPL-2.0 */
/* What waits and yields, for a user-space build with one thread. */
#ifndef _KAGE_SHIM_LINUX_SCHED_H
#define _KAGE_SHIM_LINUX_SCHED_H

#include <linux/bitops.h>

struct task_struct;

/* One round of a busy wait; the test lets the others go on. */
void cpu_relax(void);

#define cond_resched()	((void)0)

#endif /* _KAGE_SHIM_LINUX_SCHED_H */
