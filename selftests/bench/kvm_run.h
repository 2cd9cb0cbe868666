/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine under /dev/kvm with as little around it as kage's own has: one
 * vCPU, interrupt controllers and PIT in the kernel, a UART.
 */
#ifndef _KVM_RUN_H
#define _KVM_RUN_H

#include "load.h"
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

/* Why the guest stopped; the exit status of the program. */
enum stop { STOP_NOT, STOP_FAILED, STOP_USAGE, STOP_RESET };

struct machine {
	int kvm, vm, vcpu;	/* descriptors */
	struct kvm_run *run;
	struct load_ram ram;
	struct load_plan plan;
};

/** complain() - a line with the reason of errno, if that is not 0; -1 */
int complain(const char *what);

/**
 * cpu_set_up() - CPUID, and the registers of the 64-bit boot protocol
 * @feature_control: IA32_FEATURE_CONTROL of the guest, or negative
 *
 * The guest sees no paravirtual interface of KVM.
 * Return: 0 or -1.
 */
int cpu_set_up(const struct machine *m, long feature_control);

/**
 * ports_access() - an access to a port that the kernel left to us
 * @data: what is written, or where to put what is read
 * @stop: set if it ends the machine
 *
 * Return: true if the machine ends, with the status in @stop.
 */
bool ports_access(const struct machine *m, uint16_t port, void *data,
		  unsigned int len, bool out, enum stop *stop);

#endif /* _KVM_RUN_H */
