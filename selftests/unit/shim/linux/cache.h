/* SPDX-License-Identifier: GPL-2.0 */
/* Cache lines. */
#ifndef _KAGE_SHIM_LINUX_CACHE_H
#define _KAGE_SHIM_LINUX_CACHE_H

#define L1_CACHE_BYTES	64

#endif /* _KAGE_SHIM_LINUX_CACHE_H */
