// SPDX-License-Identifier: GPL-2.0
/* A virtio device as its driver sees it. */
#include "virtio.h"
#include "../mmu/mem.h"
#include <linux/log2.h>
#include <uapi/linux/virtio_config.h>
#include <uapi/linux/virtio_pci.h>
#include <uapi/linux/virtio_ring.h>

#define STATUS_DRIVER_BITS	(VIRTIO_CONFIG_S_ACKNOWLEDGE | \
				 VIRTIO_CONFIG_S_DRIVER | \
				 VIRTIO_CONFIG_S_FEATURES_OK | \
				 VIRTIO_CONFIG_S_DRIVER_OK | \
				 VIRTIO_CONFIG_S_FAILED)

#define ISR_VQ		1
#define ISR_CONFIG	VIRTIO_PCI_ISR_CONFIG

/*
 * Ring fields of two bytes are the indexes and flags that the driver changes
 * while we read them: they must not be put together from single bytes, which a
 * copy of unknown length may do. Alignment was checked, so none leaves a page;
 * what does is left to kage_mem_read() and kage_mem_write().
 *
 * Both are called under vq->lock, which keeps softirqs off: an RCU read section.
 */
static int kage_ring_read(void *ctx, gpa_t gpa, void *data, size_t len)
{
	const void *host = kage_mem_host(ctx, gpa, len, false);

	if (!host)
		return kage_mem_read(ctx, gpa, data, len);
	if (len == sizeof(u16))
		*(u16 *)data = READ_ONCE(*(const u16 *)host);
	else
		memcpy(data, host, len);
	return 0;
}

static int kage_ring_write(void *ctx, gpa_t gpa, const void *data, size_t len)
{
	void *host = kage_mem_host(ctx, gpa, len, true);

	if (!host)
		return kage_mem_write(ctx, gpa, data, len);
	if (len == sizeof(u16))
		WRITE_ONCE(*(u16 *)host, *(const u16 *)data);
	else
		memcpy(host, data, len);
	kage_mem_written(ctx, gpa, len);
	return 0;
}

static void raise_irq(struct kage_virtio *vdev, u8 isr, u16 vector)
{
	lockdep_assert_held(&vdev->lock);
	if (kage_msix_enabled(&vdev->pdev.msix)) {
		kage_msix_raise(&vdev->pdev.msix, vector);
		return;
	}
	vdev->isr |= isr;
	kage_pci_dev_intx(&vdev->pdev, true);
}

void kage_virtio_signal(struct kage_virtio *vdev, unsigned int vq)
{
	/*
	 * The common case needs nothing but the vector. A driver that moves it
	 * meanwhile gets the interrupt at one of the two.
	 */
	if (kage_msix_enabled(&vdev->pdev.msix)) {
		kage_msix_raise(&vdev->pdev.msix,
				READ_ONCE(vdev->vq[vq].vector));
		return;
	}
	spin_lock_bh(&vdev->lock);
	if (vdev->status & VIRTIO_CONFIG_S_DRIVER_OK)
		raise_irq(vdev, ISR_VQ, vdev->vq[vq].vector);
	spin_unlock_bh(&vdev->lock);
}

static void config_changed(struct kage_virtio *vdev)
{
	lockdep_assert_held(&vdev->lock);
	vdev->generation++;
	if (vdev->status & VIRTIO_CONFIG_S_DRIVER_OK)
		raise_irq(vdev, ISR_CONFIG, vdev->config_vector);
}

void kage_virtio_config_changed(struct kage_virtio *vdev)
{
	spin_lock_bh(&vdev->lock);
	config_changed(vdev);
	spin_unlock_bh(&vdev->lock);
}

static void needs_reset(struct kage_virtio *vdev)
{
	lockdep_assert_held(&vdev->lock);
	if (vdev->status & VIRTIO_CONFIG_S_NEEDS_RESET)
		return;
	vdev->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	config_changed(vdev);
}

void kage_virtio_broken(struct kage_virtio *vdev, unsigned int vq)
{
	struct kage_virtq *v = &vdev->vq[vq];
	bool broken;

	spin_lock_bh(&vdev->lock);
	spin_lock(&v->lock);
	broken = v->vr.broken;
	spin_unlock(&v->lock);
	if (broken)
		needs_reset(vdev);
	spin_unlock_bh(&vdev->lock);
}

u8 kage_virtio_read_isr(struct kage_virtio *vdev)
{
	u8 isr;

	spin_lock_bh(&vdev->lock);
	isr = vdev->isr;
	vdev->isr = 0;
	kage_pci_dev_intx(&vdev->pdev, false);
	spin_unlock_bh(&vdev->lock);
	return isr;
}

/* Virtio 1.1: "Split Virtqueues", the table of alignments. */
static bool vq_valid(const struct kage_virtq *vq)
{
	return is_power_of_2(vq->size) && vq->size <= KAGE_VIRTIO_VQ_SIZE &&
	       !(vq->desc & 15) && !(vq->avail & 1) && !(vq->used & 3);
}

void kage_virtio_enable_vq_locked(struct kage_virtio *vdev,
				  struct kage_virtq *vq)
{
	lockdep_assert_held(&vdev->lock);
	if (vdev->status & VIRTIO_CONFIG_S_DRIVER_OK)
		return;
	if (vq_valid(vq))
		vq->enabled = true;
	else
		needs_reset(vdev);
}

static void start_vq(struct kage_virtio *vdev, struct kage_virtq *vq)
{
	const struct kage_vring vr = {
		.mem = {
			.read = kage_ring_read,
			.write = kage_ring_write,
			.ctx = vdev->pdev.vm,
		},
		.size = vq->size,
		.desc = vq->desc,
		.avail = vq->avail,
		.used = vq->used,
		.event_idx = kage_virtio_has(vdev, VIRTIO_RING_F_EVENT_IDX),
		.indirect = kage_virtio_has(vdev, VIRTIO_RING_F_INDIRECT_DESC),
	};

	spin_lock(&vq->lock);
	vq->vr = vr;
	spin_unlock(&vq->lock);
}

static void start(struct kage_virtio *vdev)
{
	unsigned int i;

	for (i = 0; i < KAGE_VIRTIO_NR_VQS; i++) {
		if (vdev->vq[i].enabled)
			start_vq(vdev, &vdev->vq[i]);
	}
	vdev->ops->ready(vdev);
}

static bool accept_features(struct kage_virtio *vdev)
{
	const u64 features = vdev->accepted;

	if ((features & ~vdev->offered) ||
	    !(features & BIT_ULL(VIRTIO_F_VERSION_1)) ||
	    !vdev->ops->features_ok(features))
		return false;
	WRITE_ONCE(vdev->features, features);
	return true;
}

void kage_virtio_set_status_locked(struct kage_virtio *vdev, u8 status)
{
	u8 set = status & STATUS_DRIVER_BITS & ~vdev->status;

	lockdep_assert_held(&vdev->lock);
	if (!status) {
		kage_virtio_reset_locked(vdev);
		return;
	}
	/* A refusal is that FEATURES_OK does not read back. */
	if ((set & VIRTIO_CONFIG_S_FEATURES_OK) && !accept_features(vdev))
		set &= ~VIRTIO_CONFIG_S_FEATURES_OK;
	if (!((vdev->status | set) & VIRTIO_CONFIG_S_FEATURES_OK))
		set &= ~VIRTIO_CONFIG_S_DRIVER_OK;

	vdev->status |= set;
	if (set & VIRTIO_CONFIG_S_DRIVER_OK)
		start(vdev);
}

static void reset_vq(struct kage_virtq *vq)
{
	spin_lock(&vq->lock);
	memset(&vq->vr, 0, sizeof(vq->vr));
	spin_unlock(&vq->lock);

	vq->desc = 0;
	vq->avail = 0;
	vq->used = 0;
	vq->size = KAGE_VIRTIO_VQ_SIZE;
	vq->enabled = false;
	WRITE_ONCE(vq->vector, VIRTIO_MSI_NO_VECTOR);
}

void kage_virtio_reset_locked(struct kage_virtio *vdev)
{
	unsigned int i;

	lockdep_assert_held(&vdev->lock);
	for (i = 0; i < KAGE_VIRTIO_NR_VQS; i++)
		reset_vq(&vdev->vq[i]);

	WRITE_ONCE(vdev->features, 0);
	vdev->accepted = 0;
	vdev->offered_select = 0;
	vdev->accepted_select = 0;
	vdev->vq_select = 0;
	vdev->config_vector = VIRTIO_MSI_NO_VECTOR;
	vdev->status = 0;
	vdev->isr = 0;
	kage_pci_dev_intx(&vdev->pdev, false);
	vdev->ops->reset(vdev);
}

void kage_virtio_init(struct kage_virtio *vdev)
{
	unsigned int i;

	spin_lock_init(&vdev->lock);
	for (i = 0; i < KAGE_VIRTIO_NR_VQS; i++)
		spin_lock_init(&vdev->vq[i].lock);

	spin_lock_bh(&vdev->lock);
	vdev->config_vector = VIRTIO_MSI_NO_VECTOR;
	for (i = 0; i < KAGE_VIRTIO_NR_VQS; i++)
		reset_vq(&vdev->vq[i]);
	spin_unlock_bh(&vdev->lock);
}
