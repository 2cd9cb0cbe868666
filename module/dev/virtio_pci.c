// SPDX-License-Identifier: GPL-2.0
/* Virtio over PCI: capabilities, and the registers that they point to. */
#include "virtio_pci.h"
#include "pci.h"
#include <linux/nospec.h>
#include <linux/pci_ids.h>
#include <linux/pci_regs.h>
#include <uapi/linux/virtio_pci.h>

#define NOTIFY_BAR	0
#define NOTIFY_SIZE	16U
#define NOTIFY_STRIDE	4U

#define REGS_BAR	1
#define REGS_COMMON	0x0000U
#define REGS_ISR	0x1000U
#define REGS_DEVICE	0x2000U
#define REGS_MSIX	0x3000U
#define REGS_SIZE	0x4000U

#define VENDOR_VIRTIO	0x1af4
#define DEVICE_BASE	0x1040	/* plus the type: a version 1 device */
#define REVISION	1

static_assert(KAGE_VIRTIO_NR_VQS * NOTIFY_STRIDE <= NOTIFY_SIZE);
static_assert(REGS_SIZE - REGS_MSIX == KAGE_MSIX_LEN);

static struct kage_virtio *to_virtio(struct kage_pci_dev *pdev)
{
	return container_of(pdev, struct kage_virtio, pdev);
}

static void set_lo(u64 *val, u32 half)
{
	*val = (*val & ~0xffffffffULL) | half;
}

static void set_hi(u64 *val, u32 half)
{
	*val = (u32)*val | (u64)half << 32;
}

/* A vector that does not exist reads back as none: the driver then knows. */
static u16 checked_vector(u32 vector)
{
	return vector < KAGE_MSIX_VECTORS ? vector : VIRTIO_MSI_NO_VECTOR;
}

/* The queue that the driver selected; NULL if there is none. */
static struct kage_virtq *selected(struct kage_virtio *vdev)
{
	const unsigned int i = vdev->vq_select;

	if (i >= KAGE_VIRTIO_NR_VQS)
		return NULL;
	return &vdev->vq[array_index_nospec(i, KAGE_VIRTIO_NR_VQS)];
}

static u32 read_vq(struct kage_virtio *vdev, u64 off)
{
	const struct kage_virtq *vq = selected(vdev);

	/* Size 0 says that there is no such queue. */
	if (!vq)
		return 0;

	switch (off) {
	case VIRTIO_PCI_COMMON_Q_SIZE:
		return vq->size;
	case VIRTIO_PCI_COMMON_Q_MSIX:
		return vq->vector;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		return vq->enabled;
	case VIRTIO_PCI_COMMON_Q_NOFF:
		return vdev->vq_select;
	case VIRTIO_PCI_COMMON_Q_DESCLO:
		return lower_32_bits(vq->desc);
	case VIRTIO_PCI_COMMON_Q_DESCHI:
		return upper_32_bits(vq->desc);
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
		return lower_32_bits(vq->avail);
	case VIRTIO_PCI_COMMON_Q_AVAILHI:
		return upper_32_bits(vq->avail);
	case VIRTIO_PCI_COMMON_Q_USEDLO:
		return lower_32_bits(vq->used);
	case VIRTIO_PCI_COMMON_Q_USEDHI:
		return upper_32_bits(vq->used);
	default:
		return 0;
	}
}

static u32 read_common(struct kage_virtio *vdev, u64 off)
{
	switch (off) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		return vdev->offered_select;
	case VIRTIO_PCI_COMMON_DF:
		if (vdev->offered_select > 1)
			return 0;
		return vdev->offered >> (32 * vdev->offered_select);
	case VIRTIO_PCI_COMMON_GFSELECT:
		return vdev->accepted_select;
	case VIRTIO_PCI_COMMON_GF:
		if (vdev->accepted_select > 1)
			return 0;
		return vdev->accepted >> (32 * vdev->accepted_select);
	case VIRTIO_PCI_COMMON_MSIX:
		return vdev->config_vector;
	case VIRTIO_PCI_COMMON_NUMQ:
		return KAGE_VIRTIO_NR_VQS;
	case VIRTIO_PCI_COMMON_STATUS:
		return vdev->status;
	case VIRTIO_PCI_COMMON_CFGGENERATION:
		return vdev->generation;
	case VIRTIO_PCI_COMMON_Q_SELECT:
		return vdev->vq_select;
	default:
		return read_vq(vdev, off);
	}
}

static void write_features(struct kage_virtio *vdev, u32 val)
{
	if (vdev->accepted_select == 0)
		set_lo(&vdev->accepted, val);
	else if (vdev->accepted_select == 1)
		set_hi(&vdev->accepted, val);
}

/* Once enabled a queue stays where it is until reset; only the vector moves. */
static void write_vq(struct kage_virtio *vdev, u64 off, u32 val)
{
	struct kage_virtq *vq = selected(vdev);

	if (!vq)
		return;
	if (off == VIRTIO_PCI_COMMON_Q_MSIX) {
		WRITE_ONCE(vq->vector, checked_vector(val));
		return;
	}
	if (vq->enabled)
		return;

	switch (off) {
	case VIRTIO_PCI_COMMON_Q_SIZE:
		vq->size = val;
		break;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		if (val == 1)
			kage_virtio_enable_vq_locked(vdev, vq);
		break;
	case VIRTIO_PCI_COMMON_Q_DESCLO:
		set_lo(&vq->desc, val);
		break;
	case VIRTIO_PCI_COMMON_Q_DESCHI:
		set_hi(&vq->desc, val);
		break;
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
		set_lo(&vq->avail, val);
		break;
	case VIRTIO_PCI_COMMON_Q_AVAILHI:
		set_hi(&vq->avail, val);
		break;
	case VIRTIO_PCI_COMMON_Q_USEDLO:
		set_lo(&vq->used, val);
		break;
	case VIRTIO_PCI_COMMON_Q_USEDHI:
		set_hi(&vq->used, val);
		break;
	}
}

static void write_common(struct kage_virtio *vdev, u64 off, u32 val)
{
	switch (off) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		vdev->offered_select = val;
		break;
	case VIRTIO_PCI_COMMON_GFSELECT:
		vdev->accepted_select = val;
		break;
	case VIRTIO_PCI_COMMON_GF:
		write_features(vdev, val);
		break;
	case VIRTIO_PCI_COMMON_MSIX:
		vdev->config_vector = checked_vector(val);
		break;
	case VIRTIO_PCI_COMMON_STATUS:
		kage_virtio_set_status_locked(vdev, val);
		break;
	case VIRTIO_PCI_COMMON_Q_SELECT:
		vdev->vq_select = val;
		break;
	default:
		write_vq(vdev, off, val);
		break;
	}
}

/* Bytes of each common register; drivers use exactly these widths. */
static unsigned int common_width(u64 off)
{
	switch (off) {
	case VIRTIO_PCI_COMMON_STATUS:
	case VIRTIO_PCI_COMMON_CFGGENERATION:
		return 1;
	case VIRTIO_PCI_COMMON_MSIX:
	case VIRTIO_PCI_COMMON_NUMQ:
	case VIRTIO_PCI_COMMON_Q_SELECT:
	case VIRTIO_PCI_COMMON_Q_SIZE:
	case VIRTIO_PCI_COMMON_Q_MSIX:
	case VIRTIO_PCI_COMMON_Q_ENABLE:
	case VIRTIO_PCI_COMMON_Q_NOFF:
		return 2;
	default:
		return 4;
	}
}

static u32 read_device(struct kage_virtio *vdev, u64 off, unsigned int len)
{
	u32 val = 0;
	unsigned int i;

	for (i = 0; i < len; i++)
		val |= (u32)vdev->ops->config_read(vdev, off + i) << (8 * i);
	return val;
}

static u32 read_regs(struct kage_virtio *vdev, u64 off, unsigned int len)
{
	u32 val = 0;

	if (off >= REGS_MSIX)
		return kage_msix_read(&vdev->pdev.msix, off - REGS_MSIX, len);
	if (off >= REGS_DEVICE)
		return read_device(vdev, off - REGS_DEVICE, len);
	if (off >= REGS_ISR)
		return off == REGS_ISR ? kage_virtio_read_isr(vdev) : 0;
	if (len != common_width(off))
		return 0;

	spin_lock_bh(&vdev->lock);
	val = read_common(vdev, off);
	spin_unlock_bh(&vdev->lock);
	return val;
}

/* ISR status and device configuration are read-only. */
static void write_regs(struct kage_virtio *vdev, u64 off, unsigned int len,
		       u32 val)
{
	if (off >= REGS_MSIX) {
		kage_msix_write(&vdev->pdev.msix, off - REGS_MSIX, len, val);
		return;
	}
	if (off >= REGS_ISR || len != common_width(off))
		return;

	spin_lock_bh(&vdev->lock);
	write_common(vdev, off, len == 4 ? val : val & (BIT(8 * len) - 1));
	spin_unlock_bh(&vdev->lock);
}

static u64 kage_virtio_bar_read(struct kage_pci_dev *pdev, unsigned int bar,
				u64 off, unsigned int len)
{
	struct kage_virtio *vdev = to_virtio(pdev);
	u64 val;

	if (bar != REGS_BAR)
		return 0;
	if (len < 8)
		return read_regs(vdev, off, len);
	val = read_regs(vdev, off, 4);
	return val | (u64)read_regs(vdev, off + 4, 4) << 32;
}

static void kage_virtio_bar_write(struct kage_pci_dev *pdev, unsigned int bar,
				  u64 off, unsigned int len, u64 val)
{
	struct kage_virtio *vdev = to_virtio(pdev);

	if (bar == NOTIFY_BAR) {
		/* The port tells the queue; the value only repeats it. */
		if (off / NOTIFY_STRIDE < KAGE_VIRTIO_NR_VQS)
			vdev->ops->kick(vdev, off / NOTIFY_STRIDE);
		return;
	}
	write_regs(vdev, off, min(len, 4U), val);
	if (len == 8)
		write_regs(vdev, off + 4, 4, val >> 32);
}

/*
 * The configuration access capability: a window through which the BARs are
 * reached by configuration cycles. It is the first capability, so its place is
 * known. Virtio 1.1: "PCI configuration access capability".
 */
#define WINDOW_CAP	PCI_STD_HEADER_SIZEOF
#define WINDOW_DATA	(WINDOW_CAP + sizeof(struct virtio_pci_cap))

/* Return: does the window lie inside a BAR, in a way that can be accessed? */
static bool get_window(struct kage_pci_dev *pdev, struct virtio_pci_cap *win)
{
	u32 off, len;

	kage_pci_dev_get(pdev, WINDOW_CAP, win, sizeof(*win));
	off = le32_to_cpu(win->offset);
	len = le32_to_cpu(win->length);
	if (win->bar >= KAGE_PCI_NR_BARS || (len != 1 && len != 2 && len != 4))
		return false;
	win->bar = array_index_nospec(win->bar, KAGE_PCI_NR_BARS);
	return !(off & (len - 1)) && off < pdev->bar[win->bar].size;
}

static bool hits_window(unsigned int off, unsigned int len)
{
	return off < WINDOW_DATA + 4 && off + len > WINDOW_DATA;
}

static void kage_virtio_config_read(struct kage_pci_dev *pdev,
				    unsigned int off, unsigned int len)
{
	struct virtio_pci_cap win;
	__le32 data;

	if (!hits_window(off, len) || !get_window(pdev, &win))
		return;
	data = cpu_to_le32(kage_virtio_bar_read(pdev, win.bar,
						le32_to_cpu(win.offset),
						le32_to_cpu(win.length)));
	kage_pci_dev_set(pdev, WINDOW_DATA, &data, sizeof(data));
}

static void kage_virtio_config_written(struct kage_pci_dev *pdev,
				       unsigned int off, unsigned int len)
{
	struct virtio_pci_cap win;
	__le32 data;

	if (!hits_window(off, len) || !get_window(pdev, &win))
		return;
	kage_pci_dev_get(pdev, WINDOW_DATA, &data, sizeof(data));
	kage_virtio_bar_write(pdev, win.bar, le32_to_cpu(win.offset),
			      le32_to_cpu(win.length), le32_to_cpu(data));
}

static void kage_virtio_pci_reset(struct kage_pci_dev *pdev)
{
	struct kage_virtio *vdev = to_virtio(pdev);

	spin_lock_bh(&vdev->lock);
	kage_virtio_reset_locked(vdev);
	spin_unlock_bh(&vdev->lock);
}

static const struct kage_pci_ops virtio_pci_ops = {
	.bar_read = kage_virtio_bar_read,
	.bar_write = kage_virtio_bar_write,
	.config_read = kage_virtio_config_read,
	.config_written = kage_virtio_config_written,
	.reset = kage_virtio_pci_reset,
};

struct area {
	u8 type, bar;
	u32 off, len;
};

/* Return: the capability's offset; @more bytes follow the common part. */
static unsigned int add_cap(struct kage_pci_dev *pdev, const struct area *area,
			    unsigned int more)
{
	const unsigned int len = sizeof(struct virtio_pci_cap) + more;
	const unsigned int off = kage_pci_dev_cap(pdev, PCI_CAP_ID_VNDR, len);
	struct virtio_pci_cap *cap = (void *)&pdev->config[off];

	cap->cap_len = len;
	cap->cfg_type = area->type;
	cap->bar = area->bar;
	cap->offset = cpu_to_le32(area->off);
	cap->length = cpu_to_le32(area->len);
	return off;
}

static void add_window(struct kage_pci_dev *pdev)
{
	const struct area window = { .type = VIRTIO_PCI_CAP_PCI_CFG };
	const unsigned int off = add_cap(pdev, &window, 4);
	struct virtio_pci_cap *wmask = (void *)&pdev->wmask[off];

	WARN_ON_ONCE(off != WINDOW_CAP);
	wmask->bar = 0xff;
	wmask->offset = cpu_to_le32(~0U);
	wmask->length = cpu_to_le32(~0U);
	memset(&pdev->wmask[WINDOW_DATA], 0xff, 4);
}

static void add_notify(struct kage_pci_dev *pdev)
{
	const struct area notify = {
		.type = VIRTIO_PCI_CAP_NOTIFY_CFG,
		.bar = NOTIFY_BAR,
		.len = NOTIFY_SIZE,
	};
	const unsigned int off = add_cap(pdev, &notify, 4);
	struct virtio_pci_notify_cap *cap = (void *)&pdev->config[off];

	cap->notify_off_multiplier = cpu_to_le32(NOTIFY_STRIDE);
}

void kage_virtio_pci_init(struct kage_virtio *vdev, struct kage_vm *vm,
			  unsigned int slot, u16 type, u32 class,
			  u32 config_len)
{
	const struct kage_pci_id id = {
		.vendor = VENDOR_VIRTIO,
		.device = DEVICE_BASE + type,
		.subvendor = VENDOR_VIRTIO,
		.subdevice = DEVICE_BASE + type,
		.class = class,
		.revision = REVISION,
	};
	const struct area areas[] = {
		{ VIRTIO_PCI_CAP_COMMON_CFG, REGS_BAR, REGS_COMMON,
		  sizeof(struct virtio_pci_common_cfg) },
		{ VIRTIO_PCI_CAP_ISR_CFG, REGS_BAR, REGS_ISR, 1 },
		{ VIRTIO_PCI_CAP_DEVICE_CFG, REGS_BAR, REGS_DEVICE,
		  config_len },
	};
	struct kage_pci_dev *pdev = &vdev->pdev;
	unsigned int i;

	pdev->ops = &virtio_pci_ops;
	kage_pci_dev_init(pdev, vm, slot, &id);
	kage_pci_dev_bar(pdev, NOTIFY_BAR, true, KAGE_PCI_IO_BASE(slot),
			 NOTIFY_SIZE);
	kage_pci_dev_bar(pdev, REGS_BAR, false, KAGE_PCI_MEM_BASE(slot),
			 REGS_SIZE);
	add_window(pdev);
	for (i = 0; i < ARRAY_SIZE(areas); i++)
		add_cap(pdev, &areas[i], 0);
	add_notify(pdev);
	kage_pci_dev_msix(pdev, REGS_BAR, REGS_MSIX);
	kage_pci_dev_seal(pdev);
	kage_virtio_init(vdev);
}
