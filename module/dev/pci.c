// SPDX-License-Identifier: GPL-2.0
/* The PCI host bridge: bus 0 and the two configuration ports. */
#include "pci.h"
#include "bus.h"
#include "irqchip.h"
#include "pm.h"
#include "../vm.h"
#include <linux/nospec.h>
#include <linux/pci_ids.h>
#include <linux/pci_regs.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#define ADDR_PORT	0xcf8
#define DATA_PORT	0xcfc
#define RESET_OFF	(KAGE_PM_RESET - ADDR_PORT)	/* single bytes */

#define ADDR_ENABLE	BIT(31)
#define ADDR_BUS_FN	0x00ff0700U
#define ADDR_SLOT(addr)	(((addr) >> 11) & 0x1f)
#define ADDR_REG(addr)	((addr) & 0xfc)
#define ADDR_WRITABLE	0x80fffffcU

/* Field tags: I immutable after create, a atomic, R RCU, written under V. */
struct kage_pci {
	struct kage_vm *vm;				/* I */
	struct kage_iodev addr_port;			/* I */
	struct kage_iodev data_port;			/* I */
	u32 addr;					/* a */
	struct kage_pci_dev __rcu *dev[KAGE_PCI_NR_SLOTS];	/* R */
	struct kage_pci_dev bridge;
};

/* Lines are not shared: line_lock of each function alone decides a level. */
static_assert(KAGE_MAX_NICS <= 4);

static const struct kage_pci_id bridge_id = {
	.vendor = PCI_VENDOR_ID_INTEL,
	.device = PCI_DEVICE_ID_INTEL_82441,
	.class = PCI_CLASS_BRIDGE_HOST << 8,
};

static const struct kage_pci_ops bridge_ops = {};

static u64 kage_addr_read(struct kage_iodev *iodev, struct kage_vcpu *vcpu,
			  u64 off, unsigned int len)
{
	const struct kage_pci *pci =
		container_of(iodev, struct kage_pci, addr_port);

	if (off == RESET_OFF && len == 1)
		return 0;
	if (off == 0 && len == 4)
		return READ_ONCE(pci->addr);
	return ~0ULL;
}

static void kage_addr_write(struct kage_iodev *iodev, struct kage_vcpu *vcpu,
			    u64 off, unsigned int len, u64 val)
{
	struct kage_pci *pci = container_of(iodev, struct kage_pci, addr_port);

	if (off == RESET_OFF && len == 1)
		kage_pm_reset_write(pci->vm, val);
	else if (off == 0 && len == 4)
		WRITE_ONCE(pci->addr, val & ADDR_WRITABLE);
}

/* The function that the address register names, or NULL. RCU. */
static struct kage_pci_dev *addressed(struct kage_pci *pci, u32 addr)
{
	unsigned int slot = ADDR_SLOT(addr);

	if (!(addr & ADDR_ENABLE) || (addr & ADDR_BUS_FN) ||
	    slot >= KAGE_PCI_NR_SLOTS)
		return NULL;
	slot = array_index_nospec(slot, KAGE_PCI_NR_SLOTS);
	return rcu_dereference(pci->dev[slot]);
}

static u64 kage_data_read(struct kage_iodev *iodev, struct kage_vcpu *vcpu,
			  u64 off, unsigned int len)
{
	struct kage_pci *pci = container_of(iodev, struct kage_pci, data_port);
	const u32 addr = READ_ONCE(pci->addr);
	struct kage_pci_dev *pdev;
	u64 val = ~0ULL;

	rcu_read_lock();
	pdev = addressed(pci, addr);
	if (pdev)
		val = kage_pci_dev_read(pdev, ADDR_REG(addr) + off, len);
	rcu_read_unlock();
	return val;
}

static void kage_data_write(struct kage_iodev *iodev, struct kage_vcpu *vcpu,
			    u64 off, unsigned int len, u64 val)
{
	struct kage_pci *pci = container_of(iodev, struct kage_pci, data_port);
	const u32 addr = READ_ONCE(pci->addr);
	struct kage_pci_dev *pdev;

	rcu_read_lock();
	pdev = addressed(pci, addr);
	if (pdev)
		kage_pci_dev_write(pdev, ADDR_REG(addr) + off, len, val);
	rcu_read_unlock();
}

static const struct kage_iodev_ops addr_ops = {
	.read = kage_addr_read,
	.write = kage_addr_write,
};

static const struct kage_iodev_ops data_ops = {
	.read = kage_data_read,
	.write = kage_data_write,
};

void kage_pci_plug(struct kage_vm *vm, struct kage_pci_dev *pdev)
{
	rcu_assign_pointer(vm->pci->dev[pdev->slot], pdev);
}

void kage_pci_unplug(struct kage_vm *vm, struct kage_pci_dev *pdev)
{
	/*
	 * First no configuration cycle may find it, for that could put its
	 * BARs back on the bus; then no access may be left in its BARs.
	 */
	rcu_assign_pointer(vm->pci->dev[pdev->slot], NULL);
	synchronize_rcu();
	kage_pci_dev_unplug(pdev);
	synchronize_rcu();
}

void kage_pci_reset(struct kage_vm *vm)
{
	struct kage_pci *pci = vm->pci;
	unsigned int i;

	lockdep_assert_held(&vm->lock);
	WRITE_ONCE(pci->addr, 0);
	for (i = 0; i < KAGE_PCI_NR_SLOTS; i++) {
		struct kage_pci_dev *pdev;

		pdev = rcu_dereference_protected(pci->dev[i],
						 lockdep_is_held(&vm->lock));
		if (pdev)
			kage_pci_dev_reset(pdev);
	}
}

int kage_pci_create(struct kage_vm *vm)
{
	struct kage_pci *pci = kzalloc(sizeof(*pci), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!pci)
		return -ENOMEM;
	pci->vm = vm;
	pci->addr_port.ops = &addr_ops;
	pci->data_port.ops = &data_ops;
	pci->bridge.ops = &bridge_ops;
	kage_pci_dev_init(&pci->bridge, vm, 0, &bridge_id);
	kage_pci_dev_seal(&pci->bridge);
	RCU_INIT_POINTER(pci->dev[0], &pci->bridge);

	ret = kage_bus_add(vm, KAGE_BUS_PIO, &pci->addr_port, ADDR_PORT, 4);
	if (ret)
		goto err_free;
	ret = kage_bus_add(vm, KAGE_BUS_PIO, &pci->data_port, DATA_PORT, 4);
	if (ret)
		goto err_remove_addr;
	vm->pci = pci;
	return 0;

err_remove_addr:
	kage_bus_remove(vm, KAGE_BUS_PIO, &pci->addr_port);
	synchronize_rcu();
err_free:
	kfree(pci);
	return ret;
}

void kage_pci_destroy(struct kage_vm *vm)
{
	struct kage_pci *pci = vm->pci;

	if (!pci)
		return;
	kage_bus_remove(vm, KAGE_BUS_PIO, &pci->addr_port);
	kage_bus_remove(vm, KAGE_BUS_PIO, &pci->data_port);
	synchronize_rcu();
	vm->pci = NULL;
	kfree(pci);
}
