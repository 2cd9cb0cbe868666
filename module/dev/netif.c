// SPDX-License-Identifier: GPL-2.0
/*
 * The host interface of a NIC.
 *
 * It has no rtnl_link_ops on purpose: "ip link del" is refused, and when its
 * network namespace dies the stack moves it back to the initial one. So only
 * kage_nic_destroy() ends it.
 */
#include "netif.h"
#include "nic_rx.h"
#include "nic_tx.h"
#include "virtio_net.h"
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/if_vlan.h>
#include <linux/string.h>

#define FEATURES	(NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HIGHDMA | \
			 NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_TSO6 | \
			 NETIF_F_TSO_ECN)

static const char stat_names[KAGE_NR_NIC_STATS][ETH_GSTRING_LEN] = {
	[KAGE_NIC_RX_PACKETS] = "rx_packets",
	[KAGE_NIC_RX_BYTES] = "rx_bytes",
	[KAGE_NIC_RX_INTERRUPTS] = "rx_interrupts",
	[KAGE_NIC_RX_BAD_CHAIN] = "rx_bad_chain",
	[KAGE_NIC_RX_BAD_HEADER] = "rx_bad_header",
	[KAGE_NIC_RX_NO_MEMORY] = "rx_no_memory",
	[KAGE_NIC_RX_BROKEN] = "rx_ring_broken",
	[KAGE_NIC_TX_PACKETS] = "tx_packets",
	[KAGE_NIC_TX_BYTES] = "tx_bytes",
	[KAGE_NIC_TX_INTERRUPTS] = "tx_interrupts",
	[KAGE_NIC_TX_STOPS] = "tx_stops",
	[KAGE_NIC_TX_NOT_READY] = "tx_drop_not_ready",
	[KAGE_NIC_TX_STALLED] = "tx_drop_stalled",
	[KAGE_NIC_TX_TOO_BIG] = "tx_drop_too_big",
	[KAGE_NIC_TX_BAD_OFFLOAD] = "tx_drop_offload",
	[KAGE_NIC_TX_BROKEN] = "tx_ring_broken",
};

static const char kick_names[KAGE_VIRTIO_NR_VQS][ETH_GSTRING_LEN] = {
	[KAGE_NIC_VQ_TO_GUEST] = "tx_kicks",
	[KAGE_NIC_VQ_FROM_GUEST] = "rx_kicks",
};

static int kage_open(struct net_device *dev)
{
	struct kage_nic *nic = netdev_priv(dev);

	napi_enable(&nic->napi);
	netif_start_queue(dev);
	kage_virtio_net_link(nic, true);
	/* Packets that came while nobody listened. */
	kage_nic_rx_kick(nic);
	return 0;
}

static int kage_stop(struct net_device *dev)
{
	struct kage_nic *nic = netdev_priv(dev);

	kage_virtio_net_link(nic, false);
	netif_stop_queue(dev);
	napi_disable(&nic->napi);
	return 0;
}

static netdev_tx_t kage_start_xmit(struct sk_buff *skb,
				   struct net_device *dev)
{
	return kage_nic_tx(netdev_priv(dev), skb);
}

static netdev_features_t kage_features_check(struct sk_buff *skb,
					     struct net_device *dev,
					     netdev_features_t features)
{
	features = vlan_features_check(skb, features);
	return kage_nic_tx_features(netdev_priv(dev), features);
}

static u64 stat(const struct kage_nic *nic, enum kage_nic_stat stat)
{
	return READ_ONCE(nic->stats[stat]);
}

static void kage_get_stats64(struct net_device *dev,
			     struct rtnl_link_stats64 *s)
{
	const struct kage_nic *nic = netdev_priv(dev);

	s->rx_packets = stat(nic, KAGE_NIC_RX_PACKETS);
	s->rx_bytes = stat(nic, KAGE_NIC_RX_BYTES);
	s->rx_length_errors = stat(nic, KAGE_NIC_RX_BAD_CHAIN);
	s->rx_frame_errors = stat(nic, KAGE_NIC_RX_BAD_HEADER);
	s->rx_errors = s->rx_length_errors + s->rx_frame_errors;
	s->rx_dropped = stat(nic, KAGE_NIC_RX_NO_MEMORY);
	s->tx_packets = stat(nic, KAGE_NIC_TX_PACKETS);
	s->tx_bytes = stat(nic, KAGE_NIC_TX_BYTES);
	s->tx_errors = stat(nic, KAGE_NIC_TX_BROKEN);
	s->tx_dropped = stat(nic, KAGE_NIC_TX_NOT_READY) +
			stat(nic, KAGE_NIC_TX_STALLED) +
			stat(nic, KAGE_NIC_TX_TOO_BIG) +
			stat(nic, KAGE_NIC_TX_BAD_OFFLOAD);
}

static const struct net_device_ops netif_ops = {
	.ndo_open = kage_open,
	.ndo_stop = kage_stop,
	.ndo_start_xmit = kage_start_xmit,
	.ndo_features_check = kage_features_check,
	.ndo_get_stats64 = kage_get_stats64,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

static void kage_get_drvinfo(struct net_device *dev,
			     struct ethtool_drvinfo *info)
{
	strscpy(info->driver, "kage", sizeof(info->driver));
}

static int kage_get_sset_count(struct net_device *dev, int set)
{
	if (set != ETH_SS_STATS)
		return -EOPNOTSUPP;
	return KAGE_NR_NIC_STATS + KAGE_VIRTIO_NR_VQS;
}

static void kage_get_strings(struct net_device *dev, u32 set, u8 *data)
{
	if (set != ETH_SS_STATS)
		return;
	memcpy(data, stat_names, sizeof(stat_names));
	memcpy(data + sizeof(stat_names), kick_names, sizeof(kick_names));
}

static void kage_get_ethtool_stats(struct net_device *dev,
				   struct ethtool_stats *stats, u64 *data)
{
	const struct kage_nic *nic = netdev_priv(dev);
	unsigned int i;

	for (i = 0; i < KAGE_NR_NIC_STATS; i++)
		*data++ = stat(nic, i);
	for (i = 0; i < KAGE_VIRTIO_NR_VQS; i++)
		*data++ = atomic64_read(&nic->kicks[i]);
}

/* There is no wire; bridges and bonds want a number all the same. */
static int kage_get_link_ksettings(struct net_device *dev,
				   struct ethtool_link_ksettings *cmd)
{
	cmd->base.speed = SPEED_10000;
	cmd->base.duplex = DUPLEX_FULL;
	cmd->base.port = PORT_OTHER;
	cmd->base.autoneg = AUTONEG_DISABLE;
	return 0;
}

static const struct ethtool_ops netif_ethtool_ops = {
	.get_drvinfo = kage_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = kage_get_link_ksettings,
	.get_sset_count = kage_get_sset_count,
	.get_strings = kage_get_strings,
	.get_ethtool_stats = kage_get_ethtool_stats,
	.get_ts_info = ethtool_op_get_ts_info,
};

int kage_nic_stats(struct kage_nic *nic, struct kage_stat_sink *sink)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < KAGE_NR_NIC_STATS; i++)
		ret = sink->put(sink, stat_names[i], stat(nic, i));
	for (i = 0; !ret && i < KAGE_VIRTIO_NR_VQS; i++)
		ret = sink->put(sink, kick_names[i],
				atomic64_read(&nic->kicks[i]));
	return ret;
}

static void kage_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &netif_ops;
	dev->ethtool_ops = &netif_ethtool_ops;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = ETH_MAX_MTU;
	dev->hw_features = FEATURES;
	dev->features = FEATURES;
	dev->vlan_features = FEATURES;
	/* Netpoll transmits with interrupts off, which guest memory forbids. */
	dev->priv_flags |= IFF_DISABLE_NETPOLL;
}

struct kage_nic *kage_netif_alloc(struct net *net, const char *name, u32 mtu)
{
	struct net_device *dev;
	struct kage_nic *nic;

	dev = alloc_netdev(sizeof(*nic), name, NET_NAME_UNKNOWN, kage_setup);
	if (!dev)
		return NULL;
	dev_net_set(dev, net);
	dev->mtu = mtu;
	/* Not the guest's address: the two ends of a cable are two stations. */
	eth_hw_addr_random(dev);
	netif_carrier_off(dev);

	nic = netdev_priv(dev);
	nic->dev = dev;
	kage_nic_rx_init(nic);
	kage_nic_tx_init(nic);
	return nic;
}
