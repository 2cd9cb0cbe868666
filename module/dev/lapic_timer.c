// SPDX-License-Identifier: GPL-2.0
/*
 * The timer of a local APIC. SDM: "APIC Timer".
 *
 * The hrtimer's callback takes irq->lock, so nobody who holds the lock waits
 * for it. Instead @armed and @expires say under the lock what is wanted, and a
 * callback that comes too early or too late finds that nothing is due: starting
 * the hrtimer anew while its callback waits for the lock is harmless.
 *
 * A guest cannot make the host's timers storm: no period is shorter than
 * MIN_PERIOD, and a single shot costs it an exit each.
 */
#include "lapic.h"
#include "../vcpu.h"
#include "../vm.h"
#include "irqchip_priv.h"
#include <linux/ktime.h>
#include <asm/tsc.h>

#define MIN_PERIOD	(100 * NSEC_PER_USEC)
/* Deadlines further away than this are waited for in steps. */
#define MAX_WAIT_MS	(1000ULL * 3600 * 24)

static u32 timer_mode(u32 lvt)
{
	return lvt & (APIC_LVT_TIMER_PERIODIC | APIC_LVT_TIMER_TSCDEADLINE);
}

static bool in_mode(const struct kage_lapic *lapic, u32 mode)
{
	return timer_mode(lapic->lvt[KAGE_LVT_TIMER]) == mode;
}

/*
 * Nanoseconds of one count. TDCR 0000, 0001 ... 1010 divide by 2, 4 ... 128
 * and 1011 by 1.
 */
static u64 count_ns(const struct kage_lapic_timer *timer)
{
	u32 code = (timer->divide & 3) | (timer->divide >> 1 & 4);

	return (NSEC_PER_SEC / KAGE_LAPIC_HZ) << ((code + 1) & 7);
}

static void arm(struct kage_lapic_timer *timer, u64 expires)
{
	timer->expires = expires;
	timer->armed = true;
	hrtimer_start(&timer->hrt, ns_to_ktime(expires), HRTIMER_MODE_ABS);
}

static void disarm(struct kage_lapic_timer *timer)
{
	timer->armed = false;
	timer->period = 0;
	timer->deadline = 0;
	hrtimer_try_to_cancel(&timer->hrt);
}

static void fire(struct kage_lapic *lapic)
{
	lapic->timer_irqs++;
	kage_lapic_local_locked(lapic, KAGE_LVT_TIMER);
}

/* Starts a count of @ticks after the divider; 2^32 * 128 * 40 ns fit. */
static void run_count(struct kage_lapic *lapic, u32 ticks)
{
	struct kage_lapic_timer *timer = &lapic->timer;
	u64 wait = ticks * count_ns(timer);

	timer->period = 0;
	if (in_mode(lapic, APIC_LVT_TIMER_PERIODIC)) {
		timer->period = max_t(u64, timer->initial * count_ns(timer),
				      MIN_PERIOD);
		wait = min(wait, timer->period);
	}
	arm(timer, ktime_get_ns() + wait);
}

void kage_lapic_timer_start_locked(struct kage_lapic *lapic, u32 count)
{
	struct kage_lapic_timer *timer = &lapic->timer;

	lockdep_assert_held(&lapic->vcpu->vm->irq->lock);
	if (in_mode(lapic, APIC_LVT_TIMER_TSCDEADLINE))
		return;
	timer->initial = count;
	if (count)
		run_count(lapic, count);
	else
		disarm(timer);
}

u32 kage_lapic_timer_count_locked(struct kage_lapic *lapic)
{
	const struct kage_lapic_timer *timer = &lapic->timer;
	u64 now = ktime_get_ns(), left;

	if (!timer->armed || timer->deadline)
		return 0;
	if (now < timer->expires)
		left = timer->expires - now;
	else if (timer->period)		/* its callback is about to run */
		left = timer->period - (now - timer->expires) % timer->period;
	else
		return 0;
	/* A period that was stretched shows its full count for longer. */
	return min_t(u64, left / count_ns(timer), timer->initial);
}

void kage_lapic_timer_divide_locked(struct kage_lapic *lapic, u32 val)
{
	u32 left = kage_lapic_timer_count_locked(lapic);

	lapic->timer.divide = val;
	if (left)
		run_count(lapic, left);
}

void kage_lapic_timer_mode_locked(struct kage_lapic *lapic, u32 lvt)
{
	struct kage_lapic_timer *timer = &lapic->timer;
	u32 old = timer_mode(lapic->lvt[KAGE_LVT_TIMER]);
	u32 new = timer_mode(lvt);

	if (old == new)
		return;
	/* SDM: "TSC-Deadline Mode": changes to and from it disarm the timer. */
	if ((old | new) & APIC_LVT_TIMER_TSCDEADLINE) {
		disarm(timer);
		timer->initial = 0;
	} else if (timer->armed && new == APIC_LVT_TIMER_PERIODIC) {
		timer->period = max_t(u64, timer->initial * count_ns(timer),
				      MIN_PERIOD);
	} else {
		timer->period = 0;
	}
}

/* Arms for the deadline; false if the guest's clock has passed it. */
static bool wait_deadline(struct kage_lapic *lapic)
{
	struct kage_lapic_timer *timer = &lapic->timer;
	u64 khz = max(READ_ONCE(tsc_khz), 1000U);
	u64 tsc = kage_vcpu_tsc(lapic->vcpu);
	u64 left = timer->deadline - tsc, ms;

	if (timer->deadline <= tsc)
		return false;
	ms = min(left / khz, MAX_WAIT_MS);
	/*
	 * One microsecond late rather than early, where the host's clock runs
	 * ahead of its TSC: an early callback would only wait again.
	 */
	arm(timer, ktime_get_ns() + ms * NSEC_PER_MSEC +
	    left % khz * NSEC_PER_MSEC / khz + NSEC_PER_USEC);
	return true;
}

static void check_deadline(struct kage_lapic *lapic)
{
	if (wait_deadline(lapic))
		return;
	disarm(&lapic->timer);
	fire(lapic);
}

u64 kage_lapic_get_deadline(struct kage_vcpu *vcpu)
{
	return READ_ONCE(vcpu->lapic->timer.deadline);
}

void kage_lapic_set_deadline(struct kage_vcpu *vcpu, u64 tsc)
{
	struct kage_irqchip *irq = vcpu->vm->irq;
	struct kage_lapic *lapic = vcpu->lapic;
	unsigned long flags;

	spin_lock_irqsave(&irq->lock, flags);
	if (in_mode(lapic, APIC_LVT_TIMER_TSCDEADLINE)) {
		WRITE_ONCE(lapic->timer.deadline, tsc);
		if (tsc)
			check_deadline(lapic);
		else
			disarm(&lapic->timer);
	}
	spin_unlock_irqrestore(&irq->lock, flags);
}

void kage_lapic_tsc_moved(struct kage_vcpu *vcpu)
{
	struct kage_irqchip *irq = vcpu->vm->irq;
	unsigned long flags;

	spin_lock_irqsave(&irq->lock, flags);
	if (vcpu->lapic->timer.deadline)
		check_deadline(vcpu->lapic);
	spin_unlock_irqrestore(&irq->lock, flags);
}

/* Keeps the phase; periods that were missed are dropped. */
static void next_period(struct kage_lapic_timer *timer, u64 now)
{
	u64 late = now - timer->expires;

	arm(timer, now + timer->period - late % timer->period);
}

static void expire(struct kage_lapic *lapic)
{
	struct kage_lapic_timer *timer = &lapic->timer;
	u64 now = ktime_get_ns();

	if (!timer->armed || now < timer->expires)
		return;
	if (timer->deadline) {
		check_deadline(lapic);
		return;
	}
	if (timer->period)
		next_period(timer, now);
	else
		timer->armed = false;
	fire(lapic);
}

static enum hrtimer_restart kage_lapic_timer_expired(struct hrtimer *hrt)
{
	struct kage_lapic *lapic = container_of(hrt, struct kage_lapic,
						timer.hrt);
	struct kage_irqchip *irq = lapic->vcpu->vm->irq;
	unsigned long flags;

	spin_lock_irqsave(&irq->lock, flags);
	expire(lapic);
	spin_unlock_irqrestore(&irq->lock, flags);
	/* Where it goes on, arm() has queued it. */
	return HRTIMER_NORESTART;
}

void kage_lapic_timer_init(struct kage_lapic *lapic)
{
	hrtimer_init(&lapic->timer.hrt, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	lapic->timer.hrt.function = kage_lapic_timer_expired;
}

void kage_lapic_timer_stop_locked(struct kage_lapic *lapic)
{
	lockdep_assert_held(&lapic->vcpu->vm->irq->lock);
	disarm(&lapic->timer);
}

void kage_lapic_timer_cancel(struct kage_lapic *lapic)
{
	struct kage_irqchip *irq = lapic->vcpu->vm->irq;
	unsigned long flags;

	/* First, so that a callback under way does not start it again. */
	spin_lock_irqsave(&irq->lock, flags);
	disarm(&lapic->timer);
	spin_unlock_irqrestore(&irq->lock, flags);
	hrtimer_cancel(&lapic->timer.hrt);
}
