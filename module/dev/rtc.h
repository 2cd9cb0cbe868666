/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CMOS clock with 128 bytes of memory, in UTC.
 */
#ifndef _KAGE_DEV_RTC_H
#define _KAGE_DEV_RTC_H

#include "../types.h"

#define KAGE_RTC_CENTURY	0x32	/* what the FADT gives as CENTURY */

/** kage_rtc_create() - sets vm->rtc; after kage_irqchip_create() */
int kage_rtc_create(struct kage_vm *vm);
/** kage_rtc_destroy() - the reverse; no vCPU runs; harmless if none */
void kage_rtc_destroy(struct kage_vm *vm);
/** kage_rtc_reset() - the host's time, memory zeroed; no vCPU runs */
void kage_rtc_reset(struct kage_vm *vm);
/** kage_rtc_stats() - report the counters */
int kage_rtc_stats(struct kage_vm *vm, struct kage_stat_sink *sink);

#endif /* _KAGE_DEV_RTC_H */
