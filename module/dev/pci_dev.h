/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One PCI function: its configuration space, its BARs and its interrupt.
 *
 * The device behind it fills the configuration space before it is plugged in,
 * and then hears of accesses through struct kage_pci_ops.
 */
#ifndef _KAGE_DEV_PCI_DEV_H
#define _KAGE_DEV_PCI_DEV_H

#include "../types.h"
#include "msix.h"
#include <linux/spinlock.h>

#define KAGE_PCI_CONFIG_LEN	256
#define KAGE_PCI_NR_BARS	2

struct kage_pci_dev;
struct kage_pci_map;

/**
 * struct kage_pci_ops - what a device does; every callback may be NULL
 * @bar_read: return @len bytes at @off of a BAR; the access lies inside it
 * @bar_write: take them
 * @config_read: configuration bytes are about to be read
 * @config_written: configuration bytes were written
 * @reset: back to power-on; the configuration space is there already
 *
 * All run without locks of the function; the first four on a vCPU's thread
 * with preemption off, @reset in process context.
 */
struct kage_pci_ops {
	u64 (*bar_read)(struct kage_pci_dev *pdev, unsigned int bar, u64 off,
			unsigned int len);
	void (*bar_write)(struct kage_pci_dev *pdev, unsigned int bar, u64 off,
			  unsigned int len, u64 val);
	void (*config_read)(struct kage_pci_dev *pdev, unsigned int off,
			    unsigned int len);
	void (*config_written)(struct kage_pci_dev *pdev, unsigned int off,
			       unsigned int len);
	void (*reset)(struct kage_pci_dev *pdev);
};

struct kage_pci_bar {
	u32 size;			/* I power of two, 0: none */
	bool io;			/* I ports, not memory */
	u32 base;			/* C where @map lies */
	struct kage_pci_map *map;	/* C NULL: not on the bus */
};

/*
 * Field tags: I immutable once plugged in, C config_lock, L line_lock.
 * Order: config_lock, then the bus's lock, msix->lock or line_lock; then the
 * irqchip's. Softirqs take the last three.
 */
struct kage_pci_dev {
	struct kage_vm *vm;			/* I */
	const struct kage_pci_ops *ops;		/* I */
	unsigned int slot;			/* I */

	spinlock_t config_lock;		/* one configuration cycle at a time */
	u8 config[KAGE_PCI_CONFIG_LEN];		/* C */
	u8 wmask[KAGE_PCI_CONFIG_LEN];		/* I bits that can be written */
	u8 power_on[KAGE_PCI_CONFIG_LEN];	/* I */
	struct kage_pci_bar bar[KAGE_PCI_NR_BARS];
	unsigned int last_cap;			/* I where the list ends */
	unsigned int msix_cap;			/* I 0: none */
	struct kage_msix msix;

	spinlock_t line_lock;		/* INTA# */
	bool intx;			/* L the device wants it raised */
	bool intx_off;			/* L by command, or MSI-X is on */
	bool line;			/* L what the irqchip was told */
};

/* What a function is; PCI Local Bus Specification: "Type 00h". */
struct kage_pci_id {
	u16 vendor, device;
	u16 subvendor, subdevice;
	u32 class;		/* 24 bits */
	u8 revision;
};

/** kage_pci_dev_init() - an empty function of @vm in @slot */
void kage_pci_dev_init(struct kage_pci_dev *pdev, struct kage_vm *vm,
		       unsigned int slot, const struct kage_pci_id *id);

/**
 * kage_pci_dev_bar() - give it a BAR with an address to start from
 * @size: power of two; at least 16
 */
void kage_pci_dev_bar(struct kage_pci_dev *pdev, unsigned int bar, bool io,
		      u32 base, u32 size);

/**
 * kage_pci_dev_cap() - add a capability of @len bytes, its header included
 *
 * Return: its offset in the configuration space.
 */
unsigned int kage_pci_dev_cap(struct kage_pci_dev *pdev, u8 id,
			      unsigned int len);

/** kage_pci_dev_msix() - add MSI-X with its 4 KiB at @off of @bar */
void kage_pci_dev_msix(struct kage_pci_dev *pdev, unsigned int bar, u32 off);

/** kage_pci_dev_seal() - what is set up now is the power-on state */
void kage_pci_dev_seal(struct kage_pci_dev *pdev);

/** kage_pci_dev_reset() - power-on state; process context, no vCPU runs */
void kage_pci_dev_reset(struct kage_pci_dev *pdev);

/**
 * kage_pci_dev_unplug() - take its BARs off the bus and its line down
 *
 * The function must live for one RCU grace period more.
 */
void kage_pci_dev_unplug(struct kage_pci_dev *pdev);

/** kage_pci_dev_read() - configuration read of 1, 2 or 4 bytes of a dword */
u32 kage_pci_dev_read(struct kage_pci_dev *pdev, unsigned int off,
		      unsigned int len);

/** kage_pci_dev_write() - configuration write, likewise */
void kage_pci_dev_write(struct kage_pci_dev *pdev, unsigned int off,
			unsigned int len, u32 val);

/**
 * kage_pci_dev_get() - copy configuration bytes, no device is told
 *
 * Context: a vCPU's thread or process.
 */
void kage_pci_dev_get(struct kage_pci_dev *pdev, unsigned int off, void *data,
		      unsigned int len);

/** kage_pci_dev_set() - store configuration bytes, write mask or not */
void kage_pci_dev_set(struct kage_pci_dev *pdev, unsigned int off,
		      const void *data, unsigned int len);

/** kage_pci_dev_intx() - raise or lower INTA#; any but hard interrupt */
void kage_pci_dev_intx(struct kage_pci_dev *pdev, bool level);

#endif /* _KAGE_DEV_PCI_DEV_H */
