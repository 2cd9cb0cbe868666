/* SPDX-License-Identifier: GPL-2.0 */
/* References that nobody counts. */
#ifndef _KAGE_SHIM_LINUX_KREF_H
#define _KAGE_SHIM_LINUX_KREF_H

struct kref {
	char unused;
};

#endif /* _KAGE_SHIM_LINUX_KREF_H */
