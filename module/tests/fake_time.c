// SPDX-License-Identifier: GPL-2.0
/*
 * A clock that moves only when a test says so. One test runs at a time, and
 * what it tests runs in its thread, so nothing is locked.
 */
#include "fake_time.h"

#define NR_TIMERS	16
/* A whole second, so that the fraction of a second begins at 0. */
#define START		(1000 * NSEC_PER_SEC)
/* So late are the clocks that ticks move. */
#define TICK		(4 * NSEC_PER_MSEC)
/* Callbacks in one wait; a timer that never stops would hang the suite. */
#define MAX_CALLBACKS	100000

static u64 now = START;
static struct {
	struct hrtimer *hrt;
	u64 expires;
} timers[NR_TIMERS];

unsigned int fake_tsc_khz = 1000000;

u64 fake_ktime_get_ns(void)
{
	return now;
}

time64_t fake_ktime_get_real_seconds(void)
{
	return FAKE_EPOCH - 1 + (now - TICK - START + NSEC_PER_SEC) /
				NSEC_PER_SEC;
}

void fake_ktime_get_real_ts64(struct timespec64 *ts)
{
	ts->tv_sec = FAKE_EPOCH + (now - START) / NSEC_PER_SEC;
	ts->tv_nsec = now % NSEC_PER_SEC;
}

int fake_hrtimer_cancel(struct hrtimer *hrt)
{
	unsigned int i;

	for (i = 0; i < NR_TIMERS; i++) {
		if (timers[i].hrt == hrt) {
			timers[i].hrt = NULL;
			return 1;
		}
	}
	return 0;
}

void fake_hrtimer_start(struct hrtimer *hrt, ktime_t expires,
			enum hrtimer_mode mode)
{
	unsigned int i;

	fake_hrtimer_cancel(hrt);
	for (i = 0; i < NR_TIMERS - 1; i++)
		if (!timers[i].hrt)
			break;
	WARN_ON_ONCE(timers[i].hrt || mode != HRTIMER_MODE_ABS);
	timers[i].hrt = hrt;
	timers[i].expires = ktime_to_ns(expires);
}

/* The first timer due by @end, out of the table; NULL: none. */
static struct hrtimer *next_due(u64 end)
{
	struct hrtimer *hrt;
	int i, first = -1;

	for (i = 0; i < NR_TIMERS; i++)
		if (timers[i].hrt && timers[i].expires <= end &&
		    (first < 0 || timers[i].expires < timers[first].expires))
			first = i;
	if (first < 0)
		return NULL;
	now = max(now, timers[first].expires);
	hrt = timers[first].hrt;
	timers[first].hrt = NULL;
	return hrt;
}

void fake_time_wait(u64 ns)
{
	unsigned int calls = 0;
	struct hrtimer *hrt;
	u64 end = now + ns;

	while ((hrt = next_due(end))) {
		hrt->function(hrt);
		if (WARN_ON_ONCE(++calls == MAX_CALLBACKS))
			break;
	}
	now = end;
}

unsigned int fake_time_armed(void)
{
	unsigned int i, nr = 0;

	for (i = 0; i < NR_TIMERS; i++)
		nr += !!timers[i].hrt;
	return nr;
}

void fake_time_reset(void)
{
	now = START;
	memset(timers, 0, sizeof(timers));
}
