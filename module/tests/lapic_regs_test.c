// SPDX-License-Identifier: GPL-2.0
/*
 * Registers of a local APIC, row by row: the page, the MSRs, and the way
 * between them. SDM: "Local APIC Register Address Map", "x2APIC Register
 * Address Space", "x2APIC State Transitions".
 */
#include "../dev/lapic_regs.c"
#include "fake_vm.h"

#define GET(off, val)	LOAD(XAPIC(off), val)
#define SET(off, val)	STORE(XAPIC(off), val)
#define BOTH(off, put, get)	SET(off, put), GET(off, get)
#define ILLEGAL		0x80

#define OFF		0xfee00100
#define OFF_AP		0xfee00000
#define X1		0xfee00900
#define X1_AP		0xfee00800
#define X2		0xfee00d00

/* A register that only one direction has, and one that has none. */
#define READ_ONLY(msr, val)	RDMSR(msr, val), WRMSR_GP(msr, 0), \
	WRMSR_GP(msr, 1)
#define ABSENT(msr)		RDMSR_GP(msr), WRMSR_GP(msr, 0)

static u64 enabled(struct fake_vm *fake, const struct fake_step *step)
{
	return kage_lapic_enabled(&fake->vcpu[0]);
}

/* How many of the page's registers are there to be read? */
static u64 readable(struct fake_vm *fake, const struct fake_step *step)
{
	struct kage_vcpu *vcpu = &fake->vcpu[0];
	unsigned int off, nr = 0;

	for (off = 0; off < 0x1000; off += 0x10) {
		/* Write-only, and neither reserved nor to be read. */
		if (off == APIC_EOI)
			continue;
		kage_bus_read(vcpu, KAGE_BUS_MMIO, XAPIC(off), 4);
		kage_bus_write(vcpu, KAGE_BUS_MMIO, XAPIC(APIC_ESR), 4, 0);
		nr += !(kage_bus_read(vcpu, KAGE_BUS_MMIO, XAPIC(APIC_ESR), 4) &
			ILLEGAL);
	}
	return nr;
}

static u64 readable_msrs(struct fake_vm *fake, const struct fake_step *step)
{
	unsigned int msr, nr = 0;
	u64 val;

	for (msr = 0x800; msr < 0x900; msr++)
		nr += !kage_lapic_msr_read(&fake->vcpu[0], msr, &val);
	return nr;
}

#define ENABLED(on)		{ enabled, 0, on }
#define READABLE(n)		{ readable, 0, n }
#define READABLE_MSRS(n)	{ readable_msrs, 0, n }

#define LVTS_ARE(val)	GET(0x320, val), GET(0x330, val), GET(0x340, val), \
	GET(0x350, val), GET(0x360, val), GET(0x370, val)

static const struct fake_row rows[] = {
	/* The page. */
	ROW("reset", GET(0x20, 0), GET(0x30, 0x00050014), GET(0x80, 0),
	    GET(0x90, 0), GET(0xa0, 0), GET(0xc0, 0), GET(0xd0, 0),
	    GET(0xe0, 0xffffffff), GET(0xf0, 0xff), GET(0x100, 0),
	    GET(0x170, 0), GET(0x180, 0), GET(0x1f0, 0), GET(0x200, 0),
	    GET(0x270, 0), GET(0x280, 0), GET(0x300, 0), GET(0x310, 0),
	    LVTS_ARE(0x10000), GET(0x380, 0), GET(0x390, 0), GET(0x3e0, 0)),
	ROW("ID", LOAD_ON(0, XAPIC(0x20), 0), LOAD_ON(1, XAPIC(0x20), 1 << 24),
	    LOAD_ON(2, XAPIC(0x20), 2 << 24)),
	ROW("TPR: eight bits", BOTH(0x80, 0xffffffff, 0xff)),
	ROW("LDR: eight bits", BOTH(0xd0, 0xffffffff, 0xff000000),
	    BOTH(0xd0, 0, 0)),
	ROW("DFR: four bits, the rest are ones", BOTH(0xe0, 0, 0x0fffffff),
	    BOTH(0xe0, 0xffffffff, 0xffffffff)),
	ROW("SVR: vector, enable, focus", BOTH(0xf0, 0xffffefff, 0x1ff),
	    BOTH(0xf0, 0x10f, 0x10f)),
	ROW("ICR: status and reserved bits are not written",
	    BOTH(0x300, 0xfff3f4ff, 0xc4ff)),
	ROW("ICR2: eight bits", BOTH(0x310, 0xffffffff, 0xff000000)),
	ROW("TDCR: three bits", BOTH(0x3e0, 0xffffffff, 0x0b)),
	ROW("LVT timer: bits", ENABLE, BOTH(0x320, 0xffffffff, 0x700ff),
	    BOTH(0x320, 0, 0)),
	ROW("LVT thermal: bits", ENABLE, BOTH(0x330, 0xffffffff, 0x107ff),
	    BOTH(0x330, 0, 0)),
	ROW("LVT performance: bits", ENABLE, BOTH(0x340, 0xffffffff, 0x107ff),
	    BOTH(0x340, 0, 0)),
	ROW("LVT LINT0: bits", ENABLE, BOTH(0x350, 0xffffffff, 0x1a7ff),
	    BOTH(0x350, 0, 0)),
	ROW("LVT LINT1: bits", ENABLE, BOTH(0x360, 0xffffffff, 0x1a7ff),
	    BOTH(0x360, 0, 0)),
	ROW("LVT error: bits", ENABLE, BOTH(0x370, 0xffffffff, 0x100ff),
	    BOTH(0x370, 0, 0)),
	ROW("LVT stays masked while disabled", SET(0x320, 0x41),
	    GET(0x320, 0x10041), SET(0x350, 0x700), GET(0x350, 0x10700),
	    ENABLE, GET(0x320, 0x10041)),
	ROW("disabling masks every LVT", ENABLE, SET(0x320, 0), SET(0x330, 0),
	    SET(0x340, 0), SET(0x350, 0), SET(0x360, 0), SET(0x370, 0),
	    LVTS_ARE(0), SET(0xf0, 0xff), LVTS_ARE(0x10000), ENABLE,
	    LVTS_ARE(0x10000)),
	ROW("read-only registers keep their value", SET(0x30, ~0U),
	    SET(0xa0, ~0U), SET(0x100, ~0U), SET(0x180, ~0U), SET(0x200, ~0U),
	    SET(0x390, ~0U), GET(0x30, 0x00050014), GET(0xa0, 0),
	    GET(0x100, 0), GET(0x180, 0), GET(0x200, 0), GET(0x390, 0)),
	ROW("a store to a read-only register is no error", SET(0x30, 1),
	    SET(0xa0, 1), SET(0x100, 1), SET(0x390, 1), ESR_IS(0)),
	ROW("reserved registers are errors", GET(0x40, 0), ESR_IS(ILLEGAL),
	    SET(0x40, 0), ESR_IS(ILLEGAL), GET(0x3f0, 0), ESR_IS(ILLEGAL),
	    ESR_IS(0)),
	/* ID to SVR without EOI 9, ISR to ESR 25, ICR and LVTs 8, timer 3. */
	ROW("no register too many", READABLE(45)),
	ROW("between registers", SET(0x84, 0xff), GET(0x84, 0), GET(0x80, 0),
	    STORE1(XAPIC(0x80), 0xff), GET(0x80, 0), ESR_IS(0)),
	ROW("a byte is read", SET(0x80, 0x5a), LOAD1(XAPIC(0x80), 0x5a)),

	/* IA32_APIC_BASE. */
	ROW("base at reset", BASE_IS(X1), BASE_IS_ON(1, X1_AP), ENABLED(1)),
	ROW("base: reserved bits", SET_BASE_GP(X1 | 1), SET_BASE_GP(X1 | 0x80),
	    SET_BASE_GP(X1 | 0x200), SET_BASE_GP(X1 | 1ULL << 40),
	    SET_BASE_GP(X1 | 1ULL << 63), BASE_IS(X1)),
	ROW("base: the page does not move", SET_BASE_GP(0xfef00900),
	    SET_BASE_GP(0x900), SET_BASE_GP(X1 | 1ULL << 32), BASE_IS(X1)),
	ROW("base: xAPIC to x2APIC", SET_BASE(X2), BASE_IS(X2), ENABLED(1)),
	ROW("base: xAPIC to off and back", SET_BASE(OFF), ENABLED(0),
	    SET_BASE(X1), ENABLED(1), BASE_IS(X1)),
	ROW("base: x2APIC to off", SET_BASE(X2), SET_BASE(OFF), ENABLED(0)),
	ROW("base: x2APIC to xAPIC is refused", SET_BASE(X2), SET_BASE_GP(X1),
	    BASE_IS(X2)),
	ROW("base: off to x2APIC is refused", SET_BASE(OFF), SET_BASE_GP(X2),
	    BASE_IS(OFF)),
	ROW("base: EXTD without EN is refused", SET_BASE_GP(0xfee00500),
	    SET_BASE(OFF), SET_BASE_GP(0xfee00500), SET_BASE(X1),
	    SET_BASE(X2), SET_BASE_GP(0xfee00500)),
	ROW("base: the same again", SET_BASE(X1), SET_BASE(X2), SET_BASE(X2),
	    BASE_IS(X2), SET_BASE(OFF), SET_BASE(OFF), BASE_IS(OFF)),
	ROW("off: no page", ENABLE, SET_BASE(OFF), GET(0x30, 0xffffffff),
	    GET(0x80, 0xffffffff)),
	ROW("off and on is a reset", ENABLE, SET(0x80, 0x50), SET(0xd0, ~0U),
	    SET(0xe0, 0), SET(0x320, 0x41), SET_BASE(OFF), SET_BASE(X1),
	    GET(0x80, 0), GET(0xd0, 0), GET(0xe0, 0xffffffff), GET(0xf0, 0xff),
	    GET(0x320, 0x10000)),
	ROW("off: the others have theirs", SET_BASE(OFF),
	    LOAD_ON(1, XAPIC(0x30), 0x00050014)),
	ROW("x2APIC: no page", SET_BASE(X2), GET(0x30, 0xffffffff),
	    SET(0x80, 0x50), RDMSR(0x808, 0)),

	/* MSRs. */
	ROW("xAPIC: no MSRs", RDMSR_GP(0x802), WRMSR_GP(0x808, 0),
	    READABLE_MSRS(0)),
	ROW("off: no MSRs", SET_BASE(OFF), RDMSR_GP(0x802),
	    READABLE_MSRS(0)),
	ROW("x2APIC at reset", SET_BASE(X2), RDMSR(0x802, 0),
	    RDMSR(0x803, 0x00050014), RDMSR(0x808, 0), RDMSR(0x80a, 0),
	    RDMSR(0x80d, 1), RDMSR(0x80f, 0xff), RDMSR(0x828, 0),
	    RDMSR(0x830, 0), RDMSR(0x832, 0x10000), RDMSR(0x837, 0x10000),
	    RDMSR(0x838, 0), RDMSR(0x839, 0), RDMSR(0x83e, 0)),
	/* As the page without ARB, RRR, DFR, ICR2. */
	ROW("x2APIC: no register too many", SET_BASE(X2), READABLE_MSRS(41)),
	ROW("x2APIC: the mode keeps values", ENABLE, SET(0x80, 0x50),
	    SET(0x320, 0x41), SET_BASE(X2), RDMSR(0x808, 0x50),
	    RDMSR(0x80f, 0x1ff), RDMSR(0x832, 0x41)),
	ROW("x2APIC: read-only", SET_BASE(X2), READ_ONLY(0x802, 0),
	    READ_ONLY(0x803, 0x00050014), READ_ONLY(0x80a, 0),
	    READ_ONLY(0x80d, 1), READ_ONLY(0x810, 0), READ_ONLY(0x817, 0),
	    READ_ONLY(0x818, 0), READ_ONLY(0x820, 0), READ_ONLY(0x827, 0),
	    READ_ONLY(0x839, 0)),
	ROW("x2APIC: write-only", SET_BASE(X2), RDMSR_GP(0x80b),
	    WRMSR(0x80b, 0), RDMSR_GP(0x83f)),
	ROW("x2APIC: registers that are gone", SET_BASE(X2), ABSENT(0x809),
	    ABSENT(0x80c), ABSENT(0x80e), ABSENT(0x831)),
	ROW("x2APIC: registers that never were", SET_BASE(X2), ABSENT(0x800),
	    ABSENT(0x801), ABSENT(0x804), ABSENT(0x829), ABSENT(0x82f),
	    ABSENT(0x83a), ABSENT(0x840), ABSENT(0x8ff)),
	ROW("x2APIC: TPR", SET_BASE(X2), WRMSR(0x808, 0xff),
	    RDMSR(0x808, 0xff), WRMSR_GP(0x808, 0x100),
	    WRMSR_GP(0x808, 1ULL << 32)),
	ROW("x2APIC: EOI takes only 0", SET_BASE(X2), WRMSR(0x80b, 0),
	    WRMSR_GP(0x80b, 1), WRMSR_GP(0x80b, 1ULL << 32)),
	ROW("x2APIC: SVR", SET_BASE(X2), WRMSR(0x80f, 0x1ff),
	    RDMSR(0x80f, 0x1ff), WRMSR_GP(0x80f, 0x400),
	    WRMSR_GP(0x80f, 0x1000)),
	ROW("x2APIC: ESR takes only 0", SET_BASE(X2), WRMSR(0x828, 0),
	    WRMSR_GP(0x828, 1)),
	ROW("x2APIC: ICR is one register", SET_BASE(X2),
	    WRMSR(0x830, 0x1234567800000441ULL),
	    RDMSR(0x830, 0x1234567800000441ULL)),
	ROW("x2APIC: ICR, reserved bits", SET_BASE(X2),
	    WRMSR_GP(0x830, 0x1000), WRMSR_GP(0x830, 0x2000),
	    WRMSR_GP(0x830, 0x10000), WRMSR_GP(0x830, 0x100000),
	    RDMSR(0x830, 0)),
	ROW("x2APIC: LVT, reserved bits", SET_BASE(X2),
	    WRMSR(0x832, 0x10041), WRMSR_GP(0x832, 0x100),
	    WRMSR_GP(0x832, 0x80000), WRMSR_GP(0x833, 0x2000),
	    WRMSR_GP(0x834, 0x8000), WRMSR_GP(0x835, 0x800),
	    WRMSR_GP(0x835, 0x20000), WRMSR_GP(0x837, 0x100),
	    WRMSR_GP(0x832, 1ULL << 32), RDMSR(0x832, 0x10041)),
	ROW("x2APIC: LVT, status is not reserved", SET_BASE(X2),
	    WRMSR(0x80f, 0x1ff), WRMSR(0x835, 0x5700), RDMSR(0x835, 0x700)),
	ROW("x2APIC: LVT, only pins have a remote IRR", SET_BASE(X2),
	    WRMSR_GP(0x832, 0x4000), WRMSR_GP(0x833, 0x4000),
	    WRMSR_GP(0x834, 0x4000), WRMSR_GP(0x837, 0x4000)),
	ROW("x2APIC: LVT masked while disabled", SET_BASE(X2),
	    WRMSR(0x832, 0x41), RDMSR(0x832, 0x10041)),
	ROW("x2APIC: TMICT and TDCR", SET_BASE(X2), WRMSR(0x838, 0xffffffff),
	    RDMSR(0x838, 0xffffffff), WRMSR(0x838, 0),
	    WRMSR_GP(0x838, 1ULL << 32), WRMSR(0x83e, 0x0b),
	    RDMSR(0x83e, 0x0b), WRMSR_GP(0x83e, 0x04), WRMSR_GP(0x83e, 0x10)),
	ROW("x2APIC: self IPI, reserved bits", SET_BASE(X2),
	    WRMSR_GP(0x83f, 0x100), WRMSR_GP(0x83f, 0x40041)),
	ROW("x2APIC: self IPI, illegal vector", SET_BASE(X2),
	    WRMSR(0x80f, 0x1ff), WRMSR(0x83f, 0x0f), PENDING(0),
	    WRMSR(0x828, 0), RDMSR(0x828, 0x20)),
	ROW("x2APIC: EOI ends", ENABLE, SET_BASE(X2), WRMSR(0x83f, 0x41),
	    ACK(0x41), RDMSR(0x812, 2), WRMSR(0x80b, 0), RDMSR(0x812, 0)),
	ROW("x2APIC: an absent MSR is no error", SET_BASE(X2), ABSENT(0x829),
	    WRMSR(0x828, 0), RDMSR(0x828, 0)),
};

static void regs_row(struct kunit *test)
{
	fake_vm_run(test);
}

static const struct fake_row before =
	ROW("", ENABLE, SET(0x80, 0xff), SET(0xd0, ~0U), SET(0xe0, 0),
	    SET(0x300, 0x40041), SET(0x310, ~0U), SET(0x320, 0x20041),
	    SET(0x350, 0x700), SET(0x380, 1000), SET(0x3e0, 3), GET(0x40, 0),
	    SET_BASE(X2));

/* Registers are back at their first values, and the mode with them. */
static void reset_forgets(struct kunit *test)
{
	struct fake_vm *fake = test->priv;

	test->param_value = &before;
	fake_vm_run(test);
	kage_irqchip_reset(&fake->vm);
	test->param_value = &rows[0];
	fake_vm_run(test);
	KUNIT_EXPECT_EQ(test, kage_lapic_get_base(&fake->vcpu[0]), (u64)X1);
	KUNIT_EXPECT_FALSE(test, kage_irq_pending(&fake->vcpu[0]));
}

static int set_up(struct kunit *test)
{
	return fake_vm_init(test, 3, FAKE_IRQCHIP);
}

KUNIT_ARRAY_PARAM(regs, rows, fake_row_name);

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(regs_row, regs_gen_params),
	KUNIT_CASE(reset_forgets),
	{}
};

static struct kunit_suite suite = {
	.name = "kage_lapic_regs",
	.init = set_up,
	.exit = fake_vm_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
