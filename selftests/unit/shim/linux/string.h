/* SPDX-License-Identifier: GPL-2.0 */
/* memcpy() and its like, for a user-space build of PURE files. */
#ifndef _KAGE_SHIM_LINUX_STRING_H
#define _KAGE_SHIM_LINUX_STRING_H

#include <linux/types.h>
#include <string.h>

static inline void memset64(u64 *to, u64 val, size_t n)
{
	while (n--)
		*to++ = val;
}

#endif /* _KAGE_SHIM_LINUX_STRING_H */
