// SPDX-License-Identifier: GPL-2.0
/*
 * Exceptions and interrupts: each raised by an instruction, with error code and
 * RIP; delivered through tables and to stacks that are not there, or that were
 * never used before; and those that wait.
 */
#include "snippets.h"

#define APIC_SVR	0xf0
#define APIC_EOI	0xb0
#define APIC_ICR	0x300
#define SELF		0x44000
#define NMI_TO_SELF	(SELF | 0x400)
#define VECTOR		0x40	/* INT may not raise it at CPL 3 */
#define USER_VECTOR	0x41	/* but this one */
#define GATE_ERROR(n)	((n) * 8 + 2)
#define CR0_TS		BIT(3)
#define CR0_AM		BIT(18)
#define NOT_CANONICAL	BIT(47)

#define ABSENT		(SPARE + 16 * PAGE)	/* never mapped */
#define NEW		(SPARE + 32 * PAGE)	/* another page each time */

static uint64_t new_page = NEW;
static struct table_reg idt, gdt;

static void write_apic(uint32_t reg, uint32_t val)
{
	*(volatile uint32_t *)(LAPIC + reg) = val;
}

static void change_cr0(uint64_t clear, uint64_t set)
{
	uint64_t val;

	asm volatile("mov %%cr0, %0" : "=r" (val));
	asm volatile("mov %0, %%cr0" : : "r" ((val & ~clear) | set));
}

static void ts_on(void)
{
	change_cr0(0, CR0_TS);
}

static void ts_off(void)
{
	change_cr0(CR0_TS, 0);
}

static void am_on(void)
{
	change_cr0(0, CR0_AM);
}

static void am_off(void)
{
	change_cr0(CR0_AM, 0);
}

static void faults(void)
{
	ROW("div ecx", .note = "by 0", .how = USER, .vector = VEC_DE,
	    .in = { { RCX, 0 } });
	ROW("ud2", .how = USER, .vector = VEC_UD);
	ROW("fnop", .note = "TS", .how = USER, .vector = VEC_NM,
	    .before = ts_on, .after = ts_off);
	ROW("mov (rax), rbx", .note = "not canonical", .how = USER,
	    .vector = VEC_GP, .in = { { RAX, NOT_CANONICAL } });
	ROW("mov (rsp), rbx", .note = "not canonical", .how = USER,
	    .vector = VEC_SS, .in = { { RSP, NOT_CANONICAL } });
	ROW("push rbx", .note = "not canonical", .how = USER,
	    .vector = VEC_SS, .in = { { RSP, NOT_CANONICAL + 8 } });
	ROW("mov eax, ds", .note = "outside of the GDT", .how = USER,
	    .vector = VEC_GP, .error = 0x1000, .in = { { RAX, 0x1003 } });
	ROW("mov eax, ss", .note = "null", .how = USER, .vector = VEC_GP,
	    .in = { { RAX, 3 } });
	ROW("mov (rax), rbx", .note = "no page", .vector = VEC_PF,
	    .cr2 = ABSENT + 8, .in = { { RAX, ABSENT + 8 } });
	ROW("mov (rax), rbx", .note = "no page", .vector = VEC_PF,
	    .how = AT_USER, .error = 4, .cr2 = ABSENT,
	    .in = { { RAX, ABSENT } });
	ROW("mov rbx, (rax)", .note = "no page", .vector = VEC_PF,
	    .error = 2, .cr2 = ABSENT, .in = { { RAX, ABSENT } });
	ROW("mov rbx, (rax)", .note = "the supervisor's",
	    .vector = VEC_PF, .how = AT_USER, .error = 7, .cr2 = SCRATCH,
	    .in = { { RAX, SCRATCH } });
	ROW("mov 1(rax), ebx", .note = "alignment", .how = AT_USER,
	    .flags = FLAG_AC, .vector = VEC_AC, .before = am_on,
	    .after = am_off, .in = { { RAX, USER_SCRATCH } });
	ROW(".byte 0x06", .note = "invalid", .how = USER, .vector = VEC_UD);
	ROW(".byte 0xce", .note = "INTO", .how = USER, .vector = VEC_UD);
	ROW(".byte 0xf0, 0x90", .note = "LOCK NOP", .how = USER,
	    .vector = VEC_UD);
	ROW(".rept 15; .byte 0x66; .endr; nop", .note = "too long",
	    .how = USER, .vector = VEC_GP);
}

static void software(void)
{
	ROW("int3", .how = USER, .vector = VEC_BP, .at = 1);
	ROW(".byte 0xcd, 3", .note = "INT 3", .how = USER, .vector = VEC_BP,
	    .at = 2);
	ROW("int $0x41", .how = USER, .vector = USER_VECTOR, .at = 2);
	ROW("int $0x40", .vector = VECTOR, .at = 2);
	ROW("int $0x40", .how = AT_USER, .vector = VEC_GP,
	    .error = GATE_ERROR(VECTOR));
	ROW("int $14", .note = "no error code", .how = AT_USER,
	    .vector = VEC_GP, .error = GATE_ERROR(VEC_PF));
	ROW(".byte 0xf1", .note = "INT1", .how = USER | ONCE,
	    .vector = VEC_DB, .at = 1);
	ROW32("into", .note = "no overflow");
	ROW32("into", .note = "gate of CPL 0", .flags = FLAG_OF,
	      .vector = VEC_GP, .error = GATE_ERROR(VEC_OF));
	set_gate(VEC_OF, 1, 3);
	ROW32("into", .note = "overflow", .flags = FLAG_OF, .vector = VEC_OF,
	      .at = 1);
	set_gate(VEC_OF, 1, 0);
	ROW32("int $0x41", .vector = USER_VECTOR, .at = 2);
	ROW32("in dx, al", .vector = VEC_GP);
	ROW32("syscall", .vector = VEC_UD);
	ROW32(".byte 0x0f, 0x01, 0xc1", .note = "vmcall", .vector = VEC_UD);
}

static void set_present(unsigned int vector, bool present)
{
	uint8_t *flags = (uint8_t *)idt.base + vector * 16 + 5;

	*flags = (*flags & 0x7f) | present << 7;
}

/* SDM: "Conditions for Generating a Double Fault". */
static void double_faults(void)
{
	set_present(VEC_GP, false);
	ROW("mov (rax), rbx", .note = "#GP has no gate", .vector = VEC_DF,
	    .how = ONCE, .in = { { RAX, NOT_CANONICAL } });
	ROW("wrmsr", .note = "#GP has no gate", .vector = VEC_DF,
	    .how = ONCE, .in = { { RCX, 0x40000000 } });
	set_present(VEC_GP, true);
	set_present(VEC_PF, false);
	ROW("mov (rax), rbx", .note = "#PF has no gate", .vector = VEC_DF,
	    .how = ONCE, .in = { { RAX, ABSENT } });
	set_present(VEC_PF, true);
	set_present(VEC_UD, false);
	/* An exception is no part of the program: EXT is set. */
	ROW("ud2", .note = "#UD has no gate", .vector = VEC_NP, .how = ONCE,
	    .error = GATE_ERROR(VEC_UD) + 1);
	ROW("vmcall", .note = "#UD has no gate", .vector = VEC_NP,
	    .how = ONCE, .error = GATE_ERROR(VEC_UD) + 1);
	set_present(VEC_UD, true);
	set_present(VECTOR, false);
	ROW("int $0x40", .note = "no gate", .vector = VEC_NP, .how = ONCE,
	    .error = GATE_ERROR(VECTOR));
	set_present(VECTOR, true);
}

/* Stack 2 is where nothing is: the frame cannot be written. */
static void no_stack(void)
{
	unsigned int i;

	set_ist(2, ABSENT + PAGE);
	for (i = 0; i < 256; i++)
		if (i != VEC_DF && i != VEC_PF)
			set_gate(i, 2, 3);
#define NO_STACK(text, ...) \
	ROW(text, .note = "no stack", .vector = VEC_PF, .error = 2, \
	    .cr2 = ABSENT + PAGE - 8, .how = ONCE, __VA_ARGS__)
	NO_STACK("ud2");
	NO_STACK("vmcall");
	NO_STACK("int3");
	NO_STACK("int $0x40");
	NO_STACK(".byte 0xf1");
	NO_STACK("mov (rax), rbx", .in = { { RAX, NOT_CANONICAL } });
	NO_STACK("rdmsr", .in = { { RCX, 0x40000000 } });
	set_gate(VEC_PF, 2, 0);
	ROW("mov (rax), rbx", .note = "#PF has no stack", .how = ONCE,
	    .vector = VEC_DF, .in = { { RAX, ABSENT } });
	for (i = 0; i < 256; i++)
		set_gate(i, 1, 0);
	set_gate(VEC_BP, 1, 3);
	set_gate(USER_VECTOR, 1, 3);
}

static void map_new(uint64_t frame)
{
	map_page(trusted_root, new_page, (frame & ~(PAGE - 1)) | PTE_RW);
}

static void new_stack(void)
{
	map_new((uint64_t)page_alloc());
	new_page += PAGE;
	set_ist(1, new_page);
}

/* Its two pages at a new address. */
static uint64_t move_away(uint64_t base)
{
	const uint64_t moved = new_page | (base & (PAGE - 1));

	map_new(base);
	new_page += PAGE;
	map_new(base + PAGE);
	new_page += PAGE;
	return moved;
}

static void new_idt(void)
{
	const struct table_reg reg = { idt.limit, move_away(idt.base) };

	asm volatile("lidt %0" : : "m" (reg));
}

static uint64_t tss_base(void)
{
	const uint64_t *desc = (uint64_t *)(gdt.base + TSS_SEL);

	return (desc[0] >> 16 & 0xffffff) | (desc[0] >> 56) << 24 |
	       desc[1] << 32;
}

static uint64_t tss;

static void load_tss(uint64_t base)
{
	set_system_segment(TSS_SEL, base, 103, 9);
	asm volatile("ltr %w0" : : "r" (TSS_SEL));
}

static void new_tss(void)
{
	load_tss(move_away(tss));
}

static void new_gdt(void)
{
	const struct table_reg reg = { gdt.limit, move_away(gdt.base) };

	asm volatile("lgdt %0" : : "m" (reg));
}

static void new_all(void)
{
	new_gdt();
	new_tss();
	new_idt();
	new_stack();
}

/*
 * What the processor needs to deliver an event was mapped but never used: each
 * access of the delivery is a fault that only kage sees.
 */
static void first_uses(void)
{
	static const struct {
		const char *note;
		void (*prepare)(void);
	} what[] = {
		{ "new stack", new_stack }, { "new IDT", new_idt },
		{ "new TSS", new_tss }, { "new GDT", new_gdt },
		{ "all new", new_all },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(what); i++) {
#define FIRST_USE(text, vec, off, ...) \
		ROW(text, .note = what[i].note, .before = what[i].prepare, \
		    .vector = vec, .at = off, .how = USER, __VA_ARGS__)
		FIRST_USE("ud2", VEC_UD, 0);
		FIRST_USE("vmcall", VEC_UD, 0);
		FIRST_USE("int3", VEC_BP, 1);
		FIRST_USE("int $0x41", USER_VECTOR, 2);
		FIRST_USE("mov (rax), rbx", VEC_GP, 0,
			  .in = { { RAX, NOT_CANONICAL } });
		ROW("mov (rax), rbx", .note = what[i].note, .vector = VEC_PF,
		    .before = what[i].prepare, .cr2 = ABSENT,
		    .in = { { RAX, ABSENT } });
		ROW(".byte 0xf1", .note = what[i].note, .vector = VEC_DB,
		    .before = what[i].prepare, .how = ONCE, .at = 1);
		ROW("rdmsr", .note = what[i].note, .vector = VEC_GP,
		    .before = what[i].prepare, .in = { { RCX, 0x40000000 } });
	}
	load_tss(tss);
	asm volatile("lidt %0; lgdt %1" : : "m" (idt), "m" (gdt));
}

static void new_rsp0(void)
{
	map_new((uint64_t)page_alloc());
	new_page += PAGE;
	*(volatile uint64_t *)(tss + 4) = new_page;
}

/* From CPL 3 without a stack of its own, to one that was never used. */
static void other_stack(void)
{
	static const uint8_t vectors[] = {
		VEC_UD, VEC_GP, VEC_PF, VEC_BP, VEC_DB, USER_VECTOR,
	};
	const uint64_t old = *(volatile uint64_t *)(tss + 4);
	unsigned int i;

	for (i = 0; i < sizeof(vectors); i++)
		set_gate(vectors[i], 0, 3);
#define FROM_USER(text, vec, off, ...) \
	ROW(text, .note = "RSP0", .before = new_rsp0, .vector = vec, \
	    .at = off, .how = AT_USER, __VA_ARGS__)
	FROM_USER("ud2", VEC_UD, 0);
	FROM_USER("vmcall", VEC_UD, 0);
	FROM_USER("int3", VEC_BP, 1);
	FROM_USER("int $0x41", USER_VECTOR, 2);
	FROM_USER(".byte 0xf1", VEC_DB, 1);
	FROM_USER("hlt", VEC_GP, 0);
	FROM_USER("in dx, al", VEC_GP, 0);
	FROM_USER("mov (rax), rbx", VEC_PF, 0, .error = 4, .cr2 = ABSENT,
		  .in = { { RAX, ABSENT } });
	for (i = 0; i < sizeof(vectors); i++)
		set_gate(vectors[i], 1, 0);
	set_gate(VEC_BP, 1, 3);
	set_gate(USER_VECTOR, 1, 3);
	*(volatile uint64_t *)(tss + 4) = old;
}

static void request(void)
{
	write_apic(APIC_ICR, SELF | VECTOR);
}

static void finish(void)
{
	write_apic(APIC_EOI, 0);
}

/* An interrupt waits; it comes as soon as it may, and not before. */
static void interrupts(void)
{
	static uint8_t buf[200];
	const uint64_t any = BIT(RCX) | BIT(RSI) | BIT(RDI);

	write_apic(APIC_SVR, 0x1ff);
#define PENDING(text, off, ...) \
	ROW(text, .vector = VECTOR, .at = off, \
	    .before = request, .after = finish, \
	    .how = ONCE | OWN_FLAGS, .flags_out = FLAG_IF, __VA_ARGS__)
	PENDING("sti; nop; nop", 2);
	PENDING("sti; cpuid", 3, .any = 0x1f << 1);
	PENDING("sti; hlt", 2);
	PENDING("nop; sti; sti; nop", 3);
	PENDING("push $0x202; popfq; nop", 6, .in = { { RSP, SPARE + 256 } });
	PENDING("sti; out al, dx; nop", 2, .in = { { RDX, 0x2e8 } });
	/* Iterations are done in bunches; the shadow ends with the first. */
	PENDING("sti; rep outsb; nop", 1, .any = any, .note = "in between",
		.in = { { RDX, 0x2e8 }, { RSI, (uint64_t)buf },
			{ RCX, sizeof(buf) } });
	PENDING("sti; rep insb; nop", 1, .any = any, .note = "in between",
		.in = { { RDX, 0x2e8 }, { RDI, (uint64_t)buf },
			{ RCX, sizeof(buf) } });
	PENDING("sti; rep outsb; nop", 3, .note = "the last iteration",
		.in = { { RDX, 0x2e8 }, { RSI, (uint64_t)buf }, { RCX, 1 } },
		.out = { { RSI, (uint64_t)buf + 1 }, { RCX, 0 } });
	ROW("sti; cli; nop", .note = "no time for an interrupt", .steps = 3,
	    .how = ONCE, .before = request);
	PENDING("sti; nop", 2);
	/* TPR holds it back. */
	ROW("mov rax, cr8; sti; nop; nop; cli; mov rdx, cr8",
	    .note = "priority", .how = ONCE, .before = request,
	    .in = { { RAX, 4 }, { RDX, 0 } });
	PENDING("sti; nop", 2);
	PENDING("mov rax, cr8; sti; nop; mov rdx, cr8", 10,
		.note = "priority", .in = { { RAX, 15 }, { RDX, 0 } });
}

/* The trap comes after HLT, and nothing else would. */
static void stepped_halt(void)
{
	const struct code code = CODE("hlt; nop");
	struct frame f = fresh(code.start);

	begin("hlt; nop", "stepped");
	f.rflags |= FLAG_TF;
	run_code(&f);
	check("vector", seen.f.vector, VEC_BP);
	check("single-step traps", seen.nr_steps, 2);
	check("the first of them at", seen.step[0], (uint64_t)code.start + 1);
}

static unsigned int nr_nmis;
static bool nmi_again;

static bool note_nmi(struct frame *f)
{
	if (f->vector != VEC_NMI)
		return false;
	if (!attempting) {
		nr_nmis++;
		return true;
	}
	if (nmi_again) {
		write_apic(APIC_ICR, NMI_TO_SELF);
		check("NMIs in the handler of one", nr_nmis, 0);
	}
	return false;
}

static void no_more_nmis(void)
{
	check("NMIs after the IRET", nr_nmis, nmi_again);
	nr_nmis = 0;
}

static void nmis(void)
{
	on_event = note_nmi;
#define NMI(text, off, ...) \
	ROW(text, .vector = VEC_NMI, .at = off, .how = ONCE, \
	    .in = { { RDI, LAPIC + APIC_ICR }, { RAX, NMI_TO_SELF }, \
		    { R15, KERNEL_SS } }, .after = no_more_nmis, __VA_ARGS__)
	NMI("mov eax, (rdi); nop", 2);
	NMI("mov r15d, ss; mov eax, (rdi); nop", 5);
	nmi_again = true;
	NMI("mov eax, (rdi); nop", 2, .note = "and another");
	nmi_again = false;
	on_event = NULL;
}

void event_rows(void)
{
	asm volatile("sidt %0; sgdt %1" : "=m" (idt), "=m" (gdt));
	tss = tss_base();
	set_gate(USER_VECTOR, 1, 3);
	faults();
	software();
	double_faults();
	no_stack();
	first_uses();
	other_stack();
	interrupts();
	stepped_halt();
	nmis();
}
