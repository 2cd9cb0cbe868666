/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How virtqueues reach guest memory: kage_vring_read() and kage_vring_write()
 * for vring.c, whose ctx is a struct kage_vring_mem.
 *
 * All of it is under the queue's lock, which keeps softirqs off: an RCU read
 * section.
 */
#ifndef _KAGE_DEV_VRING_MEM_H
#define _KAGE_DEV_VRING_MEM_H

#include "../types.h"
#include "../mmu/mem.h"

/* The rings of a queue take four pages, and its tables as many as they like. */
#define KAGE_VRING_PAGES	16

/* A guest page and where it is; host is NULL where none is remembered. */
struct kage_vring_page {
	gfn_t gfn;
	void *host;
	bool writable;
};

struct kage_vring_mem {
	struct kage_vm *vm;		/* I */
	u64 generation;			/* of guest memory, for @page */
	struct kage_vring_page page[KAGE_VRING_PAGES];
	struct kage_mem_late late;	/* stores to rings, and to buffers */
};

#endif /* _KAGE_DEV_VRING_MEM_H */
