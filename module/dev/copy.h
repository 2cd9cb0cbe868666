/* SPDX-License-Identifier: GPL-2.0 */
/* Copies of frames. */
#ifndef _KAGE_DEV_COPY_H
#define _KAGE_DEV_COPY_H

#include <linux/string.h>

/* Below, what starts a string instruction costs more than it saves. */
#define KAGE_COPY_STRING	256

/**
 * kage_copy() - memcpy() for pieces that may be a page
 *
 * Where the processor has no fast *short* strings memcpy() is a loop of moves,
 * eight bytes each; long strings are fast on far more of them.
 */
static inline void kage_copy(void *to, const void *from, size_t len)
{
	size_t words = len / 8;

	if (len >= KAGE_COPY_STRING) {
		asm volatile("rep movsq"
			     : "+D" (to), "+S" (from), "+c" (words)
			     : : "memory");
		len %= 8;
	}
	memcpy(to, from, len);
}

#endif /* _KAGE_DEV_COPY_H */
