/* SPDX-License-Identifier: GPL-2.0 */
/* Small allocations, for a user-space build. */
#ifndef _KAGE_SHIM_LINUX_SLAB_H
#define _KAGE_SHIM_LINUX_SLAB_H

#include <linux/types.h>
#include <stdlib.h>

#define kzalloc(size, gfp)		((void)(gfp), calloc(1, size))
#define kmalloc(size, gfp)		((void)(gfp), malloc(size))
#define kmalloc_array(n, size, gfp)	((void)(gfp), calloc(n, size))
#define kfree(ptr)			free(ptr)

#endif /* _KAGE_SHIM_LINUX_SLAB_H */
