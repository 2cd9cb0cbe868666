/* SPDX-License-Identifier: GPL-2.0 */
/* Compile-time checks, for a user-space build of PURE files. */
#ifndef _KAGE_SHIM_LINUX_BUILD_BUG_H
#define _KAGE_SHIM_LINUX_BUILD_BUG_H

#include <assert.h>	/* static_assert() */

#define BUILD_BUG_ON_MSG(cond, msg)	_Static_assert(!(cond), msg)
#define BUILD_BUG_ON(cond)	BUILD_BUG_ON_MSG(cond, "BUILD_BUG_ON: " #cond)
#define BUILD_BUG_ON_ZERO(cond)	((int)sizeof(struct { int:(-!!(cond)); }))

#endif /* _KAGE_SHIM_LINUX_BUILD_BUG_H */
