/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Split virtqueues, device side. PURE: guest memory is reached through two
 * callbacks, and nothing that the guest wrote is used before it was copied and
 * checked. Virtio 1.1: "Split Virtqueues".
 */
#ifndef _KAGE_DEV_VRING_H
#define _KAGE_DEV_VRING_H

#include "../types.h"

#define KAGE_VRING_MAX_SIZE	1024
/* Buffers of one chain, indirect ones included; more marks the ring broken. */
#define KAGE_VRING_MAX_CHAIN	256

struct kage_vring_mem {
	int (*read)(void *ctx, gpa_t gpa, void *data, size_t len);
	int (*write)(void *ctx, gpa_t gpa, const void *data, size_t len);
	void *ctx;
};

struct kage_vring {
	struct kage_vring_mem mem;
	u16 size;		/* power of two, 0 while disabled */
	gpa_t desc, avail, used;
	bool event_idx;		/* VIRTIO_F_EVENT_IDX negotiated */
	bool indirect;		/* VIRTIO_F_INDIRECT_DESC negotiated */
	bool broken;		/* the driver broke the rules: needs reset */
	u16 last_avail;		/* next avail entry to take */
	u16 used_idx;		/* next used entry to fill */
	u16 signalled;		/* used_idx when the driver was last told */
	bool signalled_valid;
};

struct kage_vring_buf {
	gpa_t gpa;
	u32 len;
};

/* A chain: first @nr_out buffers to read, then @nr_in buffers to write. */
struct kage_vring_chain {
	u16 head;
	u16 nr_out, nr_in;
	u64 out_len, in_len;	/* sums, never wrapping */
	struct kage_vring_buf buf[KAGE_VRING_MAX_CHAIN];
};

/**
 * kage_vring_pop() - take the next available chain
 *
 * Return: 1 with @chain filled; 0 if there is none; -EINVAL if the driver
 * broke the rules (index jumped by more than the ring, head or next out of
 * range, loop, zero length, indirect inside indirect, table outside RAM, out
 * buffer after in buffer): the ring is then broken and stays so.
 */
int kage_vring_pop(struct kage_vring *vr, struct kage_vring_chain *chain);

/** kage_vring_unpop() - give back the chain that was popped last, untouched */
void kage_vring_unpop(struct kage_vring *vr);

/**
 * kage_vring_push() - return a chain to the driver
 * @written: bytes written to its in buffers
 *
 * The entry is visible to the driver only after kage_vring_publish().
 * Return: 0, or -EINVAL if the used ring is not RAM (ring broken).
 */
int kage_vring_push(struct kage_vring *vr, u16 head, u32 written);

/** kage_vring_publish() - write the used index, release ordered */
int kage_vring_publish(struct kage_vring *vr);

/**
 * kage_vring_should_signal() - must the driver get an interrupt?
 *
 * To be asked once after kage_vring_publish(); remembers the answer. Virtio
 * 1.1: "Used Buffer Notification Suppression".
 */
bool kage_vring_should_signal(struct kage_vring *vr);

/**
 * kage_vring_enable_kick() - ask the driver to kick on the next buffer
 *
 * Return: true if buffers arrived meanwhile: take them now.
 */
bool kage_vring_enable_kick(struct kage_vring *vr);

/**
 * kage_vring_enable_kick_after() - ask for a kick when there are @nr buffers
 * @nr: 1 to the ring's size; without event indexes it counts as 1
 *
 * Return: true if so many arrived meanwhile: take them now.
 */
bool kage_vring_enable_kick_after(struct kage_vring *vr, u16 nr);

/** kage_vring_disable_kick() - tell the driver that kicks are not needed */
void kage_vring_disable_kick(struct kage_vring *vr);

#endif /* _KAGE_DEV_VRING_H */
