/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A clock that moves only when a test says so, with the timers that hang on it.
 * To be included before the source under test, whose calls it takes over.
 */
#ifndef _KAGE_TESTS_FAKE_TIME_H
#define _KAGE_TESTS_FAKE_TIME_H

#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/timekeeping.h>
#include <asm/tsc.h>

/* The host's clock when a test begins: 2024-02-28 23:59:50 UTC, a leap year. */
#define FAKE_EPOCH	1709164790LL

/* One tick of the host's TSC is a nanosecond. */
extern unsigned int fake_tsc_khz;

/** fake_time_reset() - back to the beginning, no timer runs */
void fake_time_reset(void);
/** fake_time_wait() - let @ns pass and the timers that fall due run */
void fake_time_wait(u64 ns);
/** fake_time_armed() - how many timers run */
unsigned int fake_time_armed(void);

u64 fake_ktime_get_ns(void);
time64_t fake_ktime_get_real_seconds(void);
void fake_ktime_get_real_ts64(struct timespec64 *ts);
void fake_hrtimer_start(struct hrtimer *hrt, ktime_t expires,
			enum hrtimer_mode mode);
int fake_hrtimer_cancel(struct hrtimer *hrt);

#define ktime_get_ns			fake_ktime_get_ns
#define ktime_get_real_seconds		fake_ktime_get_real_seconds
#define ktime_get_real_ts64		fake_ktime_get_real_ts64
#define hrtimer_start			fake_hrtimer_start
#define hrtimer_cancel			fake_hrtimer_cancel
#define hrtimer_try_to_cancel		fake_hrtimer_cancel
#define tsc_khz				fake_tsc_khz

#endif /* _KAGE_TESTS_FAKE_TIME_H */
