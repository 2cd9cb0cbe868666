/* SPDX-License-Identifier: GPL-2.0 */
/* Nothing is waited for. */
#ifndef _KAGE_SHIM_LINUX_COMPLETION_H
#define _KAGE_SHIM_LINUX_COMPLETION_H

struct completion {
	char unused;
};

#endif /* _KAGE_SHIM_LINUX_COMPLETION_H */
