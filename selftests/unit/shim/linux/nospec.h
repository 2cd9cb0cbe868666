/* SPDX-License-Identifier: GPL-2.0 */
/* Indexes that processors guess at: in user space there is nothing to hide. */
#ifndef _KAGE_SHIM_LINUX_NOSPEC_H
#define _KAGE_SHIM_LINUX_NOSPEC_H

#define array_index_nospec(index, size)	(index)

#endif /* _KAGE_SHIM_LINUX_NOSPEC_H */
