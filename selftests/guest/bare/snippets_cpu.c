// SPDX-License-Identifier: GPL-2.0
/*
 * CPUID, control and debug registers, and the instructions that exit or are
 * privileged. Registers are put back by the row that changes them.
 */
#include "snippets.h"

#define CR0_MP		BIT(1)
#define CR0_EM		BIT(2)
#define CR0_TS		BIT(3)
#define CR0_WP		BIT(16)
#define CR4_TSD		BIT(2)
#define CR4_DE		BIT(3)
#define CR4_PAE		BIT(5)
#define CR4_PGE		BIT(7)
#define CR4_PCE		BIT(8)
#define CR4_OSFXSR	BIT(9)
#define CR4_UMIP	BIT(11)
#define CR4_LA57	BIT(12)
#define CR4_VMXE	BIT(13)
#define CR4_SMXE	BIT(14)
#define CR4_FSGSBASE	BIT(16)
#define CR4_PCIDE	BIT(17)
#define CR4_OSXSAVE	BIT(18)
#define CR4_SMEP	BIT(20)
#define CR4_SMAP	BIT(21)

#define DR6_INIT	0xffff0ff0ULL
#define DR7_INIT	0x400ULL
#define DR7_GD		BIT(13)
#define HIGH		0xdeadbeef00000000ULL

static uint64_t cr0, cr3, cr4;

static uint64_t read_cr4(void)
{
	uint64_t val;

	asm volatile("mov %%cr4, %0" : "=r" (val));
	return val;
}

static void write_cr4(uint64_t val)
{
	asm volatile("mov %0, %%cr4" : : "r" (val) : "memory");
}

static uint64_t read_cr0(void)
{
	uint64_t val;

	asm volatile("mov %%cr0, %0" : "=r" (val));
	return val;
}

static void restore_cr(void)
{
	asm volatile("mov %0, %%cr0" : : "r" (cr0) : "memory");
	if (read_cr4() != cr4)
		write_cr4(cr4);
	if (read_cr3() != cr3)
		write_cr3(cr3);
	asm volatile("mov %0, %%cr8" : : "r" (0ULL));
}

/* A value that was refused has changed nothing. */
static void cr_unchanged(void)
{
	check("CR0", read_cr0(), cr0);
	check("CR3", read_cr3(), cr3);
	check("CR4", read_cr4(), cr4);
	restore_cr();
}

static void restore_dr(void)
{
	asm volatile("mov %0, %%dr7; mov %1, %%dr6; mov %2, %%dr0; mov %2, %%dr3"
		     : : "r" (DR7_INIT), "r" (DR6_INIT), "r" (0ULL));
}

/* CPUID: what a leaf says twice it says in every way. */
static void cpuid_row(const char *what, uint32_t leaf, uint32_t sub,
		      struct cpuid r)
{
	static char note[48];
	char *to = note;
	int i;

	while (*what)
		*to++ = *what++;
	*to++ = ' ';
	for (i = 28; i >= 0; i -= 4)
		*to++ = "0123456789abcdef"[leaf >> i & 15];
	*to++ = '.';
	*to++ = '0' + sub;
	*to = 0;
	ROW("cpuid", .note = note, .how = USER,
	    .in = { { RAX, HIGH | leaf }, { RCX, HIGH | sub } },
	    .out = { { RAX, r.eax }, { RBX, r.ebx }, { RCX, r.ecx },
		     { RDX, r.edx } });
}

/* kage forgets then what it has answered. */
static void change_cr4(void)
{
	write_cr4(cr4 ^ CR4_TSD);
	write_cr4(cr4);
}

static void first_cpuid_rows(const struct cpuid *r)
{
#define FIRST(what, leaf) \
	ROW("cpuid", .note = what, .before = change_cr4, \
	    .in = { { RAX, leaf }, { RCX, 0 } }, \
	    .out = { { RAX, r->eax }, { RBX, r->ebx }, { RCX, r->ecx }, \
		     { RDX, r->edx } })
	FIRST("all ones, the first time", 0xffffffff);
	FIRST("no range of leaves, the first time", 0x7fffffff);
}

static void cpuid_rows(void)
{
	const struct cpuid highest = cpuid(cpuid(0, 0).eax, 0);
	const uint32_t last = cpuid(0, 0).eax;
	const uint32_t last_extended = cpuid(0x80000000, 0).eax;
	static const uint32_t beyond[] = {
		0x7fffffff, 0xffffffff, 0xc0000000, 0x20000000, 0x90000000,
	};
	uint32_t leaf, sub;
	unsigned int i;

	for (leaf = 0; leaf <= last; leaf++)
		for (sub = 0; sub < 3; sub++)
			cpuid_row("basic leaf", leaf, sub, cpuid(leaf, sub));
	for (leaf = 0x80000000; leaf <= last_extended; leaf++)
		cpuid_row("extended leaf", leaf, 7, cpuid(leaf, 0));
	for (sub = 0; sub < 2; sub++) {
		const struct cpuid r = cpuid(last, sub);

		cpuid_row("above the basic leaves", last + 1, sub, r);
		cpuid_row("above the extended leaves", last_extended + 1,
			  sub, r);
		for (i = 0; i < ARRAY_SIZE(beyond); i++)
			cpuid_row("no range of leaves", beyond[i], sub, r);
	}
	first_cpuid_rows(&highest);
	cpuid_row("no sub-leaf", 7, 9,
		  (struct cpuid) {});
	/* SDM: OSXSAVE and APIC follow what the guest has set. */
	if (!has_leaf1_ecx(26)) {
		left_out("OSXSAVE");
		return;
	}
	write_cr4(cr4 | CR4_OSXSAVE);
	check("OSXSAVE", has_leaf1_ecx(27), 1);
	write_cr4(cr4 & ~CR4_OSXSAVE);
	check("no OSXSAVE", has_leaf1_ecx(27), 0);
	write_cr4(cr4);
}

/* Every register to and from every control register, with what is there. */
#define FROM_CR(cr, nr, reg, val) \
	ROW("mov " #cr ", " #reg, .how = PRIVILEGED, .out = { { nr, val } })
#define TO_CR(cr, nr, reg, val) \
	ROW("mov " #reg ", " #cr, .how = PRIVILEGED, .in = { { nr, val } }, \
	    .out = { { nr, val } }, .after = cr_unchanged)
#define EACH_REG(op, cr, val) do { \
	op(cr, RAX, rax, val); op(cr, RCX, rcx, val); op(cr, RDX, rdx, val); \
	op(cr, RBX, rbx, val); op(cr, RSP, rsp, val); op(cr, RBP, rbp, val); \
	op(cr, RSI, rsi, val); op(cr, RDI, rdi, val); op(cr, R8, r8, val); \
	op(cr, R9, r9, val); op(cr, R10, r10, val); op(cr, R11, r11, val); \
	op(cr, R12, r12, val); op(cr, R13, r13, val); op(cr, R14, r14, val); \
} while (0)

static void cr_move_rows(void)
{
	EACH_REG(FROM_CR, cr0, cr0);
	EACH_REG(FROM_CR, cr3, cr3);
	EACH_REG(FROM_CR, cr4, cr4);
	EACH_REG(FROM_CR, cr8, 0);
	EACH_REG(TO_CR, cr0, cr0);
	EACH_REG(TO_CR, cr3, cr3);
	EACH_REG(TO_CR, cr4, cr4);
	EACH_REG(TO_CR, cr8, 0);
	/* There are no others. */
	ROW(".byte 0x0f, 0x20, 0xc8", .note = "from CR1", .vector = VEC_UD);
	ROW(".byte 0x0f, 0x20, 0xe8", .note = "from CR5", .vector = VEC_UD);
	ROW(".byte 0x0f, 0x22, 0xf8", .note = "to CR7", .vector = VEC_UD);
	ROW(".byte 0x44, 0x0f, 0x22, 0xc8", .note = "to CR9",
	    .vector = VEC_UD);
	ROW(".byte 0x44, 0x0f, 0x20, 0xf8", .note = "from CR15",
	    .vector = VEC_UD);
}

/* A value that is taken, and read back. */
#define TAKES(cr, val, what) \
	ROW("mov rax, " #cr "; mov " #cr ", rbx", .note = what, \
	    .how = PRIVILEGED, .steps = 2, .in = { { RAX, val } }, \
	    .out = { { RBX, val } }, .after = restore_cr)
#define REFUSES(cr, val, what) \
	ROW("mov rax, " #cr, .note = what, .how = PRIVILEGED, \
	    .in = { { RAX, val } }, .vector = VEC_GP, .after = cr_unchanged)

static void cr0_rows(void)
{
	TAKES(cr0, cr0 ^ CR0_WP, "WP changes");
	TAKES(cr0, cr0 | CR0_TS | CR0_MP, "TS and MP");
	TAKES(cr0, cr0 | CR0_EM, "EM");
	TAKES(cr0, cr0 ^ BIT(5), "NE changes");
	TAKES(cr0, cr0 | BIT(18), "AM");
	TAKES(cr0, cr0 | BIT(30), "CD");
	TAKES(cr0, cr0 | BIT(30) | BIT(29), "CD and NW");
	REFUSES(cr0, (cr0 & ~BIT(30)) | BIT(29), "NW without CD");
	REFUSES(cr0, cr0 & ~BIT(31), "no PG in 64-bit code");
	REFUSES(cr0, cr0 & ~1ULL, "PG without PE");
	REFUSES(cr0, cr0 | BIT(32), "bit 32");
	REFUSES(cr0, cr0 | BIT(63), "bit 63");
	/* SDM: ET reads 1, and other reserved bits are ignored. */
	ROW("mov rax, cr0; mov cr0, rbx", .note = "bits that are not there",
	    .steps = 2, .in = { { RAX, cr0 | BIT(6) | BIT(19) | BIT(28) } },
	    .out = { { RBX, cr0 } }, .after = cr_unchanged);
	ROW("mov rax, cr0; mov cr0, rbx", .note = "without ET", .steps = 2,
	    .in = { { RAX, cr0 & ~BIT(4) } }, .out = { { RBX, cr0 | BIT(4) } },
	    .after = restore_cr);
}

static void cr3_rows(void)
{
	TAKES(cr3, cr3 | BIT(3), "PWT");
	TAKES(cr3, cr3 | BIT(4), "PCD");
	REFUSES(cr3, cr3 | BIT(40), "above the address bits");
	REFUSES(cr3, cr3 | BIT(51), "bit 51");
	/* Without PCIDE bit 63 is reserved like the others. */
	REFUSES(cr3, cr3 | BIT(63), "bit 63");
}

#define FEATURE(bit, there) do {					\
	if (there)							\
		TAKES(cr4, cr4 ^ (bit), "a feature that is there");	\
	else								\
		REFUSES(cr4, cr4 | (bit), "a feature that is not");	\
} while (0)

static void cr4_rows(void)
{
	unsigned int bit;

	TAKES(cr4, cr4 ^ CR4_TSD, "TSD");
	TAKES(cr4, cr4 ^ CR4_DE, "DE");
	TAKES(cr4, cr4 ^ CR4_PGE, "PGE");
	TAKES(cr4, cr4 ^ CR4_PCE, "PCE");
	TAKES(cr4, cr4 ^ CR4_OSFXSR, "OSFXSR");
	TAKES(cr4, cr4 ^ BIT(0), "VME");
	TAKES(cr4, cr4 ^ BIT(4), "PSE");
	TAKES(cr4, cr4 ^ BIT(6), "MCE");
	TAKES(cr4, cr4 ^ BIT(10), "OSXMMEXCPT");
	FEATURE(CR4_UMIP, has_leaf7_ecx(2));
	FEATURE(CR4_LA57, has_leaf7_ecx(16) && false);
	FEATURE(CR4_VMXE, has_leaf1_ecx(5));
	FEATURE(CR4_SMXE, has_leaf1_ecx(6));
	FEATURE(CR4_FSGSBASE, has_leaf7_ebx(0));
	FEATURE(CR4_PCIDE, has_leaf1_ecx(17));
	FEATURE(CR4_OSXSAVE, has_leaf1_ecx(26));
	FEATURE(CR4_SMEP, has_leaf7_ebx(7));
	FEATURE(BIT(22), has_leaf7_ecx(3));
	FEATURE(BIT(23), has_leaf7_ecx(7));
	FEATURE(BIT(24), has_leaf7_ecx(31));
	if (has_leaf7_ebx(20))
		TAKES(cr4, cr4 ^ CR4_SMAP, "SMAP");
	else
		REFUSES(cr4, cr4 | CR4_SMAP, "SMAP");
	REFUSES(cr4, cr4 & ~CR4_PAE, "no PAE in long mode");
	REFUSES(cr4, cr4 | BIT(15), "bit 15");
	REFUSES(cr4, cr4 | BIT(19), "bit 19, key locker");
	for (bit = 26; bit < 64; bit++)
		REFUSES(cr4, cr4 | BIT(bit), "a bit that is reserved");
}

static void cr8_rows(void)
{
	TAKES(cr8, 15, "the highest");
	TAKES(cr8, 1, "the lowest but one");
	REFUSES(cr8, 16, "bit 4");
	REFUSES(cr8, BIT(63), "bit 63");
	ROW("mov rax, cr8; mov 0x80(rdi), ebx", .note = "what TPR says",
	    .steps = 2, .in = { { RAX, 9 }, { RDI, LAPIC } },
	    .out = { { RBX, 0x90 } }, .after = restore_cr);
}

static uint64_t msw;

static void set_ts(void)
{
	asm volatile("mov %0, %%cr0" : : "r" (cr0 | CR0_TS) : "memory");
}

static void msw_rows(void)
{
	ROW("clts; mov cr0, rbx", .how = PRIVILEGED, .steps = 2,
	    .before = set_ts, .out = { { RBX, cr0 & ~CR0_TS } },
	    .after = restore_cr);
	ROW("clts; mov cr0, rbx", .note = "TS clear", .how = PRIVILEGED,
	    .steps = 2, .out = { { RBX, cr0 & ~CR0_TS } },
	    .after = restore_cr);
	ROW("lmsw ax; mov cr0, rbx", .note = "all", .how = PRIVILEGED,
	    .steps = 2, .in = { { RAX, 0xffff } },
	    .out = { { RBX, cr0 | 0xf } }, .after = restore_cr);
	/* SDM: LMSW cannot clear PE. */
	ROW("lmsw ax; mov cr0, rbx", .note = "none", .how = PRIVILEGED,
	    .steps = 2, .in = { { RAX, 0 } },
	    .out = { { RBX, cr0 & ~0xeULL } }, .after = restore_cr);
	ROW("lmsw r9w; mov cr0, rbx", .note = "another register", .steps = 2,
	    .in = { { R9, 0xb } }, .out = { { RBX, (cr0 & ~0xeULL) | 0xb } },
	    .after = restore_cr);
	msw = 3;
	ROW("lmsw (rdi); mov cr0, rbx", .note = "from memory", .steps = 2,
	    .in = { { RDI, (uint64_t)&msw } },
	    .out = { { RBX, (cr0 & ~0xeULL) | 3 } }, .after = restore_cr);
	ROW("smsw rbx", .out = { { RBX, cr0 } });
	ROW("smsw ebx", .out = { { RBX, (uint32_t)cr0 } });
	ROW("smsw bx", .in = { { RBX, ~0ULL } },
	    .out = { { RBX, ~0xffffULL | (uint16_t)cr0 } });
	ROW("smsw (rdi); mov (rdi), rbx", .note = "to memory", .steps = 2,
	    .in = { { RDI, (uint64_t)&msw } },
	    .out = { { RBX, (uint16_t)cr0 } });
}

static void umip_on(void)
{
	write_cr4(cr4 | CR4_UMIP);
}

static void umip_rows(void)
{
	static uint64_t where[2];
	const uint64_t at = (uint64_t)where;

	if (!has_leaf7_ecx(2)) {
		left_out("UMIP");
		return;
	}
#define HIDDEN(text) \
	ROW(text, .note = "UMIP", .how = PRIVILEGED, .in = { { RDI, at } }, \
	    .any = BIT(RBX), .before = umip_on, .after = restore_cr)
	HIDDEN("smsw rbx");
	HIDDEN("sgdt (rdi)");
	HIDDEN("sidt (rdi)");
	HIDDEN("sldt rbx");
	HIDDEN("str rbx");
}

/* DR0 to DR3 take what they are given, the others have bits of their own. */
static void dr_rows(void)
{
#define DR(nr, val, back, what) \
	ROW("mov rax, dr" #nr "; mov dr" #nr ", rbx", .note = what, \
	    .how = PRIVILEGED | NO_STEP, .in = { { RAX, val } }, \
	    .out = { { RBX, back } }, .after = restore_dr)
	DR(0, ~0ULL, ~0ULL, "any value");
	DR(1, 0x123456789abcdef0, 0x123456789abcdef0, "any value");
	DR(2, 1ULL << 47, 1ULL << 47, "not canonical");
	DR(3, 0, 0, "0");
	DR(6, 0, 0xffff0ff0, "0");
	DR(6, 0xe00f, 0xffffeff0 | 0xf, "all");
	DR(7, 0, 0x400, "0");
	DR(7, 0x700, 0x700, "LE and GE");
	ROW("mov rax, dr6", .note = "bit 32", .how = PRIVILEGED,
	    .in = { { RAX, BIT(32) } }, .vector = VEC_GP);
	ROW("mov rax, dr7", .note = "bit 63", .how = PRIVILEGED,
	    .in = { { RAX, BIT(63) } }, .vector = VEC_GP);
	/* Without CR4.DE these are DR6 and DR7. */
	ROW(".byte 0x0f, 0x21, 0xe3", .note = "from DR4", .how = PRIVILEGED,
	    .out = { { RBX, DR6_INIT } });
	ROW(".byte 0x0f, 0x21, 0xeb", .note = "from DR5", .how = PRIVILEGED,
	    .out = { { RBX, DR7_INIT } });
	write_cr4(cr4 | CR4_DE);
	ROW(".byte 0x0f, 0x21, 0xe3", .note = "from DR4, DE",
	    .vector = VEC_UD);
	ROW(".byte 0x0f, 0x23, 0xe8", .note = "to DR5, DE", .vector = VEC_UD);
	write_cr4(cr4);
}

static void detect_on(void)
{
	asm volatile("mov %0, %%dr7" : : "r" (DR7_INIT | DR7_GD));
}

/* SDM: the handler finds GD clear. */
static void detected(void)
{
	uint64_t dr6, dr7;

	asm volatile("mov %%dr7, %0" : "=r" (dr7));
	asm volatile("mov %%dr6, %0" : "=r" (dr6));
	check("DR7", dr7, DR7_INIT);
	check("DR6", dr6, DR6_INIT | DR7_GD);
	restore_dr();
}

static void general_detect_rows(void)
{
	ROW("mov dr0, rbx", .note = "GD", .how = ONCE, .before = detect_on,
	    .vector = VEC_DB, .after = detected);
	ROW("mov rbx, dr3", .note = "GD", .how = ONCE, .before = detect_on,
	    .vector = VEC_DB, .after = detected);
	ROW("mov dr7, rsp", .note = "GD", .how = ONCE, .before = detect_on,
	    .vector = VEC_DB, .after = detected);
}

static void xsetbv_rows(void)
{
	struct cpuid r;

	if (!has_leaf1_ecx(26)) {
		ROW("xsetbv", .note = "not there", .how = USER,
		    .vector = VEC_UD);
		left_out("XSETBV");
		return;
	}
	ROW("xsetbv", .note = "without OSXSAVE", .how = USER,
	    .vector = VEC_UD);
	write_cr4(cr4 | CR4_OSXSAVE);
	r = cpuid(13, 0);
	/* Emulators exit before they look at the privilege. */
#define XCR0(what, val, nr, vec) \
	ROW("xsetbv", .note = what, .vector = vec, \
	    .in = { { RAX, HIGH | (uint32_t)(val) }, \
		    { RDX, HIGH | (uint64_t)(val) >> 32 }, \
		    { RCX, HIGH | (nr) } })
	XCR0("FPU alone", 1, 0, 0);
	XCR0("all", (uint64_t)r.edx << 32 | r.eax, 0, 0);
	XCR0("without FPU", 2, 0, VEC_GP);
	XCR0("0", 0, 0, VEC_GP);
	XCR0("AVX without SSE", 5, 0, VEC_GP);
	XCR0("bit 63", BIT(63) | 3, 0, VEC_GP);
	XCR0("bit 8", BIT(8) | 3, 0, VEC_GP);
	XCR0("half of AVX-512", BIT(5) | 7, 0, VEC_GP);
	XCR0("XCR1", 3, 1, VEC_GP);
	XCR0("FPU and SSE", 3, 0, 0);
	ROW("xgetbv", .how = USER, .in = { { RCX, 0 } },
	    .out = { { RAX, 3 }, { RDX, 0 } });
	XCR0("FPU alone", 1, 0, 0);
	write_cr4(cr4);
}

/* What no guest of kage has is invalid at any privilege level. */
static void absent_rows(void)
{
	static uint64_t where[2];
	const uint64_t at = (uint64_t)where;

#define ABSENT(text, ...) \
	ROW(text, .vector = VEC_UD, .how = USER, .in = { { RDI, at } }, \
	    __VA_ARGS__)
	ABSENT("vmcall");
	ABSENT("vmlaunch");
	ABSENT("vmresume");
	ABSENT("vmxoff");
	ABSENT("vmfunc");
	ABSENT("vmclear (rdi)");
	ABSENT("vmptrld (rdi)");
	ABSENT("vmptrst (rdi)");
	ABSENT("vmxon (rdi)");
	ABSENT("vmread rax, rbx");
	ABSENT("vmwrite rax, rbx");
	ABSENT("invept (rdi), rax");
	ABSENT("invvpid (rdi), rax");
	ABSENT("invpcid (rdi), rax");
	ABSENT("getsec");
	ABSENT("rsm");
	ABSENT(".byte 0x0f, 0x01, 0xcf", .note = "encls");
	ABSENT(".byte 0x0f, 0x01, 0xd7", .note = "enclu");
	ABSENT("monitor");
	ABSENT("mwait");
	ABSENT("ud2");
	ABSENT("tpause eax");
	ABSENT("umonitor rax");
}

static void tsc_rows(void)
{
	ROW("rdtsc", .how = USER, .any = BIT(RAX) | BIT(RDX));
	if (cpuid(0x80000001, 0).edx & BIT(27)) {
		wrmsr(0xc0000103, 0x1234);
		ROW("rdtscp", .how = USER, .any = BIT(RAX) | BIT(RDX),
		    .out = { { RCX, 0x1234 } });
	} else {
		left_out("RDTSCP");
		ROW("rdtscp", .how = USER, .vector = VEC_UD);
	}
	write_cr4(cr4 | CR4_TSD);
	ROW("rdtsc", .note = "TSD", .how = PRIVILEGED,
	    .any = BIT(RAX) | BIT(RDX));
	write_cr4(cr4);
	ROW("rdpmc", .note = "no counters", .how = PRIVILEGED,
	    .in = { { RCX, 0 } }, .vector = VEC_GP);
}

static void plain_rows(void)
{
	static uint64_t where[2];
	const uint64_t at = (uint64_t)where;

	ROW("invlpg (rax)", .how = PRIVILEGED, .in = { { RAX, SPARE } });
	ROW("invlpg (rax)", .note = "not canonical", .how = PRIVILEGED,
	    .in = { { RAX, BIT(47) } });
	ROW("invlpg (rax)", .note = "nothing there", .how = PRIVILEGED,
	    .in = { { RAX, BIT(46) } });
	ROW("wbinvd", .how = PRIVILEGED);
	ROW("invd", .how = PRIVILEGED);
	ROW("pause", .how = USER);
	ROW("swapgs; swapgs", .how = PRIVILEGED, .steps = 2);
	ROW("lgdt (rdi)", .note = "not canonical", .how = PRIVILEGED,
	    .vector = VEC_GP, .in = { { RDI, BIT(47) } });
	where[1] = BIT(47);
	ROW("lidt 6(rdi)", .note = "base not canonical", .how = PRIVILEGED,
	    .vector = VEC_GP, .in = { { RDI, at } });
	ROW("lldt ax", .note = "none", .how = PRIVILEGED,
	    .in = { { RAX, 0 } });
	ROW("lldt ax", .note = "no LDT", .how = PRIVILEGED, .vector = VEC_GP,
	    .error = TSS_SEL, .in = { { RAX, TSS_SEL } });
	ROW("ltr ax", .note = "busy", .how = PRIVILEGED, .vector = VEC_GP,
	    .error = TSS_SEL, .in = { { RAX, TSS_SEL } });
	ROW("ltr ax", .note = "null", .how = PRIVILEGED, .vector = VEC_GP,
	    .in = { { RAX, 0 } });
	ROW("str eax", .how = USER, .out = { { RAX, TSS_SEL } });
	ROW("sldt eax", .how = USER, .out = { { RAX, 0 } });
	ROW("cli", .how = PRIVILEGED | ONCE);
	ROW("hlt", .how = ONLY_USER);
}

void cpu_rows(void)
{
	cr0 = read_cr0();
	cr3 = read_cr3();
	cr4 = read_cr4();
	cpuid_rows();
	cr_move_rows();
	cr0_rows();
	cr3_rows();
	cr4_rows();
	cr8_rows();
	msw_rows();
	umip_rows();
	dr_rows();
	general_detect_rows();
	xsetbv_rows();
	absent_rows();
	tsc_rows();
	plain_rows();
}
