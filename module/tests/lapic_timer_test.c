// SPDX-License-Identifier: GPL-2.0
/*
 * The timer of a local APIC, row by row, on a clock of its own. SDM: "APIC
 * Timer". A count at 25 MHz is 40 ns, a tick of the guest's TSC is 1 ns.
 */
#include "fake_time.h"
#include "../dev/lapic_timer.c"
#include "fake_vm.h"

#define LVTT(val)	STORE(XAPIC(0x320), val)
#define TMICT(val)	STORE(XAPIC(0x380), val)
#define TMICT_IS(val)	LOAD(XAPIC(0x380), val)
#define TMCCT_IS(val)	LOAD(XAPIC(0x390), val)
#define DIVIDE(code)	STORE(XAPIC(0x3e0), code)
#define BY_1		DIVIDE(0x0b)
#define ON		ENABLE, BY_1

#define PERIODIC	0x20000
#define DEADLINE	0x40000
#define MASKED		0x10000
#define COUNTS(n)	WAIT((n) * 40ULL)
#define NSEC(n)		WAIT((n) * 1ULL)
#define SEC(n)		WAIT((n) * 1000000000ULL)
#define TAKE		ACK(0x41), LAPIC_EOI

/* Deadlines are given from the beginning of a row on. */
static u64 begin(const struct fake_vm *fake)
{
	return 1000ULL * NSEC_PER_SEC;
}

static u64 set_deadline(struct fake_vm *fake, const struct fake_step *step)
{
	kage_lapic_set_deadline(&fake->vcpu[0], begin(fake) + step->addr);
	return step->val;
}

static u64 no_deadline(struct fake_vm *fake, const struct fake_step *step)
{
	kage_lapic_set_deadline(&fake->vcpu[0], 0);
	return step->val;
}

static u64 deadline_is(struct fake_vm *fake, const struct fake_step *step)
{
	u64 val = kage_lapic_get_deadline(&fake->vcpu[0]);

	return val ? val - begin(fake) : 0;
}

static u64 set_offset(struct fake_vm *fake, const struct fake_step *step)
{
	fake->vcpu[0].tsc_offset = step->val;
	return step->val;
}

static u64 move_tsc(struct fake_vm *fake, const struct fake_step *step)
{
	fake->vcpu[0].tsc_offset = step->val;
	kage_lapic_tsc_moved(&fake->vcpu[0]);
	return step->val;
}

static u64 no_storm(struct fake_vm *fake, const struct fake_step *step)
{
	u64 seen = fake->vcpu[0].lapic->timer_irqs;

	return seen && seen <= step->addr;
}

static u64 reset_all_chips(struct fake_vm *fake, const struct fake_step *step)
{
	kage_irqchip_reset(&fake->vm);
	return step->val;
}

#define SET_DEADLINE(tsc)	{ set_deadline, tsc }
#define NO_DEADLINE		{ no_deadline }
#define DEADLINE_IS(tsc)	{ deadline_is, 0, tsc }
#define TSC_OFFSET(val)		{ set_offset, 0, val }
#define TSC_MOVES(val)		{ move_tsc, 0, val }
#define IRQS_AT_MOST(n)		{ no_storm, n, 1 }
#define RESET			{ reset_all_chips }

/* A thousand counts last for 40 us times the divisor. */
#define DIVISOR(code, by) \
	ENABLE, DIVIDE(code), LVTT(0x41), TMICT(1000), TMICT_IS(1000), \
	COUNTS(500 * (by)), TMCCT_IS(500), COUNTS(500 * (by) - 1), \
	PENDING(0), COUNTS(1), PENDING(1), TMCCT_IS(0)

static const struct fake_row rows[] = {
	/* The divider. */
	ROW("divide by 1", DIVISOR(0x0b, 1)),
	ROW("divide by 2", DIVISOR(0x00, 2)),
	ROW("divide by 4", DIVISOR(0x01, 4)),
	ROW("divide by 8", DIVISOR(0x02, 8)),
	ROW("divide by 16", DIVISOR(0x03, 16)),
	ROW("divide by 32", DIVISOR(0x08, 32)),
	ROW("divide by 64", DIVISOR(0x09, 64)),
	ROW("divide by 128", DIVISOR(0x0a, 128)),

	/* One shot. */
	ROW("one shot is one", ON, LVTT(0x41), TMICT(1000), COUNTS(1000), TAKE,
	    SEC(1), PENDING(0), TMCCT_IS(0), TMICT_IS(1000)),
	ROW("the count is not written", ON, LVTT(0x41), TMICT(1000),
	    STORE(XAPIC(0x390), 5), TMCCT_IS(1000), COUNTS(999), PENDING(0)),
	ROW("0 stops it", ON, LVTT(0x41), TMICT(1000), COUNTS(500), TMICT(0),
	    TMCCT_IS(0), SEC(1), PENDING(0)),
	ROW("a new count starts over", ON, LVTT(0x41), TMICT(1000),
	    COUNTS(900), TMICT(1000), COUNTS(900), PENDING(0), TMCCT_IS(100),
	    COUNTS(100), PENDING(1)),
	ROW("the longest count", ENABLE, DIVIDE(0x0a), LVTT(0x41),
	    TMICT(0xffffffff), COUNTS(0xfffffffeULL * 128), PENDING(0),
	    TMCCT_IS(1), COUNTS(128), PENDING(1)),
	ROW("masked: counts, and is over", ON, LVTT(MASKED | 0x41),
	    TMICT(1000), COUNTS(500), TMCCT_IS(500), COUNTS(500), PENDING(0),
	    TMCCT_IS(0), LVTT(0x41), SEC(1), PENDING(0)),
	ROW("masked meanwhile", ON, LVTT(MASKED | 0x41), TMICT(1000),
	    COUNTS(500), LVTT(0x41), COUNTS(500), TAKE),
	ROW("disabled: counts, but masked", BY_1, LVTT(0x41), TMICT(1000),
	    TMCCT_IS(1000), COUNTS(1000), PENDING(0), TMCCT_IS(0)),
	ROW("illegal vector", ON, LVTT(0x0f), TMICT(1000), COUNTS(1000),
	    PENDING(0), ESR_IS(0x40)),
	ROW("it tells the processor", ON, LVTT(0x41), TMICT(1000), EVENT(0),
	    COUNTS(1000), EVENT(1)),

	/* Periodic. */
	ROW("periodic", ON, LVTT(PERIODIC | 0x41), TMICT(10000),
	    COUNTS(9999), PENDING(0), COUNTS(1), TAKE, COUNTS(2500),
	    TMCCT_IS(7500), COUNTS(7499), PENDING(0), COUNTS(1), TAKE,
	    COUNTS(10000), TAKE),
	ROW("periodic: ends with 0", ON, LVTT(PERIODIC | 0x41), TMICT(10000),
	    COUNTS(10000), TAKE, TMICT(0), SEC(1), PENDING(0)),
	ROW("periodic: masked it goes on", ON, LVTT(PERIODIC | MASKED | 0x41),
	    TMICT(10000), COUNTS(35000), PENDING(0), TMCCT_IS(5000),
	    LVTT(PERIODIC | 0x41), COUNTS(5000), TAKE),
	ROW("periodic: what nobody took is one interrupt", ON,
	    LVTT(PERIODIC | 0x41), TMICT(10000), COUNTS(55000), TAKE,
	    PENDING(0)),
	ROW("periodic: short periods make no storm", ON,
	    LVTT(PERIODIC | 0x41), TMICT(1), WAIT(100000000ULL),
	    IRQS_AT_MOST(1000)),
	ROW("one shot becomes periodic", ON, LVTT(0x41), TMICT(10000),
	    COUNTS(5000), LVTT(PERIODIC | 0x41), TMCCT_IS(5000), COUNTS(5000),
	    TAKE, COUNTS(10000), TAKE),
	ROW("periodic becomes one shot", ON, LVTT(PERIODIC | 0x41),
	    TMICT(10000), COUNTS(5000), LVTT(0x41), COUNTS(5000), TAKE,
	    SEC(1), PENDING(0)),

	/* TSC deadline. */
	ROW("deadline", ON, LVTT(DEADLINE | 0x41), SET_DEADLINE(5000000),
	    DEADLINE_IS(5000000), NSEC(4999999), PENDING(0), NSEC(2000), TAKE,
	    DEADLINE_IS(0), SEC(1), PENDING(0)),
	ROW("deadline: passed already", ON, LVTT(DEADLINE | 0x41), NSEC(1000),
	    SET_DEADLINE(1000), TAKE, DEADLINE_IS(0)),
	ROW("deadline: 0 disarms", ON, LVTT(DEADLINE | 0x41),
	    SET_DEADLINE(5000000), NO_DEADLINE, DEADLINE_IS(0), SEC(1),
	    PENDING(0)),
	ROW("deadline: a later one takes its place", ON,
	    LVTT(DEADLINE | 0x41), SET_DEADLINE(5000000),
	    SET_DEADLINE(9000000), NSEC(8999999), PENDING(0), NSEC(2000),
	    PENDING(1)),
	ROW("deadline: an earlier one takes its place", ON,
	    LVTT(DEADLINE | 0x41), SET_DEADLINE(9000000),
	    SET_DEADLINE(5000000), NSEC(5002000), TAKE, SEC(1), PENDING(0)),
	ROW("deadline: by the guest's clock", ON, TSC_OFFSET(3000000),
	    LVTT(DEADLINE | 0x41), SET_DEADLINE(5000000), NSEC(1999999),
	    PENDING(0), NSEC(2000), PENDING(1)),
	ROW("deadline: the clock is set back", ON, LVTT(DEADLINE | 0x41),
	    SET_DEADLINE(5000000), TSC_MOVES(-3000000ULL), NSEC(7999999),
	    PENDING(0), NSEC(2000), TAKE),
	ROW("deadline: the clock is set ahead", ON, LVTT(DEADLINE | 0x41),
	    SET_DEADLINE(5000000), TSC_MOVES(3000000), NSEC(1999999),
	    PENDING(0), NSEC(2000), TAKE, SEC(1), PENDING(0)),
	ROW("deadline: the clock is set past it", ON, LVTT(DEADLINE | 0x41),
	    SET_DEADLINE(5000000), TSC_MOVES(6000000), TAKE, DEADLINE_IS(0)),
	ROW("deadline: the clock is set and there is none", ON,
	    LVTT(DEADLINE | 0x41), TSC_MOVES(6000000), SEC(1), PENDING(0)),
	ROW("deadline: the clock is set during a count", ON, LVTT(0x41),
	    TMICT(1000), TSC_MOVES(6000000), PENDING(0), COUNTS(999),
	    PENDING(0), COUNTS(1), TAKE),
	ROW("deadline: three days ahead", ON, LVTT(DEADLINE | 0x41),
	    SET_DEADLINE(3 * 86400ULL * NSEC_PER_SEC), SEC(3 * 86400ULL - 1),
	    PENDING(0), SEC(1), NSEC(10000), TAKE),
	ROW("deadline: masked it is over all the same", ON,
	    LVTT(DEADLINE | MASKED | 0x41), SET_DEADLINE(5000000), SEC(1),
	    PENDING(0), DEADLINE_IS(0), LVTT(DEADLINE | 0x41), PENDING(0)),
	ROW("deadline: counts have no effect", ON, LVTT(DEADLINE | 0x41),
	    TMICT(1000), TMICT_IS(0), TMCCT_IS(0), SEC(1), PENDING(0)),
	ROW("deadline: the current count is 0", ON, LVTT(DEADLINE | 0x41),
	    SET_DEADLINE(5000000), TMCCT_IS(0)),
	ROW("deadline: none in the other modes", ON, LVTT(0x41),
	    SET_DEADLINE(5000000), DEADLINE_IS(0), SEC(1), PENDING(0),
	    LVTT(PERIODIC | 0x41), SET_DEADLINE(5000000), DEADLINE_IS(0)),
	ROW("deadline: entering the mode disarms", ON, LVTT(0x41),
	    TMICT(1000), LVTT(DEADLINE | 0x41), SEC(1), PENDING(0),
	    TMICT_IS(0)),
	ROW("deadline: leaving the mode disarms", ON, LVTT(DEADLINE | 0x41),
	    SET_DEADLINE(5000000), LVTT(0x41), DEADLINE_IS(0), SEC(1),
	    PENDING(0)),

	/* Ends. */
	ROW("reset stops it", ON, LVTT(PERIODIC | 0x41), TMICT(10000), RESET,
	    ON, LVTT(0x41), TMICT_IS(0), TMCCT_IS(0), SEC(1), PENDING(0)),
	ROW("switching the APIC off stops it", ON, LVTT(PERIODIC | 0x41),
	    TMICT(10000), SET_BASE(0xfee00100), SEC(1), SET_BASE(0xfee00900),
	    ON, LVTT(0x41), TMCCT_IS(0), SEC(1), PENDING(0)),
};

static void timer_row(struct kunit *test)
{
	fake_vm_run(test);
}

static int set_up(struct kunit *test)
{
	return fake_vm_init(test, 1, FAKE_IRQCHIP);
}

KUNIT_ARRAY_PARAM(timer, rows, fake_row_name);

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(timer_row, timer_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "kage_lapic_timer",
	.init = set_up,
	.exit = fake_vm_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
