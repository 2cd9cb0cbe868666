// SPDX-License-Identifier: GPL-2.0
/*
 * The 8254, row by row, on a clock of its own. Intel: "82C54 CHMOS Programmable
 * Interval Timer". Channel 2 shows its output at port 0x61 and has a gate
 * there; channel 0 interrupts.
 *
 * A chip takes one tick to load a count. Nobody can see it, so that rows look
 * at an output not in the tick in which it changes, but one before and after.
 */
#include "fake_time.h"
#include "../dev/pit.c"
#include "fake_vm.h"

#define CTL(val)	OUT(0x43, val)
#define GATE(on)	OUT(0x61, on)
#define PIN(high)	IN_BITS(0x61, 0x20, (high) ? 0x20 : 0)
#define COUNT0(val)	OUT(0x40, (val) & 0xff), OUT(0x40, (val) >> 8)
#define COUNT(val)	OUT(0x42, (val) & 0xff), OUT(0x42, (val) >> 8)
#define COUNT_IS(val)	IN(0x42, (val) & 0xff), IN(0x42, (val) >> 8)
#define STATUS(val)	CTL(0xe8), IN(0x42, val)
#define STATUS_BITS(mask, val)	CTL(0xe8), IN_BITS(0x42, mask, val)
#define NULL_COUNT	0x40

/* Rounded up: after it the tick has been counted. */
#define TICKS(n)	WAIT((n) * 1000000000ULL / PIT_TICK_RATE + 1)
#define MSEC(n)		WAIT((n) * 1000000ULL)

static u64 interrupts(struct fake_vm *fake, const struct fake_step *step)
{
	return fake->vm.pit->interrupts;
}

static u64 no_storm(struct fake_vm *fake, const struct fake_step *step)
{
	u64 seen = fake->vm.pit->interrupts;

	return seen && seen <= step->addr;
}

static u64 reset_pit(struct fake_vm *fake, const struct fake_step *step)
{
	kage_pit_reset(&fake->vm);
	return step->val;
}

/* How often the refresh bit turns in @addr periods. */
static u64 refreshes(struct fake_vm *fake, const struct fake_step *step)
{
	struct kage_vcpu *vcpu = &fake->vcpu[0];
	u64 was = kage_bus_read(vcpu, KAGE_BUS_PIO, 0x61, 1), now, turns = 0;
	u64 i;

	for (i = 0; i < step->addr; i++, was = now) {
		fake_time_wait(REFRESH_NS);
		now = kage_bus_read(vcpu, KAGE_BUS_PIO, 0x61, 1);
		turns += !!((was ^ now) & PORT61_REFRESH);
	}
	return turns;
}

#define IRQS(n)			{ interrupts, 0, n }
#define IRQS_AT_MOST(n)		{ no_storm, n, 1 }
#define RESET			{ reset_pit }
#define REFRESHES(n)		{ refreshes, n, n }

static const struct fake_row rows[] = {
	/* Ports. */
	ROW("reset: port 0x61", IN_BITS(0x61, 0xcf, 0)),
	ROW("port 0x61: four bits can be written", OUT(0x61, 0xff),
	    IN_BITS(0x61, 0xcf, 0x0f), OUT(0x61, 0x0a),
	    IN_BITS(0x61, 0xcf, 0x0a)),
	ROW("port 0x61: refresh turns", REFRESHES(5)),
	ROW("control port is write-only", IN(0x43, 0xff)),
	ROW("a word is two ports", GATE(1), CTL(0x94), OUT2(0x42, 0xb455),
	    COUNT(0x1234), COUNT_IS(0x1234)),
	ROW("reset: nothing counts any more", CTL(0x34), COUNT0(1193), GATE(1),
	    CTL(0xb0), COUNT(100), TICKS(50), RESET, MSEC(5), IRQS(0),
	    IN_BITS(0x61, 0xef, 0), STATUS_BITS(NULL_COUNT, NULL_COUNT)),

	/* Mode 0, interrupt on terminal count. */
	ROW("mode 0: high after the count, and stays", GATE(1), CTL(0xb0),
	    PIN(0), COUNT(100), TICKS(98), PIN(0), TICKS(4), PIN(1),
	    TICKS(70000), PIN(1)),
	ROW("mode 0: the control word lowers it", GATE(1), CTL(0xb0),
	    COUNT(100), TICKS(102), PIN(1), CTL(0xb0), PIN(0)),
	ROW("mode 0: counts on below zero", GATE(1), CTL(0xb0), COUNT(100),
	    TICKS(103), COUNT_IS(0xfffd)),
	ROW("mode 0: gate holds the count", GATE(1), CTL(0xb0), COUNT(100),
	    TICKS(50), GATE(0), TICKS(1000), COUNT_IS(50), PIN(0), GATE(1),
	    TICKS(48), PIN(0), TICKS(4), PIN(1)),
	ROW("mode 0: loaded while the gate is low", CTL(0xb0), COUNT(100),
	    TICKS(1000), COUNT_IS(100), PIN(0), GATE(1), TICKS(98), PIN(0),
	    TICKS(4), PIN(1)),
	ROW("mode 0: a new count starts over", GATE(1), CTL(0xb0), COUNT(100),
	    TICKS(102), PIN(1), COUNT(200), PIN(0), TICKS(198), PIN(0),
	    TICKS(4), PIN(1)),
	ROW("mode 0: the first byte of two lowers it", GATE(1), CTL(0xb0),
	    COUNT(100), TICKS(102), PIN(1), OUT(0x42, 50), PIN(0)),

	/* Mode 1, hardware retriggerable one-shot. */
	ROW("mode 1: high until triggered", CTL(0xb2), PIN(1), COUNT(100),
	    TICKS(200), PIN(1), GATE(1), TICKS(2), PIN(0), TICKS(96), PIN(0),
	    TICKS(4), PIN(1), TICKS(70000), PIN(1)),
	ROW("mode 1: a gate that is high is no trigger", GATE(1), CTL(0xb2),
	    COUNT(100), TICKS(2), PIN(1)),
	ROW("mode 1: no count, no trigger", CTL(0xb2), GATE(1), PIN(1),
	    COUNT(100), TICKS(2), PIN(1)),
	ROW("mode 1: the gate may fall", CTL(0xb2), COUNT(100), GATE(1),
	    GATE(0), TICKS(98), PIN(0), TICKS(4), PIN(1)),
	ROW("mode 1: triggered again", CTL(0xb2), COUNT(100), GATE(1),
	    TICKS(50), GATE(0), GATE(1), TICKS(98), PIN(0), TICKS(4), PIN(1)),
	ROW("mode 1: a new count waits for a trigger", CTL(0xb2), COUNT(1000),
	    GATE(1), TICKS(10), COUNT(100), TICKS(400), PIN(0), TICKS(600),
	    PIN(1), GATE(0), GATE(1), TICKS(98), PIN(0), TICKS(4), PIN(1)),

	/* Mode 2, rate generator. */
	ROW("mode 2: low for one tick of each period", GATE(1), CTL(0xb4),
	    PIN(1), COUNT(100), TICKS(97), PIN(1), TICKS(2), PIN(0), TICKS(2),
	    PIN(1), TICKS(96), PIN(1), TICKS(2), PIN(0), TICKS(2), PIN(1)),
	ROW("mode 2: counts from the count to 1", GATE(1), CTL(0xb4),
	    COUNT(100), COUNT_IS(100), TICKS(30), COUNT_IS(70), TICKS(69), COUNT_IS(1),
	    TICKS(1), COUNT_IS(100)),
	ROW("mode 2: gate raises the output and starts over", GATE(1),
	    CTL(0xb4), COUNT(100), TICKS(99), PIN(0), GATE(0), PIN(1),
	    TICKS(500), GATE(1), COUNT_IS(100), TICKS(99), PIN(0)),
	ROW("mode 6 is mode 2", GATE(1), CTL(0xbc), COUNT(100), TICKS(50),
	    COUNT_IS(50), PIN(1), TICKS(49), PIN(0), TICKS(2), PIN(1)),

	/* Mode 3, square wave. */
	ROW("mode 3: even count, two halves", GATE(1), CTL(0xb6), PIN(1),
	    COUNT(100), TICKS(48), PIN(1), TICKS(4), PIN(0), TICKS(46), PIN(0),
	    TICKS(4), PIN(1)),
	ROW("mode 3: odd count is high for one tick more", GATE(1), CTL(0xb6),
	    COUNT(5), TICKS(2), PIN(1), TICKS(1), PIN(0), TICKS(1), PIN(0),
	    TICKS(1), PIN(1)),
	ROW("mode 3: counts by two, twice", GATE(1), CTL(0xb6), COUNT(100),
	    TICKS(10), COUNT_IS(80), TICKS(45), COUNT_IS(90)),
	ROW("mode 3: an odd count shows even numbers", GATE(1), CTL(0xb6),
	    COUNT(101), TICKS(10), IN_BITS(0x42, 1, 0)),
	ROW("mode 3: gate raises the output and starts over", GATE(1),
	    CTL(0xb6), COUNT(100), TICKS(60), PIN(0), GATE(0), PIN(1),
	    TICKS(500), GATE(1), COUNT_IS(100), TICKS(52), PIN(0)),
	ROW("mode 7 is mode 3", GATE(1), CTL(0xbe), COUNT(100), TICKS(52),
	    PIN(0), TICKS(50), PIN(1)),

	/* Mode 4, software triggered strobe. */
	ROW("mode 4: low for one tick after the count", GATE(1), CTL(0xb8),
	    PIN(1), COUNT(100), TICKS(98), PIN(1), TICKS(2), PIN(0), TICKS(2),
	    PIN(1), TICKS(100), PIN(1)),
	ROW("mode 4: gate holds the count", GATE(1), CTL(0xb8), COUNT(100),
	    TICKS(50), GATE(0), TICKS(1000), COUNT_IS(50), GATE(1), TICKS(50),
	    PIN(0)),
	ROW("mode 4: the first byte of two changes nothing", GATE(1),
	    CTL(0xb8), COUNT(100), TICKS(50), OUT(0x42, 7), TICKS(50), PIN(0)),

	/* Mode 5, hardware triggered strobe. */
	ROW("mode 5: low for one tick after trigger and count", CTL(0xba),
	    PIN(1), COUNT(100), TICKS(100), PIN(1), GATE(1), TICKS(98),
	    PIN(1), TICKS(2), PIN(0), TICKS(2), PIN(1)),
	ROW("mode 5: the gate may fall", CTL(0xba), COUNT(100), GATE(1),
	    TICKS(50), GATE(0), TICKS(50), PIN(0)),
	ROW("mode 5: triggered again", CTL(0xba), COUNT(100), GATE(1),
	    TICKS(50), GATE(0), GATE(1), TICKS(50), PIN(1), TICKS(50),
	    PIN(0)),
	ROW("mode 5: a new count waits for a trigger", CTL(0xba), COUNT(1000),
	    GATE(1), TICKS(10), COUNT(100), TICKS(990), PIN(0)),

	/* Counts. */
	ROW("count 0 is 65536", GATE(1), CTL(0xb4), COUNT(0), TICKS(1),
	    COUNT_IS(0xffff)),
	ROW("low byte alone", GATE(1), CTL(0x94), OUT(0x42, 100), IN(0x42, 100),
	    TICKS(10), IN(0x42, 90), IN(0x42, 90)),
	ROW("high byte alone", GATE(1), CTL(0xa4), OUT(0x42, 0x12),
	    IN(0x42, 0x12), TICKS(1), IN(0x42, 0x11), IN(0x42, 0x11)),
	ROW("BCD: counts in tens", GATE(1), CTL(0xb5), COUNT(0x1000),
	    COUNT_IS(0x1000), TICKS(1), COUNT_IS(0x0999)),
	ROW("BCD: count 0 is 10000", GATE(1), CTL(0xb5), COUNT(0), TICKS(1),
	    COUNT_IS(0x9999), TICKS(9998), COUNT_IS(1)),
	ROW("BCD: on below zero", GATE(1), CTL(0xb1), COUNT(5), TICKS(6),
	    COUNT_IS(0x9999)),
	ROW("a control word begins with the low byte", GATE(1), CTL(0xb4),
	    OUT(0x42, 0x11), CTL(0xb4), COUNT(0x2233), COUNT_IS(0x2233)),
	ROW("channels do not know of each other", GATE(1), CTL(0x74),
	    CTL(0xb4), OUT(0x41, 0x11), COUNT(0x2233), OUT(0x41, 0x44),
	    IN(0x41, 0x11), COUNT_IS(0x2233), IN(0x41, 0x44)),

	/* Latches. */
	ROW("latch holds until it is read", GATE(1), CTL(0xb0), COUNT(1000),
	    TICKS(100), CTL(0x80), TICKS(100), COUNT_IS(900), COUNT_IS(800)),
	ROW("a second latch is ignored", GATE(1), CTL(0xb0), COUNT(1000),
	    TICKS(100), CTL(0x80), TICKS(100), CTL(0x80), COUNT_IS(900)),
	ROW("latch of the low byte", GATE(1), CTL(0x90), OUT(0x42, 100),
	    TICKS(10), CTL(0x80), TICKS(10), IN(0x42, 90), IN(0x42, 80)),
	ROW("latch of the high byte", GATE(1), CTL(0xa0), OUT(0x42, 0x12),
	    TICKS(1), CTL(0x80), TICKS(0x100), IN(0x42, 0x11), IN(0x42, 0x10)),
	ROW("a control word drops the latch", GATE(1), CTL(0xb0), COUNT(1000),
	    CTL(0x80), CTL(0xb0), COUNT(500), TICKS(10), COUNT_IS(490)),
	ROW("latching one channel leaves the others", CTL(0x74),
	    OUT(0x41, 0xe8), OUT(0x41, 3), CTL(0x80), TICKS(100),
	    IN(0x41, 900 & 0xff), IN(0x41, 900 >> 8)),

	/* Read-back. */
	ROW("status: no count yet", CTL(0xb0), STATUS(0x70)),
	ROW("status: counting", CTL(0xb0), COUNT(100), STATUS(0x30)),
	ROW("status: output", GATE(1), CTL(0xb0), COUNT(100), TICKS(102),
	    STATUS(0xb0)),
	ROW("status: mode, bytes, BCD", CTL(0x97), STATUS(0xd7), CTL(0xa8),
	    STATUS(0xe8)),
	ROW("status: mode as it was written", CTL(0xbc),
	    STATUS_BITS(0x3f, 0x3c)),
	ROW("status: the first byte of two is no count", CTL(0xb4), COUNT(100),
	    OUT(0x42, 50), STATUS_BITS(NULL_COUNT, 0)),
	ROW("status: mode 1 loads at the trigger", CTL(0xb2), COUNT(100),
	    STATUS_BITS(NULL_COUNT, NULL_COUNT), GATE(1), TICKS(2),
	    STATUS_BITS(NULL_COUNT, 0)),
	ROW("status holds until it is read", GATE(1), CTL(0xb0), COUNT(100),
	    CTL(0xe8), TICKS(102), CTL(0xe8), IN(0x42, 0x30), STATUS(0xb0)),
	ROW("status comes before the count", GATE(1), CTL(0xb0), COUNT(1000),
	    TICKS(100), CTL(0xc8), TICKS(100), IN(0x42, 0x30), COUNT_IS(900),
	    COUNT_IS(800)),
	ROW("read-back of the count alone", GATE(1), CTL(0xb0), COUNT(1000),
	    TICKS(100), CTL(0xd8), TICKS(100), COUNT_IS(900)),
	ROW("read-back of all three", CTL(0x30), CTL(0x52), CTL(0xb4),
	    CTL(0xee), IN(0x40, 0x70), IN(0x41, 0xd2), IN(0x42, 0xf4)),
	ROW("read-back of none", GATE(1), CTL(0xb0), COUNT(1000), CTL(0xc0),
	    TICKS(100), COUNT_IS(900)),

	/* Interrupts of channel 0. */
	ROW("channel 0, mode 0: one", CTL(0x30), COUNT0(11932), MSEC(9),
	    IRQS(0), MSEC(2), IRQS(1), MSEC(200), IRQS(1)),
	ROW("channel 0, mode 0: a new count, a new one", CTL(0x30),
	    COUNT0(11932), MSEC(9), COUNT0(11932), MSEC(9), IRQS(0), MSEC(2),
	    IRQS(1), COUNT0(11932), MSEC(11), IRQS(2)),
	ROW("channel 0, mode 2: one each period", CTL(0x34), COUNT0(11932),
	    MSEC(105), IRQS(10), MSEC(100), IRQS(20)),
	ROW("channel 0, mode 3: one each period", CTL(0x36), COUNT0(11932),
	    MSEC(105), IRQS(10)),
	ROW("channel 0, mode 4: one", CTL(0x38), COUNT0(11932), MSEC(105),
	    IRQS(1)),
	ROW("channel 0, modes 1 and 5: its gate never rises", CTL(0x32),
	    COUNT0(100), MSEC(100), IRQS(0), CTL(0x3a), COUNT0(100),
	    MSEC(100), IRQS(0)),
	ROW("channel 0: the longest period", CTL(0x34), COUNT0(0), MSEC(54),
	    IRQS(0), MSEC(1), IRQS(1), MSEC(55), IRQS(2)),
	ROW("channel 0: a control word stops it", CTL(0x34), COUNT0(11932),
	    MSEC(25), IRQS(2), CTL(0x34), MSEC(100), IRQS(2)),
	ROW("channel 0: latching does not", CTL(0x34), COUNT0(11932),
	    MSEC(25), CTL(0x00), CTL(0xc2), MSEC(80), IRQS(10)),
	ROW("channel 0: short periods make no storm", CTL(0x34), COUNT0(2),
	    MSEC(100), IRQS_AT_MOST(1000)),
	ROW("channels 1 and 2 do not interrupt", GATE(1), CTL(0x74),
	    OUT(0x41, 100), OUT(0x41, 0), CTL(0xb4), COUNT(100), MSEC(10),
	    IRQS(0)),
	ROW("the interrupt is ISA 0", CTL(0x30), COUNT0(100), MSEC(1),
	    OUT(0x20, 0x0a), IN(0x20, 0x01)),
};

static void pit_row(struct kunit *test)
{
	fake_vm_run(test);
}

static int set_up(struct kunit *test)
{
	return fake_vm_init(test, 1, FAKE_IRQCHIP | FAKE_PIT);
}

KUNIT_ARRAY_PARAM(pit, rows, fake_row_name);

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(pit_row, pit_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "kage_pit",
	.init = set_up,
	.exit = fake_vm_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
