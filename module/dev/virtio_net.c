// SPDX-License-Identifier: GPL-2.0
/*
 * The virtio-net device. Virtio 1.1: "Network Device".
 *
 * The guest's link is up while the host interface is; the interface's carrier
 * is on while the guest has a driver. So each end sees the other.
 */
#include "virtio_net.h"
#include "nic_rx.h"
#include "nic_tx.h"
#include "virtio_pci.h"
#include <linux/pci_ids.h>
#include <linux/string.h>
#include <linux/virtio_byteorder.h>
#include <uapi/linux/virtio_config.h>
#include <uapi/linux/virtio_ids.h>
#include <uapi/linux/virtio_ring.h>

#define FEATURES	(BIT_ULL(VIRTIO_NET_F_CSUM) | \
			 BIT_ULL(VIRTIO_NET_F_GUEST_CSUM) | \
			 BIT_ULL(VIRTIO_NET_F_MTU) | \
			 BIT_ULL(VIRTIO_NET_F_MAC) | \
			 BIT_ULL(VIRTIO_NET_F_GUEST_TSO4) | \
			 BIT_ULL(VIRTIO_NET_F_GUEST_TSO6) | \
			 BIT_ULL(VIRTIO_NET_F_GUEST_ECN) | \
			 BIT_ULL(VIRTIO_NET_F_HOST_TSO4) | \
			 BIT_ULL(VIRTIO_NET_F_HOST_TSO6) | \
			 BIT_ULL(VIRTIO_NET_F_HOST_ECN) | \
			 BIT_ULL(VIRTIO_NET_F_MRG_RXBUF) | \
			 BIT_ULL(VIRTIO_NET_F_STATUS) | \
			 BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC) | \
			 BIT_ULL(VIRTIO_RING_F_EVENT_IDX) | \
			 BIT_ULL(VIRTIO_F_VERSION_1))

/* Bytes of configuration that the features above make valid. */
#define CONFIG_LEN	offsetofend(struct virtio_net_config, mtu)

/* Virtio 1.1: "Feature bit requirements". */
static const struct {
	u8 bit;
	u64 needs;	/* one of these */
} requirements[] = {
	{ VIRTIO_NET_F_GUEST_TSO4, BIT_ULL(VIRTIO_NET_F_GUEST_CSUM) },
	{ VIRTIO_NET_F_GUEST_TSO6, BIT_ULL(VIRTIO_NET_F_GUEST_CSUM) },
	{ VIRTIO_NET_F_GUEST_ECN, BIT_ULL(VIRTIO_NET_F_GUEST_TSO4) |
				  BIT_ULL(VIRTIO_NET_F_GUEST_TSO6) },
	{ VIRTIO_NET_F_HOST_TSO4, BIT_ULL(VIRTIO_NET_F_CSUM) },
	{ VIRTIO_NET_F_HOST_TSO6, BIT_ULL(VIRTIO_NET_F_CSUM) },
	{ VIRTIO_NET_F_HOST_ECN, BIT_ULL(VIRTIO_NET_F_HOST_TSO4) |
				 BIT_ULL(VIRTIO_NET_F_HOST_TSO6) },
};

static struct kage_nic *to_nic(struct kage_virtio *vdev)
{
	return container_of(vdev, struct kage_nic, vdev);
}

static bool kage_net_features_ok(u64 features)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(requirements); i++) {
		if ((features & BIT_ULL(requirements[i].bit)) &&
		    !(features & requirements[i].needs))
			return false;
	}
	return true;
}

static void kage_net_ready(struct kage_virtio *vdev)
{
	struct kage_nic *nic = to_nic(vdev);

	netif_carrier_on(nic->dev);
	kage_nic_tx_reset(nic);
	kage_nic_rx_kick(nic);
}

static void kage_net_reset(struct kage_virtio *vdev)
{
	struct kage_nic *nic = to_nic(vdev);

	netif_carrier_off(nic->dev);
	kage_nic_tx_reset(nic);
	/* A driver keeps the MTU that it started with. */
	WRITE_ONCE(nic->guest_mtu, READ_ONCE(nic->dev->mtu));
}

static void kage_net_kick(struct kage_virtio *vdev, unsigned int vq)
{
	struct kage_nic *nic = to_nic(vdev);

	atomic64_inc(&nic->kicks[vq]);
	if (vq == KAGE_NIC_VQ_TO_GUEST)
		kage_nic_tx_kick(nic);
	else
		kage_nic_rx_kick(nic);
}

static u8 kage_net_config_read(struct kage_virtio *vdev, unsigned int off)
{
	const struct kage_nic *nic = to_nic(vdev);
	const u16 status = READ_ONCE(nic->link_up) ? VIRTIO_NET_S_LINK_UP : 0;
	struct virtio_net_config config = {
		.status = __cpu_to_virtio16(true, status),
		.max_virtqueue_pairs = __cpu_to_virtio16(true, 1),
		.mtu = __cpu_to_virtio16(true, READ_ONCE(nic->guest_mtu)),
	};

	memcpy(config.mac, nic->mac, ETH_ALEN);
	return off < CONFIG_LEN ? ((const u8 *)&config)[off] : 0;
}

static const struct kage_virtio_ops virtio_net_ops = {
	.features_ok = kage_net_features_ok,
	.ready = kage_net_ready,
	.reset = kage_net_reset,
	.kick = kage_net_kick,
	.config_read = kage_net_config_read,
};

void kage_virtio_net_link(struct kage_nic *nic, bool up)
{
	WRITE_ONCE(nic->link_up, up);
	kage_virtio_config_changed(&nic->vdev);
}

void kage_virtio_net_init(struct kage_nic *nic, struct kage_vm *vm,
			  unsigned int slot)
{
	nic->vdev.ops = &virtio_net_ops;
	nic->vdev.offered = FEATURES;
	nic->guest_mtu = nic->dev->mtu;
	kage_virtio_pci_init(&nic->vdev, vm, slot, VIRTIO_ID_NET,
			     PCI_CLASS_NETWORK_ETHERNET << 8, CONFIG_LEN);
}
