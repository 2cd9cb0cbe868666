// SPDX-License-Identifier: GPL-2.0
/* A NIC of a machine: making and ending it, and what it is. */
#include "nic.h"
#include "netif.h"
#include "nic_rx.h"
#include "nic_tx.h"
#include "pci.h"
#include "virtio_net.h"
#include "../vm.h"
#include <linux/err.h>
#include <linux/etherdevice.h>
#include <linux/rtnetlink.h>
#include <linux/string.h>

#define DEFAULT_NAME	"kage%d"

static int check_req(const struct kage_nic_req *req, const char **why)
{
	if (req->name && (!dev_valid_name(req->name) ||
			  strchr(req->name, '%'))) {
		*why = "that is not an interface name";
		return -EINVAL;
	}
	if (req->mac && !is_valid_ether_addr(req->mac)) {
		*why = "the address must be unicast and not zero";
		return -EINVAL;
	}
	if (req->mtu && (req->mtu < ETH_MIN_MTU || req->mtu > ETH_MAX_MTU)) {
		*why = "the MTU must be 68 to 65535";
		return -EINVAL;
	}
	return 0;
}

/* Return: a free index of vm->nics[], or an error. */
static int find_place(const struct kage_vm *vm, const char **why)
{
	int i;

	if (vm->state != KAGE_VM_CREATED && vm->state != KAGE_VM_STOPPED) {
		*why = "the machine must not be running or paused";
		return -EBUSY;
	}
	for (i = 0; i < KAGE_MAX_NICS; i++) {
		if (!vm->nics[i])
			return i;
	}
	*why = "the machine has no free NIC slot";
	return -ENOSPC;
}

static struct kage_nic *alloc(struct kage_vm *vm, struct net *net,
			      const struct kage_nic_req *req,
			      unsigned int index)
{
	struct kage_nic *nic = kage_netif_alloc(net,
						req->name ?: DEFAULT_NAME,
						req->mtu ?: ETH_DATA_LEN);

	if (!nic)
		return NULL;
	nic->index = index;
	if (req->mac)
		ether_addr_copy(nic->mac, req->mac);
	else
		eth_random_addr(nic->mac);
	kage_virtio_net_init(nic, vm, 1 + index);
	return nic;
}

struct kage_nic *kage_nic_create(struct kage_vm *vm, struct net *net,
				 const struct kage_nic_req *req,
				 const char **why)
{
	struct kage_nic *nic;
	int index, ret;

	lockdep_assert_held(&vm->lock);
	ret = check_req(req, why);
	if (ret)
		return ERR_PTR(ret);
	index = find_place(vm, why);
	if (index < 0)
		return ERR_PTR(index);

	nic = alloc(vm, net, req, index);
	if (!nic) {
		*why = "out of memory";
		return ERR_PTR(-ENOMEM);
	}
	ret = register_netdev(nic->dev);
	if (ret) {
		*why = ret == -EEXIST ? "an interface of that name exists" :
					"the interface cannot be registered";
		free_netdev(nic->dev);
		return ERR_PTR(ret);
	}
	kage_pci_plug(vm, &nic->vdev.pdev);
	vm->nics[index] = nic;
	return nic;
}

void kage_nic_destroy(struct kage_nic *nic)
{
	struct kage_pci_dev *pdev = &nic->vdev.pdev;
	struct net_device *dev = nic->dev;

	pdev->vm->nics[nic->index] = NULL;
	/* No vCPU comes in any more, then no packet touches guest memory. */
	kage_pci_unplug(pdev->vm, pdev);
	kage_pci_dev_reset(pdev);
	unregister_netdev(dev);
	kage_nic_rx_uninit(nic);
	kage_nic_tx_uninit(nic);
	free_netdev(dev);
}

void kage_nic_reset(struct kage_nic *nic)
{
	kage_pci_dev_reset(&nic->vdev.pdev);
}

void kage_nic_idle(struct kage_vm *vm)
{
	unsigned int i;

	/* NICs come and go while no vCPU runs only. */
	for (i = 0; i < KAGE_MAX_NICS; i++) {
		if (vm->nics[i])
			kage_nic_rx_idle(vm->nics[i]);
	}
}

void kage_nic_name(struct kage_nic *nic, char *buf)
{
	/* Names change under rtnl. */
	rtnl_lock();
	strscpy(buf, nic->dev->name, IFNAMSIZ);
	rtnl_unlock();
}

int kage_nic_ifindex(struct kage_nic *nic, const struct net *net)
{
	int ifindex = 0;

	/* A move to another namespace changes both under rtnl. */
	rtnl_lock();
	if (net_eq(dev_net(nic->dev), net))
		ifindex = nic->dev->ifindex;
	rtnl_unlock();
	return ifindex;
}

const u8 *kage_nic_mac(const struct kage_nic *nic)
{
	return nic->mac;
}

u32 kage_nic_mtu(const struct kage_nic *nic)
{
	return READ_ONCE(nic->dev->mtu);
}

u32 kage_nic_slot(const struct kage_nic *nic)
{
	return nic->vdev.pdev.slot;
}
