/* SPDX-License-Identifier: GPL-2.0 */
/* A random number that is always the same, so that a seed finds a fault again. */
#ifndef _KAGE_SHIM_LINUX_RANDOM_H
#define _KAGE_SHIM_LINUX_RANDOM_H

static inline unsigned long get_random_long(void)
{
	return 0x61c8864680b583ebUL;
}

#endif /* _KAGE_SHIM_LINUX_RANDOM_H */
