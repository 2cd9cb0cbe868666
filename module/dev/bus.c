// SPDX-License-Identifier: GPL-2.0
/*
 * The buses: a list of claimed ranges per bus, sorted by base, searched under
 * RCU.
 *
 * A range that moves (a PCI BAR) is taken out and put in at once, without a
 * grace period between. A reader that stands on it then may miss a device for
 * one access, as on a real bus whose decoder is being changed; it cannot leave
 * the list, because a device stays on one bus.
 */
#include "bus.h"
#include "../vcpu.h"
#include "../vm.h"
#include <linux/errno.h>
#include <linux/rculist.h>

static u64 len_mask(unsigned int len)
{
	return len >= 8 ? ~0ULL : (1ULL << (len * 8)) - 1;
}

void kage_bus_init(struct kage_vm *vm)
{
	unsigned int i;

	for (i = 0; i < KAGE_NR_BUSES; i++) {
		spin_lock_init(&vm->bus[i].lock);
		INIT_LIST_HEAD(&vm->bus[i].devs);
	}
}

/* Puts @dev before the first range above it. */
static int insert_locked(struct kage_bus *bus, struct kage_iodev *dev, u64 base,
			 u64 len)
{
	struct list_head *next = &bus->devs;
	struct kage_iodev *other;

	lockdep_assert_held(&bus->lock);
	if (dev->len)
		return -EBUSY;
	list_for_each_entry(other, &bus->devs, node) {
		if (other->base > base + (len - 1)) {
			next = &other->node;
			break;
		}
		if (base <= other->base + (other->len - 1))
			return -EBUSY;
	}
	/* Pair with the READ_ONCEs in find(). */
	WRITE_ONCE(dev->base, base);
	WRITE_ONCE(dev->len, len);
	list_add_tail_rcu(&dev->node, next);
	return 0;
}

int kage_bus_add(struct kage_vm *vm, enum kage_bus_kind kind,
		 struct kage_iodev *dev, u64 base, u64 len)
{
	struct kage_bus *bus = &vm->bus[kind];
	int ret;

	if (!len || base + (len - 1) < base)
		return -EINVAL;
	spin_lock_bh(&bus->lock);
	ret = insert_locked(bus, dev, base, len);
	spin_unlock_bh(&bus->lock);
	return ret;
}

void kage_bus_remove(struct kage_vm *vm, enum kage_bus_kind kind,
		     struct kage_iodev *dev)
{
	struct kage_bus *bus = &vm->bus[kind];

	spin_lock_bh(&bus->lock);
	if (dev->len) {
		list_del_rcu(&dev->node);
		WRITE_ONCE(dev->len, 0);
	}
	spin_unlock_bh(&bus->lock);
}

/*
 * The device that holds all of [@addr, @addr + @len). Base and length are
 * sampled once, so the offset that comes out lies inside the length that was
 * seen even where the range moves meanwhile.
 */
static struct kage_iodev *find(struct kage_bus *bus, u64 addr, unsigned int len,
			       u64 *off)
{
	struct kage_iodev *dev;
	u64 base, size;

	list_for_each_entry_rcu(dev, &bus->devs, node) {
		base = READ_ONCE(dev->base);
		size = READ_ONCE(dev->len);
		if (addr < base)
			break;
		*off = addr - base;
		if (size >= len && *off <= size - len)
			return dev;
	}
	return NULL;
}

u64 kage_bus_read(struct kage_vcpu *vcpu, enum kage_bus_kind kind, u64 addr,
		  unsigned int len)
{
	struct kage_iodev *dev;
	u64 val = ~0ULL, off;

	rcu_read_lock();
	dev = find(&vcpu->vm->bus[kind], addr, len, &off);
	if (dev)
		val = dev->ops->read(dev, vcpu, off, len);
	rcu_read_unlock();
	return val & len_mask(len);
}

void kage_bus_write(struct kage_vcpu *vcpu, enum kage_bus_kind kind, u64 addr,
		    unsigned int len, u64 val)
{
	struct kage_iodev *dev;
	u64 off;

	rcu_read_lock();
	dev = find(&vcpu->vm->bus[kind], addr, len, &off);
	if (dev)
		dev->ops->write(dev, vcpu, off, len, val & len_mask(len));
	rcu_read_unlock();
}
