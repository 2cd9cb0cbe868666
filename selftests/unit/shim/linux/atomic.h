/* SPDX-License-Identifier: GPL-2.0 */
/* Atomic operations, for a user-space build. */
#ifndef _KAGE_SHIM_LINUX_ATOMIC_H
#define _KAGE_SHIM_LINUX_ATOMIC_H

#include <asm/barrier.h>

#define cmpxchg(ptr, old, val)	__sync_val_compare_and_swap(ptr, old, val)
#define xchg(ptr, val)		__atomic_exchange_n(ptr, val, __ATOMIC_SEQ_CST)
#define smp_load_acquire(ptr)	__atomic_load_n(ptr, __ATOMIC_ACQUIRE)

#endif /* _KAGE_SHIM_LINUX_ATOMIC_H */
