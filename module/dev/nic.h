/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A NIC of a machine: a virtio-net device on the guest's side, a network
 * interface on the host's, and nothing in between.
 *
 * Directions are named by the host interface: "rx" comes from the guest (its
 * transmit queue), "tx" goes to the guest (its receive queue).
 */
#ifndef _KAGE_DEV_NIC_H
#define _KAGE_DEV_NIC_H

#include "../types.h"
#include "pace.h"
#include "virtio.h"
#include <linux/atomic.h>
#include <linux/hrtimer.h>
#include <linux/if_ether.h>
#include <linux/netdevice.h>
#include <linux/timer.h>
#include <uapi/linux/virtio_net.h>

/* The guest's queues. Virtio 1.1: "Network Device", "Virtqueues". */
enum { KAGE_NIC_VQ_TO_GUEST, KAGE_NIC_VQ_FROM_GUEST };

#define KAGE_NIC_HDR_LEN	sizeof(struct virtio_net_hdr_mrg_rxbuf)
/* Longest frame either way: 64 KiB of IP, its Ethernet header, a VLAN tag. */
#define KAGE_NIC_MAX_FRAME	(65535 + ETH_HLEN + 4)
/* Most chains that one frame is spread over. */
#define KAGE_NIC_MAX_SPREAD	128

/* Each counter is under the lock of the queue that its direction uses. */
enum kage_nic_stat {
	KAGE_NIC_RX_PACKETS,
	KAGE_NIC_RX_BYTES,
	KAGE_NIC_RX_INTERRUPTS,
	KAGE_NIC_RX_BAD_CHAIN,		/* not one frame behind one header */
	KAGE_NIC_RX_BAD_HEADER,		/* checksum or segmentation nonsense */
	KAGE_NIC_RX_NO_MEMORY,
	KAGE_NIC_RX_BROKEN,
	KAGE_NIC_TX_PACKETS,
	KAGE_NIC_TX_BYTES,
	KAGE_NIC_TX_INTERRUPTS,
	KAGE_NIC_TX_STOPS,		/* waited for buffers */
	KAGE_NIC_TX_NOT_READY,		/* dropped: no driver */
	KAGE_NIC_TX_STALLED,		/* dropped: driver gives no buffers */
	KAGE_NIC_TX_TOO_BIG,		/* dropped: does not fit its buffers */
	KAGE_NIC_TX_BAD_OFFLOAD,	/* dropped: not negotiated any more */
	KAGE_NIC_TX_BROKEN,
	KAGE_NR_NIC_STATS
};

struct kage_nic_used {
	u16 head;
	u32 len;
};

struct kage_nic_turn {
	u32 chains;
	u64 bytes;
	u64 tx_packets;		/* the counter, when it began */
};

/*
 * Field tags: I immutable after create, a atomic, T lock of the to-guest
 * queue, F lock of the from-guest queue, P the poll, of which there is one at a
 * time.
 */
struct kage_nic {
	struct kage_virtio vdev;
	struct net_device *dev;			/* I */
	unsigned int index;			/* I in vm->nics[] */
	u8 mac[ETH_ALEN];			/* I the guest's */
	u16 guest_mtu;				/* a follows dev at reset */
	bool link_up;				/* a the interface is up */

	struct napi_struct napi;
	struct kage_vring_chain from;		/* F */
	u32 polls;				/* F that began */
	struct hrtimer wait_timer;		/* looks at the from-guest queue */
	struct kage_nic_turn turn;		/* P since kicks were asked for */
	struct kage_pace pace;			/* P, patient read by anyone */
	bool owed;				/* F, read by anyone: not asked yet */
	bool settle;				/* a leave nothing for later */

	struct timer_list stall_timer;
	bool stalled;				/* T drop instead of waiting */
	bool kick_asked;			/* T the ring says: do kick */
	bool signal_owed;			/* T filled, but not asked yet */
	struct kage_vring_chain first, next;	/* T */
	struct kage_nic_used spread[KAGE_NIC_MAX_SPREAD];	/* T */

	u64 stats[KAGE_NR_NIC_STATS];		/* T or F, read by anyone */
	atomic64_t kicks[KAGE_VIRTIO_NR_VQS];	/* a */
};

struct kage_nic_req {
	const char *name;	/* NULL: "kage%d" */
	const u8 *mac;		/* NULL: random, locally administered */
	u32 mtu;		/* 68 to 65535; 0: 1500 */
};

/**
 * kage_nic_create() - give a machine a NIC
 * @net: where the interface appears
 * @why: set to a sentence for the user on failure
 *
 * Context: process, sleeps, takes rtnl; vm->lock held.
 * Return: the NIC, entered in vm->nics[]; ERR_PTR: -EBUSY if the machine runs
 * or is paused, -ENOSPC, -EINVAL, -EEXIST for a name in use, -ENOMEM.
 */
struct kage_nic *kage_nic_create(struct kage_vm *vm, struct net *net,
				 const struct kage_nic_req *req,
				 const char **why);

/**
 * kage_nic_destroy() - take it away again, its interface too
 *
 * Context: process, sleeps, takes rtnl; vm->lock held, or nobody else knows
 * the machine.
 */
void kage_nic_destroy(struct kage_nic *nic);

/** kage_nic_reset() - power-on state; the machine does not run */
void kage_nic_reset(struct kage_nic *nic);

/**
 * kage_nic_idle() - a vCPU of @vm has nothing to do: look at what waits
 *
 * Context: its thread, no locks.
 */
void kage_nic_idle(struct kage_vm *vm);

/** kage_nic_name() - the interface's name; @buf has IFNAMSIZ bytes, rtnl */
void kage_nic_name(struct kage_nic *nic, char *buf);

/**
 * kage_nic_ifindex() - the interface's index in @net
 *
 * Another namespace may have the same index for another interface. Takes rtnl.
 * Return: 0 if the interface is in another namespace now.
 */
int kage_nic_ifindex(struct kage_nic *nic, const struct net *net);

/** kage_nic_mac() - the guest's address, ETH_ALEN bytes */
const u8 *kage_nic_mac(const struct kage_nic *nic);

/** kage_nic_mtu() - the interface's; the guest sees it at its next reset */
u32 kage_nic_mtu(const struct kage_nic *nic);

/** kage_nic_slot() - device number on PCI bus 0 */
u32 kage_nic_slot(const struct kage_nic *nic);

/** kage_nic_stats() - report the counters */
int kage_nic_stats(struct kage_nic *nic, struct kage_stat_sink *sink);

static inline struct kage_virtq *kage_nic_vq(struct kage_nic *nic,
					     unsigned int vq)
{
	return &nic->vdev.vq[vq];
}

/* One writer at a time, readers without a lock. */
static inline void kage_nic_count(struct kage_nic *nic,
				  enum kage_nic_stat stat, u64 n)
{
	WRITE_ONCE(nic->stats[stat], nic->stats[stat] + n);
}

#endif /* _KAGE_DEV_NIC_H */
