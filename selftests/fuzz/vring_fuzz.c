// SPDX-License-Identifier: GPL-2.0
/*
 * Split virtqueues whose driver changes memory before every access of the
 * device. Input: the state of the ring, then what the device does, and before
 * each of its reads what the driver has stored there.
 *
 * Whatever the driver does, a chain is made of the descriptors exactly as they
 * were read, each once, and nothing but the used ring is written.
 */
#include "../unit/vring_driver.h"
#include "fuzz.h"

#define MAX_OPS		64
/* Index, entry, a chain, a table's descriptor, and one too many. */
#define MAX_READS	(2 + KAGE_VRING_MAX_CHAIN + 2)

static struct feed feed;

/* What the device was given in this operation. */
static struct given {
	gpa_t gpa;
	size_t len;
	struct desc desc;	/* or the u16 at its start */
} given[MAX_READS];
static unsigned int nr_given;

static u16 as_u16(unsigned int i)
{
	u16 val;

	memcpy(&val, &given[i].desc, sizeof(val));
	return val;
}

/* Few values that mean something, in few bytes. */
static void make_desc(struct desc *d)
{
	static const u64 places[] = { DESC, TABLE, BUF, RAM_SIZE - 16, ~0ULL,
				      ~0ULL - 15, 0, 1ULL << 63 };
	const u64 bits = feed_take(&feed, 1);

	d->flags = bits & 7;
	d->addr = places[bits >> 3 & 7];
	d->len = bits & 64 ? 16 * feed_take(&feed, 1) : feed_take(&feed, 1);
	d->next = feed_take(&feed, 1);
}

/* The driver was here; false if there is no memory any more. */
static bool disturb(gpa_t gpa, size_t len)
{
	const u64 what = feed_take(&feed, 1) % 16;
	struct desc d;
	size_t i;

	if (what == 15)
		return false;
	if (!in_ram(gpa, len))
		return true;
	if (what >= 8 && len == sizeof(d)) {
		make_desc(&d);
		memcpy(ram + gpa, &d, sizeof(d));
	} else if (what >= 12) {
		put16(gpa, vr.used_idx - feed_take(&feed, 1) % 8);
	} else if (what >= 8) {
		put16(gpa, vr.last_avail + feed_take(&feed, 1));
	} else if (what >= 4) {
		for (i = 0; i < len; i++)
			ram[gpa + i] = feed_take(&feed, 1);
	}
	return true;
}

static int hostile_read(void *ctx, gpa_t gpa, void *data, size_t len)
{
	FUZZ_CHECK(len == 2 || len == sizeof(struct desc));
	FUZZ_CHECK(nr_given < MAX_READS);
	if (!disturb(gpa, len) || ram_read(ctx, gpa, data, len))
		return -EFAULT;
	given[nr_given].gpa = gpa;
	given[nr_given].len = len;
	memcpy(&given[nr_given++].desc, data, len);
	return 0;
}

static int hostile_write(void *ctx, gpa_t gpa, const void *data, size_t len)
{
	const gpa_t used_len = 4 + 8 * (gpa_t)vr.size + 2;

	FUZZ_CHECK(len <= used_len && gpa - vr.used <= used_len - len);
	if (!disturb(gpa, len))
		return -EFAULT;
	return ram_write(ctx, gpa, data, len);
}

/* Where the device is in the chain that it was given. */
struct place {
	gpa_t table;
	u32 nr, at, seen;
	bool inner, over;
};

static void enter_table(struct place *place, const struct desc *d)
{
	FUZZ_CHECK(vr.indirect && !place->inner);
	FUZZ_CHECK(!(d->flags & DESC_F_NEXT));
	FUZZ_CHECK(d->len && d->len % 16 == 0);
	FUZZ_CHECK(d->addr + d->len - 1 >= d->addr);
	*place = (struct place){ d->addr, d->len / 16, .inner = true };
}

static void check_buf(const struct desc *d, unsigned int nr)
{
	FUZZ_CHECK(nr < (unsigned int)chain->nr_out + chain->nr_in);
	FUZZ_CHECK(chain->buf[nr].gpa == d->addr);
	FUZZ_CHECK(chain->buf[nr].len == d->len && d->len);
	FUZZ_CHECK(d->addr + d->len - 1 >= d->addr);
	FUZZ_CHECK(!!(d->flags & DESC_F_WRITE) == (nr >= chain->nr_out));
}

/* The chain again, from what was read for it. */
static void check_chain(void)
{
	struct place place = { vr.desc, vr.size, .at = chain->head };
	unsigned int i, nr = 0;
	u64 out = 0, in = 0;

	FUZZ_CHECK(nr_given > 2 && as_u16(1) == chain->head);
	for (i = 2; i < nr_given; i++) {
		const struct desc *d = &given[i].desc;

		FUZZ_CHECK(!place.over && place.at < place.nr);
		/* More than there are would be a circle. */
		FUZZ_CHECK(++place.seen <= place.nr);
		FUZZ_CHECK(given[i].gpa == place.table + 16 * (gpa_t)place.at);
		if (d->flags & DESC_F_INDIRECT) {
			enter_table(&place, d);
			continue;
		}
		check_buf(d, nr++);
		*(d->flags & DESC_F_WRITE ? &in : &out) += d->len;
		place.at = d->next;
		place.over = !(d->flags & DESC_F_NEXT);
	}
	FUZZ_CHECK(place.over);
	FUZZ_CHECK(nr == (unsigned int)chain->nr_out + chain->nr_in);
	FUZZ_CHECK(chain->out_len == out && chain->in_len == in);
}

/* The index, a barrier, the entry that it covers. */
static void check_order(u16 last)
{
	FUZZ_CHECK(events[0].kind == 'R' && events[0].gpa == vr.avail + 2);
	FUZZ_CHECK(events[1].kind == 'r' && events[2].kind == 'R');
	FUZZ_CHECK(events[2].gpa ==
		   vr.avail + 4 + 2 * (gpa_t)(last % vr.size));
	FUZZ_CHECK((u16)(as_u16(0) - last - 1) < vr.size);
}

static bool do_pop(void)
{
	const u16 last = vr.last_avail;
	const int ret = kage_vring_pop(&vr, chain);

	FUZZ_CHECK(ret == 0 || ret == 1 || ret == -EINVAL);
	FUZZ_CHECK(vr.broken == (ret == -EINVAL));
	FUZZ_CHECK(vr.last_avail == (u16)(last + (ret == 1)));
	if (!ret && vr.size)
		FUZZ_CHECK(nr_given == 1 && as_u16(0) == last);
	if (ret != 1)
		return false;
	check_order(last);
	check_chain();
	return true;
}

static void do_push(void)
{
	const gpa_t slot = vr.used + 4 + 8 * (gpa_t)(vr.used_idx % vr.size);
	const u32 written = feed_take(&feed, 4);
	const u16 idx = vr.used_idx;
	const struct used_elem want = { chain->head, written };
	const int ret = kage_vring_push(&vr, chain->head, written);

	FUZZ_CHECK(ret == (vr.broken ? -EINVAL : 0) && !nr_given);
	FUZZ_CHECK(vr.used_idx == (u16)(idx + !ret));
	if (!ret)
		FUZZ_CHECK(!memcmp(ram + slot, &want, sizeof(want)));
}

static void do_publish(void)
{
	const int ret = kage_vring_publish(&vr);

	FUZZ_CHECK(ret == (vr.broken ? -EINVAL : 0) && !nr_given);
	if (ret)
		return;
	FUZZ_CHECK(nr_events == 2 && events[0].kind == 'w');
	FUZZ_CHECK(get16(vr.used + 2) == vr.used_idx);
}

/* Virtio: "Used Buffer Notification Suppression". */
static void do_should_signal(void)
{
	const u16 old = vr.signalled, now = vr.used_idx;
	const bool valid = vr.signalled_valid, broken = vr.broken;
	const bool ret = kage_vring_should_signal(&vr);

	FUZZ_CHECK(nr_given <= 1);
	if (broken || vr.broken || !vr.size) {
		FUZZ_CHECK(!ret);
		return;
	}
	FUZZ_CHECK(events[0].kind == 'm' && nr_given == 1);
	if (!vr.event_idx)
		FUZZ_CHECK(ret == !(as_u16(0) & AVAIL_F_NO_INTERRUPT));
	else if (valid)
		FUZZ_CHECK(ret == ((u16)(as_u16(0) - old) < (u16)(now - old)));
	else
		FUZZ_CHECK(ret);
}

static void do_enable_kick(void)
{
	const bool broken = vr.broken;
	const bool ret = kage_vring_enable_kick(&vr);

	if (broken || !vr.size) {
		FUZZ_CHECK(!ret && !nr_events);
		return;
	}
	if (vr.broken) {
		FUZZ_CHECK(ret);
		return;
	}
	FUZZ_CHECK(nr_events == 3 && events[0].kind == 'W' &&
		   events[1].kind == 'm' && events[2].kind == 'R');
	FUZZ_CHECK(events[2].gpa == vr.avail + 2);
	FUZZ_CHECK(ret == (as_u16(0) != vr.last_avail));
}

static void do_disable_kick(void)
{
	kage_vring_disable_kick(&vr);
	FUZZ_CHECK(!nr_given && nr_events <= !vr.event_idx);
}

enum op { POP, UNPOP, PUSH, PUBLISH, SIGNAL, ENABLE, DISABLE, NR_OPS };

/* @taken: the chain was popped last; @ever: it holds one that was. */
static void run_op(enum op op, bool *taken, bool *ever)
{
	const bool broken = vr.broken, can_unpop = *taken;

	nr_events = 0;
	nr_given = 0;
	*taken = false;
	if (op == POP) {
		*taken = do_pop();
		*ever |= *taken;
	} else if (op == UNPOP && can_unpop) {
		kage_vring_unpop(&vr);
	} else if (op == PUSH && *ever) {
		do_push();
	} else if (op == PUBLISH && *ever) {
		do_publish();
	} else if (op == SIGNAL) {
		do_should_signal();
	} else if (op == ENABLE) {
		do_enable_kick();
	} else if (op == DISABLE) {
		do_disable_kick();
	}
	/* Broken for good, and memory is left alone from then on. */
	FUZZ_CHECK(!broken || (vr.broken && !nr_events));
}

static gpa_t take_place(gpa_t usual, u64 align)
{
	const u64 what = feed_take(&feed, 1);

	return what < 240 ? usual : feed_take(&feed, 8) & ~(align - 1);
}

static void take_ring(void)
{
	const u64 bits = feed_take(&feed, 1);

	fresh_sized(bits % 12 == 11 ? 0 : 1U << bits % 12);
	vr.mem.read = hostile_read;
	vr.mem.write = hostile_write;
	vr.indirect = bits & 0x40;
	vr.event_idx = bits & 0x80;
	vr.last_avail = feed_take(&feed, 2);
	vr.used_idx = feed_take(&feed, 2);
	/* Aligned, as the transport sees to. */
	vr.desc = take_place(DESC, 16);
	vr.avail = take_place(AVAIL, 2);
	vr.used = take_place(USED, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool taken = false, ever = false;
	unsigned int i;

	if (!ram)
		harness_init();
	feed = (struct feed){ data, size };
	take_ring();
	for (i = 0; i < MAX_OPS && feed.left; i++)
		run_op(feed_take(&feed, 1) % NR_OPS, &taken, &ever);
	return 0;
}
