/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the processors' VMX can do, and the control words chosen from it.
 */
#ifndef _KAGE_VMX_CAP_H
#define _KAGE_VMX_CAP_H

#include "../types.h"

struct kage_caps {
	u32 revision;			/* of VMCS and VMXON regions */
	u32 pin, proc, proc2;		/* VM-execution controls */
	u32 exit, entry;		/* VM-exit and VM-entry controls */
	u64 cr0_fixed0, cr0_fixed1;	/* bits that must be 1, may be 1 */
	u64 cr4_fixed0, cr4_fixed1;
	u8 timer_shift;			/* preemption timer: TSC >> shift */
	u8 phys_bits;			/* MAXPHYADDR; 52 where no word of it */
	bool efer_controls;		/* EFER is switched by controls */
	bool vpid;			/* VPID with the INVVPIDs it takes */
	bool string_info;		/* exits of INS and OUTS are described */
};

/* The same for every processor; checked when each is enabled. */
extern struct kage_caps kage_caps;

/**
 * kage_cap_probe() - read this CPU's capabilities
 * @why: on failure one clause that says what is missing
 *
 * Return: 0; -ENODEV if the processor has no VMX or lacks what kage needs;
 * -EPERM if firmware has locked VMX off.
 */
int kage_cap_probe(struct kage_caps *caps, const char **why);

#endif /* _KAGE_VMX_CAP_H */
