// SPDX-License-Identifier: GPL-2.0
/*
 * The CMOS clock. Motorola: "MC146818 Real-Time Clock Plus RAM".
 *
 * The time is the host's plus an offset that the guest's settings make; the
 * registers are filled when they are looked at. While register B's SET bit is
 * on they hold still, and when it goes off they become the offset. Two hrtimers
 * serve the enabled interrupts: one at the periodic rate, one at every second.
 * Flags without interrupt are derived when register C is read.
 */
#include "rtc.h"
#include "bus.h"
#include "irqchip.h"
#include "../vcpu.h"
#include "../vm.h"
#include <linux/bcd.h>
#include <linux/bitops.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mc146818rtc.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#define RAM_LEN		128
#define DAY		(24 * 60 * 60)
#define MIN_PERIOD	(100 * NSEC_PER_USEC)
#define UPDATE_NS	(244 * NSEC_PER_USEC)
#define RATE_1024HZ	6
#define FLAGS		(RTC_PF | RTC_AF | RTC_UF)
#define HOUR_PM		0x80

/* Lock order: rtc->lock, then irq->lock. */
struct kage_rtc {
	spinlock_t lock;		/* irq-safe; all that has no tag */
	struct kage_vm *vm;		/* I */
	u8 index;
	u8 ram[RAM_LEN];
	s64 offset;			/* guest's clock minus the host's, s */
	s64 seen;			/* second that UF and AF know of */
	u64 last_period;		/* ktime, ns, that PF knows of */
	struct hrtimer period_hrt;
	bool period_on;
	u64 period_expires;		/* ktime, ns */
	struct hrtimer second_hrt;
	bool second_on;
	u64 interrupts;
	struct kage_iodev dev;		/* I */
};

static bool is_set(const struct kage_rtc *rtc)
{
	return rtc->ram[RTC_REG_B] & RTC_SET;
}

static u8 encode(const struct kage_rtc *rtc, unsigned int val)
{
	return rtc->ram[RTC_REG_B] & RTC_DM_BINARY ? val : bin2bcd(val);
}

static unsigned int decode(const struct kage_rtc *rtc, u8 val)
{
	return rtc->ram[RTC_REG_B] & RTC_DM_BINARY ? val : bcd2bin(val);
}

static u8 encode_hour(const struct kage_rtc *rtc, unsigned int hour)
{
	if (rtc->ram[RTC_REG_B] & RTC_24H)
		return encode(rtc, hour);
	return encode(rtc, hour % 12 ?: 12) | (hour >= 12 ? HOUR_PM : 0);
}

static unsigned int decode_hour(const struct kage_rtc *rtc, u8 val)
{
	if (rtc->ram[RTC_REG_B] & RTC_24H)
		return decode(rtc, val);
	return decode(rtc, val & ~HOUR_PM) % 12 + (val & HOUR_PM ? 12 : 0);
}

/*
 * By the clock that the timers are set by. ktime_get_real_seconds() is up to a
 * tick behind it: a timer would find its second not begun yet.
 */
static s64 host_seconds(void)
{
	struct timespec64 ts;

	ktime_get_real_ts64(&ts);
	return ts.tv_sec;
}

static s64 guest_seconds(const struct kage_rtc *rtc)
{
	return host_seconds() + rtc->offset;
}

/* Fills the time registers; nothing while SET holds them. */
static void fill_time(struct kage_rtc *rtc)
{
	unsigned long year;
	struct tm tm;

	if (is_set(rtc))
		return;
	time64_to_tm(guest_seconds(rtc), 0, &tm);
	year = tm.tm_year + 1900;
	rtc->ram[RTC_SECONDS] = encode(rtc, tm.tm_sec);
	rtc->ram[RTC_MINUTES] = encode(rtc, tm.tm_min);
	rtc->ram[RTC_HOURS] = encode_hour(rtc, tm.tm_hour);
	rtc->ram[RTC_DAY_OF_WEEK] = encode(rtc, tm.tm_wday + 1);
	rtc->ram[RTC_DAY_OF_MONTH] = encode(rtc, tm.tm_mday);
	rtc->ram[RTC_MONTH] = encode(rtc, tm.tm_mon + 1);
	rtc->ram[RTC_YEAR] = encode(rtc, year % 100);
	rtc->ram[KAGE_RTC_CENTURY] = encode(rtc, year / 100 % 100);
}

/* Makes the registers the guest's time. Any bytes give some time. */
static void take_time(struct kage_rtc *rtc)
{
	unsigned int century = decode(rtc, rtc->ram[KAGE_RTC_CENTURY]);
	unsigned int year = decode(rtc, rtc->ram[RTC_YEAR]);
	s64 seconds;

	seconds = mktime64((century ?: 20) * 100 + year,
			   decode(rtc, rtc->ram[RTC_MONTH]),
			   decode(rtc, rtc->ram[RTC_DAY_OF_MONTH]),
			   decode_hour(rtc, rtc->ram[RTC_HOURS]),
			   decode(rtc, rtc->ram[RTC_MINUTES]),
			   decode(rtc, rtc->ram[RTC_SECONDS]));
	rtc->offset = seconds - host_seconds();
	rtc->seen = seconds;
}

static bool is_time(unsigned int reg)
{
	switch (reg) {
	case RTC_SECONDS:
	case RTC_MINUTES:
	case RTC_HOURS:
	case RTC_DAY_OF_WEEK ... RTC_YEAR:
	case KAGE_RTC_CENTURY:
		return true;
	default:
		return false;
	}
}

/* Sets flags of register C and the line that follows from them. */
static void set_flags(struct kage_rtc *rtc, u8 flags)
{
	u8 *c = &rtc->ram[RTC_REG_C];

	*c |= flags;
	if ((*c & RTC_IRQF) || !(*c & rtc->ram[RTC_REG_B] & FLAGS))
		return;
	*c |= RTC_IRQF;
	rtc->interrupts++;
	kage_irq_set(rtc->vm, KAGE_GSI_RTC, 1);
}

static u8 clear_flags(struct kage_rtc *rtc)
{
	u8 flags = rtc->ram[RTC_REG_C];

	rtc->ram[RTC_REG_C] = 0;
	if (flags & RTC_IRQF)
		kage_irq_set(rtc->vm, KAGE_GSI_RTC, 0);
	return flags;
}

/* Values of the three fields that the alarm goes off at, a bit each. */
struct alarm_time {
	u64 hours, minutes, seconds;
};

/* @val: what the alarm's byte stands for, if @again is that byte. */
static u64 alarm_values(u8 byte, unsigned int val, u8 again, unsigned int nr)
{
	if (byte >= RTC_ALARM_DONT_CARE)
		return GENMASK_ULL(nr - 1, 0);
	return val < nr && again == byte ? BIT_ULL(val) : 0;
}

static void read_alarm(const struct kage_rtc *rtc, struct alarm_time *alarm)
{
	const u8 hour = rtc->ram[RTC_HOURS_ALARM];
	const u8 minute = rtc->ram[RTC_MINUTES_ALARM];
	const u8 second = rtc->ram[RTC_SECONDS_ALARM];
	unsigned int val = decode_hour(rtc, hour);

	alarm->hours = alarm_values(hour, val, encode_hour(rtc, val), 24);
	val = decode(rtc, minute);
	alarm->minutes = alarm_values(minute, val, encode(rtc, val), 60);
	val = decode(rtc, second);
	alarm->seconds = alarm_values(second, val, encode(rtc, val), 60);
}

/* The first of @values from @from on; 64 if there is none. */
static u32 next_value(u64 values, u32 from)
{
	values &= ~0ULL << from;
	return values ? __ffs64(values) : 64;
}

/*
 * When does it go off, from @now on? Both in seconds of the day, or of the day
 * after. No field is empty. Each is one value or all, so that it takes a step
 * or two for each of them, and not one for each second.
 */
static u32 next_alarm(const struct alarm_time *alarm, u32 now)
{
	const u64 hours = alarm->hours | alarm->hours << 24;
	u32 hour, minute, second;

	for (;;) {
		hour = next_value(hours, now / 3600);
		now = max(now, hour * 3600);
		minute = next_value(alarm->minutes, now / 60 % 60);
		if (minute == 64) {
			now = (hour + 1) * 3600;
			continue;
		}
		minute += hour * 60;
		now = max(now, minute * 60);
		second = next_value(alarm->seconds, now % 60);
		if (second != 64)
			return minute * 60 + second;
		now = (minute + 1) * 60;
	}
}

/* Did it at a second after @from, up to @to? A day has all there are. */
static bool alarm_between(const struct kage_rtc *rtc, s64 from, s64 to)
{
	const u32 n = from < to && to - from < DAY ? to - from : DAY;
	struct alarm_time alarm;
	s32 first;

	read_alarm(rtc, &alarm);
	if (!alarm.hours || !alarm.minutes || !alarm.seconds)
		return false;
	div_s64_rem(to - n + 1, DAY, &first);
	if (first < 0)
		first += DAY;
	return next_alarm(&alarm, first) - first < n;
}

/* Has the clock moved on since somebody looked? */
static void check_second(struct kage_rtc *rtc)
{
	s64 now = guest_seconds(rtc);
	u8 flags = RTC_UF;

	if (is_set(rtc) || now == rtc->seen)
		return;
	if (alarm_between(rtc, rtc->seen, now))
		flags |= RTC_AF;
	rtc->seen = now;
	fill_time(rtc);
	set_flags(rtc, flags);
}

/* Data sheet: "Periodic Interrupt Rate"; 0 where none is selected. */
static u64 period_ns(const struct kage_rtc *rtc)
{
	unsigned int rate = rtc->ram[RTC_REG_A] & RTC_RATE_SELECT;

	if (!rate || (rtc->ram[RTC_REG_A] & RTC_DIV_CTL) != RTC_REF_CLCK_32KHZ)
		return 0;
	if (rate < 3)		/* 1 and 2 are 8 and 9 at 32 kHz */
		rate += 7;
	return max_t(u64, (u64)NSEC_PER_SEC >> (16 - rate), MIN_PERIOD);
}

static void check_period(struct kage_rtc *rtc)
{
	u64 period = period_ns(rtc), now = ktime_get_ns();

	if (!period || now - rtc->last_period < period)
		return;
	rtc->last_period = now;
	set_flags(rtc, RTC_PF);
}

static void arm_period(struct kage_rtc *rtc, u64 expires)
{
	rtc->period_on = true;
	rtc->period_expires = expires;
	hrtimer_start(&rtc->period_hrt, ns_to_ktime(expires), HRTIMER_MODE_ABS);
}

/* To just after the next whole second of the host's clock. */
static void arm_second(struct kage_rtc *rtc)
{
	struct timespec64 ts;
	u64 wait;

	ktime_get_real_ts64(&ts);
	wait = NSEC_PER_SEC - ts.tv_nsec + NSEC_PER_USEC;
	rtc->second_on = true;
	hrtimer_start(&rtc->second_hrt, ns_to_ktime(ktime_get_ns() + wait),
		      HRTIMER_MODE_ABS);
}

static void disarm(struct kage_rtc *rtc)
{
	rtc->period_on = false;
	rtc->second_on = false;
	hrtimer_try_to_cancel(&rtc->period_hrt);
	hrtimer_try_to_cancel(&rtc->second_hrt);
}

/* After a write of register A or B: which timers are needed now? */
static void update_timers(struct kage_rtc *rtc)
{
	u8 b = rtc->ram[RTC_REG_B];
	u64 period = period_ns(rtc);

	disarm(rtc);
	if ((b & RTC_PIE) && period)
		arm_period(rtc, ktime_get_ns() + period);
	if ((b & (RTC_AIE | RTC_UIE)) && !(b & RTC_SET))
		arm_second(rtc);
}

static void expire_period(struct kage_rtc *rtc)
{
	u64 now = ktime_get_ns(), period = period_ns(rtc), late;

	if (!rtc->period_on || !period || now < rtc->period_expires)
		return;
	late = now - rtc->period_expires;
	arm_period(rtc, now + period - late % period);
	rtc->last_period = now;
	set_flags(rtc, RTC_PF);
}

static enum hrtimer_restart kage_rtc_period_expired(struct hrtimer *hrt)
{
	struct kage_rtc *rtc = container_of(hrt, struct kage_rtc, period_hrt);
	unsigned long flags;

	spin_lock_irqsave(&rtc->lock, flags);
	expire_period(rtc);
	spin_unlock_irqrestore(&rtc->lock, flags);
	/* Where it goes on, arm_period() has queued it. */
	return HRTIMER_NORESTART;
}

static enum hrtimer_restart kage_rtc_second_expired(struct hrtimer *hrt)
{
	struct kage_rtc *rtc = container_of(hrt, struct kage_rtc, second_hrt);
	unsigned long flags;

	spin_lock_irqsave(&rtc->lock, flags);
	if (rtc->second_on) {
		check_second(rtc);
		arm_second(rtc);
	}
	spin_unlock_irqrestore(&rtc->lock, flags);
	return HRTIMER_NORESTART;
}

static u8 read_a(const struct kage_rtc *rtc)
{
	struct timespec64 ts;
	u8 val = rtc->ram[RTC_REG_A];

	ktime_get_real_ts64(&ts);
	if (!is_set(rtc) && ts.tv_nsec >= NSEC_PER_SEC - UPDATE_NS)
		val |= RTC_UIP;
	return val;
}

static u8 read_c(struct kage_rtc *rtc)
{
	check_second(rtc);
	check_period(rtc);
	return clear_flags(rtc);
}

static u8 read_reg(struct kage_rtc *rtc, unsigned int reg)
{
	switch (reg) {
	case RTC_REG_A:
		return read_a(rtc);
	case RTC_REG_C:
		return read_c(rtc);
	case RTC_REG_D:
		return RTC_VRT;
	default:
		if (is_time(reg))
			fill_time(rtc);
		return rtc->ram[reg];
	}
}

static void write_b(struct kage_rtc *rtc, u8 val)
{
	bool was_set = is_set(rtc);

	/* What is enabled now may have been waiting for it. */
	check_second(rtc);
	if ((val & RTC_SET) && !was_set)
		fill_time(rtc);
	if (val & RTC_SET)		/* SET takes UIE away */
		val &= ~RTC_UIE;
	rtc->ram[RTC_REG_B] = val;
	if (was_set && !is_set(rtc))
		take_time(rtc);
	update_timers(rtc);
	set_flags(rtc, 0);
}

static void write_time(struct kage_rtc *rtc, unsigned int reg, u8 val)
{
	fill_time(rtc);
	rtc->ram[reg] = val;
	if (!is_set(rtc))
		take_time(rtc);
}

static void write_reg(struct kage_rtc *rtc, unsigned int reg, u8 val)
{
	switch (reg) {
	case RTC_REG_A:
		rtc->ram[reg] = val & ~RTC_UIP;
		update_timers(rtc);
		break;
	case RTC_REG_B:
		write_b(rtc, val);
		break;
	case RTC_REG_C:			/* read-only */
	case RTC_REG_D:
		break;
	default:
		if (is_time(reg))
			write_time(rtc, reg, val);
		else
			rtc->ram[reg] = val;
	}
}

static u8 read_byte(struct kage_rtc *rtc, unsigned int off)
{
	if (!off)			/* the index is write-only */
		return 0xff;
	return read_reg(rtc, array_index_nospec(rtc->index, RAM_LEN));
}

static u64 handle_read(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
		       unsigned int len)
{
	struct kage_rtc *rtc = container_of(dev, struct kage_rtc, dev);
	unsigned long flags;
	unsigned int i;
	u64 val = 0;

	spin_lock_irqsave(&rtc->lock, flags);
	for (i = 0; i < len; i++)
		val |= (u64)read_byte(rtc, off + i) << (i * 8);
	spin_unlock_irqrestore(&rtc->lock, flags);
	return val;
}

static void write_byte(struct kage_rtc *rtc, unsigned int off, u8 val)
{
	/* Bit 7 of the index masks NMIs on a PC; here nothing sends them. */
	if (!off)
		rtc->index = val & (RAM_LEN - 1);
	else
		write_reg(rtc, array_index_nospec(rtc->index, RAM_LEN), val);
}

static void handle_write(struct kage_iodev *dev, struct kage_vcpu *vcpu,
			 u64 off, unsigned int len, u64 val)
{
	struct kage_rtc *rtc = container_of(dev, struct kage_rtc, dev);
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&rtc->lock, flags);
	for (i = 0; i < len; i++, val >>= 8)
		write_byte(rtc, off + i, val);
	spin_unlock_irqrestore(&rtc->lock, flags);
}

static const struct kage_iodev_ops rtc_ops = {
	.read = handle_read,
	.write = handle_write,
};

static void reset(struct kage_rtc *rtc)
{
	unsigned long flags;

	spin_lock_irqsave(&rtc->lock, flags);
	disarm(rtc);
	clear_flags(rtc);
	memset(rtc->ram, 0, sizeof(rtc->ram));
	rtc->ram[RTC_REG_A] = RTC_REF_CLCK_32KHZ | RATE_1024HZ;
	rtc->ram[RTC_REG_B] = RTC_24H;
	rtc->index = 0;
	rtc->offset = 0;
	rtc->seen = guest_seconds(rtc);
	rtc->last_period = ktime_get_ns();
	spin_unlock_irqrestore(&rtc->lock, flags);
	/* What was under way has seen that nothing is due. */
	hrtimer_cancel(&rtc->period_hrt);
	hrtimer_cancel(&rtc->second_hrt);
}

int kage_rtc_create(struct kage_vm *vm)
{
	struct kage_rtc *rtc;
	int ret;

	rtc = kzalloc(sizeof(*rtc), GFP_KERNEL_ACCOUNT);
	if (!rtc)
		return -ENOMEM;
	spin_lock_init(&rtc->lock);
	rtc->vm = vm;
	rtc->dev.ops = &rtc_ops;
	hrtimer_init(&rtc->period_hrt, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	rtc->period_hrt.function = kage_rtc_period_expired;
	hrtimer_init(&rtc->second_hrt, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	rtc->second_hrt.function = kage_rtc_second_expired;
	reset(rtc);
	ret = kage_bus_add(vm, KAGE_BUS_PIO, &rtc->dev, 0x70, 2);
	if (ret)
		goto err_free;
	vm->rtc = rtc;
	return 0;

err_free:
	kfree(rtc);
	return ret;
}

void kage_rtc_destroy(struct kage_vm *vm)
{
	struct kage_rtc *rtc = vm->rtc;

	if (!rtc)
		return;
	kage_bus_remove(vm, KAGE_BUS_PIO, &rtc->dev);
	/* After that no access is under way that could start a timer. */
	synchronize_rcu();
	reset(rtc);
	vm->rtc = NULL;
	kfree(rtc);
}

void kage_rtc_reset(struct kage_vm *vm)
{
	reset(vm->rtc);
}

int kage_rtc_stats(struct kage_vm *vm, struct kage_stat_sink *sink)
{
	return sink->put(sink, "rtc_interrupts", READ_ONCE(vm->rtc->interrupts));
}
