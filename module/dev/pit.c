// SPDX-License-Identifier: GPL-2.0
/*
 * The 8254 interval timer. Intel: "82C54 CHMOS Programmable Interval Timer".
 *
 * Nothing counts: a channel remembers when its count began, and value and
 * output follow from the time. Only channel 0 has an hrtimer, which sends a
 * pulse where the output rises. The callback takes pit->lock and asks there
 * whether it is due, so the lock's holders never wait for it.
 *
 * Simplification: a new count takes effect at once in modes 2 and 3, not at the
 * end of the period.
 */
#include "pit.h"
#include "bus.h"
#include "irqchip.h"
#include "../vcpu.h"
#include "../vm.h"
#include <linux/bcd.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/timex.h>

#define NR_CHANNELS	3
#define SPEAKER		2	/* the channel behind port 0x61 */
#define MIN_PERIOD	(100 * NSEC_PER_USEC)
#define REFRESH_NS	15085

#define CTL_READ_BACK	3
#define CTL_NO_COUNT	BIT(5)
#define CTL_NO_STATUS	BIT(4)

#define STATUS_OUT	BIT(7)
#define STATUS_NULL	BIT(6)

#define PORT61_GATE	BIT(0)
#define PORT61_WRITABLE	0x0f
#define PORT61_REFRESH	BIT(4)
#define PORT61_OUT	BIT(5)

enum access { ACCESS_LOW = 1, ACCESS_HIGH, ACCESS_BOTH };

struct channel {
	u8 mode, access;
	u8 control;		/* as written, without the channel */
	bool bcd;
	bool null;		/* what was written is not counted yet */
	bool loaded;		/* a count was written since the mode */
	bool triggered;		/* modes 1 and 5: the gate rose */
	bool gate;
	bool write_high, read_high;	/* second byte of ACCESS_BOTH is next */
	u8 low;			/* first byte written */
	u32 count;		/* 1 to 0x10000 */
	u32 next;		/* the same from the next trigger on */
	u64 start;		/* ktime, ns, when it began */
	u64 held;		/* ticks counted when the gate fell */
	u16 latch;
	u8 latched;		/* bytes of @latch still to read */
	bool status_latched;
	u8 status;
};

/* Lock order: pit->lock, then irq->lock. */
struct kage_pit {
	spinlock_t lock;		/* irq-safe; all that has no tag */
	struct kage_vm *vm;		/* I */
	struct channel ch[NR_CHANNELS];
	u8 port61;
	struct hrtimer hrt;
	bool armed;
	u64 expires;			/* ktime, ns */
	u64 interrupts;
	struct kage_iodev timer_dev;	/* I */
	struct kage_iodev gate_dev;	/* I */
};

static u64 ns_to_ticks(u64 ns)
{
	return mul_u64_u32_div(ns, PIT_TICK_RATE, NSEC_PER_SEC);
}

/* Rounds up: the tick has been counted when that time has passed. */
static u64 ticks_to_ns(u64 ticks)
{
	return mul_u64_u32_div(ticks, NSEC_PER_SEC, PIT_TICK_RATE) + 1;
}

/* Modes 2 and 3 start over, the others count once. */
static bool is_periodic(const struct channel *ch)
{
	return ch->mode == 2 || ch->mode == 3;
}

/* Modes 1 and 5 start when the gate rises and do not care after. */
static bool wants_trigger(const struct channel *ch)
{
	return ch->mode == 1 || ch->mode == 5;
}

static bool is_started(const struct channel *ch)
{
	return ch->loaded && (ch->triggered || !wants_trigger(ch));
}

static u64 elapsed(const struct channel *ch)
{
	if (!is_started(ch))
		return 0;
	if (!ch->gate && !wants_trigger(ch))
		return ch->held;
	return ns_to_ticks(ktime_get_ns() - ch->start);
}

static bool output(const struct channel *ch)
{
	u64 ticks = elapsed(ch);

	switch (ch->mode) {
	case 0:
		return ch->loaded && ticks >= ch->count;
	case 1:
		return !is_started(ch) || ticks >= ch->count;
	case 2:
		return !is_started(ch) || !ch->gate ||
		       ticks % ch->count != ch->count - 1;
	case 3:
		return !is_started(ch) || !ch->gate ||
		       ticks % ch->count < (ch->count + 1) / 2;
	default:
		return !is_started(ch) || ticks != ch->count;
	}
}

static u16 to_bcd(u32 val)
{
	return bin2bcd(val / 100 % 100) << 8 | bin2bcd(val % 100);
}

static u32 from_bcd(u16 val)
{
	return bcd2bin(val >> 8) * 100 + bcd2bin(val & 0xff);
}

/* By two, from an even number, in each half; an odd count's first is longer. */
static u32 square_count(const struct channel *ch, u32 ticks)
{
	u32 half = (ch->count + 1) / 2;

	return (ch->count & ~1U) - 2 * (ticks < half ? ticks : ticks - half);
}

static u16 current_count(const struct channel *ch)
{
	u32 wrap = ch->bcd ? 10000 : 0x10000, val;
	u64 ticks = elapsed(ch);

	if (ch->mode == 3)
		val = square_count(ch, ticks % ch->count);
	else if (ch->mode == 2)
		val = ch->count - ticks % ch->count;
	else
		val = (ch->count + wrap - ticks % wrap) % wrap;
	return ch->bcd ? to_bcd(val) : val;
}

static void disarm(struct kage_pit *pit)
{
	pit->armed = false;
	hrtimer_try_to_cancel(&pit->hrt);
}

/* The next tick at which channel 0's output rises after @now ticks. */
static u64 next_rise(const struct channel *ch, u64 now)
{
	u64 step = ch->count, min = ns_to_ticks(MIN_PERIOD) + 1;

	if (!is_periodic(ch))
		return ch->count;
	/* Periods that are too short are served in whole multiples. */
	if (step < min)
		step *= DIV_ROUND_UP(min, step);
	return (now / ch->count) * ch->count + step;
}

static void arm(struct kage_pit *pit)
{
	const struct channel *ch = &pit->ch[0];

	pit->armed = true;
	pit->expires = ch->start + ticks_to_ns(next_rise(ch, elapsed(ch)));
	hrtimer_start(&pit->hrt, ns_to_ktime(pit->expires), HRTIMER_MODE_ABS);
}

static void expire(struct kage_pit *pit)
{
	if (!pit->armed || ktime_get_ns() < pit->expires)
		return;
	if (is_periodic(&pit->ch[0]))
		arm(pit);
	else
		pit->armed = false;
	pit->interrupts++;
	/* Both controllers latch the edge. */
	kage_irq_set(pit->vm, KAGE_GSI_TIMER, 1);
	kage_irq_set(pit->vm, KAGE_GSI_TIMER, 0);
}

static enum hrtimer_restart kage_pit_expired(struct hrtimer *hrt)
{
	struct kage_pit *pit = container_of(hrt, struct kage_pit, hrt);
	unsigned long flags;

	spin_lock_irqsave(&pit->lock, flags);
	expire(pit);
	spin_unlock_irqrestore(&pit->lock, flags);
	/* Where it goes on, arm() has queued it. */
	return HRTIMER_NORESTART;
}

static void load(struct kage_pit *pit, struct channel *ch, u16 val)
{
	ch->next = ch->bcd ? from_bcd(val) : val;
	if (!ch->next)
		ch->next = ch->bcd ? 10000 : 0x10000;
	ch->loaded = true;
	if (!wants_trigger(ch) || !ch->triggered)
		ch->count = ch->next;
	if (wants_trigger(ch))
		return;
	ch->null = false;
	ch->start = ktime_get_ns();
	ch->held = 0;
	if (ch == &pit->ch[0])
		arm(pit);
}

/* The first byte of two. It stops mode 0, whose output falls. */
static void write_low(struct kage_pit *pit, struct channel *ch, u8 val)
{
	ch->low = val;
	if (ch->mode)
		return;
	ch->loaded = false;
	if (ch == &pit->ch[0])
		disarm(pit);
}

static void write_count(struct kage_pit *pit, struct channel *ch, u8 val)
{
	switch (ch->access) {
	case ACCESS_LOW:
		load(pit, ch, val);
		break;
	case ACCESS_HIGH:
		load(pit, ch, val << 8);
		break;
	default:
		ch->write_high = !ch->write_high;
		if (ch->write_high)
			write_low(pit, ch, val);
		else
			load(pit, ch, val << 8 | ch->low);
	}
}

static void latch_count(struct channel *ch)
{
	if (ch->latched)
		return;
	ch->latch = current_count(ch);
	ch->latched = ch->access == ACCESS_BOTH ? 2 : 1;
}

static void latch_status(struct channel *ch)
{
	if (ch->status_latched)
		return;
	ch->status_latched = true;
	ch->status = ch->control;
	if (output(ch))
		ch->status |= STATUS_OUT;
	if (ch->null)
		ch->status |= STATUS_NULL;
}

static void read_back(struct kage_pit *pit, u8 val)
{
	unsigned int i;

	for (i = 0; i < NR_CHANNELS; i++) {
		if (!(val & BIT(i + 1)))
			continue;
		if (!(val & CTL_NO_COUNT))
			latch_count(&pit->ch[i]);
		if (!(val & CTL_NO_STATUS))
			latch_status(&pit->ch[i]);
	}
}

static void set_mode(struct kage_pit *pit, struct channel *ch, u8 val)
{
	ch->access = val >> 4 & 3;
	ch->mode = val >> 1 & 7;
	if (ch->mode > 5)		/* bit 2 of modes 2 and 3 is free */
		ch->mode -= 4;
	ch->bcd = val & 1;
	ch->control = val & 0x3f;
	ch->null = true;
	ch->loaded = false;
	ch->triggered = false;
	ch->write_high = false;
	ch->read_high = false;
	ch->latched = 0;
	ch->status_latched = false;
	if (ch == &pit->ch[0])
		disarm(pit);
}

static void write_control(struct kage_pit *pit, u8 val)
{
	struct channel *ch;

	if (val >> 6 == CTL_READ_BACK) {
		read_back(pit, val);
		return;
	}
	ch = &pit->ch[array_index_nospec(val >> 6, NR_CHANNELS)];
	if (val >> 4 & 3)
		set_mode(pit, ch, val);
	else
		latch_count(ch);
}

static u8 read_latch(struct channel *ch)
{
	u8 val = ch->latch;

	if (ch->access == ACCESS_HIGH)
		val = ch->latch >> 8;
	ch->latch >>= 8;
	ch->latched--;
	return val;
}

static u8 read_count(struct channel *ch)
{
	u16 val;

	if (ch->status_latched) {
		ch->status_latched = false;
		return ch->status;
	}
	if (ch->latched)
		return read_latch(ch);
	val = current_count(ch);
	if (ch->access == ACCESS_BOTH)
		ch->read_high = !ch->read_high;
	/* The high byte: alone, or after the low one. */
	if (ch->access == ACCESS_HIGH ||
	    (ch->access == ACCESS_BOTH && !ch->read_high))
		val >>= 8;
	return val;
}

static u8 read_byte(struct kage_pit *pit, unsigned int off)
{
	if (off >= NR_CHANNELS)		/* the control word is write-only */
		return 0xff;
	return read_count(&pit->ch[array_index_nospec(off, NR_CHANNELS)]);
}

static u64 read_timer(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
		      unsigned int len)
{
	struct kage_pit *pit = container_of(dev, struct kage_pit, timer_dev);
	unsigned long flags;
	unsigned int i;
	u64 val = 0;

	spin_lock_irqsave(&pit->lock, flags);
	for (i = 0; i < len; i++)
		val |= (u64)read_byte(pit, off + i) << (i * 8);
	spin_unlock_irqrestore(&pit->lock, flags);
	return val;
}

static void write_byte(struct kage_pit *pit, unsigned int off, u8 val)
{
	if (off >= NR_CHANNELS)
		write_control(pit, val);
	else
		write_count(pit, &pit->ch[array_index_nospec(off, NR_CHANNELS)],
			    val);
}

static void write_timer(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
			unsigned int len, u64 val)
{
	struct kage_pit *pit = container_of(dev, struct kage_pit, timer_dev);
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&pit->lock, flags);
	for (i = 0; i < len; i++, val >>= 8)
		write_byte(pit, off + i, val);
	spin_unlock_irqrestore(&pit->lock, flags);
}

/* Data sheet: "Gate Pin Operations Summary". */
static void set_gate(struct channel *ch, bool gate)
{
	u64 now = ktime_get_ns(), ticks = elapsed(ch);

	if (ch->gate == gate)
		return;
	ch->gate = gate;
	if (!gate) {
		ch->held = ticks;
		return;
	}
	ch->triggered = ch->loaded;
	if (ch->triggered && wants_trigger(ch)) {
		ch->count = ch->next;
		ch->null = false;
	}
	ch->start = now;
	if (ch->mode == 0 || ch->mode == 4)	/* goes on where it stood */
		ch->start -= ticks ? ticks_to_ns(ticks) : 0;
}

static u64 read_gate(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
		     unsigned int len)
{
	struct kage_pit *pit = container_of(dev, struct kage_pit, gate_dev);
	unsigned long flags;
	u64 val;

	spin_lock_irqsave(&pit->lock, flags);
	val = pit->port61;
	if (output(&pit->ch[SPEAKER]))
		val |= PORT61_OUT;
	spin_unlock_irqrestore(&pit->lock, flags);
	if (ktime_get_ns() / REFRESH_NS & 1)
		val |= PORT61_REFRESH;
	return val;
}

static void write_gate(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
		       unsigned int len, u64 val)
{
	struct kage_pit *pit = container_of(dev, struct kage_pit, gate_dev);
	unsigned long flags;

	spin_lock_irqsave(&pit->lock, flags);
	pit->port61 = val & PORT61_WRITABLE;
	set_gate(&pit->ch[SPEAKER], val & PORT61_GATE);
	spin_unlock_irqrestore(&pit->lock, flags);
}

static const struct kage_iodev_ops timer_ops = {
	.read = read_timer,
	.write = write_timer,
};

static const struct kage_iodev_ops gate_ops = {
	.read = read_gate,
	.write = write_gate,
};

/* The data sheet leaves the state undefined: here nothing counts. */
static void reset(struct kage_pit *pit)
{
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&pit->lock, flags);
	disarm(pit);
	memset(pit->ch, 0, sizeof(pit->ch));
	for (i = 0; i < NR_CHANNELS; i++) {
		pit->ch[i].access = ACCESS_BOTH;
		pit->ch[i].control = ACCESS_BOTH << 4;
		pit->ch[i].count = 0x10000;
		pit->ch[i].next = 0x10000;
		pit->ch[i].null = true;
		pit->ch[i].gate = i != SPEAKER;
	}
	pit->port61 = 0;
	spin_unlock_irqrestore(&pit->lock, flags);
	/* What was under way has seen that nothing is due. */
	hrtimer_cancel(&pit->hrt);
}

int kage_pit_create(struct kage_vm *vm)
{
	struct kage_pit *pit;
	int ret;

	pit = kzalloc(sizeof(*pit), GFP_KERNEL_ACCOUNT);
	if (!pit)
		return -ENOMEM;
	spin_lock_init(&pit->lock);
	pit->vm = vm;
	hrtimer_init(&pit->hrt, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	pit->hrt.function = kage_pit_expired;
	pit->timer_dev.ops = &timer_ops;
	pit->gate_dev.ops = &gate_ops;
	reset(pit);
	vm->pit = pit;
	ret = kage_bus_add(vm, KAGE_BUS_PIO, &pit->timer_dev, 0x40, 4);
	if (ret)
		goto err_destroy;
	ret = kage_bus_add(vm, KAGE_BUS_PIO, &pit->gate_dev, 0x61, 1);
	if (ret)
		goto err_destroy;
	return 0;

err_destroy:
	kage_pit_destroy(vm);
	return ret;
}

void kage_pit_destroy(struct kage_vm *vm)
{
	struct kage_pit *pit = vm->pit;

	if (!pit)
		return;
	kage_bus_remove(vm, KAGE_BUS_PIO, &pit->gate_dev);
	kage_bus_remove(vm, KAGE_BUS_PIO, &pit->timer_dev);
	/* After that no access is under way that could start the timer. */
	synchronize_rcu();
	reset(pit);
	vm->pit = NULL;
	kfree(pit);
}

void kage_pit_reset(struct kage_vm *vm)
{
	reset(vm->pit);
}

int kage_pit_stats(struct kage_vm *vm, struct kage_stat_sink *sink)
{
	return sink->put(sink, "pit_interrupts",
			 READ_ONCE(vm->pit->interrupts));
}
