/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine without VMX: buses, the devices that a suite asks for, and vCPUs
 * that only note what they are told. A row is a name and steps; a step does one
 * thing to the machine, and what comes back must be its value.
 */
#ifndef _KAGE_TESTS_FAKE_VM_H
#define _KAGE_TESTS_FAKE_VM_H

#include <kunit/test.h>
#include "../vcpu.h"
#include "../vm.h"

#define FAKE_NR_VCPUS	4

/* Parts of a machine; those that interrupt need the first. */
#define FAKE_IRQCHIP	BIT(0)
#define FAKE_PIT	BIT(1)
#define FAKE_RTC	BIT(2)
#define FAKE_UART	BIT(3)
#define FAKE_PCI	BIT(4)

/* The far end of the serial line. */
struct kage_console {
	u8 sent[32];
	unsigned int nr_sent;
	unsigned int drained;
};

struct fake_vm {
	struct kage_vm vm;
	struct kage_vcpu vcpu[FAKE_NR_VCPUS];
	struct kage_console console;
	u8 reset_port;			/* last write to 0xcf9 */
	void *suite;			/* the suite's own */
};

/**
 * struct fake_step - one thing done to the machine
 * @run: does it and returns what the guest or the host would see
 * @val: what is written, and what @run must return
 * @mask: bits of it that count; 0: all
 */
struct fake_step {
	u64 (*run)(struct fake_vm *fake, const struct fake_step *step);
	u64 addr, val;
	u8 len, cpu;
	u64 mask;
};

struct fake_row {
	const char *name;
	const struct fake_step *steps;	/* the last has no @run */
};

#define ROW(text, ...) \
	{ text, (const struct fake_step[]){ __VA_ARGS__, {} } }

/* Ports. */
u64 fake_in(struct fake_vm *fake, const struct fake_step *step);
u64 fake_out(struct fake_vm *fake, const struct fake_step *step);
#define IN(port, val)		{ fake_in, port, val, 1 }
#define IN2(port, val)		{ fake_in, port, val, 2 }
#define IN4(port, val)		{ fake_in, port, val, 4 }
#define IN_BITS(port, mask, val) { fake_in, port, val, 1, 0, mask }
#define OUT(port, val)		{ fake_out, port, val, 1 }
#define OUT2(port, val)		{ fake_out, port, val, 2 }
#define OUT4(port, val)		{ fake_out, port, val, 4 }

/* Device memory. */
u64 fake_load(struct fake_vm *fake, const struct fake_step *step);
u64 fake_store(struct fake_vm *fake, const struct fake_step *step);
#define LOAD_ON(cpu, addr, val)	{ fake_load, addr, val, 4, cpu }
#define LOAD(addr, val)		LOAD_ON(0, addr, val)
#define LOAD1(addr, val)	{ fake_load, addr, val, 1 }
#define STORE_ON(cpu, addr, val) { fake_store, addr, val, 4, cpu }
#define STORE(addr, val)	STORE_ON(0, addr, val)
#define STORE1(addr, val)	{ fake_store, addr, val, 1 }

/* Lines and messages into the interrupt controllers. */
u64 fake_line(struct fake_vm *fake, const struct fake_step *step);
u64 fake_pulse(struct fake_vm *fake, const struct fake_step *step);
u64 fake_line_is(struct fake_vm *fake, const struct fake_step *step);
u64 fake_msi(struct fake_vm *fake, const struct fake_step *step);
#define LINE(gsi, level)	{ fake_line, gsi, level }
#define PULSE(gsi)		{ fake_pulse, gsi }
#define LINE_IS(gsi, level)	{ fake_line_is, gsi, level }
#define MSI(addr, data)		{ fake_msi, addr, data }

/* What a vCPU finds; NOTHING where it finds no vector. */
#define NOTHING			((u64)-1)
u64 fake_pending(struct fake_vm *fake, const struct fake_step *step);
u64 fake_ack(struct fake_vm *fake, const struct fake_step *step);
u64 fake_event(struct fake_vm *fake, const struct fake_step *step);
#define PENDING_ON(cpu, val)	{ fake_pending, 0, val, 0, cpu }
#define PENDING(val)		PENDING_ON(0, val)
#define ACK_ON(cpu, vector)	{ fake_ack, 0, vector, 0, cpu }
#define ACK(vector)		ACK_ON(0, vector)
#define EVENT_ON(cpu, val)	{ fake_event, 0, val, 0, cpu }
#define EVENT(val)		EVENT_ON(0, val)

/* Local APIC as MSRs; the _GP steps want the access refused. */
u64 fake_rdmsr(struct fake_vm *fake, const struct fake_step *step);
u64 fake_wrmsr(struct fake_vm *fake, const struct fake_step *step);
u64 fake_rdmsr_gp(struct fake_vm *fake, const struct fake_step *step);
u64 fake_wrmsr_gp(struct fake_vm *fake, const struct fake_step *step);
u64 fake_base_is(struct fake_vm *fake, const struct fake_step *step);
u64 fake_set_base(struct fake_vm *fake, const struct fake_step *step);
u64 fake_set_base_gp(struct fake_vm *fake, const struct fake_step *step);
#define RDMSR(msr, val)		{ fake_rdmsr, msr, val }
#define WRMSR(msr, val)		{ fake_wrmsr, msr, val }
#define RDMSR_GP(msr)		{ fake_rdmsr_gp, msr }
#define WRMSR_GP(msr, val)	{ fake_wrmsr_gp, msr, val }
#define BASE_IS_ON(cpu, val)	{ fake_base_is, 0, val, 0, cpu }
#define BASE_IS(val)		BASE_IS_ON(0, val)
#define SET_BASE_ON(cpu, val)	{ fake_set_base, 0, val, 0, cpu }
#define SET_BASE(val)		SET_BASE_ON(0, val)
#define SET_BASE_GP(val)	{ fake_set_base_gp, 0, val }

/* A local APIC in xAPIC mode. */
#define XAPIC(off)		(0xfee00000 + (off))
#define ENABLE_ON(cpu)		STORE_ON(cpu, XAPIC(0xf0), 0x1ff)
#define ENABLE			ENABLE_ON(0)
#define LAPIC_EOI_ON(cpu)	STORE_ON(cpu, XAPIC(0xb0), 0)
#define LAPIC_EOI		LAPIC_EOI_ON(0)
#define ESR_IS(val)		STORE(XAPIC(0x280), 0), LOAD(XAPIC(0x280), val)

u64 fake_nmi(struct fake_vm *fake, const struct fake_step *step);
#define NMI_ON(cpu, val)	{ fake_nmi, 0, val, 0, cpu }

u64 fake_wait(struct fake_vm *fake, const struct fake_step *step);
#define WAIT(ns)		{ fake_wait, ns }

/** fake_vm_init() - a machine of @parts as test->priv; for a suite's init */
int fake_vm_init(struct kunit *test, unsigned int nr_vcpus, unsigned int parts);
/** fake_vm_exit() - the reverse; no timer may be left */
void fake_vm_exit(struct kunit *test);
/** fake_vm_run() - do the steps of the test's row */
void fake_vm_run(struct kunit *test);
/** fake_row_name() - for KUNIT_ARRAY_PARAM() */
void fake_row_name(const struct fake_row *row, char *name);

#endif /* _KAGE_TESTS_FAKE_VM_H */
