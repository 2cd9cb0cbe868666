/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is done about each reason for which a guest is left.
 */
#ifndef _KAGE_VMX_EXIT_H
#define _KAGE_VMX_EXIT_H

#include "../types.h"

/**
 * kage_exit_handle() - serve the exit that just happened
 *
 * Called with interrupts off; device handlers get them enabled, and all leave
 * them off.
 */
void kage_exit_handle(struct kage_vcpu *vcpu);

/** kage_exit_name() - name of a basic exit reason, NULL if it has none */
const char *kage_exit_name(unsigned int reason);

#endif /* _KAGE_VMX_EXIT_H */
