/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The 8254 interval timer and port 0x61, which gates and shows channel 2.
 */
#ifndef _KAGE_DEV_PIT_H
#define _KAGE_DEV_PIT_H

#include "../types.h"

/** kage_pit_create() - sets vm->pit; after kage_irqchip_create() */
int kage_pit_create(struct kage_vm *vm);
/** kage_pit_destroy() - the reverse; no vCPU runs; harmless if none */
void kage_pit_destroy(struct kage_vm *vm);
/** kage_pit_reset() - power-on state, no channel counts; no vCPU runs */
void kage_pit_reset(struct kage_vm *vm);
/** kage_pit_stats() - report the counters */
int kage_pit_stats(struct kage_vm *vm, struct kage_stat_sink *sink);

#endif /* _KAGE_DEV_PIT_H */
