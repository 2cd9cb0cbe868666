/* SPDX-License-Identifier: GPL-2.0 */
/* hash_64(), for a user-space build. */
#ifndef _KAGE_SHIM_LINUX_HASH_H
#define _KAGE_SHIM_LINUX_HASH_H

#include <linux/types.h>

static inline u32 hash_64(u64 val, unsigned int bits)
{
	return (val * 0x61c8864680b583ebULL) >> (64 - bits);
}

#endif /* _KAGE_SHIM_LINUX_HASH_H */
