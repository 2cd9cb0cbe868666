/* SPDX-License-Identifier: GPL-2.0 */
/* Bits of model-specific registers. */
#ifndef _KAGE_SHIM_ASM_MSR_INDEX_H
#define _KAGE_SHIM_ASM_MSR_INDEX_H

#define EFER_NX	(1ULL << 11)

#endif /* _KAGE_SHIM_ASM_MSR_INDEX_H */
