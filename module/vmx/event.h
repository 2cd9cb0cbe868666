/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exceptions and interrupts that a guest gets.
 *
 * One event can wait for the next entry. An exception raised while another
 * waits makes a double fault, or replaces it, by the SDM's rules; a triple
 * fault shuts the machine down. SDM: "Interrupt 8-Double Fault Exception".
 */
#ifndef _KAGE_VMX_EVENT_H
#define _KAGE_VMX_EVENT_H

#include "../types.h"

void kage_event_inject_db(struct kage_vcpu *vcpu, u64 dr6);
/** kage_event_inject_int1() - that of INT1, @len bytes long, at RIP */
void kage_event_inject_int1(struct kage_vcpu *vcpu, u32 len);
void kage_event_inject_ud(struct kage_vcpu *vcpu);
void kage_event_inject_gp(struct kage_vcpu *vcpu, u32 error);
void kage_event_inject_ss(struct kage_vcpu *vcpu, u32 error);
void kage_event_inject_ac(struct kage_vcpu *vcpu, u32 error);
/** kage_event_inject_pf() - sets CR2 too */
void kage_event_inject_pf(struct kage_vcpu *vcpu, gva_t gva, u32 error);

/**
 * kage_event_vectoring() - does an event wait whose delivery has exited?
 */
bool kage_event_vectoring(struct kage_vcpu *vcpu);

/** kage_event_prepare() - before entry: choose what is delivered */
void kage_event_prepare(struct kage_vcpu *vcpu);
/** kage_event_unprepare() - the entry did not take place after all */
void kage_event_unprepare(struct kage_vcpu *vcpu);
/** kage_event_after_exit() - what was delivered, and what must go again */
void kage_event_after_exit(struct kage_vcpu *vcpu);

/** kage_event_close_window() - stop the exits of open interrupt windows */
void kage_event_close_window(struct kage_vcpu *vcpu, u32 window);

/** kage_event_wakes() - is there something that ends HLT? */
bool kage_event_wakes(struct kage_vcpu *vcpu);

#endif /* _KAGE_VMX_EVENT_H */
