// SPDX-License-Identifier: GPL-2.0
/*
 * The 16550A, row by row. National Semiconductor: "PC16550D Universal
 * Asynchronous Receiver/Transmitter with FIFOs". Interrupt 4 reaches us only
 * through OUT2, as on a PC.
 */
#include "../dev/uart.c"
#include "../dev/irqchip_priv.h"
#include "fake_vm.h"

#define RBR	0x3f8
#define THR	0x3f8
#define IER	0x3f9
#define IIR	0x3fa
#define FCR	0x3fa
#define LCR	0x3fb
#define MCR	0x3fc
#define LSR	0x3fd
#define MSR	0x3fe
#define SCR	0x3ff

#define LOOP	0x10
#define OUT2_ON	0x08
#define INT(on)	LINE_IS(KAGE_GSI_COM1, on)

/* @addr bytes arrive, a, b, c ...; how many were taken? */
static u64 arrive(struct fake_vm *fake, const struct fake_step *step)
{
	u8 bytes[32];
	unsigned int i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = 'a' + i;
	return kage_uart_receive(&fake->vm, bytes, step->addr);
}

static u64 room(struct fake_vm *fake, const struct fake_step *step)
{
	return kage_uart_room(&fake->vm);
}

static u64 sent(struct fake_vm *fake, const struct fake_step *step)
{
	return fake->console.nr_sent;
}

static u64 sent_byte(struct fake_vm *fake, const struct fake_step *step)
{
	return fake->console.sent[step->addr];
}

static u64 drained(struct fake_vm *fake, const struct fake_step *step)
{
	return fake->console.drained;
}

static u64 reset_uart(struct fake_vm *fake, const struct fake_step *step)
{
	kage_uart_reset(&fake->vm);
	return step->val;
}

/* Does the 8259 hold an edge of the line? It is taken away. */
static u64 edge(struct fake_vm *fake, const struct fake_step *step)
{
	struct kage_pic_chip *chip = &fake->vm.irq->pic.chip[0];
	bool had = chip->irr & BIT(KAGE_GSI_COM1);

	chip->irr &= ~BIT(KAGE_GSI_COM1);
	return had;
}

#define ARRIVE(n, taken)	{ arrive, n, taken }
#define ROOM(n)			{ room, 0, n }
#define SENT(n)			{ sent, 0, n }
#define SENT_BYTE(at, byte)	{ sent_byte, at, byte }
#define DRAINED(n)		{ drained, 0, n }
#define RESET			{ reset_uart }
#define EDGE(seen)		{ edge, 0, seen }

#define AT_RESET IN(IER, 0), IN(IIR, 0x01), IN(LCR, 0), IN(MCR, 0), \
	IN(LSR, 0x60), IN(MSR, 0xb0), INT(0)

#define FOUR(...) __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__
#define SIXTEEN(...)	FOUR(FOUR(__VA_ARGS__))

static const struct fake_row rows[] = {
	/* Registers. */
	ROW("reset", AT_RESET),
	ROW("reset of a port in use", OUT(IER, 0x0f), OUT(FCR, 0xc1),
	    OUT(LCR, 0x1b), OUT(MCR, 0x1f), OUT(THR, 'x'), RESET, AT_RESET,
	    ROOM(1)),
	ROW("IER: four bits", OUT(IER, 0xff), IN(IER, 0x0f), OUT(IER, 0),
	    IN(IER, 0)),
	ROW("LCR: all bits", OUT(LCR, 0x7f), IN(LCR, 0x7f), OUT(LCR, 0xff),
	    IN(LCR, 0xff)),
	ROW("MCR: five bits", OUT(MCR, 0xff), IN(MCR, 0x1f)),
	ROW("SCR: all bits", OUT(SCR, 0x5a), IN(SCR, 0x5a), OUT(SCR, 0xa5),
	    IN(SCR, 0xa5)),
	ROW("LSR and MSR are not written", OUT(LSR, 0x9f), OUT(MSR, 0x4f),
	    IN(LSR, 0x60), IN(MSR, 0xb0)),
	ROW("DLAB: divisor in place of data and IER", OUT(IER, 0x05),
	    OUT(LCR, 0x83), OUT(THR, 0x34), OUT(IER, 0x12), IN(RBR, 0x34),
	    IN(IER, 0x12), SENT(0), OUT(LCR, 0x03), IN(IER, 0x05),
	    OUT(LCR, 0x80), IN(RBR, 0x34), IN(IER, 0x12)),
	ROW("DLAB: what was received stays", ARRIVE(1, 1), OUT(LCR, 0x80),
	    IN(RBR, 12), IN(LSR, 0x61), OUT(LCR, 0), IN(RBR, 'a')),
	ROW("DLAB: the other registers", OUT(LCR, 0x80), IN(IIR, 0x01),
	    OUT(FCR, 0x01), IN(IIR, 0xc1), OUT(SCR, 7), IN(SCR, 7)),
	ROW("a word is two ports", OUT2(THR, 0x0500 | 'x'), SENT(1),
	    IN(IER, 0x05), ARRIVE(1, 1), IN2(RBR, 0x0500 | 'a')),

	/* Transmitter. */
	ROW("a byte is sent at once", OUT(THR, 'h'), OUT(THR, 'i'), SENT(2),
	    SENT_BYTE(0, 'h'), SENT_BYTE(1, 'i'), IN(LSR, 0x60)),
	ROW("THRE: enabling it finds the transmitter empty", OUT(IER, 0x02),
	    IN(IIR, 0x02)),
	ROW("THRE: reading IIR ends it", OUT(IER, 0x02), IN(IIR, 0x02),
	    IN(IIR, 0x01)),
	ROW("THRE: the next byte brings it back", OUT(IER, 0x02),
	    IN(IIR, 0x02), OUT(THR, 'x'), IN(IIR, 0x02), IN(IIR, 0x01)),
	ROW("THRE: enabled again, pending again", OUT(IER, 0x02),
	    IN(IIR, 0x02), OUT(IER, 0), OUT(IER, 0x02), IN(IIR, 0x02)),
	ROW("THRE: disabled, not shown", OUT(IER, 0x02), OUT(IER, 0),
	    IN(IIR, 0x01)),
	ROW("THRE: reading IIR for another leaves it", OUT(IER, 0x03),
	    ARRIVE(1, 1), IN(IIR, 0x04), IN(RBR, 'a'), IN(IIR, 0x02)),
	ROW("THRE: each byte is an edge", OUT(MCR, OUT2_ON), OUT(IER, 0x02),
	    EDGE(1), OUT(THR, 'x'), EDGE(1), OUT(THR, 'x'), EDGE(1), INT(1)),

	/* Receiver. */
	ROW("without FIFO: room for one", ROOM(1), ARRIVE(3, 1), ROOM(0),
	    ARRIVE(1, 0), IN(LSR, 0x61), IN(RBR, 'a'), IN(LSR, 0x60), ROOM(1)),
	ROW("without FIFO: IIR", OUT(IER, 0x01), IN(IIR, 0x01), ARRIVE(1, 1),
	    IN(IIR, 0x04), IN(IIR, 0x04), IN(RBR, 'a'), IN(IIR, 0x01)),
	ROW("with FIFO: room for 16", OUT(FCR, 0x01), ROOM(16), ARRIVE(20, 16),
	    ROOM(0), ARRIVE(1, 0), IN(RBR, 'a'), ROOM(1), ARRIVE(9, 1)),
	ROW("with FIFO: first in, first out", OUT(FCR, 0x01), ARRIVE(3, 3),
	    IN(RBR, 'a'), ARRIVE(1, 1), IN(RBR, 'b'), IN(RBR, 'c'),
	    IN(LSR, 0x61), IN(RBR, 'a'), IN(LSR, 0x60)),
	ROW("with FIFO: IIR says so", OUT(FCR, 0x01), IN(IIR, 0xc1),
	    OUT(FCR, 0), IN(IIR, 0x01)),
	ROW("trigger 1", OUT(FCR, 0x01), OUT(IER, 1), ARRIVE(1, 1),
	    IN(IIR, 0xc4)),
	ROW("trigger 4", OUT(FCR, 0x41), OUT(IER, 1), ARRIVE(3, 3),
	    IN(IIR, 0xcc), ARRIVE(1, 1), IN(IIR, 0xc4), IN(RBR, 'a'),
	    IN(IIR, 0xcc)),
	ROW("trigger 8", OUT(FCR, 0x81), OUT(IER, 1), ARRIVE(7, 7),
	    IN(IIR, 0xcc), ARRIVE(1, 1), IN(IIR, 0xc4)),
	ROW("trigger 14", OUT(FCR, 0xc1), OUT(IER, 1), ARRIVE(13, 13),
	    IN(IIR, 0xcc), ARRIVE(1, 1), IN(IIR, 0xc4)),
	ROW("FCR: no bit counts without bit 0", OUT(FCR, 0xc0), OUT(IER, 1),
	    ARRIVE(2, 1), IN(IIR, 0x04)),
	ROW("FCR: clearing the receiver", OUT(FCR, 0x01), ARRIVE(5, 5),
	    OUT(FCR, 0x03), IN(LSR, 0x60), ROOM(16)),
	ROW("FCR: clearing the transmitter leaves the receiver", OUT(FCR, 0x01),
	    ARRIVE(5, 5), OUT(FCR, 0x05), IN(LSR, 0x61), ROOM(11)),
	ROW("FCR: a new trigger level leaves the receiver", OUT(FCR, 0x01),
	    ARRIVE(5, 5), OUT(FCR, 0x41), ROOM(11)),
	ROW("FCR: switching on empties", ARRIVE(1, 1), OUT(FCR, 0x01),
	    IN(LSR, 0x60), ROOM(16)),
	ROW("FCR: switching off empties", OUT(FCR, 0x01), ARRIVE(5, 5),
	    OUT(FCR, 0x00), IN(LSR, 0x60), ROOM(1)),
	ROW("the host is told when all was read", OUT(FCR, 0x01), ARRIVE(3, 3),
	    IN(RBR, 'a'), IN(RBR, 'b'), DRAINED(1), IN(RBR, 'c'), DRAINED(2),
	    IN(LSR, 0x60), DRAINED(2)),
	ROW("the host is told when the FIFO is cleared", OUT(FCR, 0x01),
	    ARRIVE(3, 3), DRAINED(1), OUT(FCR, 0x03), DRAINED(2)),

	/* The interrupt line. */
	ROW("OUT2 gates the line", OUT(IER, 0x01), ARRIVE(1, 1), INT(0),
	    IN(IIR, 0x04), OUT(MCR, OUT2_ON), INT(1), OUT(MCR, 0), INT(0)),
	ROW("data raises, reading lowers", OUT(MCR, OUT2_ON), OUT(IER, 0x01),
	    INT(0), ARRIVE(1, 1), INT(1), IN(RBR, 'a'), INT(0)),
	ROW("disabled interrupts do not raise", OUT(MCR, OUT2_ON),
	    ARRIVE(1, 1), INT(0), OUT(IER, 0x0e), IN(IIR, 0x02), INT(0),
	    OUT(IER, 0x01), INT(1)),
	ROW("reset lowers the line", OUT(MCR, OUT2_ON), OUT(IER, 0x02), INT(1),
	    RESET, INT(0)),

	/* Order of interrupts. */
	ROW("line status, data, transmitter, modem", OUT(MCR, LOOP),
	    OUT(IER, 0x0f), OUT(THR, 'x'), OUT(THR, 'y'), IN(IIR, 0x06),
	    IN(LSR, 0x63), IN(IIR, 0x04), IN(RBR, 'y' & 0x1f), IN(IIR, 0x02),
	    IN(IIR, 0x00), IN(MSR, 0x0b), IN(IIR, 0x01)),

	/* Loopback. */
	ROW("loopback: sent is received, not sent", OUT(LCR, 3), OUT(MCR, LOOP),
	    OUT(THR, 'x'), SENT(0), IN(LSR, 0x61), IN(RBR, 'x')),
	ROW("loopback: cut off from the line", OUT(FCR, 1), OUT(MCR, LOOP),
	    ROOM(0), ARRIVE(1, 0), OUT(MCR, 0), ROOM(16)),
	ROW("loopback: words of 5 bits", OUT(LCR, 0), OUT(MCR, LOOP),
	    OUT(THR, 0xff), IN(RBR, 0x1f)),
	ROW("loopback: words of 6 bits", OUT(LCR, 1), OUT(MCR, LOOP),
	    OUT(THR, 0xff), IN(RBR, 0x3f)),
	ROW("loopback: words of 7 bits", OUT(LCR, 2), OUT(MCR, LOOP),
	    OUT(THR, 0xff), IN(RBR, 0x7f)),
	ROW("loopback: OUT2 holds the line low", OUT(MCR, OUT2_ON),
	    OUT(IER, 1), OUT(MCR, OUT2_ON | LOOP), OUT(THR, 'x'), INT(0),
	    IN(IIR, 0x04)),
	ROW("loopback: DTR is DSR", OUT(MCR, LOOP), IN(MSR, 0x0b),
	    OUT(MCR, LOOP | 1), IN(MSR, 0x22), IN(MSR, 0x20)),
	ROW("loopback: RTS is CTS", OUT(MCR, LOOP), IN(MSR, 0x0b),
	    OUT(MCR, LOOP | 2), IN(MSR, 0x11), IN(MSR, 0x10)),
	ROW("loopback: OUT1 is RI, and only its end counts", OUT(MCR, LOOP),
	    IN(MSR, 0x0b), OUT(MCR, LOOP | 4), IN(MSR, 0x40), OUT(MCR, LOOP),
	    IN(MSR, 0x04), IN(MSR, 0)),
	ROW("loopback: OUT2 is DCD", OUT(MCR, LOOP), IN(MSR, 0x0b),
	    OUT(MCR, LOOP | 8), IN(MSR, 0x88), IN(MSR, 0x80)),
	ROW("loopback: changes add up until they are read", OUT(MCR, LOOP),
	    IN(MSR, 0x0b), OUT(MCR, LOOP | 3), OUT(MCR, LOOP), IN(MSR, 0x03)),
	ROW("loopback ends: the peer is there", OUT(MCR, LOOP), IN(MSR, 0x0b),
	    OUT(MCR, 0), IN(MSR, 0xbb), IN(MSR, 0xb0)),
	ROW("modem status interrupts", OUT(IER, 0x08), IN(IIR, 0x01),
	    OUT(MCR, LOOP), IN(IIR, 0x00), IN(IIR, 0x00), IN(MSR, 0x0b),
	    IN(IIR, 0x01)),

	/* Overrun. */
	ROW("overrun without FIFO: the last one stays", OUT(LCR, 3),
	    OUT(MCR, LOOP), OUT(THR, 'x'), OUT(THR, 'y'), IN(LSR, 0x63),
	    IN(LSR, 0x61), IN(RBR, 'y'), IN(LSR, 0x60)),
	ROW("overrun with FIFO: the last one is lost", OUT(LCR, 3),
	    OUT(FCR, 1), OUT(MCR, LOOP), SIXTEEN(OUT(THR, 'x')),
	    IN(LSR, 0x61), OUT(THR, 'y'), IN(LSR, 0x63), IN(LSR, 0x61),
	    SIXTEEN(IN(RBR, 'x')), IN(LSR, 0x60)),
	ROW("overrun interrupts until LSR is read", OUT(IER, 0x04),
	    OUT(MCR, LOOP), OUT(THR, 'x'), IN(IIR, 0x01), OUT(THR, 'y'),
	    IN(IIR, 0x06), IN(RBR, 'y' & 0x1f), IN(IIR, 0x06), IN(LSR, 0x62),
	    IN(IIR, 0x01)),
};

static void uart_row(struct kunit *test)
{
	fake_vm_run(test);
}

static int set_up(struct kunit *test)
{
	return fake_vm_init(test, 1, FAKE_IRQCHIP | FAKE_UART);
}

KUNIT_ARRAY_PARAM(uart, rows, fake_row_name);

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(uart_row, uart_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "kage_uart",
	.init = set_up,
	.exit = fake_vm_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
