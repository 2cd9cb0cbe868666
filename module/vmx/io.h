/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Port accesses of a guest.
 */
#ifndef _KAGE_VMX_IO_H
#define _KAGE_VMX_IO_H

#include "../types.h"

/** kage_io_exit() - serve an I/O exit, string forms included */
void kage_io_exit(struct kage_vcpu *vcpu);

#endif /* _KAGE_VMX_IO_H */
