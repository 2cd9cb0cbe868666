// SPDX-License-Identifier: GPL-2.0
/*
 * The CMOS clock, row by row, on a clock of its own. Motorola: "MC146818
 * Real-Time Clock Plus RAM". Every row begins at FAKE_EPOCH, a Wednesday, ten
 * seconds before a leap day.
 */
#include "fake_time.h"
#include "../dev/rtc.c"
#include "fake_vm.h"

#define A	RTC_REG_A
#define B	RTC_REG_B
#define C	RTC_REG_C
#define D	RTC_REG_D
#define CENTURY	KAGE_RTC_CENTURY

#define GET(reg, val)	OUT(0x70, reg), IN(0x71, val)
#define SET(reg, val)	OUT(0x70, reg), OUT(0x71, val)
/* Register C but for PF, which comes at 1024 Hz whether or not it is wanted. */
#define C_IS(val)	OUT(0x70, C), IN_BITS(0x71, 0xb0, val)
#define INT(on)		LINE_IS(KAGE_GSI_RTC, on)
#define USEC(n)		WAIT((n) * 1000ULL)
#define SEC(n)		WAIT((n) * 1000000000ULL)
/* The timer of the second runs a microsecond behind it. */
#define TICK		USEC(2)

#define HALT		SET(B, 0x82)
#define RUN		SET(B, 0x02)

#define SET_CLOCK(h, m, s)	SET(4, h), SET(2, m), SET(0, s)
#define CLOCK(h, m, s)		GET(4, h), GET(2, m), GET(0, s)
#define SET_DATE(c, y, m, d)	SET(CENTURY, c), SET(9, y), SET(8, m), SET(7, d)
#define DATE(c, y, m, d)	GET(CENTURY, c), GET(9, y), GET(8, m), GET(7, d)
#define SET_ALARM(h, m, s)	SET(5, h), SET(3, m), SET(1, s)

/* From the last second of a day to the next. */
#define MIDNIGHT(c, y, m, d)	HALT, SET_DATE(c, y, m, d), \
	SET_CLOCK(0x23, 0x59, 0x59), RUN, SEC(1), CLOCK(0, 0, 0)
/* An hour set in the form of 24 hours, in the form of 12. */
#define AS_12H(from, to)	HALT, SET_CLOCK(from, 0, 0), RUN, SET(B, 0), \
	GET(4, to)
/* And back. */
#define FROM_12H(from, to)	SET(B, 0x80), SET_CLOCK(from, 0, 0), \
	SET(B, 0), RUN, GET(4, to)
/* The periodic interrupt comes each @ns and not before. */
#define PERIOD(rate, ns) \
	SET(A, 0x20 | (rate)), SET(B, 0x42), WAIT((ns) - 1000), INT(0), \
	WAIT(2000), INT(1), GET(C, 0xc0), INT(0), \
	WAIT((ns) - 2000), INT(0), WAIT(2000), INT(1)

static u64 reset_rtc(struct fake_vm *fake, const struct fake_step *step)
{
	kage_rtc_reset(&fake->vm);
	return step->val;
}

#define RESET		{ reset_rtc }

#define AT_RESET	GET(A, 0x26), GET(B, 0x02), GET(C, 0), GET(D, 0x80), \
	GET(1, 0), GET(3, 0), GET(5, 0), GET(0x0e, 0), GET(0x7f, 0), INT(0)

static const struct fake_row rows[] = {
	/* Ports, memory, control registers. */
	ROW("reset", AT_RESET),
	ROW("reset of a clock in use", SET(A, 0x2f), SET(B, 0x72),
	    SET(0x0e, 0x55), SET(0x7f, 0xaa), SET_ALARM(1, 2, 3),
	    SET_CLOCK(1, 2, 3), SEC(2), INT(1), RESET, AT_RESET,
	    CLOCK(0x23, 0x59, 0x52)),
	ROW("index is write-only", OUT(0x70, 0x0b), IN(0x70, 0xff)),
	ROW("index: bit 7 is not of it", OUT(0x70, 0x8b), IN(0x71, 0x02)),
	ROW("a word is index and data", OUT2(0x70, 0x5a0e), GET(0x0e, 0x5a),
	    IN2(0x70, 0x5aff)),
	ROW("memory", SET(0x0e, 0x5a), SET(0x31, 0xa5), SET(0x33, 0x12),
	    SET(0x7f, 0xff), GET(0x0e, 0x5a), GET(0x31, 0xa5),
	    GET(0x33, 0x12), GET(0x7f, 0xff)),
	ROW("A: UIP is not written", SET(A, 0xff), GET(A, 0x7f)),
	ROW("B: all bits while SET is off", SET(B, 0x7f), GET(B, 0x7f)),
	ROW("B: SET takes UIE away", SET(B, 0xff), GET(B, 0xef)),
	ROW("C and D are not written", SET(C, 0xff), SET(D, 0x00), GET(C, 0),
	    GET(D, 0x80)),

	/* Time. */
	ROW("the host's time", CLOCK(0x23, 0x59, 0x50), GET(6, 4),
	    DATE(0x20, 0x24, 0x02, 0x28)),
	ROW("it goes on", SEC(9), CLOCK(0x23, 0x59, 0x59), SEC(1),
	    CLOCK(0, 0, 0), GET(6, 5), DATE(0x20, 0x24, 0x02, 0x29)),
	ROW("binary", SET(B, 0x06), CLOCK(23, 59, 50), DATE(20, 24, 2, 28)),
	ROW("binary, 12 hours", SET(B, 0x04), GET(4, 0x8b)),
	ROW("set", HALT, SET_DATE(0x19, 0x87, 0x06, 0x05),
	    SET_CLOCK(0x12, 0x34, 0x56), RUN, CLOCK(0x12, 0x34, 0x56),
	    DATE(0x19, 0x87, 0x06, 0x05), GET(6, 6), SEC(4),
	    CLOCK(0x12, 0x35, 0x00)),
	ROW("set in binary", SET(B, 0x86), SET_DATE(20, 31, 12, 24),
	    SET_CLOCK(18, 30, 15), SET(B, 0x06), CLOCK(18, 30, 15),
	    DATE(20, 31, 12, 24), RUN, CLOCK(0x18, 0x30, 0x15)),
	ROW("SET holds the time", HALT, SEC(5), CLOCK(0x23, 0x59, 0x50),
	    SET(0, 0x30), SEC(5), GET(0, 0x30), RUN, GET(0, 0x30), SEC(1),
	    GET(0, 0x31)),
	ROW("written without SET", SET(2, 0x30), CLOCK(0x23, 0x30, 0x50),
	    SEC(1), CLOCK(0x23, 0x30, 0x51)),
	ROW("the offset stays", SET(4, 0x11), SEC(86400),
	    CLOCK(0x11, 0x59, 0x50), DATE(0x20, 0x24, 0x02, 0x29)),
	ROW("any bytes are some time", HALT, SET_DATE(0xff, 0xff, 0xff, 0xff),
	    SET_CLOCK(0xff, 0xff, 0xff), RUN, GET(D, 0x80),
	    SET_DATE(0, 0, 0, 0), SET_CLOCK(0, 0, 0), GET(0, 0)),

	/* Calendar. */
	ROW("turn of the century", MIDNIGHT(0x19, 0x99, 0x12, 0x31),
	    DATE(0x20, 0x00, 0x01, 0x01), GET(6, 7)),
	ROW("2000 is a leap year", MIDNIGHT(0x20, 0x00, 0x02, 0x28),
	    DATE(0x20, 0x00, 0x02, 0x29)),
	ROW("2023 is none", MIDNIGHT(0x20, 0x23, 0x02, 0x28),
	    DATE(0x20, 0x23, 0x03, 0x01)),
	ROW("30 days", MIDNIGHT(0x20, 0x24, 0x04, 0x30),
	    DATE(0x20, 0x24, 0x05, 0x01)),
	ROW("31 days", MIDNIGHT(0x20, 0x24, 0x05, 0x31),
	    DATE(0x20, 0x24, 0x06, 0x01)),

	/* Twelve hours. */
	ROW("0:00 is 12 AM", AS_12H(0x00, 0x12)),
	ROW("1:00 is 1 AM", AS_12H(0x01, 0x01)),
	ROW("11:00 is 11 AM", AS_12H(0x11, 0x11)),
	ROW("12:00 is 12 PM", AS_12H(0x12, 0x92)),
	ROW("13:00 is 1 PM", AS_12H(0x13, 0x81)),
	ROW("23:00 is 11 PM", AS_12H(0x23, 0x91)),
	ROW("12 AM is 0:00", FROM_12H(0x12, 0x00)),
	ROW("1 AM is 1:00", FROM_12H(0x01, 0x01)),
	ROW("11 AM is 11:00", FROM_12H(0x11, 0x11)),
	ROW("12 PM is 12:00", FROM_12H(0x92, 0x12)),
	ROW("1 PM is 13:00", FROM_12H(0x81, 0x13)),
	ROW("11 PM is 23:00", FROM_12H(0x91, 0x23)),

	/* Update in progress. */
	ROW("UIP: the last 244 us of a second", USEC(999700), GET(A, 0x26),
	    USEC(100), GET(A, 0xa6), USEC(199), GET(A, 0xa6), USEC(1),
	    GET(A, 0x26)),
	ROW("UIP: not while SET", HALT, USEC(999900), GET(A, 0x26)),
	ROW("UF: once a second", C_IS(0), SEC(1), C_IS(0x10), C_IS(0),
	    SEC(3), C_IS(0x10), C_IS(0)),
	ROW("UF: not while SET", HALT, SEC(2), C_IS(0)),
	ROW("UIE: an interrupt each second", SET(B, 0x12), USEC(999999),
	    INT(0), TICK, INT(1), C_IS(0x90), INT(0), SEC(1), INT(1),
	    C_IS(0x90)),
	ROW("UIE off", SET(B, 0x12), RUN, SEC(2), INT(0)),
	ROW("UIE finds UF set", SEC(2), SET(B, 0x12), INT(1)),

	/* Alarm. */
	ROW("alarm", SET_ALARM(0x23, 0x59, 0x55), SET(B, 0x22), SEC(4), TICK,
	    INT(0), SEC(1), INT(1), C_IS(0xb0), INT(0), SEC(60), INT(0)),
	ROW("alarm of another minute", SET_ALARM(0x23, 0x58, 0x55),
	    SET(B, 0x22), SEC(20), TICK, INT(0)),
	ROW("alarm of another hour", SET_ALARM(0x22, 0x59, 0x55),
	    SET(B, 0x22), SEC(20), TICK, INT(0)),
	ROW("alarm, any hour", SET_ALARM(0xff, 0x00, 0x05), SET(B, 0x22),
	    SEC(15), TICK, INT(1)),
	ROW("alarm, any hour and minute", SET_ALARM(0xc0, 0xc0, 0x05),
	    SET(B, 0x22), SEC(14), TICK, INT(0), SEC(1), INT(1), C_IS(0xb0),
	    SEC(59), INT(0), SEC(1), INT(1)),
	ROW("alarm, any second", SET_ALARM(0xff, 0xff, 0xff), SET(B, 0x22),
	    SEC(1), TICK, INT(1), C_IS(0xb0), SEC(1), INT(1)),
	ROW("alarm, 0xbf is no wildcard", SET_ALARM(0xff, 0xff, 0xbf),
	    SET(B, 0x22), SEC(120), TICK, INT(0)),
	ROW("alarm in 12 hours", SET_ALARM(0x91, 0x59, 0x55), SET(B, 0x20),
	    SEC(5), TICK, INT(1)),
	ROW("alarm in binary", SET_ALARM(23, 59, 55), SET(B, 0x26), SEC(5),
	    TICK, INT(1)),
	ROW("alarm off", SET_ALARM(0xff, 0xff, 0xff), SEC(5), INT(0)),
	ROW("alarm: not while SET", SET_ALARM(0xff, 0xff, 0xff), SET(B, 0xa2),
	    SEC(5), INT(0)),
	ROW("alarm that nobody enabled is seen in its second",
	    SET_ALARM(0x23, 0x59, 0x55), SEC(5), C_IS(0x30), C_IS(0)),
	ROW("alarm that nobody enabled is seen later",
	    SET_ALARM(0x23, 0x59, 0x55), SEC(8), C_IS(0x30)),

	ROW("alarm of the first second of a day", SET_ALARM(0x00, 0x00, 0x00),
	    SET(B, 0x22), SEC(9), TICK, INT(0), SEC(1), INT(1)),
	ROW("alarm of the last second of a day", SET_ALARM(0x23, 0x59, 0x59),
	    SEC(9), C_IS(0x30), SEC(86399), C_IS(0x10), SEC(1), C_IS(0x30)),
	ROW("alarm of a minute, any second", SET_ALARM(0x00, 0x01, 0xff),
	    SEC(69), C_IS(0x10), SEC(1), C_IS(0x30), SEC(59), C_IS(0x30),
	    SEC(1), C_IS(0x10)),
	ROW("alarm, any day has it", SET_ALARM(0x12, 0x34, 0x56), SEC(86400),
	    C_IS(0x30), SEC(1000000), C_IS(0x30)),
	ROW("alarm that no time is", SET_ALARM(0x24, 0xc0, 0xc0), SEC(1000000),
	    C_IS(0x10), SET_ALARM(0xc0, 0x1a, 0xc0), SEC(1000000),
	    C_IS(0x10)),
	ROW("alarm, time set back", SET_ALARM(0x23, 0x59, 0x55), SEC(20),
	    C_IS(0x30), SET(4, 0x22), SEC(7200), C_IS(0x30)),

	/* Periodic interrupt. */
	ROW("rate 1: 3.90625 ms", PERIOD(1, 3906250ULL)),
	ROW("rate 2: 7.8125 ms", PERIOD(2, 7812500ULL)),
	ROW("rate 3: 122.070 us", PERIOD(3, 122070ULL)),
	ROW("rate 4: 244.141 us", PERIOD(4, 244141ULL)),
	ROW("rate 5: 488.281 us", PERIOD(5, 488281ULL)),
	ROW("rate 6: 976.562 us", PERIOD(6, 976562ULL)),
	ROW("rate 7: 1.953125 ms", PERIOD(7, 1953125ULL)),
	ROW("rate 8: 3.90625 ms", PERIOD(8, 3906250ULL)),
	ROW("rate 9: 7.8125 ms", PERIOD(9, 7812500ULL)),
	ROW("rate 10: 15.625 ms", PERIOD(10, 15625000ULL)),
	ROW("rate 11: 31.25 ms", PERIOD(11, 31250000ULL)),
	ROW("rate 12: 62.5 ms", PERIOD(12, 62500000ULL)),
	ROW("rate 13: 125 ms", PERIOD(13, 125000000ULL)),
	ROW("rate 14: 250 ms", PERIOD(14, 250000000ULL)),
	ROW("rate 15: 500 ms", PERIOD(15, 500000000ULL)),
	ROW("rate 0: none", SET(A, 0x20), SET(B, 0x42), USEC(900000), INT(0),
	    GET(C, 0)),
	ROW("divider in reset: none", SET(A, 0x76), SET(B, 0x42),
	    USEC(900000), INT(0), GET(C, 0)),
	ROW("PIE off", SET(B, 0x42), RUN, USEC(900000), INT(0)),
	ROW("periods that nobody took are one interrupt", SET(B, 0x42),
	    USEC(10000), INT(1), GET(C, 0xc0), INT(0), GET(C, 0)),
	ROW("PF without interrupt", USEC(900), GET(C, 0), USEC(100),
	    GET(C, 0x40), GET(C, 0), INT(0)),
};

static void rtc_row(struct kunit *test)
{
	fake_vm_run(test);
}

static bool fits(u8 alarm, u8 val)
{
	return alarm >= 0xc0 || alarm == val;
}

/* The same by a look at each second. */
static bool walk(const struct kage_rtc *rtc, u32 from, u32 n)
{
	const u8 *ram = rtc->ram;
	u32 s;

	while (n--) {
		s = ++from % DAY;
		if (fits(ram[1], encode(rtc, s % 60)) &&
		    fits(ram[3], encode(rtc, s / 60 % 60)) &&
		    fits(ram[5], encode_hour(rtc, s / 3600)))
			return true;
	}
	return false;
}

/* Alarms of all kinds, in all four forms of the time. */
static void rtc_alarm_is_found(struct kunit *test)
{
	static const u8 vals[] = { 0x00, 0x0b, 0x12, 0x23, 0x59, 0x92, 0xbf,
				   0xc0, 0xff };
	static const u32 spans[] = { 1, 59, 60, 3599, 3601, DAY - 1 };
	const unsigned int nr = ARRAY_SIZE(vals);
	struct fake_vm *fake = test->priv;
	struct kage_rtc *rtc = fake->vm.rtc;
	unsigned int i, form, span;
	u32 from = 0;

	for (i = 0; i < nr * nr * nr * 4; i++) {
		form = i / (nr * nr * nr);
		rtc->ram[RTC_REG_B] = form << 1;
		rtc->ram[1] = vals[i % nr];
		rtc->ram[3] = vals[i / nr % nr];
		rtc->ram[5] = vals[i / nr / nr % nr];
		from = (from + 35353) % DAY;
		span = spans[i / 5 % ARRAY_SIZE(spans)];
		KUNIT_ASSERT_EQ_MSG(test, alarm_between(rtc, from, from + span),
				    walk(rtc, from, span),
				    "%x:%x:%x, form %u, %u seconds from %u",
				    rtc->ram[5], rtc->ram[3], rtc->ram[1], form,
				    span, from);
	}
}

static int set_up(struct kunit *test)
{
	return fake_vm_init(test, 1, FAKE_IRQCHIP | FAKE_RTC);
}

KUNIT_ARRAY_PARAM(rtc, rows, fake_row_name);

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(rtc_row, rtc_gen_params),
	KUNIT_CASE(rtc_alarm_is_found),
	{}
};

static struct kunit_suite suite = {
	.name = "kage_rtc",
	.init = set_up,
	.exit = fake_vm_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
