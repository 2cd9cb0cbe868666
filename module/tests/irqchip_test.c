// SPDX-License-Identifier: GPL-2.0
/*
 * Where interrupts enter, row by row: messages, and the ways of the 8259s to a
 * processor. SDM: "Message Signalled Interrupts", "Local Vector Table".
 */
#include "../dev/irqchip.c"
#include "fake_vm.h"

#define LINT0		XAPIC(0x350)
#define LDR		XAPIC(0xd0)
#define TO(cpu)		(0xfee00000ULL | (cpu) << 12)
#define HINT		0x8
#define LOGICAL		0x4

#define LOWEST		0x0100
#define SMI		0x0200
#define NMI		0x0400
#define INIT		0x0500
#define EXTINT		0x0700

#define ENABLE_ALL	ENABLE_ON(0), ENABLE_ON(1), ENABLE_ON(2)
#define NOBODY		PENDING_ON(0, 0), PENDING_ON(1, 0), PENDING_ON(2, 0)
#define FLAT	STORE_ON(0, LDR, 1 << 24), STORE_ON(1, LDR, 2 << 24), \
	STORE_ON(2, LDR, 4 << 24)
/* Master at 0x30, slave at 0x70, nothing masked. */
#define PICS	OUT(0x20, 0x11), OUT(0x21, 0x30), OUT(0x21, 4), OUT(0x21, 1), \
	OUT(0xa0, 0x11), OUT(0xa1, 0x70), OUT(0xa1, 2), OUT(0xa1, 1)
#define PICS_AUTO_EOI	OUT(0x20, 0x11), OUT(0x21, 0x30), OUT(0x21, 4), \
	OUT(0x21, 3)
#define PIC_EOI	OUT(0x20, 0x20)
#define PIN0(val)	STORE(0xfec00000, 0x10), STORE(0xfec00010, val)

static const struct fake_row rows[] = {
	/* Messages. */
	ROW("message: to one", ENABLE_ALL, MSI(TO(1), 0x41), ACK_ON(1, 0x41),
	    NOBODY),
	ROW("message: to nobody", ENABLE_ALL, MSI(TO(7), 0x41), NOBODY),
	ROW("message: to 0xff", ENABLE_ALL, MSI(TO(0xff), 0x41),
	    ACK_ON(0, 0x41), ACK_ON(1, 0x41), ACK_ON(2, 0x41)),
	ROW("message: logical", ENABLE_ALL, FLAT,
	    MSI(TO(6) | HINT | LOGICAL, 0x41), PENDING_ON(0, 0),
	    ACK_ON(1, 0x41), ACK_ON(2, 0x41)),
	ROW("message: logical without hint", ENABLE_ALL, FLAT,
	    MSI(TO(4) | LOGICAL, 0x41), ACK_ON(2, 0x41), NOBODY),
	ROW("message: lowest priority", ENABLE_ALL, FLAT,
	    STORE(XAPIC(0x80), 0x20), STORE_ON(2, XAPIC(0x80), 0x10),
	    MSI(TO(5) | HINT | LOGICAL, LOWEST | 0x41), ACK_ON(2, 0x41),
	    NOBODY),
	ROW("message: NMI", MSI(TO(2), NMI), NMI_ON(2, 1), NMI_ON(0, 0)),
	ROW("message: SMI has no effect", ENABLE_ALL, MSI(TO(1), SMI | 0x41),
	    NOBODY, NMI_ON(1, 0)),
	ROW("message: elsewhere is no message", ENABLE_ALL,
	    MSI(0xfed00000, 0x41), MSI(0xfef00000, 0x41), MSI(0, 0x41),
	    MSI(0x1fee00000ULL, 0x41), NOBODY),
	ROW("message: reserved bits of the address", ENABLE_ALL,
	    MSI(TO(1) | 0xff0, 0x41), ACK_ON(1, 0x41), NOBODY),
	ROW("message: the high word counts for nothing", ENABLE_ALL,
	    MSI(TO(1), 0xffff0041U), ACK_ON(1, 0x41), NOBODY),
	ROW("message: the first and the last vector", ENABLE_ALL,
	    MSI(TO(0), 0x10), MSI(TO(0), 0xff), ACK(0xff), LAPIC_EOI,
	    ACK(0x10)),

	/* From the 8259s, through LINT0. */
	ROW("LINT0 after reset is INTR", PICS, PULSE(3), PENDING(1),
	    ACK(0x33)),
	ROW("LINT0 masked", ENABLE, PICS, PULSE(3), PENDING(0)),
	ROW("LINT0 as ExtINT", ENABLE, STORE(LINT0, 0x700), PICS, PULSE(3),
	    ACK(0x33), PIC_EOI, PENDING(0)),
	ROW("LINT0 as ExtINT, masked meanwhile", ENABLE, STORE(LINT0, 0x700),
	    PICS, PULSE(3), STORE(LINT0, 0x10700), PENDING(0),
	    STORE(LINT0, 0x700), EVENT(1), ACK(0x33)),
	ROW("LINT0 as a vector", ENABLE, STORE(LINT0, 0x41), PICS, PULSE(3),
	    ACK(0x41)),
	ROW("LINT0 as NMI", ENABLE, STORE(LINT0, 0x400), PICS, PULSE(3),
	    NMI_ON(0, 1), PENDING(0)),
	ROW("local APIC switched off: INTR", SET_BASE(0xfee00100), PICS,
	    PULSE(3), ACK(0x33)),
	ROW("the others have no INTR", PICS, PULSE(3), PENDING_ON(1, 0),
	    PENDING_ON(2, 0)),
	ROW("ExtINT knows no priority", ENABLE, STORE(LINT0, 0x700), PICS,
	    STORE(XAPIC(0x80), 0xf0), PULSE(3), ACK(0x33)),
	ROW("ExtINT is not in service at the local APIC", ENABLE,
	    STORE(LINT0, 0x700), PICS, PULSE(3), ACK(0x33),
	    LOAD(XAPIC(0x110), 0), LOAD(XAPIC(0xa0), 0)),
	ROW("both: one after the other", ENABLE, STORE(LINT0, 0x700), PICS,
	    MSI(TO(0), 0x41), PULSE(3), ACK(0x33), PENDING(1), ACK(0x41)),

	/* From the 8259s, through the I/O APIC and by message. */
	ROW("pin 0 as ExtINT", ENABLE, PIN0(0x700), PICS, PULSE(3), ACK(0x33),
	    PIC_EOI, PENDING(0)),
	ROW("pin 0 as ExtINT: INT falls at INTA and makes an edge", ENABLE,
	    PIN0(0x700), PICS_AUTO_EOI, PULSE(3), PULSE(4), ACK(0x33),
	    ACK(0x34), PENDING(0)),
	ROW("pin 0 as ExtINT, the request gone: spurious", ENABLE,
	    PIN0(0x700), PICS, OUT(0x4d0, 0x08), LINE(3, 1), LINE(3, 0),
	    PENDING(1), ACK(0x37)),
	ROW("ExtINT by message", ENABLE, PICS, MSI(TO(0), EXTINT), ACK(0x37)),
};

static void irqchip_row(struct kunit *test)
{
	fake_vm_run(test);
}

/* What is taken already; then nothing of the irqchip may stand. */
static const struct taken {
	const char *name;
	enum kage_bus_kind kind;
	u64 base;
} taken[] = {
	{ "local APICs", KAGE_BUS_MMIO, KAGE_LAPIC_BASE + 0xfff },
	{ "I/O APIC", KAGE_BUS_MMIO, KAGE_IOAPIC_BASE },
	{ "master", KAGE_BUS_PIO, 0x21 },
	{ "slave", KAGE_BUS_PIO, 0xa0 },
	{ "ELCR", KAGE_BUS_PIO, 0x4d1 },
};

static void refused_row(struct kunit *test)
{
	const struct taken *row = test->param_value;
	struct fake_vm *fake = test->priv;
	struct kage_vm *vm = &fake->vm;
	struct kage_iodev dev = {};

	kage_irqchip_destroy(vm);
	KUNIT_ASSERT_EQ(test, kage_bus_add(vm, row->kind, &dev, row->base, 1),
			0);
	KUNIT_EXPECT_EQ(test, kage_irqchip_create(vm), -EBUSY);
	KUNIT_EXPECT_NULL(test, vm->irq);
	KUNIT_EXPECT_NULL(test, fake->vcpu[0].lapic);
	kage_bus_remove(vm, row->kind, &dev);
	KUNIT_EXPECT_TRUE(test, list_empty(&vm->bus[KAGE_BUS_PIO].devs));
	KUNIT_EXPECT_TRUE(test, list_empty(&vm->bus[KAGE_BUS_MMIO].devs));
	KUNIT_EXPECT_EQ(test, kage_irqchip_create(vm), 0);
}

static void taken_name(const struct taken *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

static int set_up(struct kunit *test)
{
	return fake_vm_init(test, 3, FAKE_IRQCHIP);
}

KUNIT_ARRAY_PARAM(irqchip, rows, fake_row_name);
KUNIT_ARRAY_PARAM(taken, taken, taken_name);

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(irqchip_row, irqchip_gen_params),
	KUNIT_CASE_PARAM(refused_row, taken_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "kage_irqchip",
	.init = set_up,
	.exit = fake_vm_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
