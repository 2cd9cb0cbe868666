/* SPDX-License-Identifier: GPL-2.0 */
/* Attributes, for a user-space build. */
#ifndef _KAGE_SHIM_LINUX_COMPILER_H
#define _KAGE_SHIM_LINUX_COMPILER_H

#define __rcu
#define __aligned(n)	__attribute__((aligned(n)))
#define OPTIMIZER_HIDE_VAR(v)	asm("" : "+r" (v))
#define __printf(a, b)	__attribute__((format(printf, a, b)))

#endif /* _KAGE_SHIM_LINUX_COMPILER_H */
