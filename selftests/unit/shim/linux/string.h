/* SPDX-License-Identifier: GPL-2.0 */
/* memcpy() and its like, for a user-space build of PURE files. */
#ifndef _KAGE_SHIM_LINUX_STRING_H
#define _KAGE_SHIM_LINUX_STRING_H

#include <string.h>

#endif /* _KAGE_SHIM_LINUX_STRING_H */
