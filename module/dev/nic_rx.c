// SPDX-License-Identifier: GPL-2.0
/*
 * From the guest's transmit queue into the host's stack, by NAPI. Virtio 1.1:
 * "Packet Transmission".
 *
 * Header and frame are copied out of the guest once; all checks look at the
 * copy. What a guest sends wrong is counted and dropped, nothing else.
 */
#include "nic_rx.h"
#include "chain.h"
#include "copy.h"
#include "../mmu/mem.h"
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/skbuff.h>
#include <linux/virtio_byteorder.h>
#include <linux/virtio_net.h>

/* Longest frame in one piece; of longer ones HEAD_LEN and the rest in pages. */
#define LINEAR_LEN	2048
#define HEAD_LEN	256
#define HEADROOM	(NET_SKB_PAD + NET_IP_ALIGN)

/* Bytes after which a poll gives way, however few packets they were. */
#define BYTE_BUDGET	(256 * 1024)
/* And buffers, in which a hostile guest may put single bytes. */
#define BUF_BUDGET	2048

/* What is worth a kick of a guest that sends and sends: less than a poll's. */
#define GOAL_CHAINS	48U
#define GOAL_BYTES	(128 * 1024U)

struct batch {
	struct sk_buff_head skbs;
	int chains;
	unsigned int bufs;
	u64 bytes;
	bool settle;		/* leave no interrupt for later */
	bool more;		/* stopped by a budget */
	bool broke;
	bool signal;
};

/* How much of a frame is in one piece. */
static u32 head_len(u32 len)
{
	return len <= LINEAR_LEN ? len : HEAD_LEN;
}

static struct sk_buff *alloc(struct kage_nic *nic, u32 len)
{
	struct sk_buff *skb;
	int err;

	if (len <= LINEAR_LEN) {
		skb = napi_alloc_skb(&nic->napi, len);
		if (skb)
			skb_put(skb, len);
		return skb;
	}
	skb = alloc_skb_with_frags(HEADROOM + HEAD_LEN, len - HEAD_LEN,
				   PAGE_ALLOC_COSTLY_ORDER, &err,
				   GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return NULL;
	skb_reserve(skb, HEADROOM);
	skb_put(skb, HEAD_LEN);
	skb->data_len = len - HEAD_LEN;
	skb->len += skb->data_len;
	return skb;
}

static int get_hdr(struct kage_vm *vm, struct kage_chain_iter *iter,
		   struct virtio_net_hdr_mrg_rxbuf *hdr)
{
	u32 left = sizeof(*hdr);
	u8 *data = (u8 *)hdr;

	while (left) {
		gpa_t gpa;
		const u32 n = kage_chain_piece(iter, left, &gpa);

		if (kage_mem_read(vm, gpa, data, n))
			return -EFAULT;
		data += n;
		left -= n;
	}
	return 0;
}

/* From one piece of guest memory into one piece of the packet. */
static int get_piece(struct kage_vm *vm, struct kage_chain_iter *iter,
		     u8 *data, u32 len)
{
	while (len) {
		gpa_t gpa;
		const u32 n = kage_chain_piece(iter, len, &gpa);
		const void *host = kage_mem_host(vm, gpa, n, false);

		if (!host)
			return -EFAULT;
		kage_copy(data, host, n);
		data += n;
		len -= n;
	}
	return 0;
}

/* As alloc() made it: what is not in the head is in pages of the host's. */
static int get_frame(struct kage_vm *vm, struct kage_chain_iter *iter,
		     struct sk_buff *skb)
{
	const struct skb_shared_info *info = skb_shinfo(skb);
	int ret = get_piece(vm, iter, skb->data, skb_headlen(skb));
	unsigned int i;

	for (i = 0; !ret && i < info->nr_frags; i++)
		ret = get_piece(vm, iter, skb_frag_address(&info->frags[i]),
				skb_frag_size(&info->frags[i]));
	return ret;
}

/*
 * Only what was negotiated and can be; hdr_len is a hint that nobody needs. A
 * checksum is behind an IP header and in the head: for one that is not the stack
 * would put the frame together, which takes as much memory in one piece.
 */
static bool hdr_ok(const struct kage_virtio *vdev,
		   const struct virtio_net_hdr *hdr, u32 len)
{
	const u32 start = __virtio16_to_cpu(true, hdr->csum_start);
	const u32 off = __virtio16_to_cpu(true, hdr->csum_offset);

	if (hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if (!kage_virtio_has(vdev, VIRTIO_NET_F_CSUM) ||
		    start < ETH_HLEN + sizeof(struct iphdr) ||
		    start + off + sizeof(__sum16) > head_len(len))
			return false;
	} else if (hdr->gso_type != VIRTIO_NET_HDR_GSO_NONE) {
		return false;
	}
	if ((hdr->gso_type & VIRTIO_NET_HDR_GSO_ECN) &&
	    !kage_virtio_has(vdev, VIRTIO_NET_F_HOST_ECN))
		return false;

	switch (hdr->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return true;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return kage_virtio_has(vdev, VIRTIO_NET_F_HOST_TSO4);
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return kage_virtio_has(vdev, VIRTIO_NET_F_HOST_TSO6);
	default:
		return false;
	}
}

/* Return: the packet, or NULL with @why what to count. */
static struct sk_buff *receive(struct kage_nic *nic,
			       const struct kage_vring_chain *chain,
			       enum kage_nic_stat *why)
{
	struct kage_chain_iter iter = kage_chain_out(chain);
	struct kage_vm *vm = nic->vdev.pdev.vm;
	struct virtio_net_hdr_mrg_rxbuf hdr;
	struct sk_buff *skb;
	u32 len;

	*why = KAGE_NIC_RX_BAD_CHAIN;
	if (chain->nr_in || chain->out_len < KAGE_NIC_HDR_LEN + ETH_HLEN ||
	    chain->out_len > KAGE_NIC_HDR_LEN + KAGE_NIC_MAX_FRAME ||
	    get_hdr(vm, &iter, &hdr))
		return NULL;
	len = chain->out_len - KAGE_NIC_HDR_LEN;
	if (!hdr_ok(&nic->vdev, &hdr.hdr, len)) {
		*why = KAGE_NIC_RX_BAD_HEADER;
		return NULL;
	}
	skb = alloc(nic, len);
	if (!skb) {
		*why = KAGE_NIC_RX_NO_MEMORY;
		return NULL;
	}
	if (get_frame(vm, &iter, skb))
		goto err_free;
	if (virtio_net_hdr_to_skb(skb, &hdr.hdr, true)) {
		*why = KAGE_NIC_RX_BAD_HEADER;
		goto err_free;
	}
	skb->protocol = eth_type_trans(skb, nic->dev);
	return skb;

err_free:
	kfree_skb(skb);
	return NULL;
}

static void take(struct kage_nic *nic, struct kage_vring *vr,
		 struct batch *batch)
{
	const struct kage_vring_chain *chain = &nic->from;
	const u64 bytes = chain->out_len - KAGE_NIC_HDR_LEN;
	enum kage_nic_stat why;
	struct sk_buff *skb = receive(nic, chain, &why);

	batch->chains++;
	batch->bufs += chain->nr_out + chain->nr_in;
	if (skb) {
		__skb_queue_tail(&batch->skbs, skb);
		batch->bytes += bytes;
		kage_nic_count(nic, KAGE_NIC_RX_PACKETS, 1);
		kage_nic_count(nic, KAGE_NIC_RX_BYTES, bytes);
	} else {
		kage_nic_count(nic, why, 1);
	}
	kage_vring_push(vr, chain->head, 0);
}

/*
 * Does the driver want to hear of what it got back? If it is asked late it may
 * have seen for itself.
 */
static void settle_locked(struct kage_nic *nic, struct kage_vring *vr,
			  struct batch *batch)
{
	if (nic->owed && kage_vring_should_signal(vr))
		batch->signal = true;
	WRITE_ONCE(nic->owed, false);
}

/* Returned chains are shown to the driver once for the whole batch. */
static void take_all_locked(struct kage_nic *nic, struct kage_virtq *vq,
			    struct batch *batch, int budget)
{
	struct kage_vring *vr = &vq->vr;
	int ret = 0;

	lockdep_assert_held(&vq->lock);
	if (!vr->size || vr->broken) {
		WRITE_ONCE(nic->owed, false);
		return;
	}
	settle_locked(nic, vr, batch);
	kage_vring_disable_kick(vr);
	for (;;) {
		batch->more = batch->chains >= budget ||
			      batch->bytes >= BYTE_BUDGET ||
			      batch->bufs >= BUF_BUDGET;
		if (batch->more)
			break;
		ret = kage_vring_pop(vr, &nic->from);
		if (ret <= 0)
			break;
		take(nic, vr, batch);
	}
	if (batch->chains) {
		kage_vring_publish(vr);
		WRITE_ONCE(nic->owed, true);
	}
	if (batch->settle)
		settle_locked(nic, vr, batch);
	batch->broke = vr->broken;
	if (batch->broke)
		kage_nic_count(nic, KAGE_NIC_RX_BROKEN, 1);
	if (batch->signal)
		kage_nic_count(nic, KAGE_NIC_RX_INTERRUPTS, 1);
}

/*
 * Chains that are worth a kick. Where each takes several entries of the ring
 * the guest may run out of them before.
 */
static u32 find_goal(const struct kage_nic *nic)
{
	const struct kage_vring *vr = &nic->vdev.vq[KAGE_NIC_VQ_FROM_GUEST].vr;
	const u32 chains = nic->turn.chains;
	u32 goal;

	if (!READ_ONCE(vr->event_idx) || !READ_ONCE(vr->indirect) || !chains)
		return 1;
	goal = min(GOAL_CHAINS, READ_ONCE(vr->size) / 4U);
	return min_t(u64, goal,
		     (u64)GOAL_BYTES * chains / (nic->turn.bytes + 1));
}

/* Before the poll ends: who polls next starts from what is left here. */
static u32 end_turn(struct kage_nic *nic)
{
	const u64 tx_packets = READ_ONCE(nic->stats[KAGE_NIC_TX_PACKETS]);
	const struct kage_pace_turn turn = {
		.now = ktime_get_ns(),
		.taken = nic->turn.chains,
		.goal = find_goal(nic),
		.answered = tx_packets != nic->turn.tx_packets,
	};

	nic->turn = (struct kage_nic_turn){ .tx_packets = tx_packets };
	return kage_pace_next(&nic->pace, &turn);
}

/* What a poll found, for the time after it. */
struct found {
	u32 poll;	/* its number */
	u32 nr;		/* the driver is to kick for so many */
	u64 wait;	/* ns: look at the latest */
};

/*
 * Another poll may have begun meanwhile: then what we found is of the past, and
 * that one asks for kicks itself. One that waits for the lock finds what we leave.
 *
 * Return: has the guest queued as many between our last look and now?
 */
static bool rearm(struct kage_nic *nic, struct kage_virtq *vq,
		  const struct found *found)
{
	bool more = false;

	spin_lock_bh(&vq->lock);
	if (nic->polls != found->poll)
		goto out;
	more = kage_vring_enable_kick_after(&vq->vr, found->nr);
	if (more || (found->nr == 1 && !nic->owed))
		hrtimer_try_to_cancel(&nic->wait_timer);
	else
		hrtimer_start(&nic->wait_timer, ns_to_ktime(found->wait),
			      HRTIMER_MODE_REL);
out:
	spin_unlock_bh(&vq->lock);
	return more;
}

static enum hrtimer_restart kage_nic_waited(struct hrtimer *timer)
{
	struct kage_nic *nic = container_of(timer, struct kage_nic, wait_timer);

	/* What it finds was not there for long: that can wait once more. */
	napi_schedule(&nic->napi);
	return HRTIMER_NORESTART;
}

static int kage_nic_rx_poll(struct napi_struct *napi, int budget)
{
	struct kage_nic *nic = container_of(napi, struct kage_nic, napi);
	struct kage_virtq *vq = kage_nic_vq(nic, KAGE_NIC_VQ_FROM_GUEST);
	struct batch batch = {
		.settle = xchg(&nic->settle, false) || !nic->pace.brisk ||
			  !READ_ONCE(vq->vr.event_idx),
	};
	struct found found;
	struct sk_buff *skb;

	__skb_queue_head_init(&batch.skbs);
	spin_lock_bh(&vq->lock);
	found.poll = ++nic->polls;
	take_all_locked(nic, vq, &batch, budget);
	spin_unlock_bh(&vq->lock);

	/* Without the lock: this may go all the way into another guest. */
	while ((skb = __skb_dequeue(&batch.skbs)))
		napi_gro_receive(napi, skb);
	if (batch.signal)
		kage_virtio_signal(&nic->vdev, KAGE_NIC_VQ_FROM_GUEST);
	if (batch.broke)
		kage_virtio_broken(&nic->vdev, KAGE_NIC_VQ_FROM_GUEST);

	nic->turn.chains += batch.chains;
	nic->turn.bytes += batch.bytes;
	if (batch.more)
		return budget;
	found.nr = nic->turn.chains || nic->pace.patient ? end_turn(nic) : 1;
	found.wait = nic->pace.wait;
	if (napi_complete_done(napi, batch.chains) && rearm(nic, vq, &found))
		napi_schedule(napi);
	return batch.chains;
}

void kage_nic_rx_kick(struct kage_nic *nic)
{
	/* With softirqs on again the poll runs right here. */
	local_bh_disable();
	napi_schedule(&nic->napi);
	local_bh_enable();
}

void kage_nic_rx_idle(struct kage_nic *nic)
{
	if (!READ_ONCE(nic->pace.patient) && !READ_ONCE(nic->owed))
		return;
	WRITE_ONCE(nic->settle, true);
	kage_nic_rx_kick(nic);
}

void kage_nic_rx_init(struct kage_nic *nic)
{
	netif_napi_add(nic->dev, &nic->napi, kage_nic_rx_poll);
	hrtimer_init(&nic->wait_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	nic->wait_timer.function = kage_nic_waited;
}

void kage_nic_rx_uninit(struct kage_nic *nic)
{
	/* A poll may have started it after the interface went down. */
	hrtimer_cancel(&nic->wait_timer);
}
