/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The short way for accesses to devices: no walk of the guest's tables, and no
 * decoding, where an instruction reaches for the same page again.
 */
#ifndef _KAGE_EMUL_DEVICE_H
#define _KAGE_EMUL_DEVICE_H

#include "../types.h"

struct kage_device_cache;

struct kage_device_cache *kage_device_cache_alloc(void);
void kage_device_cache_free(struct kage_device_cache *cache);

/**
 * kage_device_again() - execute a device access that is known
 * @gva: the faulting address
 * @pfec: the error code
 *
 * Context: as kage_emul_run(). No event's delivery was cut short.
 * Return: true if the instruction is done; false if nothing has changed.
 */
bool kage_device_again(struct kage_vcpu *vcpu, gva_t gva, u32 pfec);

/**
 * kage_device_remember() - a device access was executed the long way
 * @rip: where it is
 * @gva: what it accessed
 * @write: the access was a store
 *
 * Learns it, if it is a plain access to a device, when it comes again.
 * Context: as kage_emul_run().
 */
void kage_device_remember(struct kage_vcpu *vcpu, u64 rip, gva_t gva,
			  bool write);

#endif /* _KAGE_EMUL_DEVICE_H */
