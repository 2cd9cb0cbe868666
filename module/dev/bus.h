/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two buses of a machine: I/O ports and device memory. A device claims a
 * range with kage_bus_add(); accesses find it by address.
 */
#ifndef _KAGE_DEV_BUS_H
#define _KAGE_DEV_BUS_H

#include "../types.h"
#include <linux/list.h>
#include <linux/spinlock.h>

enum kage_bus_kind { KAGE_BUS_PIO, KAGE_BUS_MMIO, KAGE_NR_BUSES };

struct kage_iodev;

/**
 * struct kage_iodev_ops - what a device does with an access
 * @read: return the value of @len bytes at offset @off of the range
 * @write: take @len low bytes of @val
 *
 * @len is 1, 2, 4 or 8 and the access lies inside the range. Both run on the
 * vCPU's thread with preemption off and interrupts on: no sleeping.
 */
struct kage_iodev_ops {
	u64 (*read)(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
		    unsigned int len);
	void (*write)(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
		      unsigned int len, u64 val);
};

struct kage_iodev {
	const struct kage_iodev_ops *ops;	/* I */
	u64 base;				/* bus lock */
	u64 len;				/* bus lock */
	struct list_head node;			/* bus lock, RCU */
};

struct kage_bus {
	spinlock_t lock;			/* writers */
	struct list_head devs;			/* R by base */
};

/** kage_bus_init() - make both buses of a machine empty */
void kage_bus_init(struct kage_vm *vm);

/**
 * kage_bus_add() - claim [@base, @base + @len) for @dev
 *
 * Context: any but hard interrupt. @dev must live until kage_bus_remove() and
 * one RCU grace period (synchronize_rcu()) after it.
 * Return: 0, -EINVAL for an empty or wrapping range, -EBUSY on overlap.
 */
int kage_bus_add(struct kage_vm *vm, enum kage_bus_kind kind,
		 struct kage_iodev *dev, u64 base, u64 len);

/** kage_bus_remove() - give the range back; harmless if @dev has none */
void kage_bus_remove(struct kage_vm *vm, enum kage_bus_kind kind,
		     struct kage_iodev *dev);

/**
 * kage_bus_read() - read @len (1, 2, 4, 8) bytes
 *
 * Return: the value; all ones where no device answers.
 */
u64 kage_bus_read(struct kage_vcpu *vcpu, enum kage_bus_kind kind, u64 addr,
		  unsigned int len);

/** kage_bus_write() - write @len bytes; dropped where no device answers */
void kage_bus_write(struct kage_vcpu *vcpu, enum kage_bus_kind kind, u64 addr,
		    unsigned int len, u64 val);

#endif /* _KAGE_DEV_BUS_H */
