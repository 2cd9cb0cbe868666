// SPDX-License-Identifier: GPL-2.0
/*
 * What local APICs take, and in which order, row by row. SDM: "Advanced
 * Programmable Interrupt Controller (APIC)". Four processors.
 */
#include "../dev/lapic.c"
#include "fake_vm.h"

#define ID		XAPIC(0x20)
#define TPR		XAPIC(0x80)
#define PPR		XAPIC(0xa0)
#define LDR		XAPIC(0xd0)
#define DFR		XAPIC(0xe0)
#define SVR		XAPIC(0xf0)
#define ISR(vector)	XAPIC(0x100 + ((vector) >> 5) * 0x10)
#define TMR(vector)	XAPIC(0x180 + ((vector) >> 5) * 0x10)
#define IRR(vector)	XAPIC(0x200 + ((vector) >> 5) * 0x10)
#define BIT_OF(vector)	(1U << ((vector) & 31))
#define LVT_ERROR	XAPIC(0x370)

#define ENABLE_ALL	ENABLE_ON(0), ENABLE_ON(1), ENABLE_ON(2), ENABLE_ON(3)
#define NOBODY		PENDING_ON(0, 0), PENDING_ON(1, 0), PENDING_ON(2, 0), \
			PENDING_ON(3, 0)

/* Interrupts between processors, all sent by the first. */
#define IPI(dest, icr)	STORE(XAPIC(0x310), (u64)(dest) << 24), \
			STORE(XAPIC(0x300), icr)
#define SELF(vector)	STORE(XAPIC(0x300), 0x40000 | (vector))

#define LOGICAL		0x0800
#define LOWEST		0x0100
#define SMI		0x0200
#define NMI		0x0400
#define INIT		0x4500
#define INIT_LEVEL	0xc500
#define INIT_DEASSERT	0x8500
#define STARTUP		0x4600
#define EXTINT		0x0700
#define ALL		0x80000
#define OTHERS		0xc0000

static u64 sipi(struct fake_vm *fake, const struct fake_step *step)
{
	return (s64)kage_lapic_take_sipi(&fake->vcpu[step->cpu]);
}

static u64 cr8(struct fake_vm *fake, const struct fake_step *step)
{
	return kage_lapic_get_cr8(&fake->vcpu[step->cpu]);
}

static u64 set_cr8(struct fake_vm *fake, const struct fake_step *step)
{
	kage_lapic_set_cr8(&fake->vcpu[step->cpu], step->val);
	return step->val;
}

#define SIPI_ON(cpu, vector)	{ sipi, 0, vector, 0, cpu }
#define CR8(val)		{ cr8, 0, val }
#define SET_CR8(val)		{ set_cr8, 0, val }

/* Logical identities in the flat model: a bit for each. */
#define FLAT	STORE_ON(0, LDR, 1 << 24), STORE_ON(1, LDR, 2 << 24), \
	STORE_ON(2, LDR, 4 << 24), STORE_ON(3, LDR, 8 << 24)
/* Two clusters of two. */
#define CLUSTER_OF(cpu, id) \
	STORE_ON(cpu, DFR, 0x0fffffff), STORE_ON(cpu, LDR, (u64)(id) << 24)
#define CLUSTERS	CLUSTER_OF(0, 0x11), CLUSTER_OF(1, 0x12), \
	CLUSTER_OF(2, 0x21), CLUSTER_OF(3, 0x22)
#define X2APIC(cpu)	SET_BASE_ON(cpu, cpu ? 0xfee00c00 : 0xfee00d00)
#define X2APIC_ALL	X2APIC(0), X2APIC(1), X2APIC(2), X2APIC(3)
#define X2IPI(dest, icr) WRMSR(0x830, (u64)(dest) << 32 | (icr))

static const struct fake_row rows[] = {
	/* From IRR to ISR to nothing. */
	ROW("request, service, end", ENABLE, SELF(0x41), EVENT(1),
	    LOAD(IRR(0x41), BIT_OF(0x41)), LOAD(ISR(0x41), 0), PENDING(1),
	    ACK(0x41), LOAD(IRR(0x41), 0), LOAD(ISR(0x41), BIT_OF(0x41)),
	    PENDING(0), LAPIC_EOI, LOAD(ISR(0x41), 0)),
	ROW("the first and the last vector", ENABLE, SELF(0x10), SELF(0xff),
	    LOAD(IRR(0x10), 0x10000), LOAD(IRR(0xff), 0x80000000), ACK(0xff),
	    LAPIC_EOI, ACK(0x10)),
	ROW("the same twice is once", ENABLE, SELF(0x41), SELF(0x41),
	    ACK(0x41), LAPIC_EOI, PENDING(0)),
	ROW("once more while in service", ENABLE, SELF(0x41), ACK(0x41),
	    SELF(0x41), PENDING(0), LAPIC_EOI, ACK(0x41)),
	ROW("the highest first", ENABLE, SELF(0x41), SELF(0x43), SELF(0x81),
	    ACK(0x81), LAPIC_EOI, ACK(0x43), LAPIC_EOI, ACK(0x41)),
	ROW("EOI with nothing in service", ENABLE, LAPIC_EOI, SELF(0x41),
	    ACK(0x41)),
	ROW("EOI ends the highest", ENABLE, SELF(0x41), ACK(0x41), SELF(0x51),
	    ACK(0x51), LAPIC_EOI, LOAD(ISR(0x51), BIT_OF(0x41)), LAPIC_EOI,
	    LOAD(ISR(0x41), 0)),
	ROW("nothing to take", ENABLE, PENDING(0), ACK(NOTHING)),
	ROW("told once for each that can be taken", ENABLE, SELF(0x41),
	    EVENT(1), SELF(0x51), EVENT(0), ACK(0x51), EVENT(0), LAPIC_EOI,
	    EVENT(1), ACK(0x41)),

	/* Priorities. */
	ROW("same class waits", ENABLE, SELF(0x41), ACK(0x41), SELF(0x4f),
	    PENDING(0), LAPIC_EOI, ACK(0x4f)),
	ROW("next class nests", ENABLE, SELF(0x41), ACK(0x41), SELF(0x50),
	    ACK(0x50)),
	ROW("TPR holds its class", ENABLE, STORE(TPR, 0x50), SELF(0x5f),
	    PENDING(0), SELF(0x60), ACK(0x60)),
	ROW("TPR lowered lets through", ENABLE, STORE(TPR, 0x50), SELF(0x5f),
	    EVENT(0), STORE(TPR, 0x40), EVENT(1), ACK(0x5f)),
	ROW("TPR raised holds back", ENABLE, SELF(0x5f), PENDING(1),
	    STORE(TPR, 0x50), PENDING(0), ACK(NOTHING), STORE(TPR, 0),
	    ACK(0x5f)),
	ROW("TPR: the subclass does not count", ENABLE, STORE(TPR, 0x4f),
	    SELF(0x50), PENDING(1)),
	ROW("TPR 0xf0 holds all", ENABLE, STORE(TPR, 0xf0), SELF(0xff),
	    PENDING(0)),
	ROW("PPR is TPR", ENABLE, STORE(TPR, 0x35), LOAD(PPR, 0x35)),
	ROW("PPR is the class in service", ENABLE, SELF(0x47), ACK(0x47),
	    STORE(TPR, 0x35), LOAD(PPR, 0x40)),
	ROW("PPR is the higher TPR", ENABLE, SELF(0x47), ACK(0x47),
	    STORE(TPR, 0x55), LOAD(PPR, 0x55)),
	ROW("PPR is not written", ENABLE, STORE(PPR, 0xf0), LOAD(PPR, 0)),
	ROW("CR8 is the class of TPR", ENABLE, STORE(TPR, 0x5a), CR8(5),
	    SET_CR8(9), LOAD(TPR, 0x90), SET_CR8(0), LOAD(TPR, 0)),
	ROW("CR8 lets through", ENABLE, SET_CR8(5), SELF(0x5f), PENDING(0),
	    SET_CR8(4), EVENT(1), PENDING(1)),

	/* Destinations. */
	ROW("to one", ENABLE_ALL, IPI(2, 0x41), PENDING_ON(0, 0),
	    PENDING_ON(1, 0), PENDING_ON(3, 0), ACK_ON(2, 0x41)),
	ROW("to nobody", ENABLE_ALL, IPI(4, 0x41), NOBODY),
	ROW("to 0xff", ENABLE_ALL, IPI(0xff, 0x41), ACK_ON(0, 0x41),
	    ACK_ON(1, 0x41), ACK_ON(2, 0x41), ACK_ON(3, 0x41)),
	ROW("to all", ENABLE_ALL, IPI(9, ALL | 0x41), ACK_ON(0, 0x41),
	    ACK_ON(1, 0x41), ACK_ON(2, 0x41), ACK_ON(3, 0x41)),
	ROW("to the others", ENABLE_ALL, IPI(0, OTHERS | 0x41),
	    PENDING_ON(0, 0), ACK_ON(1, 0x41), ACK_ON(2, 0x41),
	    ACK_ON(3, 0x41)),
	ROW("to oneself, whatever the destination", ENABLE_ALL, IPI(2, 0),
	    ESR_IS(0x20), SELF(0x41), PENDING_ON(2, 0), ACK(0x41)),
	ROW("flat: a mask", ENABLE_ALL, FLAT, IPI(0x0a, LOGICAL | 0x41),
	    PENDING_ON(0, 0), ACK_ON(1, 0x41), PENDING_ON(2, 0),
	    ACK_ON(3, 0x41)),
	ROW("flat: no bit", ENABLE_ALL, FLAT, IPI(0xf0, LOGICAL | 0x41),
	    NOBODY),
	ROW("flat: 0xff", ENABLE_ALL, IPI(0xff, LOGICAL | 0x41),
	    ACK_ON(0, 0x41), ACK_ON(3, 0x41)),
	ROW("cluster: members", ENABLE_ALL, CLUSTERS,
	    IPI(0x21, LOGICAL | 0x41), PENDING_ON(0, 0), PENDING_ON(1, 0),
	    ACK_ON(2, 0x41), PENDING_ON(3, 0), IPI(0x13, LOGICAL | 0x42),
	    ACK_ON(0, 0x42), ACK_ON(1, 0x42), PENDING_ON(2, 0)),
	ROW("cluster: another", ENABLE_ALL, CLUSTERS,
	    IPI(0x3f, LOGICAL | 0x41), NOBODY),
	ROW("x2APIC: to one", ENABLE_ALL, X2APIC_ALL, X2IPI(3, 0x41),
	    ACK_ON(3, 0x41), NOBODY),
	ROW("x2APIC: 0xff is nobody", ENABLE_ALL, X2APIC_ALL,
	    X2IPI(0xff, 0x41), NOBODY),
	ROW("x2APIC: to all", ENABLE_ALL, X2APIC_ALL, X2IPI(~0U, 0x41),
	    ACK_ON(0, 0x41), ACK_ON(1, 0x41), ACK_ON(2, 0x41),
	    ACK_ON(3, 0x41)),
	ROW("x2APIC: members of the cluster", ENABLE_ALL, X2APIC_ALL,
	    X2IPI(0x000a, LOGICAL | 0x41), PENDING_ON(0, 0), ACK_ON(1, 0x41),
	    PENDING_ON(2, 0), ACK_ON(3, 0x41)),
	ROW("x2APIC: another cluster", ENABLE_ALL, X2APIC_ALL,
	    X2IPI(0x1000f, LOGICAL | 0x41), NOBODY),
	ROW("x2APIC: self IPI", ENABLE_ALL, X2APIC_ALL, WRMSR(0x83f, 0x41),
	    ACK(0x41), NOBODY),

	/* Lowest priority. */
	ROW("lowest priority: by TPR", ENABLE_ALL, STORE_ON(0, TPR, 0x50),
	    STORE_ON(1, TPR, 0x40), STORE_ON(2, TPR, 0x20),
	    STORE_ON(3, TPR, 0x30), IPI(0xff, LOWEST | 0x61), ACK_ON(2, 0x61),
	    NOBODY),
	ROW("lowest priority: what is in service counts", ENABLE_ALL,
	    IPI(0xff, 0x41), ACK_ON(0, 0x41), ACK_ON(1, 0x41),
	    ACK_ON(2, 0x41), ACK_ON(3, 0x41), LAPIC_EOI_ON(1),
	    IPI(0xff, LOWEST | 0x61), ACK_ON(1, 0x61), NOBODY),
	ROW("lowest priority: equals take turns", ENABLE_ALL, FLAT,
	    IPI(0x0f, LOWEST | LOGICAL | 0x41), ACK_ON(0, 0x41),
	    LAPIC_EOI_ON(0), IPI(0x0f, LOWEST | LOGICAL | 0x41),
	    ACK_ON(1, 0x41), LAPIC_EOI_ON(1),
	    IPI(0x0d, LOWEST | LOGICAL | 0x41), ACK_ON(2, 0x41)),
	ROW("lowest priority: the disabled are no candidates", ENABLE_ON(0),
	    STORE(TPR, 0x50), IPI(0xff, LOWEST | 0x61), ACK(0x61)),
	ROW("lowest priority: nobody", IPI(0xff, LOWEST | 0x61), NOBODY),

	/* Other messages. */
	ROW("NMI", IPI(1, NMI), EVENT_ON(1, 1), NMI_ON(1, 1), NMI_ON(1, 0),
	    PENDING_ON(1, 0), NMI_ON(0, 0)),
	ROW("NMI to the others", IPI(0, OTHERS | NMI), NMI_ON(0, 0),
	    NMI_ON(1, 1), NMI_ON(2, 1), NMI_ON(3, 1)),
	ROW("ExtINT is not sent", ENABLE_ALL, IPI(1, EXTINT | 0x41), NOBODY),
	ROW("SMI has no effect", ENABLE_ALL, IPI(1, SMI), NOBODY,
	    NMI_ON(1, 0), SIPI_ON(1, NOTHING)),
	ROW("INIT, start-up", IPI(1, INIT), SIPI_ON(1, NOTHING),
	    IPI(1, STARTUP | 0x9a), EVENT_ON(1, 1), SIPI_ON(1, 0x9a),
	    SIPI_ON(1, NOTHING), SIPI_ON(0, NOTHING), SIPI_ON(2, NOTHING)),
	ROW("start-up without INIT", IPI(1, STARTUP | 0x9a),
	    SIPI_ON(1, NOTHING)),
	ROW("the second start-up is ignored", IPI(1, INIT_LEVEL),
	    IPI(1, INIT_DEASSERT), IPI(1, STARTUP | 0x9a),
	    IPI(1, STARTUP | 0x9b), SIPI_ON(1, 0x9a), SIPI_ON(1, NOTHING)),
	ROW("INIT that is not asserted", IPI(1, INIT_DEASSERT),
	    IPI(1, STARTUP | 0x9a), SIPI_ON(1, NOTHING)),
	ROW("INIT and start-up of oneself", IPI(0, INIT), IPI(0, STARTUP | 1),
	    SIPI_ON(0, NOTHING)),
	ROW("start-up of the others, vector 0", IPI(0, OTHERS | INIT),
	    IPI(0, OTHERS | STARTUP), SIPI_ON(0, NOTHING), SIPI_ON(1, 0),
	    SIPI_ON(2, 0), SIPI_ON(3, 0)),

	/* Disabled. */
	ROW("disabled by software: takes no vector", IPI(1, 0x41), NOBODY,
	    ENABLE_ON(1), NOBODY),
	ROW("disabled by software: keeps what it has", ENABLE, SELF(0x41),
	    SELF(0x51), ACK(0x51), STORE(SVR, 0xff),
	    LOAD(IRR(0x41), BIT_OF(0x41)), LOAD(ISR(0x51), BIT_OF(0x51))),
	ROW("disabled by software: NMI, INIT, start-up", IPI(1, NMI),
	    NMI_ON(1, 1), IPI(1, INIT), IPI(1, STARTUP | 1), SIPI_ON(1, 1)),
	ROW("disabled by hardware: nothing", ENABLE_ON(1),
	    SET_BASE_ON(1, 0xfee00000), IPI(1, 0x41), IPI(1, NMI),
	    IPI(1, INIT), IPI(1, STARTUP | 1), PENDING_ON(1, 0), NMI_ON(1, 0),
	    SIPI_ON(1, NOTHING)),

	/* Errors. */
	ROW("illegal vector sent", ENABLE, ENABLE_ON(1), IPI(1, 0x0f), NOBODY,
	    ESR_IS(0x20), ESR_IS(0)),
	ROW("illegal vector sent to oneself", ENABLE, SELF(0x05), NOBODY,
	    ESR_IS(0x20)),
	ROW("illegal vector received", ENABLE, MSI(0xfee00000, 0x0f), NOBODY,
	    ESR_IS(0x40), ESR_IS(0)),
	ROW("a vector below 16 in an NMI is none", ENABLE, IPI(0, NMI | 5),
	    ESR_IS(0)),
	ROW("errors add up until ESR is written", ENABLE, IPI(1, 0x0f),
	    MSI(0xfee00000, 0x0f), LOAD(XAPIC(0x280), 0), ESR_IS(0x60)),
	ROW("an error interrupts", ENABLE, STORE(LVT_ERROR, 0xe1),
	    IPI(1, 0x0f), ACK(0xe1)),
	ROW("an error does not where masked", ENABLE,
	    STORE(LVT_ERROR, 0x100e1), IPI(1, 0x0f), PENDING(0),
	    ESR_IS(0x20)),
	ROW("an error's own illegal vector", ENABLE, STORE(LVT_ERROR, 0x05),
	    IPI(1, 0x0f), PENDING(0), ESR_IS(0x20)),

	/* Trigger modes. */
	ROW("TMR: a level", ENABLE, MSI(0xfee00000, 0xc041),
	    LOAD(TMR(0x41), BIT_OF(0x41))),
	ROW("TMR: an edge after a level", ENABLE, MSI(0xfee00000, 0xc041),
	    ACK(0x41), LAPIC_EOI, MSI(0xfee00000, 0x0041),
	    LOAD(TMR(0x41), 0)),
	ROW("TMR: IPIs are edges", ENABLE, STORE(XAPIC(0x300), 0x48041),
	    LOAD(TMR(0x41), 0)),
};

static void lapic_row(struct kunit *test)
{
	fake_vm_run(test);
}

static int set_up(struct kunit *test)
{
	return fake_vm_init(test, 4, FAKE_IRQCHIP);
}

KUNIT_ARRAY_PARAM(lapic, rows, fake_row_name);

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(lapic_row, lapic_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "kage_lapic",
	.init = set_up,
	.exit = fake_vm_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
