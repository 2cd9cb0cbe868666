// SPDX-License-Identifier: GPL-2.0
/*
 * Offsets that entry.S needs; compiled to assembly only, for kbuild to read.
 */
#include "../vcpu.h"
#include <linux/kbuild.h>

static void __used offsets(void)
{
	OFFSET(KAGE_VCPU_REGS, kage_vcpu, regs);
	OFFSET(KAGE_VCPU_HOST_RSP, kage_vcpu, vmx.host_rsp);
}
