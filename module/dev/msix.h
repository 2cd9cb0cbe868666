/* SPDX-License-Identifier: GPL-2.0 */
/*
 * MSI-X of one PCI function: the table, the pending bits and delivery. PCI
 * Local Bus Specification 3.0: "MSI-X Capability and Table Structures".
 */
#ifndef _KAGE_DEV_MSIX_H
#define _KAGE_DEV_MSIX_H

#include "../types.h"
#include <linux/compiler.h>
#include <linux/spinlock.h>

#define KAGE_MSIX_VECTORS	4

/* Where table and pending bits lie, from the start of their 4 KiB. */
#define KAGE_MSIX_TABLE		0x000
#define KAGE_MSIX_PBA		0x800
#define KAGE_MSIX_LEN		0x1000

struct kage_msix_entry {
	u64 addr;
	u32 data;
	u32 control;
};

/* Field tags: I immutable after create, X msix->lock. */
struct kage_msix {
	struct kage_vm *vm;		/* I */
	spinlock_t lock;
	bool enabled;			/* X, read by anyone */
	bool masked;			/* X the whole function */
	struct kage_msix_entry entry[KAGE_MSIX_VECTORS];	/* X */
	u64 pending;			/* X bit per vector */
};

/** kage_msix_init() - power-on state */
void kage_msix_init(struct kage_msix *msix, struct kage_vm *vm);

/** kage_msix_reset() - back to it: disabled, every vector masked */
void kage_msix_reset(struct kage_msix *msix);

/**
 * kage_msix_control() - the message control word was written
 * @control: the capability's word, PCI_MSIX_FLAGS_*
 *
 * Context: any but hard interrupt.
 */
void kage_msix_control(struct kage_msix *msix, u16 control);

/**
 * kage_msix_raise() - send a vector's message, or keep it while masked
 *
 * Harmless for a vector that does not exist or while MSI-X is off.
 * Context: any but hard interrupt.
 */
void kage_msix_raise(struct kage_msix *msix, u16 vector);

/**
 * kage_msix_read() - read table or pending bits
 * @off: from the start of the 4 KiB; anything is safe
 * @len: 4; other lengths and odd addresses read as 0
 */
u32 kage_msix_read(struct kage_msix *msix, u64 off, unsigned int len);

/** kage_msix_write() - write the table; as above, others are dropped */
void kage_msix_write(struct kage_msix *msix, u64 off, unsigned int len,
		     u32 val);

static inline bool kage_msix_enabled(const struct kage_msix *msix)
{
	return READ_ONCE(msix->enabled);
}

#endif /* _KAGE_DEV_MSIX_H */
