/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the fuzzers share: an input that is eaten from the front, and a check
 * that makes a crash of what is merely wrong. An input that came to its end
 * goes on with zeros, so that every input is a valid one.
 */
#ifndef _KAGE_FUZZ_H
#define _KAGE_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct feed {
	const uint8_t *data;
	size_t left;
};

/** feed_take() - the next @size bytes, at most 8, as a number */
static inline uint64_t feed_take(struct feed *feed, unsigned int size)
{
	uint64_t val = 0;
	unsigned int i;

	for (i = 0; i < size && feed->left; i++, feed->left--)
		val |= (uint64_t)*feed->data++ << (i * 8);
	return val;
}

/** FUZZ_CHECK() - end as a crash would, naming what does not hold */
#define FUZZ_CHECK(cond)						\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%s:%d: does not hold: %s\n",	\
				__FILE__, __LINE__, #cond);		\
			abort();					\
		}							\
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* _KAGE_FUZZ_H */
