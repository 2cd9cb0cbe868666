// SPDX-License-Identifier: GPL-2.0
/*
 * MSI-X, row by row. PCI Local Bus Specification 3.0: "MSI-X Capability and
 * Table Structures". Entries send their messages to the first local APIC.
 */
#include "../dev/msix.c"
#include "fake_vm.h"

#define ADDR(n)		(16 * (n))
#define ADDR_HIGH(n)	(16 * (n) + 4)
#define DATA(n)		(16 * (n) + 8)
#define CONTROL(n)	(16 * (n) + 12)
#define PBA		0x800
#define PBA_HIGH	0x804

#define ON		0x8000
#define MASKALL		0x4000

static u64 get(struct fake_vm *fake, const struct fake_step *step)
{
	return kage_msix_read(fake->suite, step->addr, step->len);
}

static u64 set(struct fake_vm *fake, const struct fake_step *step)
{
	kage_msix_write(fake->suite, step->addr, step->len, step->val);
	return step->val;
}

static u64 control(struct fake_vm *fake, const struct fake_step *step)
{
	kage_msix_control(fake->suite, step->val);
	return step->val;
}

static u64 raise(struct fake_vm *fake, const struct fake_step *step)
{
	kage_msix_raise(fake->suite, step->addr);
	return step->val;
}

static u64 enabled(struct fake_vm *fake, const struct fake_step *step)
{
	return kage_msix_enabled(fake->suite);
}

static u64 reset_msix(struct fake_vm *fake, const struct fake_step *step)
{
	kage_msix_reset(fake->suite);
	return step->val;
}

/* How many offsets of the 4 KiB hold what was written to them? */
static u64 writable(struct fake_vm *fake, const struct fake_step *step)
{
	unsigned int off, nr = 0;

	for (off = 0; off < KAGE_MSIX_LEN; off += 4) {
		kage_msix_write(fake->suite, off, 4, 0xfffffffc);
		nr += kage_msix_read(fake->suite, off, 4) == 0xfffffffc;
	}
	return nr;
}

#define GET(off, val)		{ get, off, val, 4 }
#define SET(off, val)		{ set, off, val, 4 }
#define GET_LEN(off, len, val)	{ get, off, val, len }
#define SET_LEN(off, len, val)	{ set, off, val, len }
#define FLAGS(val)		{ control, 0, val }
#define RAISE(n)		{ raise, n }
#define ENABLED(on)		{ enabled, 0, on }
#define RESET			{ reset_msix }
#define WRITABLE(n)		{ writable, 0, n }

/* An entry that sends a vector, and is not masked. */
#define ENTRY(n, vector) \
	SET(ADDR(n), 0xfee00000), SET(DATA(n), vector), SET(CONTROL(n), 0)
#define MASK(n)			SET(CONTROL(n), 1)
#define UNMASK(n)		SET(CONTROL(n), 0)

#define ENTRY_AT_RESET(n) \
	GET(ADDR(n), 0), GET(ADDR_HIGH(n), 0), GET(DATA(n), 0), \
	GET(CONTROL(n), 1)
#define AT_RESET	ENTRY_AT_RESET(0), ENTRY_AT_RESET(1), \
	ENTRY_AT_RESET(2), ENTRY_AT_RESET(3), GET(PBA, 0), ENABLED(0)

static const struct fake_row rows[] = {
	/* The table. */
	ROW("reset", AT_RESET),
	ROW("reset in use", FLAGS(ON), ENTRY(0, 0x41), ENTRY(3, 0x42), MASK(3),
	    RAISE(3), RESET, AT_RESET, RAISE(0), PENDING(0)),
	ROW("address: low bits are 0", SET(ADDR(1), 0xffffffff),
	    GET(ADDR(1), 0xfffffffc), SET(ADDR_HIGH(1), 0x12345678),
	    GET(ADDR(1), 0xfffffffc), GET(ADDR_HIGH(1), 0x12345678),
	    SET(ADDR(1), 0), GET(ADDR_HIGH(1), 0x12345678)),
	ROW("data: all bits", SET(DATA(1), 0xa5a5a5a5),
	    GET(DATA(1), 0xa5a5a5a5)),
	ROW("control: the mask bit", SET(CONTROL(1), 0xffffffff),
	    GET(CONTROL(1), 1), SET(CONTROL(1), 0xfffffffe),
	    GET(CONTROL(1), 0)),
	ROW("entries do not touch", ENTRY(1, 0x41), ENTRY_AT_RESET(0),
	    ENTRY_AT_RESET(2)),
	ROW("pending bits are not written", SET(PBA, 0xffffffff), GET(PBA, 0),
	    SET(PBA_HIGH, 0xffffffff), GET(PBA_HIGH, 0)),
	ROW("twelve dwords hold all, four their mask", WRITABLE(12)),
	ROW("beyond the table", SET(16 * 4, 0xffffffff), GET(16 * 4, 0),
	    SET(0x7fc, 0xffffffff), GET(0x7fc, 0), GET(0xffc, 0),
	    GET(0x1000, 0), GET(~0ULL - 3, 0), SET(~0ULL - 3, 0xffffffff),
	    AT_RESET),
	ROW("other widths", SET(DATA(0), 0x12345678), SET_LEN(DATA(0), 1, 0xff),
	    SET_LEN(DATA(0), 2, 0xffff), GET(DATA(0), 0x12345678),
	    GET_LEN(DATA(0), 1, 0), GET_LEN(DATA(0), 2, 0)),
	ROW("odd addresses", SET(DATA(0), 0x12345678),
	    SET(DATA(0) + 2, 0xffffffff), GET(DATA(0) + 2, 0),
	    GET(DATA(0), 0x12345678)),

	/* Delivery. */
	ROW("a message", FLAGS(ON), ENTRY(0, 0x41), RAISE(0), GET(PBA, 0),
	    ACK(0x41), LAPIC_EOI, PENDING(0)),
	ROW("each has its message", FLAGS(ON), ENTRY(0, 0x41), ENTRY(3, 0x52),
	    RAISE(3), ACK(0x52), LAPIC_EOI, RAISE(0), ACK(0x41)),
	ROW("off: nothing is kept", ENTRY(0, 0x41), ENABLED(0), RAISE(0),
	    GET(PBA, 0), FLAGS(ON), ENABLED(1), PENDING(0)),
	ROW("switched off", FLAGS(ON), ENTRY(0, 0x41), FLAGS(0), ENABLED(0),
	    RAISE(0), PENDING(0)),
	ROW("masked: kept", FLAGS(ON), ENTRY(1, 0x41), MASK(1), RAISE(1),
	    PENDING(0), GET(PBA, 0x2)),
	ROW("unmasked: sent, and no longer kept", FLAGS(ON), ENTRY(1, 0x41),
	    MASK(1), RAISE(1), UNMASK(1), GET(PBA, 0), ACK(0x41), LAPIC_EOI,
	    MASK(1), UNMASK(1), PENDING(0)),
	ROW("masked: twice is once", FLAGS(ON), ENTRY(1, 0x41), MASK(1),
	    RAISE(1), RAISE(1), UNMASK(1), ACK(0x41), LAPIC_EOI, PENDING(0)),
	ROW("masked: the message is what is there at last", FLAGS(ON),
	    ENTRY(1, 0x41), MASK(1), RAISE(1), SET(DATA(1), 0x52), PENDING(0),
	    UNMASK(1), ACK(0x52)),
	ROW("one masked, the others not", FLAGS(ON), ENTRY(0, 0x41),
	    ENTRY(1, 0x42), MASK(1), RAISE(0), RAISE(1), ACK(0x41), LAPIC_EOI,
	    PENDING(0), GET(PBA, 0x2)),
	ROW("function mask: kept, then sent", FLAGS(ON | MASKALL),
	    ENTRY(0, 0x41), ENTRY(2, 0x62), ENABLED(1), RAISE(0), RAISE(2),
	    PENDING(0), GET(PBA, 0x5), FLAGS(ON), GET(PBA, 0), ACK(0x62),
	    LAPIC_EOI, ACK(0x41)),
	ROW("both masks: the entry's stays", FLAGS(ON | MASKALL),
	    ENTRY(0, 0x41), MASK(0), RAISE(0), FLAGS(ON), PENDING(0),
	    GET(PBA, 0x1), UNMASK(0), ACK(0x41)),
	ROW("both masks: the function's stays", FLAGS(ON | MASKALL),
	    ENTRY(0, 0x41), MASK(0), RAISE(0), UNMASK(0), PENDING(0),
	    GET(PBA, 0x1), FLAGS(ON), ACK(0x41)),
	ROW("vectors that are not there", FLAGS(ON), ENTRY(0, 0x41), RAISE(4),
	    RAISE(63), RAISE(64), RAISE(0xffff), PENDING(0), GET(PBA, 0)),
	ROW("an address that is nobody's", FLAGS(ON), ENTRY(0, 0x41),
	    SET(ADDR_HIGH(0), 1), RAISE(0), PENDING(0), GET(PBA, 0)),
};

static void msix_row(struct kunit *test)
{
	fake_vm_run(test);
}

static int set_up(struct kunit *test)
{
	static const struct fake_step enable = ENABLE;
	struct kage_msix *msix;
	struct fake_vm *fake;
	int ret = fake_vm_init(test, 1, FAKE_IRQCHIP);

	if (ret)
		return ret;
	msix = kunit_kzalloc(test, sizeof(*msix), GFP_KERNEL);
	if (!msix)
		return -ENOMEM;
	fake = test->priv;
	fake->suite = msix;
	kage_msix_init(msix, &fake->vm);
	fake_store(fake, &enable);
	return 0;
}

KUNIT_ARRAY_PARAM(msix, rows, fake_row_name);

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(msix_row, msix_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "kage_msix",
	.init = set_up,
	.exit = fake_vm_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
