/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory barriers, for a user-space build of PURE files. A test that defines
 * KAGE_SHIM_BARRIER(kind) before it includes the code sees where they stand;
 * one that links it defines KAGE_SHIM_BARRIER_CALL and the function.
 */
#ifndef _KAGE_SHIM_ASM_BARRIER_H
#define _KAGE_SHIM_ASM_BARRIER_H

#ifdef KAGE_SHIM_BARRIER_CALL
void kage_shim_barrier(int kind);
#define KAGE_SHIM_BARRIER(kind)	kage_shim_barrier(kind)
#endif

#ifndef KAGE_SHIM_BARRIER
#define KAGE_SHIM_BARRIER(kind) \
	((void)(kind), __atomic_thread_fence(__ATOMIC_SEQ_CST))
#endif

#define smp_mb()	KAGE_SHIM_BARRIER('m')
#define smp_rmb()	KAGE_SHIM_BARRIER('r')
#define smp_wmb()	KAGE_SHIM_BARRIER('w')

#endif /* _KAGE_SHIM_ASM_BARRIER_H */
