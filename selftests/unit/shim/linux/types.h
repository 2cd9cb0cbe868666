/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's names for integers, for a user-space build of PURE files. */
#ifndef _KAGE_SHIM_LINUX_TYPES_H
#define _KAGE_SHIM_LINUX_TYPES_H

/* libc's headers find this file too: give them what they look for. */
#include_next <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
/* As in the kernel, so that %llx fits. */
typedef unsigned long long u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef long long s64;

#define U8_MAX	UINT8_MAX
#define U16_MAX	UINT16_MAX
#define U32_MAX	UINT32_MAX
#define U64_MAX	((u64)~0ULL)

#endif /* _KAGE_SHIM_LINUX_TYPES_H */
