/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtio device as its driver sees it, whatever it does: status, features,
 * queues and notifications. Virtio 1.1: "Basic Facilities of a Virtio Device".
 * The registers in front of it are virtio_pci.c's.
 *
 * A queue is live (vr.size not 0) from DRIVER_OK to reset.
 */
#ifndef _KAGE_DEV_VIRTIO_H
#define _KAGE_DEV_VIRTIO_H

#include "../types.h"
#include "pci_dev.h"
#include "vring.h"
#include <linux/spinlock.h>

#define KAGE_VIRTIO_NR_VQS	2
#define KAGE_VIRTIO_VQ_SIZE	512	/* most entries of a queue */

struct kage_virtio;

/**
 * struct kage_virtio_ops - the device behind it
 * @features_ok: may the driver have exactly these? They are all offered
 * @ready: DRIVER_OK was set, queues are live; vdev->lock held, no sleeping
 * @reset: the driver gave up the device, queues are dead; as @ready
 * @kick: buffers were added to queue @vq; a vCPU's thread, no locks
 * @config_read: byte @off of the device configuration, 0 past its end
 */
struct kage_virtio_ops {
	bool (*features_ok)(u64 features);
	void (*ready)(struct kage_virtio *vdev);
	void (*reset)(struct kage_virtio *vdev);
	void (*kick)(struct kage_virtio *vdev, unsigned int vq);
	u8 (*config_read)(struct kage_virtio *vdev, unsigned int off);
};

/* Field tags: D vdev->lock, Q vq->lock. */
struct kage_virtq {
	spinlock_t lock;	/* the ring and who works on it */
	struct kage_vring vr;	/* Q */

	/* What the driver asked for; vr follows at DRIVER_OK. */
	u64 desc, avail, used;	/* D */
	u16 size;		/* D */
	u16 vector;		/* D, read by anyone */
	bool enabled;		/* D */
};

/*
 * Field tags: I immutable after create, D lock.
 * Order: lock, then vq->lock; lock, then the function's interrupt locks.
 * Data paths hold vq->lock alone and drop it before they call in here.
 */
struct kage_virtio {
	struct kage_pci_dev pdev;
	const struct kage_virtio_ops *ops;	/* I */
	u64 offered;				/* I */

	spinlock_t lock;			/* softirqs take it */
	u64 accepted;			/* D what the driver wrote so far */
	u64 features;			/* D in force, read by anyone */
	u32 offered_select;		/* D */
	u32 accepted_select;		/* D */
	u16 vq_select;			/* D */
	u16 config_vector;		/* D */
	u8 status;			/* D */
	u8 isr;				/* D */
	u8 generation;			/* D */
	struct kage_virtq vq[KAGE_VIRTIO_NR_VQS];
};

/** kage_virtio_init() - power-on state; ops and offered are set */
void kage_virtio_init(struct kage_virtio *vdev);

/** kage_virtio_reset() - what writing 0 to the status does; vdev->lock held */
void kage_virtio_reset_locked(struct kage_virtio *vdev);

/** kage_virtio_set_status() - the driver wrote the status; vdev->lock held */
void kage_virtio_set_status_locked(struct kage_virtio *vdev, u8 status);

/** kage_virtio_enable_vq() - the driver enabled it; vdev->lock held */
void kage_virtio_enable_vq_locked(struct kage_virtio *vdev,
				  struct kage_virtq *vq);

/** kage_virtio_read_isr() - which interrupt it was; lowers the line */
u8 kage_virtio_read_isr(struct kage_virtio *vdev);

/**
 * kage_virtio_signal() - interrupt for used buffers
 *
 * Context: softirq or process, no locks of the device held.
 */
void kage_virtio_signal(struct kage_virtio *vdev, unsigned int vq);

/** kage_virtio_config_changed() - interrupt for a new device configuration */
void kage_virtio_config_changed(struct kage_virtio *vdev);

/**
 * kage_virtio_broken() - a queue was found broken: tell the driver
 *
 * Sets DEVICE_NEEDS_RESET unless the queue was reset meanwhile. Context as
 * kage_virtio_signal().
 */
void kage_virtio_broken(struct kage_virtio *vdev, unsigned int vq);

/** kage_virtio_has() - was a feature bit negotiated? Any context */
static inline bool kage_virtio_has(const struct kage_virtio *vdev,
				   unsigned int bit)
{
	return READ_ONCE(vdev->features) & BIT_ULL(bit);
}

#endif /* _KAGE_DEV_VIRTIO_H */
