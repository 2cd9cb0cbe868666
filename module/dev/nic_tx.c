// SPDX-License-Identifier: GPL-2.0
/*
 * From the host's stack into the guest's posted buffers, in the sender's
 * context and with one copy. Virtio 1.1: "Processing of Incoming Packets".
 *
 * A guest that posts no buffers stops the interface's queue, but not for long:
 * packets are memory of others. After STALL_TIME they are dropped instead, until
 * one can be delivered: a kick is no promise of buffers.
 * (The stack's own watchdog is not used: it lets a guest write to the log.)
 */
#include "nic_tx.h"
#include "chain.h"
#include "copy.h"
#include "../mmu/mem.h"
#include <linux/skbuff.h>
#include <linux/virtio_byteorder.h>
#include <linux/virtio_net.h>

#define STALL_TIME	HZ

/*
 * Buffers of one chain, and of all that a packet goes to. Who sends pays for
 * each of them; no driver that wants packets posts more.
 */
#define MAX_CHAIN	64
#define MAX_PACKET	512

struct tx {
	struct kage_nic *nic;
	struct kage_vring *vr;
	struct sk_buff *skb;
	struct virtio_net_hdr_mrg_rxbuf hdr;
	struct skb_seq_state seq;
	unsigned int nr;	/* chains taken, in nic->spread[] */
	unsigned int bufs;	/* in all of them */
	u32 off;		/* bytes of skb delivered */
};

netdev_features_t kage_nic_tx_features(const struct kage_nic *nic,
				       netdev_features_t features)
{
	const struct kage_virtio *vdev = &nic->vdev;

	if (!kage_virtio_has(vdev, VIRTIO_NET_F_GUEST_CSUM))
		features &= ~(NETIF_F_CSUM_MASK | NETIF_F_GSO_MASK);
	if (!kage_virtio_has(vdev, VIRTIO_NET_F_GUEST_TSO4))
		features &= ~NETIF_F_TSO;
	if (!kage_virtio_has(vdev, VIRTIO_NET_F_GUEST_TSO6))
		features &= ~NETIF_F_TSO6;
	if (!kage_virtio_has(vdev, VIRTIO_NET_F_GUEST_ECN))
		features &= ~NETIF_F_TSO_ECN;
	return features;
}

/* The stack asked kage_nic_tx_features(), but a reset may lie between. */
static bool negotiated(const struct kage_virtio *vdev,
		       const struct virtio_net_hdr *hdr)
{
	if ((hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) &&
	    !kage_virtio_has(vdev, VIRTIO_NET_F_GUEST_CSUM))
		return false;
	if ((hdr->gso_type & VIRTIO_NET_HDR_GSO_ECN) &&
	    !kage_virtio_has(vdev, VIRTIO_NET_F_GUEST_ECN))
		return false;

	switch (hdr->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return true;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return kage_virtio_has(vdev, VIRTIO_NET_F_GUEST_TSO4);
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return kage_virtio_has(vdev, VIRTIO_NET_F_GUEST_TSO6);
	default:
		return false;
	}
}

static bool make_hdr(struct tx *tx)
{
	const struct kage_virtio *vdev = &tx->nic->vdev;

	if (virtio_net_hdr_from_skb(tx->skb, &tx->hdr.hdr, true,
				    kage_virtio_has(vdev,
						    VIRTIO_NET_F_GUEST_CSUM),
				    0))
		return false;
	return negotiated(vdev, &tx->hdr.hdr);
}

/* Nothing but buffers to write, and few enough of them? */
static bool is_fit(struct tx *tx, const struct kage_vring_chain *chain)
{
	tx->bufs += chain->nr_in;
	return !chain->nr_out && chain->nr_in <= MAX_CHAIN &&
	       tx->bufs <= MAX_PACKET;
}

/*
 * The next chain. Where there is none the queue stops first, then the kick is
 * asked for, and then the ring is looked at once more: a kick between the two
 * wakes the queue, buffers before them are seen here.
 */
static int pop(struct tx *tx, struct kage_vring_chain *chain)
{
	struct net_device *dev = tx->nic->dev;
	int ret = kage_vring_pop(tx->vr, chain);

	if (!ret) {
		netif_stop_queue(dev);
		tx->nic->kick_asked = true;
		if (kage_vring_enable_kick(tx->vr))
			ret = kage_vring_pop(tx->vr, chain);
		if (ret)
			netif_start_queue(dev);
	}
	if (!ret)
		return -ENOBUFS;
	if (ret < 0 || !is_fit(tx, chain)) {
		tx->vr->broken = true;
		return -EINVAL;
	}
	return 0;
}

/* The next @len bytes of the packet, which are copied in their order. */
static int read_packet(struct tx *tx, u8 *to, u32 len)
{
	const u8 *from;
	u32 n;

	if (tx->off + len <= skb_headlen(tx->skb)) {
		kage_copy(to, tx->skb->data + tx->off, len);
		tx->off += len;
		return 0;
	}
	for (; len; len -= n, to += n, tx->off += n) {
		n = skb_seq_read(tx->off, &from, &tx->seq);
		n = min(n, len);
		if (!n)
			return -EFAULT;
		kage_copy(to, from, n);
	}
	return 0;
}

static int put_bytes(struct tx *tx, struct kage_chain_iter *iter, u32 len)
{
	struct kage_vm *vm = tx->nic->vdev.pdev.vm;

	while (len) {
		gpa_t gpa;
		const u32 n = kage_chain_piece(iter, len, &gpa);
		void *host = kage_mem_host(vm, gpa, n, true);

		if (!host || read_packet(tx, host, n))
			return -EFAULT;
		kage_mem_written(vm, gpa, n);
		len -= n;
	}
	return 0;
}

/* @hdr: bytes of header that the chain starts with. */
static int fill(struct tx *tx, const struct kage_vring_chain *chain, u32 hdr)
{
	struct kage_chain_iter iter = kage_chain_in(chain);
	const u32 n = min_t(u64, tx->skb->len - tx->off, chain->in_len - hdr);
	u32 left = hdr;
	gpa_t gpa;

	while (left)
		left -= kage_chain_piece(&iter, left, &gpa);
	if (put_bytes(tx, &iter, n))
		return -EFAULT;
	tx->nic->spread[tx->nr++] = (struct kage_nic_used){
		.head = chain->head,
		.len = hdr + n,
	};
	return 0;
}

/* Comes last: only now is known over how many chains the packet went. */
static int put_hdr(struct tx *tx)
{
	struct kage_chain_iter iter = kage_chain_in(&tx->nic->first);
	const u8 *data = (const u8 *)&tx->hdr;
	u32 left = sizeof(tx->hdr);

	tx->hdr.num_buffers = __cpu_to_virtio16(true, tx->nr);
	while (left) {
		gpa_t gpa;
		const u32 n = kage_chain_piece(&iter, left, &gpa);

		if (kage_mem_write(tx->nic->vdev.pdev.vm, gpa, data, n))
			return -EFAULT;
		data += n;
		left -= n;
	}
	return 0;
}

static int fill_first(struct tx *tx)
{
	struct kage_vring_chain *chain = &tx->nic->first;
	int ret = pop(tx, chain);

	if (ret)
		return ret;
	if (chain->in_len < KAGE_NIC_HDR_LEN) {
		tx->vr->broken = true;
		return -EINVAL;
	}
	return fill(tx, chain, KAGE_NIC_HDR_LEN);
}

static int fill_more(struct tx *tx)
{
	struct kage_vring_chain *chain = &tx->nic->next;
	int ret;

	/* With the whole ring in hand, no kick will ever bring more. */
	if (!kage_virtio_has(&tx->nic->vdev, VIRTIO_NET_F_MRG_RXBUF) ||
	    tx->nr == KAGE_NIC_MAX_SPREAD || tx->nr == tx->vr->size)
		return -EMSGSIZE;
	ret = pop(tx, chain);
	return ret ?: fill(tx, chain, 0);
}

static int push(struct tx *tx)
{
	unsigned int i;

	for (i = 0; i < tx->nr; i++) {
		const struct kage_nic_used *used = &tx->nic->spread[i];

		if (kage_vring_push(tx->vr, used->head, used->len))
			return -EINVAL;
	}
	return kage_vring_publish(tx->vr);
}

/*
 * Return: 0; -ENOBUFS or -EMSGSIZE with the ring as it was; -EINVAL or
 * -EFAULT with the ring broken.
 */
static int deliver(struct tx *tx)
{
	int ret = fill_first(tx);

	while (!ret && tx->off < tx->skb->len)
		ret = fill_more(tx);
	if (!ret)
		ret = put_hdr(tx);
	if (!ret)
		ret = push(tx);
	if (ret == -EFAULT)
		tx->vr->broken = true;
	if (ret == -ENOBUFS || ret == -EMSGSIZE) {
		for (; tx->nr; tx->nr--)
			kage_vring_unpop(tx->vr);
	}
	return ret;
}

static void end_stall_locked(struct kage_nic *nic)
{
	lockdep_assert_held(&kage_nic_vq(nic, KAGE_NIC_VQ_TO_GUEST)->lock);
	nic->stalled = false;
	if (timer_pending(&nic->stall_timer))
		timer_delete(&nic->stall_timer);
}

static void delivered(struct tx *tx)
{
	struct kage_nic *nic = tx->nic;

	kage_nic_count(nic, KAGE_NIC_TX_PACKETS, 1);
	kage_nic_count(nic, KAGE_NIC_TX_BYTES, tx->skb->len);
	end_stall_locked(nic);
	nic->signal_owed = true;
	if (nic->kick_asked) {
		nic->kick_asked = false;
		kage_vring_disable_kick(tx->vr);
	}
}

/* Counts what became of the packet. Return: -EBUSY to keep it for later. */
static int account(struct tx *tx, int ret)
{
	struct kage_nic *nic = tx->nic;

	switch (ret) {
	case 0:
		delivered(tx);
		return 0;
	case -ENOBUFS:
		if (!nic->stalled) {
			kage_nic_count(nic, KAGE_NIC_TX_STOPS, 1);
			/* From the first stop on, whatever woke it since. */
			if (!timer_pending(&nic->stall_timer))
				mod_timer(&nic->stall_timer,
					  jiffies + STALL_TIME);
			return -EBUSY;
		}
		netif_start_queue(nic->dev);
		kage_nic_count(nic, KAGE_NIC_TX_STALLED, 1);
		return ret;
	case -EMSGSIZE:
		kage_nic_count(nic, KAGE_NIC_TX_TOO_BIG, 1);
		return ret;
	case -EOPNOTSUPP:
		kage_nic_count(nic, KAGE_NIC_TX_BAD_OFFLOAD, 1);
		return ret;
	case -ENOLINK:
		kage_nic_count(nic, KAGE_NIC_TX_NOT_READY, 1);
		return ret;
	default:
		kage_nic_count(nic, KAGE_NIC_TX_BROKEN, 1);
		return ret;
	}
}

static int send_locked(struct tx *tx)
{
	int ret;

	lockdep_assert_held(&kage_nic_vq(tx->nic, KAGE_NIC_VQ_TO_GUEST)->lock);
	if (!tx->vr->size || tx->vr->broken)
		return -ENOLINK;
	if (!make_hdr(tx))
		return -EOPNOTSUPP;
	skb_prepare_seq_read(tx->skb, 0, tx->skb->len, &tx->seq);
	ret = deliver(tx);
	skb_abort_seq_read(&tx->seq);
	return ret;
}

netdev_tx_t kage_nic_tx(struct kage_nic *nic, struct sk_buff *skb)
{
	struct kage_virtq *vq = kage_nic_vq(nic, KAGE_NIC_VQ_TO_GUEST);
	struct tx tx = { .nic = nic, .vr = &vq->vr, .skb = skb };
	bool signal = false, broke;
	int ret;

	spin_lock_bh(&vq->lock);
	ret = account(&tx, send_locked(&tx));
	broke = ret == -EINVAL || ret == -EFAULT;
	/* More to come means that one interrupt will do for all of it. */
	if (nic->signal_owed && (ret || !netdev_xmit_more())) {
		nic->signal_owed = false;
		signal = kage_vring_should_signal(&vq->vr);
	}
	if (signal)
		kage_nic_count(nic, KAGE_NIC_TX_INTERRUPTS, 1);
	spin_unlock_bh(&vq->lock);

	/* Not what is dropped, nor what comes again; before the guest is told. */
	if (!ret)
		skb_tx_timestamp(skb);
	if (signal)
		kage_virtio_signal(&nic->vdev, KAGE_NIC_VQ_TO_GUEST);
	if (broke)
		kage_virtio_broken(&nic->vdev, KAGE_NIC_VQ_TO_GUEST);
	if (ret == -EBUSY)
		return NETDEV_TX_BUSY;
	if (ret)
		dev_kfree_skb_any(skb);
	else
		dev_consume_skb_any(skb);
	return NETDEV_TX_OK;
}

static void wake(struct kage_nic *nic)
{
	if (netif_running(nic->dev))
		netif_wake_queue(nic->dev);
}

static void kage_stall(struct timer_list *timer)
{
	struct kage_nic *nic = container_of(timer, struct kage_nic,
					    stall_timer);
	struct kage_virtq *vq = kage_nic_vq(nic, KAGE_NIC_VQ_TO_GUEST);
	bool stopped;

	spin_lock_bh(&vq->lock);
	stopped = netif_queue_stopped(nic->dev);
	nic->stalled |= stopped;
	spin_unlock_bh(&vq->lock);
	if (stopped)
		wake(nic);
}

void kage_nic_tx_kick(struct kage_nic *nic)
{
	wake(nic);
}

void kage_nic_tx_reset(struct kage_nic *nic)
{
	struct kage_virtq *vq = kage_nic_vq(nic, KAGE_NIC_VQ_TO_GUEST);

	spin_lock_bh(&vq->lock);
	end_stall_locked(nic);
	/* A fresh ring asks for kicks, whether we do or not. */
	nic->kick_asked = true;
	nic->signal_owed = false;
	spin_unlock_bh(&vq->lock);
	/* Nothing may wait for a guest that is not there. */
	wake(nic);
}

void kage_nic_tx_init(struct kage_nic *nic)
{
	timer_setup(&nic->stall_timer, kage_stall, 0);
}

void kage_nic_tx_uninit(struct kage_nic *nic)
{
	timer_delete_sync(&nic->stall_timer);
}
