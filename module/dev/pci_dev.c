// SPDX-License-Identifier: GPL-2.0
/*
 * One PCI function. PCI Local Bus Specification 3.0: "Configuration Space".
 *
 * A BAR that moves gets a new object on the bus, because readers may still
 * walk past the old one.
 */
#include "pci_dev.h"
#include "bus.h"
#include "irqchip.h"
#include "../vm.h"
#include <linux/pci_regs.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

struct kage_pci_map {
	struct kage_iodev iodev;
	struct kage_pci_dev *pdev;	/* I */
	unsigned int bar;		/* I */
	struct rcu_head rcu;
};

/* Configuration space is little-endian, and so are we. */

static u16 get_word(const struct kage_pci_dev *pdev, unsigned int off)
{
	u16 val;

	memcpy(&val, &pdev->config[off], sizeof(val));
	return val;
}

static u32 get_dword(const struct kage_pci_dev *pdev, unsigned int off)
{
	u32 val;

	memcpy(&val, &pdev->config[off], sizeof(val));
	return val;
}

static void put_word(u8 *config, unsigned int off, u16 val)
{
	memcpy(&config[off], &val, sizeof(val));
}

static void put_dword(u8 *config, unsigned int off, u32 val)
{
	memcpy(&config[off], &val, sizeof(val));
}

static u64 kage_bar_read(struct kage_iodev *iodev, struct kage_vcpu *vcpu,
			 u64 off, unsigned int len)
{
	const struct kage_pci_map *map =
		container_of(iodev, struct kage_pci_map, iodev);
	struct kage_pci_dev *pdev = map->pdev;

	return pdev->ops->bar_read(pdev, map->bar, off, len);
}

static void kage_bar_write(struct kage_iodev *iodev, struct kage_vcpu *vcpu,
			   u64 off, unsigned int len, u64 val)
{
	const struct kage_pci_map *map =
		container_of(iodev, struct kage_pci_map, iodev);
	struct kage_pci_dev *pdev = map->pdev;

	pdev->ops->bar_write(pdev, map->bar, off, len, val);
}

static const struct kage_iodev_ops bar_ops = {
	.read = kage_bar_read,
	.write = kage_bar_write,
};

static unsigned int bar_reg(unsigned int bar)
{
	return PCI_BASE_ADDRESS_0 + 4 * bar;
}

static enum kage_bus_kind bar_kind(const struct kage_pci_bar *bar)
{
	return bar->io ? KAGE_BUS_PIO : KAGE_BUS_MMIO;
}

static void unmap_bar(struct kage_pci_dev *pdev, struct kage_pci_bar *bar)
{
	if (!bar->map)
		return;
	kage_bus_remove(pdev->vm, bar_kind(bar), &bar->map->iodev);
	kfree_rcu(bar->map, rcu);
	bar->map = NULL;
}

/* Where no memory is to be had or another device sits, nothing answers. */
static void map_bar(struct kage_pci_dev *pdev, unsigned int nr, u32 base)
{
	struct kage_pci_bar *bar = &pdev->bar[nr];
	struct kage_pci_map *map;

	map = kzalloc(sizeof(*map), GFP_ATOMIC | __GFP_NOWARN);
	if (!map)
		return;
	map->iodev.ops = &bar_ops;
	map->pdev = pdev;
	map->bar = nr;
	if (kage_bus_add(pdev->vm, bar_kind(bar), &map->iodev, base,
			 bar->size)) {
		kfree(map);
		return;
	}
	bar->map = map;
	bar->base = base;
}

/* The BARs follow the configuration space. */
static void update_bars(struct kage_pci_dev *pdev)
{
	const u16 command = get_word(pdev, PCI_COMMAND);
	unsigned int i;

	lockdep_assert_held(&pdev->config_lock);
	for (i = 0; i < KAGE_PCI_NR_BARS; i++) {
		struct kage_pci_bar *bar = &pdev->bar[i];
		const u32 base = get_dword(pdev, bar_reg(i)) &
				 ~(bar->size - 1);
		const u64 limit = bar->io ? 0x10000 : BIT_ULL(32);
		bool want = bar->size && base &&
			    (u64)base + bar->size <= limit;

		want &= !!(command & (bar->io ? PCI_COMMAND_IO :
						PCI_COMMAND_MEMORY));
		if (bar->map && (!want || bar->base != base))
			unmap_bar(pdev, bar);
		if (want && !bar->map)
			map_bar(pdev, i, base);
	}
}

static void update_line(struct kage_pci_dev *pdev)
{
	const bool line = pdev->intx && !pdev->intx_off;

	lockdep_assert_held(&pdev->line_lock);
	if (line == pdev->line)
		return;
	pdev->line = line;
	kage_irq_set(pdev->vm, KAGE_GSI_PCI(pdev->slot), line);
}

void kage_pci_dev_intx(struct kage_pci_dev *pdev, bool level)
{
	spin_lock_bh(&pdev->line_lock);
	WRITE_ONCE(pdev->intx, level);
	update_line(pdev);
	spin_unlock_bh(&pdev->line_lock);
}

/* Interrupts follow the configuration space. */
static void update_irqs(struct kage_pci_dev *pdev)
{
	const u16 command = get_word(pdev, PCI_COMMAND);
	u16 control = 0;

	lockdep_assert_held(&pdev->config_lock);
	if (pdev->msix_cap) {
		control = get_word(pdev, pdev->msix_cap + PCI_MSIX_FLAGS);
		kage_msix_control(&pdev->msix, control);
	}
	spin_lock_bh(&pdev->line_lock);
	pdev->intx_off = (command & PCI_COMMAND_INTX_DISABLE) ||
			 (control & PCI_MSIX_FLAGS_ENABLE);
	update_line(pdev);
	spin_unlock_bh(&pdev->line_lock);
}

void kage_pci_dev_get(struct kage_pci_dev *pdev, unsigned int off, void *data,
		      unsigned int len)
{
	spin_lock_bh(&pdev->config_lock);
	memcpy(data, &pdev->config[off], len);
	spin_unlock_bh(&pdev->config_lock);
}

void kage_pci_dev_set(struct kage_pci_dev *pdev, unsigned int off,
		      const void *data, unsigned int len)
{
	spin_lock_bh(&pdev->config_lock);
	memcpy(&pdev->config[off], data, len);
	spin_unlock_bh(&pdev->config_lock);
}

u32 kage_pci_dev_read(struct kage_pci_dev *pdev, unsigned int off,
		      unsigned int len)
{
	u32 val = 0;

	if (pdev->ops->config_read)
		pdev->ops->config_read(pdev, off, len);
	kage_pci_dev_get(pdev, off, &val, len);
	if (off <= PCI_STATUS && off + len > PCI_STATUS &&
	    READ_ONCE(pdev->intx))
		val |= PCI_STATUS_INTERRUPT << (8 * (PCI_STATUS - off));
	return val;
}

void kage_pci_dev_write(struct kage_pci_dev *pdev, unsigned int off,
			unsigned int len, u32 val)
{
	unsigned int i;

	spin_lock_bh(&pdev->config_lock);
	for (i = off; i < off + len; i++, val >>= 8)
		pdev->config[i] = (pdev->config[i] & ~pdev->wmask[i]) |
				  (val & pdev->wmask[i]);
	update_bars(pdev);
	update_irqs(pdev);
	spin_unlock_bh(&pdev->config_lock);

	if (pdev->ops->config_written)
		pdev->ops->config_written(pdev, off, len);
}

void kage_pci_dev_init(struct kage_pci_dev *pdev, struct kage_vm *vm,
		       unsigned int slot, const struct kage_pci_id *id)
{
	u8 *config = pdev->config;

	spin_lock_init(&pdev->config_lock);
	spin_lock_init(&pdev->line_lock);
	kage_msix_init(&pdev->msix, vm);
	pdev->vm = vm;
	pdev->slot = slot;

	put_word(config, PCI_VENDOR_ID, id->vendor);
	put_word(config, PCI_DEVICE_ID, id->device);
	put_word(config, PCI_SUBSYSTEM_VENDOR_ID, id->subvendor);
	put_word(config, PCI_SUBSYSTEM_ID, id->subdevice);
	put_dword(config, PCI_CLASS_REVISION, id->class << 8 | id->revision);
	pdev->wmask[PCI_CACHE_LINE_SIZE] = 0xff;
}

void kage_pci_dev_bar(struct kage_pci_dev *pdev, unsigned int bar, bool io,
		      u32 base, u32 size)
{
	const unsigned int reg = bar_reg(bar);

	pdev->bar[bar].io = io;
	pdev->bar[bar].size = size;
	put_dword(pdev->config, reg,
		  base | (io ? PCI_BASE_ADDRESS_SPACE_IO : 0));
	put_dword(pdev->wmask, reg, ~(size - 1));
	pdev->wmask[PCI_COMMAND] |= io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
}

unsigned int kage_pci_dev_cap(struct kage_pci_dev *pdev, u8 id,
			      unsigned int len)
{
	unsigned int off = PCI_STD_HEADER_SIZEOF;

	if (pdev->last_cap) {
		off = pdev->config[pdev->last_cap + PCI_CAP_LIST_NEXT];
	} else {
		pdev->config[PCI_CAPABILITY_LIST] = off;
		pdev->config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	}
	pdev->last_cap = off;
	pdev->config[off + PCI_CAP_LIST_ID] = id;
	/* Ends the list once sealed; until then it says where to go on. */
	pdev->config[off + PCI_CAP_LIST_NEXT] = ALIGN(off + len, 4);
	return off;
}

void kage_pci_dev_msix(struct kage_pci_dev *pdev, unsigned int bar, u32 off)
{
	const unsigned int cap = kage_pci_dev_cap(pdev, PCI_CAP_ID_MSIX,
						  PCI_CAP_MSIX_SIZEOF);
	u8 *config = pdev->config;

	pdev->msix_cap = cap;
	put_word(config, cap + PCI_MSIX_FLAGS, KAGE_MSIX_VECTORS - 1);
	put_dword(config, cap + PCI_MSIX_TABLE, (off + KAGE_MSIX_TABLE) | bar);
	put_dword(config, cap + PCI_MSIX_PBA, (off + KAGE_MSIX_PBA) | bar);
	put_word(pdev->wmask, cap + PCI_MSIX_FLAGS,
		 PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
}

void kage_pci_dev_seal(struct kage_pci_dev *pdev)
{
	u8 *config = pdev->config;

	if (pdev->last_cap) {
		config[pdev->last_cap + PCI_CAP_LIST_NEXT] = 0;
		config[PCI_INTERRUPT_PIN] = 1;
		config[PCI_INTERRUPT_LINE] = KAGE_GSI_PCI(pdev->slot);
		pdev->wmask[PCI_INTERRUPT_LINE] = 0xff;
		pdev->wmask[PCI_COMMAND] |= PCI_COMMAND_MASTER;
		pdev->wmask[PCI_COMMAND + 1] |= PCI_COMMAND_INTX_DISABLE >> 8;
	}
	memcpy(pdev->power_on, config, sizeof(pdev->power_on));
}

void kage_pci_dev_reset(struct kage_pci_dev *pdev)
{
	kage_pci_dev_intx(pdev, false);
	kage_msix_reset(&pdev->msix);

	spin_lock_bh(&pdev->config_lock);
	memcpy(pdev->config, pdev->power_on, sizeof(pdev->config));
	update_bars(pdev);
	update_irqs(pdev);
	spin_unlock_bh(&pdev->config_lock);

	if (pdev->ops->reset)
		pdev->ops->reset(pdev);
}

void kage_pci_dev_unplug(struct kage_pci_dev *pdev)
{
	unsigned int i;

	spin_lock_bh(&pdev->config_lock);
	for (i = 0; i < KAGE_PCI_NR_BARS; i++)
		unmap_bar(pdev, &pdev->bar[i]);
	spin_unlock_bh(&pdev->config_lock);
	kage_pci_dev_intx(pdev, false);
}
