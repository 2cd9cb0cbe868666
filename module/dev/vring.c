// SPDX-License-Identifier: GPL-2.0
/*
 * Split virtqueues, device side. Guest and host are both little-endian, so
 * ring fields are used as they lie in memory.
 *
 * Whatever comes from the guest is copied once by mem.read() and only the copy
 * is looked at. mem.read() and mem.write() of an aligned u16 must be single
 * accesses: the driver changes the indexes while they are read.
 */
#include "vring.h"
#include <linux/errno.h>
#include <asm/barrier.h>

#define DESC_F_NEXT		1
#define DESC_F_WRITE		2
#define DESC_F_INDIRECT		4

#define AVAIL_F_NO_INTERRUPT	1
#define USED_F_NO_NOTIFY	1

struct desc {
	u64 addr;
	u32 len;
	u16 flags;
	u16 next;
};

struct used_elem {
	u32 id;
	u32 len;
};

/* Virtio 1.1: "The Virtqueue Available Ring", "The Virtqueue Used Ring". */

static gpa_t avail_flags(const struct kage_vring *vr)
{
	return vr->avail;
}

static gpa_t avail_idx(const struct kage_vring *vr)
{
	return vr->avail + 2;
}

static gpa_t avail_entry(const struct kage_vring *vr, u16 idx)
{
	return vr->avail + 4 + 2 * (idx & (vr->size - 1));
}

static gpa_t used_event(const struct kage_vring *vr)
{
	return vr->avail + 4 + 2 * vr->size;
}

static gpa_t used_flags(const struct kage_vring *vr)
{
	return vr->used;
}

static gpa_t used_idx(const struct kage_vring *vr)
{
	return vr->used + 2;
}

static gpa_t used_entry(const struct kage_vring *vr, u16 idx)
{
	return vr->used + 4 +
	       sizeof(struct used_elem) * (idx & (vr->size - 1));
}

static gpa_t avail_event(const struct kage_vring *vr)
{
	return vr->used + 4 + sizeof(struct used_elem) * vr->size;
}

static int broke(struct kage_vring *vr)
{
	vr->broken = true;
	return -EINVAL;
}

static int read_u16(struct kage_vring *vr, gpa_t gpa, u16 *val)
{
	if (vr->mem.read(vr->mem.ctx, gpa, val, sizeof(*val)))
		return broke(vr);
	return 0;
}

static int write_u16(struct kage_vring *vr, gpa_t gpa, u16 val)
{
	if (vr->mem.write(vr->mem.ctx, gpa, &val, sizeof(val)))
		return broke(vr);
	return 0;
}

/* Is [addr, addr + len) a range at all? */
static bool range_ok(u64 addr, u32 len)
{
	return len && addr + (len - 1) >= addr;
}

static int add_buf(struct kage_vring_chain *chain, const struct desc *d)
{
	const unsigned int nr = chain->nr_out + chain->nr_in;

	if (nr >= KAGE_VRING_MAX_CHAIN || !range_ok(d->addr, d->len))
		return -EINVAL;

	if (d->flags & DESC_F_WRITE) {
		chain->nr_in++;
		chain->in_len += d->len;
	} else {
		if (chain->nr_in)
			return -EINVAL;
		chain->nr_out++;
		chain->out_len += d->len;
	}
	chain->buf[nr].gpa = d->addr;
	chain->buf[nr].len = d->len;
	return 0;
}

/* The WRITE flag of a descriptor that names a table is ignored, as told. */
static bool table_ok(const struct kage_vring *vr, const struct desc *d)
{
	return vr->indirect && !(d->flags & DESC_F_NEXT) &&
	       range_ok(d->addr, d->len) && d->len % sizeof(*d) == 0;
}

/*
 * Follow a chain. Normal descriptors may be followed by one that names a
 * table; a table holds no further table. Whoever visits more descriptors than
 * a table holds goes round in a circle.
 */
static int walk(struct kage_vring *vr, struct kage_vring_chain *chain)
{
	gpa_t table = vr->desc;
	u32 nr = vr->size, i = chain->head, seen = 0;
	bool inner = false;
	struct desc d;

	for (;;) {
		if (i >= nr || ++seen > nr)
			return -EINVAL;
		if (vr->mem.read(vr->mem.ctx, table + sizeof(d) * (u64)i, &d,
				 sizeof(d)))
			return -EINVAL;

		if (d.flags & DESC_F_INDIRECT) {
			if (inner || !table_ok(vr, &d))
				return -EINVAL;
			inner = true;
			table = d.addr;
			nr = d.len / sizeof(d);
			i = 0;
			seen = 0;
			continue;
		}

		if (add_buf(chain, &d))
			return -EINVAL;
		if (!(d.flags & DESC_F_NEXT))
			return 0;
		i = d.next;
	}
}

int kage_vring_pop(struct kage_vring *vr, struct kage_vring_chain *chain)
{
	u16 idx, ready;

	if (vr->broken)
		return -EINVAL;
	if (!vr->size)
		return 0;
	if (read_u16(vr, avail_idx(vr), &idx))
		return -EINVAL;
	ready = idx - vr->last_avail;
	if (!ready)
		return 0;
	if (ready > vr->size)
		return broke(vr);

	/*
	 * Entry and descriptors must not be read before the index that covers
	 * them. Pairs with the driver's write barrier between filling an avail
	 * entry and moving the avail index.
	 */
	smp_rmb();

	chain->nr_out = 0;
	chain->nr_in = 0;
	chain->out_len = 0;
	chain->in_len = 0;
	if (read_u16(vr, avail_entry(vr, vr->last_avail), &chain->head))
		return -EINVAL;
	if (walk(vr, chain))
		return broke(vr);

	vr->last_avail++;
	return 1;
}

void kage_vring_unpop(struct kage_vring *vr)
{
	vr->last_avail--;
}

int kage_vring_push(struct kage_vring *vr, u16 head, u32 written)
{
	const struct used_elem elem = { .id = head, .len = written };

	if (vr->broken)
		return -EINVAL;
	if (vr->mem.write(vr->mem.ctx, used_entry(vr, vr->used_idx), &elem,
			  sizeof(elem)))
		return broke(vr);
	vr->used_idx++;
	return 0;
}

int kage_vring_publish(struct kage_vring *vr)
{
	if (vr->broken)
		return -EINVAL;
	/*
	 * Buffers and used entries before the index that shows them. Pairs
	 * with the driver's read barrier after it read the used index.
	 */
	smp_wmb();
	return write_u16(vr, used_idx(vr), vr->used_idx);
}

/* Did the index pass @event on its way from @old to @now? All modulo 2^16. */
static bool passed(u16 event, u16 now, u16 old)
{
	return (u16)(now - event - 1) < (u16)(now - old);
}

static bool event_wants_signal(struct kage_vring *vr)
{
	const u16 old = vr->signalled;
	const bool valid = vr->signalled_valid;
	u16 event;

	if (read_u16(vr, used_event(vr), &event))
		return false;
	vr->signalled = vr->used_idx;
	vr->signalled_valid = true;
	return !valid || passed(event, vr->used_idx, old);
}

bool kage_vring_should_signal(struct kage_vring *vr)
{
	u16 flags;

	if (vr->broken || !vr->size)
		return false;
	/*
	 * The used index must be visible before we look whether the driver
	 * wants to hear of it. Pairs with the driver's full barrier between
	 * enabling interrupts (used_event, flags) and looking at the used
	 * index again: one of us sees the other's store.
	 */
	smp_mb();

	if (vr->event_idx)
		return event_wants_signal(vr);
	if (read_u16(vr, avail_flags(vr), &flags))
		return false;
	return !(flags & AVAIL_F_NO_INTERRUPT);
}

bool kage_vring_enable_kick_after(struct kage_vring *vr, u16 nr)
{
	u16 idx;
	int ret;

	if (vr->broken || !vr->size)
		return false;
	if (!vr->event_idx)
		nr = 1;
	if (vr->event_idx)
		ret = write_u16(vr, avail_event(vr), vr->last_avail + nr - 1);
	else
		ret = write_u16(vr, used_flags(vr), 0);
	/* What broke the ring is for the next pop to report. */
	if (ret)
		return true;

	/*
	 * The wish must be visible before we look for buffers a last time.
	 * Pairs with the driver's full barrier between moving the avail index
	 * and looking whether we want a kick.
	 */
	smp_mb();
	return read_u16(vr, avail_idx(vr), &idx) ||
	       (u16)(idx - vr->last_avail) >= nr;
}

bool kage_vring_enable_kick(struct kage_vring *vr)
{
	return kage_vring_enable_kick_after(vr, 1);
}

void kage_vring_disable_kick(struct kage_vring *vr)
{
	/*
	 * With event indexes there is nothing to do: the driver kicks when it
	 * passes avail_event, which happens once and not again before the
	 * index has gone all the way round.
	 */
	if (vr->broken || !vr->size || vr->event_idx)
		return;
	write_u16(vr, used_flags(vr), USED_F_NO_NOTIFY);
}
