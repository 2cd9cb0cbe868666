/* SPDX-License-Identifier: GPL-2.0 */
/* Bit masks, for a user-space build of PURE files. */
#ifndef _KAGE_SHIM_LINUX_BITS_H
#define _KAGE_SHIM_LINUX_BITS_H

#define BITS_PER_BYTE	8
#define BITS_PER_LONG	64
#define BITS_PER_LONG_LONG	64

#define BIT(nr)		(1UL << (nr))
#define BIT_ULL(nr)	(1ULL << (nr))
#define GENMASK(h, l)		((~0UL << (l)) & (~0UL >> (63 - (h))))
#define GENMASK_ULL(h, l)	((~0ULL << (l)) & (~0ULL >> (63 - (h))))

#endif /* _KAGE_SHIM_LINUX_BITS_H */
