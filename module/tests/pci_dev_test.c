// SPDX-License-Identifier: GPL-2.0
/*
 * One PCI function, row by row: its header, its BARs and its interrupt pin, as
 * the guest sees them through the configuration ports. PCI Local Bus
 * Specification 3.0: "Configuration Space".
 */
#include "../dev/pci_dev.c"
#include "../dev/pci.h"
#include "fake_vm.h"

#define SLOT		2
#define LINE_OF_SLOT	18
#define IO_BASE		0xc200
#define IO_SIZE		0x100
#define MEM_BASE	0xfe020000U
#define MEM_SIZE	0x10000

#define AT(off)		OUT4(0xcf8, 0x80000000U | SLOT << 11 | (off))
#define GET(off, val)	AT(off), IN4(0xcfc, val)
#define GET1(off, val)	AT(off), IN(0xcfc + ((off) & 3), val)
#define GET2(off, val)	AT(off), IN2(0xcfc + ((off) & 3), val)
#define SET(off, val)	AT(off), OUT4(0xcfc, val)
#define SET1(off, val)	AT(off), OUT(0xcfc + ((off) & 3), val)
#define SET2(off, val)	AT(off), OUT2(0xcfc + ((off) & 3), val)

#define COMMAND(val)	SET2(PCI_COMMAND, val)
#define IO_ON		COMMAND(1)
#define MEM_ON		COMMAND(2)
#define NO_INTX		0x400
#define BAR0		0x10
#define BAR1		0x14
#define VENDOR_CAP	0x40
#define MSIX_CAP	0x48
#define MSIX_ON(flags)	SET2(MSIX_CAP + 2, flags)
#define INT(on)		LINE_IS(LINE_OF_SLOT, on)

/* What the device reads as: where it was hit. */
#define IO_AT(off)	(off)
#define MEM_AT(off)	(0x10000 | (off))
#define IO_HIT(off)	IN4(IO_BASE + (off), IO_AT(off))
#define IO_MISS(off)	IN4(IO_BASE + (off), 0xffffffff)
#define MEM_HIT(off)	LOAD(MEM_BASE + (off), MEM_AT(off))
#define MEM_MISS(off)	LOAD(MEM_BASE + (off), 0xffffffff)

struct card {
	struct kage_pci_dev pdev;
	unsigned int bar, len, resets, reads, writes;
	u64 off, val;
};

static struct card *to_card(struct kage_pci_dev *pdev)
{
	return container_of(pdev, struct card, pdev);
}

static u64 card_read(struct kage_pci_dev *pdev, unsigned int bar, u64 off,
		     unsigned int len)
{
	return bar << 16 | off;
}

static void card_write(struct kage_pci_dev *pdev, unsigned int bar, u64 off,
		       unsigned int len, u64 val)
{
	struct card *card = to_card(pdev);

	card->bar = bar;
	card->off = off;
	card->len = len;
	card->val = val;
}

static void card_config_read(struct kage_pci_dev *pdev, unsigned int off,
			     unsigned int len)
{
	to_card(pdev)->reads = off << 8 | len;
}

static void card_config_written(struct kage_pci_dev *pdev, unsigned int off,
				unsigned int len)
{
	to_card(pdev)->writes = off << 8 | len;
}

static void card_reset(struct kage_pci_dev *pdev)
{
	to_card(pdev)->resets++;
}

static const struct kage_pci_ops card_ops = {
	.bar_read = card_read,
	.bar_write = card_write,
	.config_read = card_config_read,
	.config_written = card_config_written,
	.reset = card_reset,
};

static const struct kage_pci_id card_id = {
	.vendor = 0x1234,
	.device = 0x5678,
	.subvendor = 0x9abc,
	.subdevice = 0xdef0,
	.class = 0x020000,
	.revision = 0x07,
};

static u64 intx(struct fake_vm *fake, const struct fake_step *step)
{
	struct card *card = fake->suite;

	kage_pci_dev_intx(&card->pdev, step->val);
	return step->val;
}

static u64 reset_card(struct fake_vm *fake, const struct fake_step *step)
{
	struct card *card = fake->suite;

	kage_pci_dev_reset(&card->pdev);
	return card->resets;
}

static u64 written(struct fake_vm *fake, const struct fake_step *step)
{
	const struct card *card = fake->suite;

	return card->off == step->addr && card->len == step->len ?
	       card->val : ~step->val;
}

static u64 config_read(struct fake_vm *fake, const struct fake_step *step)
{
	const struct card *card = fake->suite;

	return card->reads;
}

static u64 config_written(struct fake_vm *fake, const struct fake_step *step)
{
	const struct card *card = fake->suite;

	return card->writes;
}

static u64 unplug(struct fake_vm *fake, const struct fake_step *step)
{
	struct card *card = fake->suite;

	mutex_lock(&fake->vm.lock);
	kage_pci_unplug(&fake->vm, &card->pdev);
	mutex_unlock(&fake->vm.lock);
	return step->val;
}

#define INTX(on)		{ intx, 0, on }
#define RESET			{ reset_card, 0, 1 }
#define WRITTEN(off, len, val)	{ written, off, val, len }
#define CONFIG_READ(off, len)	{ config_read, 0, (off) << 8 | (len) }
#define CONFIG_WRITTEN(off, len) { config_written, 0, (off) << 8 | (len) }
#define UNPLUG			{ unplug }

static const struct fake_row rows[] = {
	/* The header. */
	ROW("identity", GET(0x00, 0x56781234), GET(0x08, 0x02000007),
	    GET(0x2c, 0xdef09abc), GET1(0x0e, 0)),
	ROW("identity is not written", SET(0x00, 0), SET(0x08, 0),
	    SET(0x2c, 0), SET1(0x0e, 0xff), GET(0x00, 0x56781234),
	    GET(0x08, 0x02000007), GET(0x2c, 0xdef09abc), GET1(0x0e, 0)),
	ROW("command: at power-on all is off", GET2(0x04, 0)),
	ROW("command: bits that are there", COMMAND(0xffff), GET2(0x04, 0x407),
	    COMMAND(0), GET2(0x04, 0)),
	ROW("status: capabilities", GET2(0x06, 0x10)),
	ROW("status is not written", SET2(0x06, 0xffff), GET2(0x06, 0x10),
	    SET2(0x06, 0), GET2(0x06, 0x10)),
	ROW("cache line and latency", SET2(0x0c, 0xffff), GET2(0x0c, 0x00ff)),
	ROW("interrupt line is written, pin is not", GET2(0x3c, 0x0100 |
							  LINE_OF_SLOT),
	    SET2(0x3c, 0xff05), GET2(0x3c, 0x0105)),
	ROW("no expansion ROM", SET(0x30, 0xffffffff), GET(0x30, 0)),
	ROW("beyond what is used", SET(0xfc, 0xffffffff), GET(0xfc, 0)),
	ROW("a byte of a register", SET(BAR1, 0xfe040000), SET1(BAR1 + 3, 0xfd),
	    GET(BAR1, 0xfd040000), GET1(BAR1 + 2, 0x04), GET2(BAR1 + 2, 0xfd04)),
	ROW("the device hears of accesses", GET2(0x42, 0), CONFIG_READ(0x42, 2),
	    SET1(0x43, 0), CONFIG_WRITTEN(0x43, 1)),

	/* Capabilities. */
	ROW("list of capabilities", GET1(0x34, VENDOR_CAP),
	    GET2(VENDOR_CAP, MSIX_CAP << 8 | 0x09), GET2(MSIX_CAP, 0x0011)),
	ROW("MSI-X: size, table, pending bits", GET2(MSIX_CAP + 2, 3),
	    GET(MSIX_CAP + 4, 0x1001), GET(MSIX_CAP + 8, 0x1801)),
	ROW("MSI-X: two bits are written", SET(MSIX_CAP, 0xffffffff),
	    SET(MSIX_CAP + 4, 0xffffffff), SET(MSIX_CAP + 8, 0xffffffff),
	    GET(MSIX_CAP, 0xc0030011), GET(MSIX_CAP + 4, 0x1001),
	    GET(MSIX_CAP + 8, 0x1801)),

	/* BARs. */
	ROW("BAR: at power-on", GET(BAR0, IO_BASE | 1), GET(BAR1, MEM_BASE),
	    IO_MISS(0), MEM_MISS(0)),
	ROW("BAR: size of ports", SET(BAR0, 0xffffffff),
	    GET(BAR0, 0xffffff01), SET(BAR0, 0), GET(BAR0, 1)),
	ROW("BAR: size of memory", SET(BAR1, 0xffffffff),
	    GET(BAR1, 0xffff0000), SET(BAR1, 0), GET(BAR1, 0)),
	ROW("BAR: the others are not there", SET(0x18, 0xffffffff),
	    SET(0x1c, 0xffffffff), SET(0x20, 0xffffffff), SET(0x24, 0xffffffff),
	    GET(0x18, 0), GET(0x1c, 0), GET(0x20, 0), GET(0x24, 0)),
	ROW("BAR: ports on and off", IO_ON, IO_HIT(0), MEM_MISS(0), COMMAND(0),
	    IO_MISS(0)),
	ROW("BAR: memory on and off", MEM_ON, MEM_HIT(0), IO_MISS(0),
	    COMMAND(0), MEM_MISS(0)),
	ROW("BAR: first and last byte", COMMAND(3), IN(IO_BASE, 0),
	    IN(IO_BASE + 0xff, 0xff), IN(IO_BASE - 1, 0xff), IO_HIT(0xfc),
	    IO_MISS(0xfd), IO_MISS(0x100), MEM_HIT(0xfffc), MEM_MISS(0x10000),
	    MEM_MISS(-4)),
	ROW("BAR: writes arrive", COMMAND(3), OUT2(IO_BASE + 6, 0x1234),
	    WRITTEN(6, 2, 0x1234), STORE(MEM_BASE + 0x40, 0x5678),
	    WRITTEN(0x40, 4, 0x5678)),
	ROW("BAR: moves", COMMAND(3), SET(BAR0, 0xd000), IO_MISS(0),
	    IN4(0xd010, IO_AT(0x10)), SET(BAR1, 0xe0000000), MEM_MISS(0),
	    LOAD(0xe0000010, MEM_AT(0x10))),
	ROW("BAR: set while off", SET(BAR0, 0xd000), IN4(0xd000, 0xffffffff),
	    IO_ON, IN4(0xd000, IO_AT(0)), IO_MISS(0)),
	ROW("BAR: 0 is nowhere", COMMAND(3), SET(BAR0, 0), SET(BAR1, 0),
	    IN4(0, 0xffffffff), LOAD(0, 0xffffffff)),
	ROW("BAR: the last ports", IO_ON, SET(BAR0, 0xff00),
	    IN4(0xfffc, IO_AT(0xfc))),
	ROW("BAR: ports above 64 K are nowhere", IO_ON, SET(BAR0, 0x10000),
	    IN4(0x10000, 0xffffffff), IN4(0, 0xffffffff)),
	ROW("BAR: ports at the end of 32 bits are nowhere", IO_ON,
	    SET(BAR0, 0xffffff00), IN4(0xffffff00, 0xffffffff)),
	ROW("BAR: the last memory below 4 GiB", MEM_ON, SET(BAR1, 0xffff0000),
	    LOAD(0xfffffffc, MEM_AT(0xfffc))),
	ROW("BAR: in the way of another device", IO_ON, SET(BAR0, 0x0c00),
	    IN4(0x0c00, 0xffffffff), GET(0x00, 0x56781234), SET(BAR0, IO_BASE),
	    IO_HIT(0)),
	ROW("BAR: sized while on", COMMAND(3), SET(BAR0, 0xffffffff),
	    SET(BAR0, IO_BASE), SET(BAR1, 0xffffffff), SET(BAR1, MEM_BASE),
	    IO_HIT(4), MEM_HIT(4)),

	/* The interrupt pin. */
	ROW("INTx", INT(0), INTX(1), INT(1), GET2(0x06, 0x18), INTX(0), INT(0),
	    GET2(0x06, 0x10)),
	ROW("INTx status as a byte", INTX(1), GET1(0x06, 0x18), GET1(0x07, 0)),
	ROW("INTx status as a dword", INTX(1), GET(0x04, 0x00180000)),
	ROW("INTx off holds the line, not the status", COMMAND(NO_INTX),
	    INTX(1), INT(0), GET2(0x06, 0x18), COMMAND(0), INT(1),
	    COMMAND(NO_INTX), INT(0)),
	ROW("MSI-X holds the line", INTX(1), MSIX_ON(0x8000), INT(0),
	    MSIX_ON(0), INT(1)),
	ROW("MSI-X holds the line, masked too", INTX(1), MSIX_ON(0xc000),
	    INT(0), MSIX_ON(0x4000), INT(1)),

	/* Reset and unplug. */
	ROW("reset", COMMAND(0x407), SET(BAR0, 0xd000), SET(BAR1, 0xe0000000),
	    SET2(0x3c, 5), SET1(0x0c, 0x10), MSIX_ON(0xc000), INTX(1), RESET,
	    GET(0x04, 0x00100000), GET(BAR0, IO_BASE | 1), GET(BAR1, MEM_BASE),
	    GET1(0x3c, LINE_OF_SLOT), GET1(0x0c, 0), GET2(MSIX_CAP + 2, 3),
	    INT(0), IN4(0xd000, 0xffffffff), LOAD(0xe0000000, 0xffffffff),
	    IO_MISS(0)),
	ROW("unplug", COMMAND(3), INTX(1), UNPLUG, INT(0), IO_MISS(0),
	    MEM_MISS(0), GET(0x00, 0xffffffff), SET(BAR0, 0xd000),
	    IN4(0xd000, 0xffffffff)),
};

static void pci_dev_row(struct kunit *test)
{
	fake_vm_run(test);
}

static struct card *make_card(struct kunit *test)
{
	struct fake_vm *fake = test->priv;
	struct card *card = kunit_kzalloc(test, sizeof(*card), GFP_KERNEL);

	if (!card)
		return NULL;
	card->pdev.ops = &card_ops;
	kage_pci_dev_init(&card->pdev, &fake->vm, SLOT, &card_id);
	kage_pci_dev_bar(&card->pdev, 0, true, IO_BASE, IO_SIZE);
	kage_pci_dev_bar(&card->pdev, 1, false, MEM_BASE, MEM_SIZE);
	/* Six bytes: the next one begins at a dword all the same. */
	kage_pci_dev_cap(&card->pdev, PCI_CAP_ID_VNDR, 6);
	kage_pci_dev_msix(&card->pdev, 1, 0x1000);
	kage_pci_dev_seal(&card->pdev);
	return card;
}

static int set_up(struct kunit *test)
{
	struct fake_vm *fake;
	int ret = fake_vm_init(test, 1, FAKE_IRQCHIP | FAKE_PCI);

	if (ret)
		return ret;
	fake = test->priv;
	fake->suite = make_card(test);
	if (!fake->suite)
		return -ENOMEM;
	mutex_lock(&fake->vm.lock);
	kage_pci_plug(&fake->vm, fake->suite);
	mutex_unlock(&fake->vm.lock);
	return 0;
}

static void tear_down(struct kunit *test)
{
	struct fake_vm *fake = test->priv;

	if (fake && fake->suite)
		unplug(fake, &(struct fake_step){});
	fake_vm_exit(test);
}

KUNIT_ARRAY_PARAM(pci_dev, rows, fake_row_name);

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(pci_dev_row, pci_dev_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "kage_pci_dev",
	.init = set_up,
	.exit = tear_down,
	.test_cases = cases,
};

kunit_test_suite(suite);
