// SPDX-License-Identifier: GPL-2.0
/*
 * RDMSR and WRMSR: values that are taken and come back, values that are refused,
 * MSRs that are not there. And registers of the interrupt controllers in memory.
 */
#include "snippets.h"

#define HIGH		0xdeadbeef00000000ULL
#define EDX(val)	(HIGH | (uint64_t)(val) >> 32)
#define EAX(val)	(HIGH | (uint32_t)(val))
#define NOT_CANONICAL	BIT(47)

static uint32_t msr;
static uint64_t old;

static void keep(void)
{
	old = rdmsr(msr);
}

static void restore(void)
{
	wrmsr(msr, old);
}

static void unchanged(void)
{
	check("the MSR", rdmsr(msr), old);
}

/* RDX and RAX are others when it is read back. */
static void takes_as(const char *what, uint32_t nr, uint64_t val, uint64_t back)
{
	msr = nr;
	keep();
	ROW("wrmsr; mov rsi, rax; mov rsi, rdx; rdmsr", .note = what,
	    .steps = 4, .how = PRIVILEGED,
	    .in = { { RCX, HIGH | nr }, { RAX, EAX(val) }, { RDX, EDX(val) } },
	    .out = { { RAX, (uint32_t)back }, { RDX, back >> 32 } },
	    .after = restore);
}

static void takes(const char *what, uint32_t nr, uint64_t val)
{
	takes_as(what, nr, val, val);
}

static void refuses(const char *what, uint32_t nr, uint64_t val)
{
	msr = nr;
	keep();
	ROW("wrmsr", .note = what, .how = PRIVILEGED, .vector = VEC_GP,
	    .in = { { RCX, HIGH | nr }, { RAX, EAX(val) }, { RDX, EDX(val) } },
	    .after = unchanged);
	restore();
}

static void reads(const char *what, uint32_t nr, uint64_t val)
{
	ROW("rdmsr", .note = what, .how = PRIVILEGED, .in = { { RCX, nr } },
	    .out = { { RAX, (uint32_t)val }, { RDX, val >> 32 } });
}

static void no_read(const char *what, uint32_t nr)
{
	ROW("rdmsr", .note = what, .how = PRIVILEGED, .vector = VEC_GP,
	    .in = { { RCX, nr } });
}

static void no_write(const char *what, uint32_t nr, uint64_t val)
{
	ROW("wrmsr", .note = what, .how = PRIVILEGED, .vector = VEC_GP,
	    .in = { { RCX, nr }, { RAX, EAX(val) }, { RDX, EDX(val) } });
}

static void address(const char *what, uint32_t nr)
{
	takes(what, nr, 0x00007ffffffff123);
	takes(what, nr, 0xffff800000000000);
	refuses(what, nr, NOT_CANONICAL);
	refuses(what, nr, 1ULL << 63);
}

static void system_call_rows(void)
{
	takes("STAR", 0xc0000081, 0x0023001000000000);
	address("LSTAR", 0xc0000082);
	address("CSTAR", 0xc0000083);
	takes("FMASK", 0xc0000084, 0x47700);
	address("FS_BASE", 0xc0000100);
	address("GS_BASE", 0xc0000101);
	address("KERNEL_GS_BASE", 0xc0000102);
	takes("SYSENTER_CS", 0x174, 0x10);
	address("SYSENTER_ESP", 0x175);
	address("SYSENTER_EIP", 0x176);
	if (cpuid(0x80000001, 0).edx & BIT(27)) {
		takes("TSC_AUX", 0xc0000103, 0xfedcba98);
	} else {
		left_out("TSC_AUX");
		no_read("TSC_AUX", 0xc0000103);
	}
}

static void efer_rows(void)
{
	const uint64_t efer = rdmsr(EFER);
	unsigned int bit;

	takes("EFER.SCE", EFER, efer ^ EFER_SCE);
	takes("EFER.NXE", EFER, efer ^ EFER_NX);
	refuses("EFER.LME", EFER, efer & ~BIT(8));
	/* SDM: LMA is read-only, and writes to it are ignored. */
	takes_as("EFER.LMA", EFER, efer & ~BIT(10), efer);
	for (bit = 1; bit < 64; bit++)
		if (bit < 8 || bit == 9 || bit > 11)
			refuses("EFER, reserved", EFER, efer | BIT(bit));
}

static void memory_type_rows(void)
{
	static const uint8_t bad[] = { 2, 3, 8, 0xff };
	unsigned int i;

	takes("PAT", 0x277, 0x0001040506070406);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		refuses("PAT, first", 0x277, 0x0007040600070400 | bad[i]);
		refuses("PAT, last", 0x277, 0x0007040600070406 |
			(uint64_t)bad[i] << 56);
	}
	reads("MTRRCAP", 0xfe, rdmsr(0xfe));
	no_write("MTRRCAP", 0xfe, rdmsr(0xfe));
	takes("MTRR base", 0x200, 0x80000006);
	takes("MTRR mask", 0x201, 0xff80000800);
	takes("fixed MTRR", 0x250, 0x0606060600000505);
	takes("fixed MTRR", 0x26f, 0x0404040401010101);
	takes("default type", 0x2ff, 0xc00);
	no_read("no fixed MTRR", 0x251);
	no_write("no fixed MTRR", 0x25a, 0);
	no_read("no variable MTRR", 0x210);
	refuses("MTRR base, type 2", 0x200, 0x80000002);
	refuses("MTRR base, bit 8", 0x200, 0x80000106);
	refuses("MTRR base, above the address bits", 0x20e, BIT(40) | 6);
	refuses("MTRR mask, bit 10", 0x201, 0xff80000c00);
	refuses("MTRR mask, above the address bits", 0x20f, BIT(40) | 0x800);
	refuses("fixed MTRR, type 3", 0x258, 0x0600060006030600);
	refuses("fixed MTRR, type 7", 0x268, 0x0700060006060600);
	refuses("default type, type 2", 0x2ff, 0xc02);
	refuses("default type, bit 9", 0x2ff, 0xe06);
	refuses("default type, bit 12", 0x2ff, 0x1c06);
}

static void apic_base_rows(void)
{
	const uint64_t base = rdmsr(0x1b);
	unsigned int bit;

	takes("APIC_BASE", 0x1b, base);
	for (bit = 0; bit < 8; bit++)
		refuses("APIC_BASE, reserved", 0x1b, base | BIT(bit));
	refuses("APIC_BASE, bit 9", 0x1b, base | BIT(9));
	for (bit = 40; bit < 64; bit++)
		refuses("APIC_BASE, reserved", 0x1b, base | BIT(bit));
	refuses("x2APIC without APIC", 0x1b, (base & ~BIT(11)) | BIT(10));
}

static void other_rows(void)
{
	takes("TSC_ADJUST", 0x3b, 0x123456789);
	takes("TSC_ADJUST", 0x3b, -0x1000ULL);
	/* SDM: in another mode of the timer it reads 0 and takes nothing. */
	takes_as("TSC_DEADLINE", 0x6e0, 0x123456789, 0);
	takes("MISC_ENABLE", 0x1a0, rdmsr(0x1a0));
	reads("PLATFORM_ID", 0x17, 0);
	no_write("PLATFORM_ID", 0x17, 0);
	reads("DEBUGCTL", 0x1d9, 0);
	takes("DEBUGCTL", 0x1d9, 0);
	takes_as("DEBUGCTL, BTF", 0x1d9, BIT(1), 0);
	refuses("DEBUGCTL, reserved", 0x1d9, BIT(5));
	refuses("DEBUGCTL, bit 63", 0x1d9, BIT(63));
	reads("BIOS_SIGN_ID", 0x8b, rdmsr(0x8b));
	ROW("wrmsr", .note = "BIOS_SIGN_ID, 0", .how = PRIVILEGED,
	    .in = { { RCX, 0x8b }, { RAX, 0 }, { RDX, 0 } });
	ROW("wrmsr; rdmsr", .note = "TSC", .how = PRIVILEGED, .steps = 2,
	    .in = { { RCX, 0x10 }, { RAX, 0 }, { RDX, 0x1000 } },
	    .out = { { RDX, 0x1000 } }, .any = BIT(RAX));
	wrmsr(0x3b, 0);
}

/* Each refused for its reason, which module/vmx/msr.c names, or not known. */
static void absent_rows(void)
{
	static const uint32_t absent[] = {
		0, 1, 0x3a, 0x48, 0x49, 0x79, 0x9e, 0xc1, 0xe1, 0x10a, 0x10b,
		0x122, 0x123, 0x179, 0x17a, 0x17f, 0x186, 0x309, 0x345, 0x38d,
		0x38f, 0x400, 0x480, 0x481, 0x491, 0x560, 0x6a0, 0x6a2, 0x6a4,
		0x6a8, 0xc80, 0xd90, 0xda0, 0x1fff, 0x2000, 0x10000,
		0x40000000, 0x40000001, 0x4b564d00, 0xbfffffff, 0xc0000000,
		0xc0000085, 0xc0000104, 0xc0001fff, 0xc0002000, 0xc0010015,
		0xffffffff,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(absent); i++) {
		no_read("not there", absent[i]);
		no_write("not there", absent[i], 0);
	}
}

#define IOAPIC		0xfec00000ULL
#define IOAPIC_DATA	0x10

/* Not told of here: what is written to registers that start something. */
static const struct {
	const char *name;
	uint64_t at;
	uint32_t val, back;
} registers[] = {
	{ "TPR", LAPIC + 0x80, 0x35, 0x35 },
	{ "LDR", LAPIC + 0xd0, 0xa5ffffff, 0xa5000000 },
	{ "DFR, flat", LAPIC + 0xe0, 0xf0000000, 0xffffffff },
	{ "DFR, cluster", LAPIC + 0xe0, 0, 0x0fffffff },
	{ "SVR", LAPIC + 0xf0, 0x1ff, 0x1ff },
	{ "ICR, high", LAPIC + 0x310, 0x5affffff, 0x5a000000 },
	{ "LVT timer", LAPIC + 0x320, 0x10031, 0x10031 },
	{ "LVT error", LAPIC + 0x370, 0x10045, 0x10045 },
	{ "divide", LAPIC + 0x3e0, 0xffffffff, 0xb },
	{ "I/O APIC, index", IOAPIC, 0x11, 0x11 },
	{ "I/O APIC, index", IOAPIC, 0x10, 0x10 },
	{ "I/O APIC, entry", IOAPIC + IOAPIC_DATA, 0x1a931, 0x1a931 },
	{ "I/O APIC, entry", IOAPIC + IOAPIC_DATA, 0x10000, 0x10000 },
};

static void register_rows(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(registers); i++) {
		const uint32_t val = registers[i].val;

		ROW("mov eax, (rdi); mov (rdi), ebx",
		    .note = registers[i].name, .steps = 2,
		    .in = { { RDI, registers[i].at }, { RAX, HIGH | val } },
		    .out = { { RBX, registers[i].back } });
	}
	*(volatile uint32_t *)(LAPIC + 0x80) = 0;
}

#define X2APIC(reg)	(0x800 + ((reg) >> 4))

static void xapic_rows(void)
{
	unsigned int reg;

	for (reg = 0; reg <= 0x3f0; reg += 0x10) {
		no_read("not in x2APIC mode", X2APIC(reg));
		no_write("not in x2APIC mode", X2APIC(reg), 0);
	}
}

static void x2apic_rows(void)
{
	const uint64_t base = rdmsr(0x1b);

	wrmsr(0x1b, base | BIT(10));
	refuses("x2APIC to xAPIC", 0x1b, base);
	reads("ID", X2APIC(0x20), 0);
	no_write("ID", X2APIC(0x20), 0);
	reads("version", X2APIC(0x30), rdmsr(X2APIC(0x30)));
	no_write("version", X2APIC(0x30), 0);
	takes("TPR", X2APIC(0x80), 0x35);
	refuses("TPR", X2APIC(0x80), 0x100);
	refuses("TPR", X2APIC(0x80), BIT(32));
	reads("PPR", X2APIC(0xa0), 0);
	no_write("PPR", X2APIC(0xa0), 0);
	no_read("EOI", X2APIC(0xb0));
	no_write("EOI", X2APIC(0xb0), 1);
	reads("LDR", X2APIC(0xd0), 1);
	no_write("LDR", X2APIC(0xd0), 1);
	no_read("DFR", X2APIC(0xe0));
	no_write("DFR", X2APIC(0xe0), 0xffffffff);
	takes("SVR", X2APIC(0xf0), 0x1ff);
	refuses("SVR", X2APIC(0xf0), BIT(13));
	reads("ISR", X2APIC(0x100), 0);
	no_write("ISR", X2APIC(0x100), 0);
	no_write("IRR", X2APIC(0x270), 0);
	no_write("ESR", X2APIC(0x280), 1);
	refuses("ICR", X2APIC(0x300), BIT(20));
	no_read("ICR, high", X2APIC(0x310));
	no_write("ICR, high", X2APIC(0x310), 0);
	takes("LVT timer", X2APIC(0x320), 0x10040);
	refuses("LVT timer", X2APIC(0x320), BIT(20));
	takes("initial count", X2APIC(0x380), 0xffffffff);
	refuses("initial count", X2APIC(0x380), BIT(32));
	no_write("current count", X2APIC(0x390), 0);
	takes("divide", X2APIC(0x3e0), 0xb);
	refuses("divide", X2APIC(0x3e0), 4);
	no_read("self IPI", X2APIC(0x3f0));
	no_write("self IPI", X2APIC(0x3f0), 0x100);
	no_read("no register", 0x840);
	no_read("no register", 0x8ff);
	wrmsr(0x1b, base & ~BIT(11));
	wrmsr(0x1b, base);
}

void msr_rows(void)
{
	system_call_rows();
	efer_rows();
	memory_type_rows();
	apic_base_rows();
	other_rows();
	absent_rows();
	register_rows();
	xapic_rows();
	x2apic_rows();
}
