// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration mechanism 1 and the host bridge, row by row. PCI Local Bus
 * Specification 3.0: "Configuration Mechanism #1".
 */
#include "../dev/pci.c"
#include "fake_vm.h"

#define ADDR		0xcf8
#define DATA		0xcfc
#define ENABLE_BIT	0x80000000U
#define BRIDGE_ID	0x12378086
#define ABSENT		0xffffffff

#define AT(addr)	OUT4(ADDR, ENABLE_BIT | (addr))
#define GET(addr, val)	AT(addr), IN4(DATA, val)
#define SET(addr, val)	AT(addr), OUT4(DATA, val)
#define BUS(n)		((n) << 16)
#define SLOT(n)		((n) << 11)
#define FN(n)		((n) << 8)

static u64 reset_pci(struct fake_vm *fake, const struct fake_step *step)
{
	mutex_lock(&fake->vm.lock);
	kage_pci_reset(&fake->vm);
	mutex_unlock(&fake->vm.lock);
	return step->val;
}

static u64 reset_port(struct fake_vm *fake, const struct fake_step *step)
{
	return fake->reset_port;
}

/* How many functions answer on all buses there might be? */
static u64 functions(struct fake_vm *fake, const struct fake_step *step)
{
	struct kage_vcpu *vcpu = &fake->vcpu[0];
	unsigned int i, nr = 0;

	for (i = 0; i < 0x10000; i++) {
		kage_bus_write(vcpu, KAGE_BUS_PIO, ADDR, 4,
			       ENABLE_BIT | i << 8);
		nr += kage_bus_read(vcpu, KAGE_BUS_PIO, DATA, 4) != ABSENT;
	}
	return nr;
}

#define RESET			{ reset_pci }
#define RESET_PORT_IS(val)	{ reset_port, 0, val }
#define FUNCTIONS(n)		{ functions, 0, n }

static const struct fake_row rows[] = {
	/* The address register. */
	ROW("address: after reset", IN4(ADDR, 0)),
	ROW("address: reads back", OUT4(ADDR, 0x80123454), IN4(ADDR, 0x80123454)),
	ROW("address: reserved bits read as 0", OUT4(ADDR, 0xffffffff),
	    IN4(ADDR, 0x80fffffc)),
	ROW("address: bytes and words are not for it", AT(0x40), OUT(ADDR, 0),
	    OUT2(ADDR, 0), OUT2(ADDR + 2, 0), OUT(ADDR + 3, 0),
	    IN4(ADDR, 0x80000040)),
	ROW("address: reset", AT(0x40), RESET, IN4(ADDR, 0)),
	ROW("address: low bits choose no byte", AT(0x03), IN4(DATA, BRIDGE_ID)),
	ROW("reset port: a byte", AT(0x40), OUT(0xcf9, 0x06),
	    RESET_PORT_IS(0x06), IN(0xcf9, 0), IN4(ADDR, 0x80000040)),
	ROW("reset port: no word", OUT2(0xcf9, 0x0606), OUT2(0xcf8, 0x0600),
	    RESET_PORT_IS(0)),

	/* Whom it addresses. */
	ROW("enable bit", OUT4(ADDR, 0), IN4(DATA, ABSENT), IN2(DATA, 0xffff),
	    IN(DATA, 0xff), AT(0), IN4(DATA, BRIDGE_ID)),
	ROW("enable bit: writes", OUT4(ADDR, 0x0c), OUT4(DATA, 0x10),
	    GET(0x0c, 0)),
	ROW("another bus", GET(BUS(1), ABSENT), GET(BUS(255), ABSENT)),
	ROW("another function", GET(FN(1), ABSENT), GET(FN(7), ABSENT)),
	ROW("an empty slot", GET(SLOT(1), ABSENT), GET(SLOT(31), ABSENT)),
	ROW("writes to nobody", SET(BUS(1) | 0x0c, 0x10),
	    SET(FN(1) | 0x0c, 0x10), SET(SLOT(1) | 0x0c, 0x10),
	    SET(SLOT(31) | 0x0c, 0x10), GET(0x0c, 0)),
	ROW("there is one function", FUNCTIONS(1)),

	/* Widths. */
	ROW("bytes", AT(0), IN(DATA, 0x86), IN(DATA + 1, 0x80),
	    IN(DATA + 2, 0x37), IN(DATA + 3, 0x12)),
	ROW("words", AT(0), IN2(DATA, 0x8086), IN2(DATA + 1, 0x3780),
	    IN2(DATA + 2, 0x1237)),
	ROW("over the end of the ports", AT(0), IN2(DATA + 3, 0xffff),
	    IN4(DATA + 1, ABSENT), IN4(DATA + 2, ABSENT)),
	ROW("over the end: writes", AT(0x0c), OUT4(DATA - 2, 0x55555555),
	    OUT4(DATA + 1, 0x55555555), GET(0x0c, 0)),
	ROW("byte writes", AT(0x0c), OUT(DATA, 0x12), IN4(DATA, 0x12),
	    OUT(DATA + 1, 0x34), IN4(DATA, 0x12)),

	/* The bridge. */
	ROW("bridge: identity", GET(0x00, BRIDGE_ID), GET(0x08, 0x06000000),
	    GET(0x0c, 0)),
	ROW("bridge: no BARs, no capabilities, no interrupt",
	    SET(0x10, 0xffffffff), SET(0x24, 0xffffffff), SET(0x30, 0xffffffff),
	    SET(0x34, 0xffffffff), SET(0x3c, 0xffffffff), GET(0x10, 0),
	    GET(0x24, 0), GET(0x30, 0), GET(0x34, 0), GET(0x3c, 0)),
	ROW("bridge: identity and command are not written",
	    SET(0x00, 0), SET(0x04, 0xffffffff), SET(0x08, 0),
	    GET(0x00, BRIDGE_ID), GET(0x04, 0), GET(0x08, 0x06000000)),
	ROW("bridge: cache line size", SET(0x0c, 0xffffffff), GET(0x0c, 0xff),
	    RESET, GET(0x0c, 0)),
	ROW("bridge: the last register", SET(0xfc, 0xffffffff), GET(0xfc, 0)),
};

static void pci_row(struct kunit *test)
{
	fake_vm_run(test);
}

/* What is taken already; then no port of the bridge may stand. */
static void ports_taken(struct kunit *test)
{
	static const u16 ports[] = { ADDR, 0xcf9, DATA, DATA + 3 };
	struct fake_vm *fake = test->priv;
	struct kage_vm *vm = &fake->vm;
	struct kage_iodev dev = {};
	unsigned int i;

	kage_pci_destroy(vm);
	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		kage_bus_add(vm, KAGE_BUS_PIO, &dev, ports[i], 1);
		KUNIT_EXPECT_EQ(test, kage_pci_create(vm), -EBUSY);
		KUNIT_EXPECT_NULL(test, vm->pci);
		kage_bus_remove(vm, KAGE_BUS_PIO, &dev);
		KUNIT_EXPECT_TRUE(test,
				  list_empty(&vm->bus[KAGE_BUS_PIO].devs));
	}
}

static int set_up(struct kunit *test)
{
	return fake_vm_init(test, 1, FAKE_PCI);
}

KUNIT_ARRAY_PARAM(pci, rows, fake_row_name);

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(pci_row, pci_gen_params),
	KUNIT_CASE(ports_taken),
	{}
};

static struct kunit_suite suite = {
	.name = "kage_pci",
	.init = set_up,
	.exit = fake_vm_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
