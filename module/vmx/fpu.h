/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's x87, SSE and AVX state. Loaded for a burst.
 */
#ifndef _KAGE_VMX_FPU_H
#define _KAGE_VMX_FPU_H

#include "../types.h"

/** kage_fpu_init() - find out which state components guests get */
void kage_fpu_init(void);
/** kage_fpu_xcr0() - XCR0 bits that a guest may set; 0 without XSAVE */
u64 kage_fpu_xcr0(void);
/** kage_fpu_size() - bytes of an XSAVE image in standard form for @xcr0 */
u32 kage_fpu_size(u64 xcr0);
/** kage_fpu_compact_size() - the same in the form that XSAVEC writes */
u32 kage_fpu_compact_size(u64 xcr0);

void *kage_fpu_alloc(void);
void kage_fpu_free(void *fpu);
/** kage_fpu_reset() - the state after power-on */
void kage_fpu_reset(void *fpu);

/** kage_fpu_load() - inside kernel_fpu_begin_mask(), start of a burst */
void kage_fpu_load(struct kage_vcpu *vcpu);
/** kage_fpu_unload() - end of a burst */
void kage_fpu_unload(struct kage_vcpu *vcpu);
/** kage_fpu_set_xcr0() - the guest's XSETBV, checked; inside a burst */
void kage_fpu_set_xcr0(struct kage_vcpu *vcpu, u64 xcr0);

#endif /* _KAGE_VMX_FPU_H */
