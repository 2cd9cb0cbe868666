/* SPDX-License-Identifier: GPL-2.0 */
/* For a user-space build: they are in kernel.h. */
#ifndef _KAGE_SHIM_LINUX_MINMAX_H
#define _KAGE_SHIM_LINUX_MINMAX_H

#include <linux/kernel.h>

#endif /* _KAGE_SHIM_LINUX_MINMAX_H */
