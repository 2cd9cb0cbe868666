/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walks along the buffers of a virtqueue chain, a page's worth at a time.
 */
#ifndef _KAGE_DEV_CHAIN_H
#define _KAGE_DEV_CHAIN_H

#include "vring.h"
#include <linux/minmax.h>

struct kage_chain_iter {
	const struct kage_vring_buf *buf;
	u32 done;		/* bytes of @buf behind us */
};

/** kage_chain_out() - start at the buffers to read */
static inline struct kage_chain_iter
kage_chain_out(const struct kage_vring_chain *chain)
{
	return (struct kage_chain_iter){ .buf = chain->buf };
}

/** kage_chain_in() - start at the buffers to write */
static inline struct kage_chain_iter
kage_chain_in(const struct kage_vring_chain *chain)
{
	return (struct kage_chain_iter){ .buf = chain->buf + chain->nr_out };
}

/**
 * kage_chain_piece() - the next bytes that lie in one page
 * @max: not 0, and no more than what is left of the chain
 * @gpa: where they are
 *
 * No buffer of a chain is empty, so one step forward is always enough.
 * Return: how many, at least 1.
 */
static inline u32 kage_chain_piece(struct kage_chain_iter *iter, u32 max,
				   gpa_t *gpa)
{
	u32 n;

	if (iter->done == iter->buf->len) {
		iter->buf++;
		iter->done = 0;
	}
	*gpa = iter->buf->gpa + iter->done;
	n = min(max, iter->buf->len - iter->done);
	n = min_t(u32, n, KAGE_PAGE_SIZE - (*gpa & ~KAGE_PAGE_MASK));
	iter->done += n;
	return n;
}

#endif /* _KAGE_DEV_CHAIN_H */
