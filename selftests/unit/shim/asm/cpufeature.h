/* SPDX-License-Identifier: GPL-2.0 */
/* Errata: a test says whether it has them. */
#ifndef _KAGE_SHIM_ASM_CPUFEATURE_H
#define _KAGE_SHIM_ASM_CPUFEATURE_H

#include <linux/types.h>

#define X86_BUG_ITLB_MULTIHIT	1

extern bool kage_shim_bug;

#define boot_cpu_has_bug(bug)	((void)(bug), kage_shim_bug)

#endif /* _KAGE_SHIM_ASM_CPUFEATURE_H */
