/* SPDX-License-Identifier: GPL-2.0 */
/* Error numbers, for a user-space build of PURE files. */
#ifndef _KAGE_SHIM_LINUX_ERRNO_H
#define _KAGE_SHIM_LINUX_ERRNO_H

#include_next <linux/errno.h>

#endif /* _KAGE_SHIM_LINUX_ERRNO_H */
