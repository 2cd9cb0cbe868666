// SPDX-License-Identifier: GPL-2.0
/* MSI-X: message-signalled interrupts of a PCI function. */
#include "msix.h"
#include "irqchip.h"
#include <linux/nospec.h>
#include <linux/pci_regs.h>

#define TABLE_END	(KAGE_MSIX_TABLE + \
			 KAGE_MSIX_VECTORS * PCI_MSIX_ENTRY_SIZE)

static bool blocked(const struct kage_msix *msix, unsigned int vector)
{
	return !msix->enabled || msix->masked ||
	       (msix->entry[vector].control & PCI_MSIX_ENTRY_CTRL_MASKBIT);
}

/* Whatever waited and may go now goes. */
static void deliver_pending(struct kage_msix *msix)
{
	unsigned int i;

	lockdep_assert_held(&msix->lock);
	for (i = 0; msix->pending && i < KAGE_MSIX_VECTORS; i++) {
		const struct kage_msix_entry *entry = &msix->entry[i];

		if (!(msix->pending & BIT_ULL(i)) || blocked(msix, i))
			continue;
		msix->pending &= ~BIT_ULL(i);
		kage_irq_msi(msix->vm, entry->addr, entry->data);
	}
}

void kage_msix_control(struct kage_msix *msix, u16 control)
{
	spin_lock_bh(&msix->lock);
	WRITE_ONCE(msix->enabled, control & PCI_MSIX_FLAGS_ENABLE);
	msix->masked = control & PCI_MSIX_FLAGS_MASKALL;
	deliver_pending(msix);
	spin_unlock_bh(&msix->lock);
}

void kage_msix_raise(struct kage_msix *msix, u16 vector)
{
	if (vector >= KAGE_MSIX_VECTORS)
		return;
	spin_lock_bh(&msix->lock);
	if (msix->enabled) {
		msix->pending |= BIT_ULL(vector);
		deliver_pending(msix);
	}
	spin_unlock_bh(&msix->lock);
}

static u32 read_entry(const struct kage_msix_entry *entry, unsigned int field)
{
	switch (field) {
	case PCI_MSIX_ENTRY_LOWER_ADDR:
		return lower_32_bits(entry->addr);
	case PCI_MSIX_ENTRY_UPPER_ADDR:
		return upper_32_bits(entry->addr);
	case PCI_MSIX_ENTRY_DATA:
		return entry->data;
	default:
		return entry->control;
	}
}

static void write_entry(struct kage_msix_entry *entry, unsigned int field,
			u32 val)
{
	switch (field) {
	case PCI_MSIX_ENTRY_LOWER_ADDR:
		entry->addr = (entry->addr & ~0xffffffffULL) | (val & ~3U);
		break;
	case PCI_MSIX_ENTRY_UPPER_ADDR:
		entry->addr = (u32)entry->addr | (u64)val << 32;
		break;
	case PCI_MSIX_ENTRY_DATA:
		entry->data = val;
		break;
	default:
		entry->control = val & PCI_MSIX_ENTRY_CTRL_MASKBIT;
		break;
	}
}

/* @off is below TABLE_END. */
static struct kage_msix_entry *entry_at(struct kage_msix *msix, u64 off)
{
	const u64 i = off / PCI_MSIX_ENTRY_SIZE;

	return &msix->entry[array_index_nospec(i, KAGE_MSIX_VECTORS)];
}

u32 kage_msix_read(struct kage_msix *msix, u64 off, unsigned int len)
{
	u32 val = 0;

	if (len != 4 || (off & 3))
		return 0;
	spin_lock_bh(&msix->lock);
	if (off < TABLE_END)
		val = read_entry(entry_at(msix, off),
				 off % PCI_MSIX_ENTRY_SIZE);
	else if (off == KAGE_MSIX_PBA)
		val = msix->pending;
	spin_unlock_bh(&msix->lock);
	return val;
}

void kage_msix_write(struct kage_msix *msix, u64 off, unsigned int len,
		     u32 val)
{
	if (len != 4 || (off & 3) || off >= TABLE_END)
		return;
	spin_lock_bh(&msix->lock);
	write_entry(entry_at(msix, off), off % PCI_MSIX_ENTRY_SIZE, val);
	deliver_pending(msix);
	spin_unlock_bh(&msix->lock);
}

void kage_msix_reset(struct kage_msix *msix)
{
	unsigned int i;

	spin_lock_bh(&msix->lock);
	WRITE_ONCE(msix->enabled, false);
	msix->masked = false;
	msix->pending = 0;
	for (i = 0; i < KAGE_MSIX_VECTORS; i++)
		msix->entry[i] = (struct kage_msix_entry){
			.control = PCI_MSIX_ENTRY_CTRL_MASKBIT,
		};
	spin_unlock_bh(&msix->lock);
}

void kage_msix_init(struct kage_msix *msix, struct kage_vm *vm)
{
	spin_lock_init(&msix->lock);
	msix->vm = vm;
	kage_msix_reset(msix);
}
