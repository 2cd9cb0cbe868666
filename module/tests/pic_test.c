// SPDX-License-Identifier: GPL-2.0
/*
 * The pair of 8259A controllers, row by row. Intel: "8259A Programmable
 * Interrupt Controller" data sheet.
 */
#include "../dev/pic.c"
#include "fake_vm.h"

#define M	0x20	/* command ports; data is at one above */
#define S	0xa0
#define MD	0x21
#define SD	0xa1
#define ELCR	0x4d0

#define MBASE	0x30	/* vectors */
#define SBASE	0x70

#define EOI		0x20
#define EOI_OF(n)	(0x60 | (n))
#define READ_IRR	0x0a
#define READ_ISR	0x0b
#define POLL		0x0c

#define INIT_CHIP(port, base, cascade, icw4) \
	OUT(port, 0x11), OUT((port) + 1, base), OUT((port) + 1, cascade), \
	OUT((port) + 1, icw4)
#define INIT_MASTER(icw4)	INIT_CHIP(M, MBASE, 0x04, icw4)
#define INIT_SLAVE(icw4)	INIT_CHIP(S, SBASE, 0x02, icw4)
#define INIT	INIT_MASTER(0x01), INIT_SLAVE(0x01)

#define IRR(port, val)	OUT(port, READ_IRR), IN(port, val)
#define ISR(port, val)	OUT(port, READ_ISR), IN(port, val)

/* INTA although INT is not there any more. */
static u64 inta(struct fake_vm *fake, const struct fake_step *step)
{
	struct kage_irqchip *irq = fake->vm.irq;
	unsigned long flags;
	int vector;

	spin_lock_irqsave(&irq->lock, flags);
	vector = kage_pic_ack_locked(irq);
	spin_unlock_irqrestore(&irq->lock, flags);
	return vector;
}

static u64 spurious(struct fake_vm *fake, const struct fake_step *step)
{
	return fake->vm.irq->pic.spurious;
}

#define INTA(vector)	{ inta, 0, vector }
#define SPURIOUS_IS(n)	{ spurious, 0, n }

static const struct fake_row rows[] = {
	/* Initialization. */
	ROW("reset: masked, nothing requested, nothing in service",
	    IN(MD, 0xff), IN(SD, 0xff), IRR(M, 0), ISR(M, 0), IRR(S, 0),
	    ISR(S, 0), IN2(ELCR, 0), PENDING(0)),
	ROW("ICW1 unmasks", OUT(M, 0x11), IN(MD, 0), IN(SD, 0xff)),
	ROW("ICW1 selects the IRR", INIT, OUT(M, READ_ISR), PULSE(3),
	    IN(M, 0x00), OUT(M, 0x11), OUT(MD, MBASE), OUT(MD, 4), OUT(MD, 1),
	    PULSE(3), IN(M, 0x08)),
	ROW("ICW1 forgets edges and what is in service", INIT, LINE(3, 1),
	    LINE(4, 1), ACK(MBASE + 3), INIT, IRR(M, 0), ISR(M, 0),
	    PENDING(0)),
	ROW("ICW1 keeps a level that stands", OUT2(ELCR, 0x08), INIT,
	    LINE(3, 1), INIT, IRR(M, 0x08), ACK(MBASE + 3)),
	ROW("a line that stood through ICW1 is no edge until it rises",
	    LINE(3, 1), INIT, PENDING(0), LINE(3, 0), LINE(3, 1), PENDING(1)),
	ROW("ICW1 makes input 7 the last", INIT, OUT(M, 0xc3), INIT, PULSE(0),
	    PULSE(4), ACK(MBASE + 0)),
	ROW("ICW1 ends special mask mode", INIT, OUT(M, 0x68), INIT,
	    OUT(MD, 0x10), PULSE(6), ACK(MBASE + 6), OUT(MD, 0x50), PULSE(7),
	    PENDING(0)),
	ROW("ICW1 without ICW4 ends automatic EOI", INIT_MASTER(0x03),
	    OUT(M, 0x10), OUT(MD, MBASE), OUT(MD, 4), OUT(MD, 0), PULSE(3),
	    ACK(MBASE + 3), ISR(M, 0x08)),
	ROW("without ICW4 the fourth byte is the mask", OUT(M, 0x10),
	    OUT(MD, MBASE), OUT(MD, 4), OUT(MD, 0x5a), IN(MD, 0x5a)),
	ROW("single: no ICW3", OUT(M, 0x13), OUT(MD, MBASE), OUT(MD, 0x01),
	    OUT(MD, 0x5a), IN(MD, 0x5a)),
	ROW("single without ICW4", OUT(M, 0x12), OUT(MD, MBASE),
	    OUT(MD, 0x5a), IN(MD, 0x5a)),
	ROW("ICW1 in the middle starts over", OUT(M, 0x11), OUT(MD, 0x50),
	    INIT, PULSE(1), ACK(MBASE + 1)),
	ROW("ICW2: low bits of the vector are the input",
	    INIT_CHIP(M, 0x37, 4, 1), PULSE(5), ACK(0x35)),
	ROW("each chip has its base", INIT, PULSE(15), ACK(SBASE + 7)),

	/* Mask. */
	ROW("mask reads back", INIT, OUT(MD, 0x55), OUT(SD, 0xaa),
	    IN(MD, 0x55), IN(SD, 0xaa)),
	ROW("masked input is latched", INIT, OUT(MD, 0x08), PULSE(3),
	    PENDING(0), IRR(M, 0x08), OUT(MD, 0), ACK(MBASE + 3)),
	ROW("masking takes INT back", INIT, PULSE(3), PENDING(1),
	    OUT(MD, 0x08), PENDING(0)),
	ROW("masked cascade holds the slave", INIT, OUT(MD, 0x04), PULSE(9),
	    PENDING(0), IRR(M, 0x04), IRR(S, 0x02), OUT(MD, 0), PENDING(1)),
	ROW("masked slave input does not reach the master", INIT,
	    OUT(SD, 0x02), PULSE(9), IRR(M, 0), IRR(S, 0x02)),

	/* Requests. */
	ROW("acknowledge moves IRR to ISR", INIT, PULSE(5), IRR(M, 0x20),
	    ISR(M, 0), ACK(MBASE + 5), IRR(M, 0), ISR(M, 0x20)),
	ROW("an edge is taken once", INIT, LINE(5, 1), ACK(MBASE + 5),
	    OUT(M, EOI), PENDING(0), LINE(5, 1), PENDING(0), LINE(5, 0),
	    LINE(5, 1), ACK(MBASE + 5)),
	ROW("a short pulse is enough", INIT, PULSE(5), ACK(MBASE + 5)),
	ROW("an edge while in service waits for the EOI", INIT, PULSE(5),
	    ACK(MBASE + 5), PULSE(5), PENDING(0), OUT(M, EOI),
	    ACK(MBASE + 5)),
	ROW("a level asks again after the EOI", OUT2(ELCR, 0x20), INIT,
	    LINE(5, 1), ACK(MBASE + 5), IRR(M, 0x20), PENDING(0), OUT(M, EOI),
	    ACK(MBASE + 5), LINE(5, 0), OUT(M, EOI), PENDING(0)),
	ROW("a level that falls is forgotten", OUT2(ELCR, 0x20), INIT,
	    LINE(5, 1), PENDING(1), LINE(5, 0), PENDING(0), IRR(M, 0)),
	ROW("timer is input 0 whatever its pin", INIT, PULSE(0),
	    ACK(MBASE + 0), OUT(M, EOI), PULSE(KAGE_GSI_TIMER),
	    ACK(MBASE + 0)),
	ROW("lines above 15 are not ours", INIT, PULSE(16), PULSE(23),
	    IRR(M, 0), IRR(S, 0)),

	/* Priorities. */
	ROW("lowest number first", INIT, PULSE(7), PULSE(3), PULSE(0),
	    ACK(MBASE + 0), OUT(M, EOI), ACK(MBASE + 3), OUT(M, EOI),
	    ACK(MBASE + 7)),
	ROW("the slave stands at input 2", INIT, PULSE(3), PULSE(8), PULSE(1),
	    ACK(MBASE + 1), OUT(M, EOI), ACK(SBASE + 0), OUT(S, EOI),
	    OUT(M, EOI), ACK(MBASE + 3)),
	ROW("equal and lower wait, higher interrupts", INIT, PULSE(4),
	    ACK(MBASE + 4), PULSE(5), PENDING(0), PULSE(3), ACK(MBASE + 3),
	    ISR(M, 0x18)),
	ROW("slave in service holds the master's lower inputs", INIT, PULSE(9),
	    ACK(SBASE + 1), ISR(M, 0x04), ISR(S, 0x02), PULSE(3), PENDING(0),
	    PULSE(1), ACK(MBASE + 1)),
	ROW("slave in service holds the slave's higher inputs", INIT,
	    PULSE(12), ACK(SBASE + 4), PULSE(9), PENDING(0), OUT(S, EOI),
	    PENDING(0), OUT(M, EOI), ACK(SBASE + 1)),
	ROW("set priority: input above is first", INIT, OUT(M, 0xc3),
	    PULSE(3), PULSE(0), PULSE(4), ACK(MBASE + 4), OUT(M, EOI),
	    ACK(MBASE + 0), OUT(M, EOI), ACK(MBASE + 3)),
	ROW("set priority to 7 is the default", INIT, OUT(M, 0xc7), PULSE(7),
	    PULSE(0), ACK(MBASE + 0)),

	/* End of interrupt. */
	ROW("unspecific EOI ends the highest", INIT, PULSE(6), ACK(MBASE + 6),
	    PULSE(1), ACK(MBASE + 1), OUT(M, EOI), ISR(M, 0x40)),
	ROW("unspecific EOI with nothing in service", INIT, OUT(M, EOI),
	    ISR(M, 0), PULSE(3), ACK(MBASE + 3)),
	ROW("unspecific EOI follows the rotation", INIT, OUT(M, 0xc1),
	    PULSE(1), ACK(MBASE + 1), PULSE(3), ACK(MBASE + 3), OUT(M, EOI),
	    ISR(M, 0x02)),
	ROW("specific EOI ends what it names", INIT, PULSE(6), ACK(MBASE + 6),
	    PULSE(1), ACK(MBASE + 1), OUT(M, EOI_OF(6)), ISR(M, 0x02)),
	ROW("specific EOI of what is not in service", INIT, PULSE(6),
	    ACK(MBASE + 6), OUT(M, EOI_OF(5)), ISR(M, 0x40)),
	ROW("rotate on unspecific EOI", INIT, PULSE(3), ACK(MBASE + 3),
	    OUT(M, 0xa0), ISR(M, 0), PULSE(3), PULSE(2), PULSE(4),
	    ACK(MBASE + 4)),
	ROW("rotate on unspecific EOI with nothing to end", INIT,
	    OUT(M, 0xa0), PULSE(7), PULSE(0), ACK(MBASE + 0)),
	ROW("rotate on specific EOI", INIT, PULSE(3), ACK(MBASE + 3),
	    PULSE(1), ACK(MBASE + 1), OUT(M, 0xe3), ISR(M, 0x02),
	    OUT(M, 0x61), PULSE(3), PULSE(4), ACK(MBASE + 4)),
	ROW("OCW2 010 does nothing", INIT, PULSE(3), ACK(MBASE + 3),
	    OUT(M, 0x43), ISR(M, 0x08), OUT(M, EOI), PULSE(3), PULSE(0),
	    ACK(MBASE + 0)),
	ROW("automatic EOI", INIT_MASTER(0x03), PULSE(3), ACK(MBASE + 3),
	    ISR(M, 0), PULSE(5), ACK(MBASE + 5), ISR(M, 0)),
	ROW("automatic EOI of both chips", INIT_MASTER(0x03),
	    INIT_SLAVE(0x03), PULSE(9), ACK(SBASE + 1), ISR(M, 0), ISR(S, 0)),
	ROW("rotate in automatic EOI mode", INIT_MASTER(0x03), OUT(M, 0x80),
	    PULSE(3), ACK(MBASE + 3), PULSE(3), PULSE(4), ACK(MBASE + 4)),
	ROW("rotate in automatic EOI mode, ended", INIT_MASTER(0x03),
	    OUT(M, 0x80), OUT(M, 0x00), PULSE(3), ACK(MBASE + 3), PULSE(3),
	    PULSE(4), ACK(MBASE + 3)),

	/* Special modes. */
	ROW("special mask mode lets lower inputs through", INIT, PULSE(4),
	    ACK(MBASE + 4), PULSE(6), PENDING(0), OUT(MD, 0x10), PENDING(0),
	    OUT(M, 0x68), ACK(MBASE + 6)),
	ROW("special mask mode: unmasked in service still holds", INIT,
	    PULSE(4), ACK(MBASE + 4), OUT(M, 0x68), PULSE(6), PENDING(0)),
	ROW("special mask mode: unspecific EOI spares the masked", INIT,
	    PULSE(4), ACK(MBASE + 4), OUT(MD, 0x10), OUT(M, 0x68),
	    OUT(M, EOI), ISR(M, 0x10), OUT(M, EOI_OF(4)), ISR(M, 0)),
	ROW("special mask mode ends", INIT, PULSE(4), ACK(MBASE + 4),
	    OUT(MD, 0x10), OUT(M, 0x68), OUT(M, 0x48), PULSE(6), PENDING(0)),
	ROW("SMM without ESMM does nothing", INIT, PULSE(4), ACK(MBASE + 4),
	    OUT(MD, 0x10), OUT(M, 0x28), PULSE(6), PENDING(0)),
	ROW("special fully nested: the slave's higher input", INIT_MASTER(0x11),
	    INIT_SLAVE(0x01), PULSE(12), ACK(SBASE + 4), PULSE(9),
	    ACK(SBASE + 1), ISR(S, 0x12)),
	ROW("special fully nested: the slave's lower input waits",
	    INIT_MASTER(0x11), INIT_SLAVE(0x01), PULSE(9), ACK(SBASE + 1),
	    PULSE(12), PENDING(0)),
	ROW("special fully nested: the master's lower inputs wait",
	    INIT_MASTER(0x11), INIT_SLAVE(0x01), PULSE(12), ACK(SBASE + 4),
	    PULSE(3), PENDING(0)),

	/* Reading. */
	ROW("OCW3 without RR keeps the choice", INIT, PULSE(3), ACK(MBASE + 3),
	    OUT(M, READ_ISR), OUT(M, 0x08), IN(M, 0x08), OUT(M, 0x09),
	    IN(M, 0x08)),
	ROW("data port is the mask, whatever OCW3 says", INIT, OUT(MD, 0x42),
	    OUT(M, READ_ISR), IN(MD, 0x42)),
	ROW("poll finds nothing", INIT, OUT(M, POLL), IN_BITS(M, 0x80, 0),
	    ISR(M, 0)),
	ROW("poll acknowledges", INIT, PULSE(5), OUT(M, POLL), IN(M, 0x85),
	    PENDING(0), ISR(M, 0x20)),
	ROW("poll is for one read", INIT, PULSE(5), OUT(M, POLL), IN(M, 0x85),
	    IN(M, 0)),
	ROW("poll works at either port", INIT, PULSE(5), OUT(M, POLL),
	    IN(MD, 0x85), IN(MD, 0)),
	ROW("poll before RR", INIT, PULSE(5), OUT(M, POLL | 3), IN(M, 0x85)),
	ROW("poll of the master, then of the slave", INIT, PULSE(9),
	    OUT(M, POLL), IN(M, 0x82), OUT(S, POLL), IN(S, 0x81), ISR(M, 0x04),
	    ISR(S, 0x02)),
	ROW("poll of the slave alone takes the master's request", INIT,
	    PULSE(9), OUT(S, POLL), IN(S, 0x81), IRR(M, 0), PENDING(0)),

	/* A request that has gone. */
	ROW("spurious: vector of input 7, nothing in service", INIT,
	    INTA(MBASE + 7), ISR(M, 0), SPURIOUS_IS(1)),
	ROW("spurious: the level fell before INTA", OUT2(ELCR, 0x20), INIT,
	    LINE(5, 1), LINE(5, 0), INTA(MBASE + 7), ISR(M, 0), IRR(M, 0)),
	ROW("spurious: only a lower input waits", INIT, PULSE(3),
	    ACK(MBASE + 3), PULSE(5), INTA(MBASE + 7), ISR(M, 0x08),
	    IRR(M, 0x20)),
	ROW("true input 7 is in service", INIT, PULSE(7), ACK(MBASE + 7),
	    ISR(M, 0x80), SPURIOUS_IS(0)),
	ROW("true input 15 is in service at both", INIT, PULSE(15),
	    ACK(SBASE + 7), ISR(M, 0x04), ISR(S, 0x80), SPURIOUS_IS(0)),

	/* Edge or level. */
	ROW("ELCR: inputs that are always edges", OUT(ELCR, 0xff),
	    IN(ELCR, 0xf8), OUT(ELCR + 1, 0xff), IN(ELCR + 1, 0xde),
	    IN2(ELCR, 0xdef8)),
	ROW("ELCR: both at once", OUT2(ELCR, 0x0c20), IN(ELCR, 0x20),
	    IN(ELCR + 1, 0x0c)),
	ROW("ELCR: ICW1 bit 3 has no say", OUT(M, 0x19), OUT(MD, MBASE),
	    OUT(MD, 4), OUT(MD, 1), LINE(5, 1), LINE(5, 0), ACK(MBASE + 5)),
	ROW("ELCR: to level with the line high", INIT, LINE(5, 1),
	    ACK(MBASE + 5), OUT(M, EOI), PENDING(0), OUT(ELCR, 0x20),
	    PENDING(1), LINE(5, 0), PENDING(0)),
	ROW("ELCR: to edge forgets the level", OUT(ELCR, 0x20), INIT,
	    LINE(5, 1), OUT(ELCR, 0), PENDING(0)),

	/* Widths. */
	ROW("a word is two ports", INIT, OUT2(M, 0xaa00 | READ_ISR),
	    IN(MD, 0xaa), PULSE(4), IN2(M, 0xaa00), OUT(M, READ_IRR),
	    IN2(M, 0xaa10)),
	ROW("INT falls at INTA: the next request is an event of its own", INIT,
	    PULSE(3), EVENT(1), PULSE(1), EVENT(0), ACK(MBASE + 1), EVENT(0),
	    OUT(M, EOI), EVENT(1), ACK(MBASE + 3)),
	ROW("other processors do not see it", INIT, PULSE(3), PENDING_ON(1, 0),
	    ACK_ON(1, NOTHING), PENDING(1)),
};

static void pic_row(struct kunit *test)
{
	fake_vm_run(test);
}

static const struct fake_row before =
	ROW("", INIT, OUT2(ELCR, 0x0820), LINE(5, 1), LINE(3, 1),
	    ACK(MBASE + 3), OUT(M, READ_ISR), OUT(S, 0x11));

/* A machine that was reset is like new, whatever was under way. */
static void reset_forgets(struct kunit *test)
{
	struct fake_vm *fake = test->priv;

	test->param_value = &before;
	fake_vm_run(test);
	kage_irqchip_reset(&fake->vm);
	test->param_value = &rows[0];
	fake_vm_run(test);
}

static int set_up(struct kunit *test)
{
	return fake_vm_init(test, 2, FAKE_IRQCHIP);
}

KUNIT_ARRAY_PARAM(pic, rows, fake_row_name);

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(pic_row, pic_gen_params),
	KUNIT_CASE(reset_forgets),
	{}
};

static struct kunit_suite suite = {
	.name = "kage_pic",
	.init = set_up,
	.exit = fake_vm_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
