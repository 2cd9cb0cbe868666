/* SPDX-License-Identifier: GPL-2.0 */
/* Work that is never done. */
#ifndef _KAGE_SHIM_LINUX_WORKQUEUE_H
#define _KAGE_SHIM_LINUX_WORKQUEUE_H

struct work_struct {
	char unused;
};

typedef struct {
	char unused;
} wait_queue_head_t;

#endif /* _KAGE_SHIM_LINUX_WORKQUEUE_H */
