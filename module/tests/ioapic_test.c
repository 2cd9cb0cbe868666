// SPDX-License-Identifier: GPL-2.0
/*
 * The I/O APIC, row by row. Intel: "82093AA I/O Advanced Programmable Interrupt
 * Controller", and the EOI register that came after it.
 */
#include "../dev/ioapic.c"
#include "fake_vm.h"

#define SELECT		0xfec00000
#define WINDOW		0xfec00010
#define EOI_REG		0xfec00040

#define GET(reg, val)	STORE(SELECT, reg), LOAD(WINDOW, val)
#define SET(reg, val)	STORE(SELECT, reg), STORE(WINDOW, val)
#define LOW(pin)	(0x10 + 2 * (pin))
#define HIGH(pin)	(0x11 + 2 * (pin))

#define LEVEL	0x8000
#define RIRR	0x4000
#define MASKED	0x10000
#define LOGICAL	0x0800
#define LOWEST	0x0100
#define NMI	0x0400
#define EXTINT	0x0700

#define EDGE_PIN	10
#define LEVEL_PIN	16
#define EDGE		SET(LOW(EDGE_PIN), 0x41)
#define ASLEEP(val)	SET(LOW(LEVEL_PIN), LEVEL | MASKED | (val))
#define AWAKE(val)	SET(LOW(LEVEL_PIN), LEVEL | (val))
#define TO_CPU(pin, n)	SET(HIGH(pin), (n) << 24)

static u64 counts(struct fake_vm *fake, const struct fake_step *step)
{
	return fake->vm.irq->ioapic.interrupts;
}

/* Every pin is masked, and the last of the table is the last. */
static u64 all_masked(struct fake_vm *fake, const struct fake_step *step)
{
	struct kage_vcpu *vcpu = &fake->vcpu[0];
	unsigned int pin, masked = 0;

	for (pin = 0; pin < 120; pin++) {
		kage_bus_write(vcpu, KAGE_BUS_MMIO, SELECT, 4, LOW(pin));
		masked += kage_bus_read(vcpu, KAGE_BUS_MMIO, WINDOW, 4) ==
			  MASKED;
	}
	return masked;
}

#define SENT(n)			{ counts, 0, n }
#define PINS_MASKED(n)		{ all_masked, 0, n }

static const struct fake_row rows[] = {
	/* Registers. */
	ROW("reset", LOAD(SELECT, 0), GET(0, 0), GET(1, 0x00170020), GET(2, 0),
	    GET(LOW(0), MASKED), GET(HIGH(0), 0), GET(LOW(23), MASKED),
	    GET(HIGH(23), 0), PINS_MASKED(24)),
	ROW("select: eight bits", STORE(SELECT, 0xffffff12),
	    LOAD(SELECT, 0x12), STORE1(SELECT, 0x01), LOAD(WINDOW, 0x00170020)),
	ROW("ID: four bits", SET(0, 0xffffffff), GET(0, 0x0f000000)),
	ROW("arbitration ID follows, and is not written", SET(0, 0x05000000),
	    SET(2, 0xffffffff), GET(2, 0x05000000)),
	ROW("version is not written", SET(1, 0xffffffff), GET(1, 0x00170020)),
	ROW("indexes without a register", SET(3, 0xffffffff), GET(3, 0),
	    SET(0x0f, 0xffffffff), GET(0x0f, 0), SET(0x40, 0xffffffff),
	    GET(0x40, 0), SET(0xff, 0xffffffff), GET(0xff, 0)),
	ROW("entry, low: status and remote IRR are not written",
	    SET(LOW(5), 0xffffffff), GET(LOW(5), 0x0001afff), SET(LOW(5), 0),
	    GET(LOW(5), 0)),
	ROW("entry, high: the destination", SET(HIGH(5), 0xffffffff),
	    GET(HIGH(5), 0xff000000), GET(LOW(5), MASKED)),
	ROW("entries do not touch", SET(LOW(22), 0x1ab), SET(HIGH(22), 3 << 24),
	    GET(LOW(21), MASKED), GET(HIGH(21), 0), GET(LOW(23), MASKED),
	    GET(HIGH(23), 0), GET(LOW(22), 0x1ab), GET(HIGH(22), 3 << 24)),
	ROW("offsets without a register", STORE(SELECT + 4, 0xffffffff),
	    LOAD(SELECT + 4, 0), LOAD(EOI_REG, 0), LOAD(SELECT, 0)),
	ROW("a byte is no write of the window", STORE(SELECT, LOW(5)),
	    STORE1(WINDOW, 0x42), GET(LOW(5), MASKED)),

	/* Edges. */
	ROW("edge", ENABLE, EDGE, PULSE(EDGE_PIN), ACK(0x41), LAPIC_EOI,
	    PENDING(0)),
	ROW("edge: a line that stays asks once", ENABLE, EDGE,
	    LINE(EDGE_PIN, 1), ACK(0x41), LAPIC_EOI, LINE(EDGE_PIN, 1),
	    PENDING(0), LINE(EDGE_PIN, 0), LINE(EDGE_PIN, 1), PENDING(1)),
	ROW("edge: no remote IRR", ENABLE, EDGE, LINE(EDGE_PIN, 1),
	    GET(LOW(EDGE_PIN), 0x41)),
	ROW("edge: lost while masked", ENABLE, SET(LOW(EDGE_PIN), MASKED | 0x41),
	    LINE(EDGE_PIN, 1), EDGE, PENDING(0), LINE(EDGE_PIN, 0),
	    LINE(EDGE_PIN, 1), PENDING(1)),
	ROW("edge: while in service is not lost", ENABLE, EDGE,
	    PULSE(EDGE_PIN), ACK(0x41), PULSE(EDGE_PIN), LAPIC_EOI, ACK(0x41)),

	/* Levels. */
	ROW("level: remote IRR until the EOI", ENABLE, AWAKE(0x42),
	    LINE(LEVEL_PIN, 1), GET(LOW(LEVEL_PIN), LEVEL | RIRR | 0x42),
	    ACK(0x42), LINE(LEVEL_PIN, 0),
	    GET(LOW(LEVEL_PIN), LEVEL | RIRR | 0x42), LAPIC_EOI,
	    GET(LOW(LEVEL_PIN), LEVEL | 0x42), PENDING(0)),
	ROW("level: asks again after the EOI", ENABLE, AWAKE(0x42),
	    LINE(LEVEL_PIN, 1), ACK(0x42), PENDING(0), LAPIC_EOI, ACK(0x42),
	    SENT(2)),
	ROW("level: not while remote IRR", ENABLE, AWAKE(0x42),
	    LINE(LEVEL_PIN, 1), LINE(LEVEL_PIN, 0), LINE(LEVEL_PIN, 1),
	    SENT(1)),
	ROW("level: kept while masked", ENABLE, ASLEEP(0x42),
	    LINE(LEVEL_PIN, 1), PENDING(0), AWAKE(0x42), ACK(0x42)),
	ROW("level: fell while masked", ENABLE, ASLEEP(0x42),
	    LINE(LEVEL_PIN, 1), LINE(LEVEL_PIN, 0), AWAKE(0x42), PENDING(0)),
	ROW("level: EOI while masked", ENABLE, AWAKE(0x42), LINE(LEVEL_PIN, 1),
	    ACK(0x42), ASLEEP(0x42),
	    GET(LOW(LEVEL_PIN), LEVEL | MASKED | RIRR | 0x42), LAPIC_EOI,
	    GET(LOW(LEVEL_PIN), LEVEL | MASKED | 0x42), PENDING(0),
	    AWAKE(0x42), PENDING(1)),
	ROW("level: EOI of another vector", ENABLE, EDGE, AWAKE(0x32),
	    LINE(LEVEL_PIN, 1), ACK(0x32), PULSE(EDGE_PIN), ACK(0x41),
	    LAPIC_EOI, GET(LOW(LEVEL_PIN), LEVEL | RIRR | 0x32)),
	ROW("level: two pins with one vector", ENABLE, AWAKE(0x42),
	    SET(LOW(17), LEVEL | 0x42), LINE(LEVEL_PIN, 1), LINE(17, 1),
	    ACK(0x42), LAPIC_EOI, ACK(0x42), LINE(LEVEL_PIN, 0), LINE(17, 0),
	    LAPIC_EOI, PENDING(0), GET(LOW(17), LEVEL | 0x42)),
	ROW("level: nobody accepts, nothing is stuck", AWAKE(0x42),
	    LINE(LEVEL_PIN, 1), GET(LOW(LEVEL_PIN), LEVEL | 0x42), ENABLE,
	    LINE(LEVEL_PIN, 1), ACK(0x42)),
	ROW("level: a trip to edge clears remote IRR", ENABLE, AWAKE(0x42),
	    LINE(LEVEL_PIN, 1), ACK(0x42), LINE(LEVEL_PIN, 0),
	    SET(LOW(LEVEL_PIN), MASKED | 0x42), AWAKE(0x42),
	    GET(LOW(LEVEL_PIN), LEVEL | 0x42)),
	ROW("EOI register", ENABLE, AWAKE(0x42), LINE(LEVEL_PIN, 1), ACK(0x42),
	    STORE(EOI_REG, 0x43), GET(LOW(LEVEL_PIN), LEVEL | RIRR | 0x42),
	    LINE(LEVEL_PIN, 0), STORE(EOI_REG, 0x42),
	    GET(LOW(LEVEL_PIN), LEVEL | 0x42)),
	ROW("EOI register: still asserted", ENABLE, AWAKE(0x42),
	    LINE(LEVEL_PIN, 1), ACK(0x42), STORE(EOI_REG, 0x42), SENT(2)),

	/* Destinations and modes. */
	ROW("to one", ENABLE, ENABLE_ON(1), ENABLE_ON(2), TO_CPU(EDGE_PIN, 1),
	    EDGE, PULSE(EDGE_PIN), PENDING(0), PENDING_ON(2, 0),
	    ACK_ON(1, 0x41)),
	ROW("to nobody", ENABLE, TO_CPU(EDGE_PIN, 9), EDGE, PULSE(EDGE_PIN),
	    PENDING(0)),
	ROW("to all", ENABLE, ENABLE_ON(1), ENABLE_ON(2),
	    TO_CPU(EDGE_PIN, 0xffU), EDGE, PULSE(EDGE_PIN), ACK(0x41),
	    ACK_ON(1, 0x41), ACK_ON(2, 0x41)),
	ROW("logical", ENABLE, ENABLE_ON(1), ENABLE_ON(2),
	    STORE(XAPIC(0xd0), 1 << 24), STORE_ON(1, XAPIC(0xd0), 2 << 24),
	    STORE_ON(2, XAPIC(0xd0), 4 << 24), TO_CPU(EDGE_PIN, 6),
	    SET(LOW(EDGE_PIN), LOGICAL | 0x41), PULSE(EDGE_PIN), PENDING(0),
	    ACK_ON(1, 0x41), ACK_ON(2, 0x41)),
	ROW("lowest priority", ENABLE, ENABLE_ON(1), ENABLE_ON(2),
	    STORE(XAPIC(0x80), 0x40), STORE_ON(2, XAPIC(0x80), 0x20),
	    STORE_ON(1, XAPIC(0x80), 0x30), TO_CPU(EDGE_PIN, 0xffU),
	    SET(LOW(EDGE_PIN), LOWEST | 0x61), PULSE(EDGE_PIN), PENDING(0),
	    PENDING_ON(1, 0), ACK_ON(2, 0x61)),
	ROW("lowest priority, level: remote IRR", ENABLE,
	    AWAKE(LOWEST | 0x42), LINE(LEVEL_PIN, 1),
	    GET(LOW(LEVEL_PIN), LEVEL | RIRR | LOWEST | 0x42)),
	ROW("NMI, whatever the vector", SET(LOW(EDGE_PIN), NMI),
	    PULSE(EDGE_PIN), NMI_ON(0, 1), NMI_ON(0, 0), PENDING(0)),
	ROW("NMI is an edge", AWAKE(NMI), LINE(LEVEL_PIN, 1), NMI_ON(0, 1),
	    GET(LOW(LEVEL_PIN), LEVEL | NMI)),
	ROW("illegal vector", ENABLE, SET(LOW(EDGE_PIN), 0x0f),
	    PULSE(EDGE_PIN), PENDING(0), ESR_IS(0x40)),
	ROW("vectors from 16", ENABLE, SET(LOW(EDGE_PIN), 0x10),
	    PULSE(EDGE_PIN), ESR_IS(0)),

	/* Pins. */
	ROW("the timer is pin 2", ENABLE, SET(LOW(2), 0x41), SET(LOW(0), 0x51),
	    PULSE(0), ACK(0x41), LAPIC_EOI, PULSE(KAGE_GSI_TIMER), ACK(0x41)),
	ROW("the 8259 is pin 0", ENABLE, SET(LOW(0), 0x51), OUT(0x20, 0x11),
	    OUT(0x21, 0x30), OUT(0x21, 4), OUT(0x21, 1), PULSE(3), ACK(0x51)),
	ROW("the last pin", ENABLE, SET(LOW(23), 0x41), PULSE(23), ACK(0x41)),
};

static void ioapic_row(struct kunit *test)
{
	fake_vm_run(test);
}

static int set_up(struct kunit *test)
{
	return fake_vm_init(test, 3, FAKE_IRQCHIP);
}

KUNIT_ARRAY_PARAM(ioapic, rows, fake_row_name);

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(ioapic_row, ioapic_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "kage_ioapic",
	.init = set_up,
	.exit = fake_vm_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
