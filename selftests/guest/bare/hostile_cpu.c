// SPDX-License-Identifier: GPL-2.0
/*
 * Privileged instructions with random operands: what each may raise is in the
 * table. What they changed is put back.
 */
#include "hostile.h"
#include "hostile_code.h"

#define LAPIC		0xfee00000ULL
#define LAPIC_SVR	0x0f0
#define LAPIC_TIMER	0x320
#define LAPIC_COUNT	0x380
#define LAPIC_DIVIDE	0x3e0
#define UART		0x3f8
#define BIT(n)		(1ULL << (n))

/* What an instruction may end with; DONE is its INT3. */
#define DONE	BIT(VEC_BP)
#define DB	BIT(VEC_DB)
#define UD	BIT(VEC_UD)
#define NM	BIT(VEC_NM)
#define NP	BIT(VEC_NP)
#define SS	BIT(VEC_SS)
#define GP	BIT(VEC_GP)
#define PF	BIT(VEC_PF)
#define TIMER	BIT(63)
#define ANY	(~0ULL)

/* What is put back after it, beside segments and flags. */
#define FIX_CR	1
#define FIX_DR	2
#define FIX_IO	4	/* local APIC, interrupt controllers, serial port */

#define ROW(_name, _raises, _fix, ...) \
	{ #_name, snippet_##_name, _raises, _fix, __VA_ARGS__ }

struct row {
	const char *name, *code;
	uint64_t raises;
	int fix;
	void (*prepare)(struct frame *f);
};

struct tss {
	uint32_t zero;
	uint64_t rsp[3], zero2, ist[7], zero3;
	uint16_t zero4, io_map;
} __attribute__((packed));

struct gate {
	uint16_t low, selector;
	uint8_t ist, type;
	uint16_t mid;
	uint32_t high, zero;
} __attribute__((packed));

struct mode mode;
struct frame result;
uint64_t cpu_attempts;
static const char *last_row = "none";
static struct tss tss;
static struct gate idt[256];
static uint64_t gdt[GDT_SIZE / 8];
static uint8_t stacks[3][4096] __attribute__((aligned(16)));
static struct table_reg gdt_reg = { GDT_SIZE - 1, (uint64_t)gdt };
static struct table_reg idt_reg = { sizeof(idt) - 1, (uint64_t)idt };

static void write_lapic(uint32_t reg, uint32_t val)
{
	*(volatile uint32_t *)(LAPIC + reg) = val;
}

struct frame start_at(const char *code, int cpl)
{
	struct frame f = {
		.rip = (uint64_t)code, .cs = KERNEL_CS, .rflags = 2,
		.rsp = (uint64_t)stacks[2] + sizeof(stacks[2]) - 256,
		.ss = KERNEL_SS,
	};

	if (cpl == 3) {
		f.rip = USER_CODE + (code - snippets);
		f.cs = USER_CS;
		f.ss = USER_SS;
	}
	return f;
}

/* An NMI or a breakpoint may also come while nothing is attempted. */
static bool caught(struct frame *frame)
{
	/* Gates leave the direction as it was. */
	asm volatile("cld" : : : "memory");
	if (attempting) {
		attempting = 0;
		result = *frame;
		rescue();
	}
	if (frame->vector == VEC_NMI)
		return true;
	if (frame->vector == VEC_DB) {
		asm volatile("mov %0, %%dr7" : : "r" (0x400ULL));
		return true;
	}
	/* What was done last is what did it. */
	describe("outside of an attempt, after this");
	print("hostile:   privileged: %s\n", last_row);
	return false;
}

/* True if the processor took it. */
static bool try_cr(const char *code, uint64_t val)
{
	struct frame f = start_at(code, 0);

	f.rax = (uint32_t)val;
	f.rdx = val >> 32;
	f.rcx = EFER;
	if (code != snippet_wrmsr)
		f.rax = val;
	do {
		attempt(&f);
	} while (result.vector == VEC_NMI);
	return result.vector == VEC_BP;
}

/* Bits that this processor does not have stay as they are. */
void load_mode(const struct mode *want)
{
	struct mode now = mode;

	if (want->cr0 != now.cr0 && try_cr(snippet_set_cr0, want->cr0))
		mode.cr0 = want->cr0;
	if (want->cr4 != now.cr4 && try_cr(snippet_set_cr4, want->cr4))
		mode.cr4 = want->cr4;
	if (want->efer != now.efer && try_cr(snippet_wrmsr, want->efer))
		mode.efer = want->efer;
	if (want->cr3 != now.cr3) {
		write_cr3(want->cr3);
		mode.cr3 = want->cr3;
	}
	mode_changed();
}

static void fix_io(void)
{
	static const struct {
		uint16_t port;
		uint8_t val;
	} writes[] = {
		/* Both 8259s from the start, all masked; 8254 stopped. */
		{ 0x20, 0x11 }, { 0x21, 0x20 }, { 0x21, 4 }, { 0x21, 1 },
		{ 0xa0, 0x11 }, { 0xa1, 0x28 }, { 0xa1, 2 }, { 0xa1, 1 },
		{ 0x21, 0xff }, { 0xa1, 0xff }, { 0x43, 0x30 },
		{ UART + 3, 3 }, { UART + 1, 0 }, { UART + 4, 0 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		outb(writes[i].port, writes[i].val);
	/* Disabled and enabled again it is as after power-on. */
	wrmsr(APIC_BASE, LAPIC | 0x100);
	wrmsr(APIC_BASE, LAPIC | 0x900);
}

static void fix(int what)
{
	asm volatile("lgdt %0; lidt %1" : : "m" (gdt_reg), "m" (idt_reg));
	if (what & FIX_CR) {
		/* By force: the instruction may have changed what we know. */
		asm volatile("mov %0, %%cr0; mov %1, %%cr4; mov %2, %%cr8" : :
			     "r" (mode.cr0), "r" (mode.cr4), "r" (0ULL));
		wrmsr(EFER, mode.efer);
		mode_changed();
	}
	if (what & FIX_DR)
		asm volatile("mov %0, %%dr7; mov %0, %%dr6" : :
			     "r" (0x400ULL));
	if (what & FIX_IO)
		fix_io();
}

/* Where the trusted part is, or where nothing trusted can be hit. */
static uint64_t random_target(unsigned int len)
{
	uint64_t gva = random_gva();

	return harmless(gva, len) ? gva : CODE_END + below(1 << 20);
}

static void set_msr(struct frame *f)
{
	static const uint32_t msrs[] = {
		0x10, 0x1b, 0x3a, 0x3b, 0x48, 0x49, 0x8b, 0xe7, 0xfe, 0x10a,
		0x10b, 0x122, 0x174, 0x175, 0x176, 0x179, 0x1a0, 0x1d9, 0x200,
		0x250, 0x277, 0x2ff, 0x345, 0x38f, 0x480, 0x6e0, 0xda0,
		0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084,
		0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103, 0x4b564d01,
	};

	f->rcx = msrs[below(sizeof(msrs) / sizeof(msrs[0]))];
	if (below(3) == 0)
		f->rcx = 0x800 + below(0x40);
	if (below(6) == 0)
		f->rcx = rnd() & 0xc0001fff;
	f->rax = (uint32_t)rnd() >> below(32);
	f->rdx = below(2) ? 0 : (uint32_t)rnd();
	/* The page of the local APIC stays where it is, so try its flags. */
	if (f->rcx == APIC_BASE)
		f->rax = LAPIC | (f->rax & 0xfff);
}

/* Not the ports that end the machine, and no noise on the console. */
static void set_port(struct frame *f)
{
	do {
		f->rdx = below(2) ? below(0x400) : rnd() & 0xffff;
	} while ((f->rdx >= 0x5f0 && f->rdx < 0x610) || f->rdx == 0xcf9 ||
		 f->rdx == 0x64 || (f->rdx > UART - 4 && f->rdx <= UART));
	f->rcx = below(100);
	f->rdi = random_target(100);
	f->rsi = f->rdi;
}

/* Within one page: across two is what ends a machine. */
static void set_string(struct frame *f)
{
	set_port(f);
	f->rdi = (f->rdi & ~(PAGE - 1)) | below(PAGE - 100);
	if (!harmless(f->rdi, 100))
		f->rdi = CODE_END;
	f->rsi = f->rdi;
}

/* Below the bits that make it no address it is a free part of DATA. */
static void set_bad_string(struct frame *f)
{
	set_port(f);
	f->rcx = 1 + below(100);
	f->rdi = CODE_END | BIT(48 + below(16));
	f->rsi = f->rdi;
}

static void set_root(struct frame *f)
{
	f->rax = random_root() | (rnd() & 0x18);
	if (below(4) == 0)
		f->rax |= BIT(MAXPHYADDR + below(24));
}

static void set_cr(struct frame *f)
{
	f->rax = mode.cr0 ^ BIT(below(below(4) ? 32 : 64));
}

static void set_cr4(struct frame *f)
{
	f->rax = mode.cr4 ^ BIT(below(below(4) ? 26 : 64));
}

static void set_break(struct frame *f)
{
	f->rdx = CODE_END + (rnd() & 0xff8);
	f->rax = rnd() & 0xffff0fff & ~0x2000ULL;
}

/* A base that is no address, or no place to read one from. */
static void set_table(struct frame *f)
{
	static struct table_reg reg;

	reg = (struct table_reg){ 0xffff, BIT(47) + (rnd() >> 17) };
	f->rdx = below(2) ? (uint64_t)&reg : random_gva();
	if (!unmapped(f->rdx, 10))
		f->rdx = (uint64_t)&reg;
}

static void set_true_gdt(struct frame *f)
{
	static struct table_reg reg;

	reg = gdt_reg;
	reg.limit += below(1 << 15);
	f->rdx = (uint64_t)&reg;
}

static void set_selector(struct frame *f)
{
	f->rax = below(2) ? below(GDT_SIZE + 16) : rnd() & 0xffff;
	f->rdx = (uint64_t)snippet_done;
}

static void set_target(struct frame *f)
{
	f->rdx = random_target(64);
}

static void set_flags(struct frame *f)
{
	f->rax = rnd() & 0x3f7fd5 & ~0x200ULL;
}

static void set_any(struct frame *f)
{
	f->rax = rnd() >> below(64);
	f->rcx = rnd() >> below(64);
	f->rdx = rnd() >> below(64);
}

static void set_leaf(struct frame *f)
{
	f->rax = (below(4) << 30) + below(0x40);
	f->rcx = below(2) ? below(16) : rnd();
	if (below(8) == 0)
		f->rax = rnd();
}

/*
 * The kernel's entry points are its INT3 and an address that is none; what
 * the segments are then is for the selector in STAR to say.
 */
static void set_entries(struct frame *f)
{
	static const uint32_t msrs[] = { 0xc0000082, 0xc0000083, 0x176 };
	uint64_t done = (uint64_t)snippet_done, nowhere = 0xffff900000000000;
	unsigned int i;

	if (!unmapped(nowhere, 64))
		nowhere = done;
	wrmsr(EFER, mode.efer | below(2));
	wrmsr(0xc0000081, rnd());
	wrmsr(0x174, below(4) ? below(0x40) : 0);
	wrmsr(0x175, done);
	for (i = 0; i < 3; i++)
		wrmsr(msrs[i], below(2) ? done : nowhere);
	f->rcx = below(2) ? USER_CODE : rnd();
	f->rdx = f->rcx;
}

/* With the timer of the local APIC to wake it. */
static void set_alarm(struct frame *f)
{
	(void)f;
	fix_io();
	write_lapic(LAPIC_SVR, 0x1ff);
	write_lapic(LAPIC_DIVIDE, 0xb);
	write_lapic(LAPIC_TIMER, VEC_TIMER);
	write_lapic(LAPIC_COUNT, 1 + below(2000));
}

static const struct row rows[] = {
	ROW(cpuid, DONE, 0, set_leaf),
	ROW(rdmsr, DONE | GP, 0, set_msr),
	ROW(wrmsr, DONE | GP, FIX_CR | FIX_IO, set_msr),
	ROW(in1, DONE, 0, set_port),
	ROW(in2, DONE, 0, set_port),
	ROW(in4, DONE, 0, set_port),
	ROW(out1, DONE, FIX_IO, set_port),
	ROW(out2, DONE, FIX_IO, set_port),
	ROW(out4, DONE, FIX_IO, set_port),
	ROW(ins, DONE | PF | GP, FIX_IO, set_string),
	ROW(outs, DONE | PF | GP, FIX_IO, set_string),
	ROW(ins, GP, FIX_IO, set_bad_string),
	ROW(outs, GP, FIX_IO, set_bad_string),
	ROW(set_cr0, DONE | GP, FIX_CR, set_cr),
	ROW(set_cr2, DONE, 0, set_any),
	ROW(set_cr3, DONE | GP, FIX_CR, set_root),
	ROW(set_cr4, DONE | GP, FIX_CR, set_cr4),
	ROW(set_cr8, DONE | GP, FIX_CR, set_any),
	ROW(clts, DONE, FIX_CR),
	ROW(lmsw, DONE | GP, FIX_CR, set_any),
	ROW(smsw, DONE, 0),
	ROW(set_dr0, DONE, FIX_DR, set_any),
	ROW(set_dr4, DONE | UD | GP, FIX_DR, set_any),
	ROW(set_dr6, DONE | GP, FIX_DR, set_any),
	ROW(set_dr7, DONE | GP | DB, FIX_DR, set_any),
	ROW(break, DONE | DB | GP, FIX_DR, set_break),
	ROW(lgdt, GP | PF, 0, set_table),
	ROW(lidt, GP | PF, 0, set_table),
	ROW(lgdt, DONE, 0, set_true_gdt),
	ROW(lldt, DONE | GP | NP, 0, set_selector),
	ROW(ltr, GP | NP, 0, set_selector),
	ROW(mov_ss, DONE | GP | SS | NP, 0, set_selector),
	ROW(mov_fs, DONE | GP | NP, 0, set_selector),
	ROW(lret, DONE | GP | NP | PF, 0, set_selector),
	ROW(invlpg, DONE, 0, set_any),
	ROW(invlpg, DONE, 0, set_target),
	ROW(invpcid, DONE | UD | GP | PF, 0, set_target),
	ROW(clflush, DONE | PF | GP, 0, set_target),
	ROW(wbinvd, DONE, 0),
	ROW(invd, DONE, 0),
	ROW(xsetbv, DONE | GP | UD, 0, set_any),
	ROW(xgetbv, DONE | GP | UD, 0, set_any),
	ROW(vmcall, UD, 0, set_any),
	ROW(vmclear, UD, 0, set_target),
	ROW(vmlaunch, UD, 0),
	ROW(vmptrld, UD, 0, set_target),
	ROW(vmread, UD, 0, set_any),
	ROW(vmwrite, UD, 0, set_any),
	ROW(vmxoff, UD, 0),
	ROW(vmxon, UD, 0, set_target),
	ROW(invept, UD, 0, set_target),
	ROW(invvpid, UD, 0, set_target),
	ROW(vmfunc, UD, 0, set_any),
	ROW(getsec, UD | GP, 0, set_any),
	ROW(rsm, UD, 0),
	ROW(encls, UD | GP, 0, set_any),
	ROW(monitor, UD, 0, set_any),
	ROW(mwait, UD, 0, set_any),
	ROW(rdpmc, GP, 0, set_any),
	ROW(rdtscp, DONE | UD, 0),
	ROW(rdrand, DONE | UD, 0),
	ROW(pause, DONE, 0),
	ROW(int1, DB, 0),
	ROW(ud2, UD, 0),
	ROW(popf, DONE | DB, 0, set_flags),
	ROW(swapgs, DONE, 0),
	ROW(syscall, ANY, FIX_CR, set_entries),
	ROW(sysret, ANY, FIX_CR, set_entries),
	ROW(sysenter, ANY, FIX_CR, set_entries),
	ROW(sysexit, ANY, FIX_CR, set_entries),
	ROW(fninit, DONE | NM, 0),
	ROW(hlt, TIMER, FIX_IO, set_alarm),
};

void cpu_round(void)
{
	const struct row *row = &rows[below(sizeof(rows) / sizeof(rows[0]))];
	struct frame f = start_at(row->code, 0);
	uint64_t bit;

	/* What is said to be unmapped must not be cached either. */
	flush();
	last_row = row->name;
	if (row->prepare)
		row->prepare(&f);
	attempt(&f);
	cpu_attempts++;
	bit = result.vector == VEC_TIMER ? TIMER : BIT(result.vector & 31);
	if (result.vector != VEC_NMI && !(row->raises & bit) && complain()) {
		describe(row->name);
		print("hostile:   rax %x rcx %x rdx %x\n", f.rax, f.rcx, f.rdx);
	}
	if (row->code == snippet_set_cr3)
		write_cr3(mode.cr3);
	fix(row->fix);
}

/* The snippets for CPL 3, beside the tables that kagectl made. */
static void make_trusted_root(void)
{
	uint64_t *root = page_alloc(), *pdpt = page_alloc();
	uint64_t *boot = (uint64_t *)(*(uint64_t *)read_cr3() & PTE_ADDR);
	uint64_t *pd = page_alloc(), *pt = page_alloc();
	int i;

	for (i = 0; i < 4; i++)
		pdpt[i] = boot[i];
	pdpt[USER_CODE >> 30] = (uint64_t)pd | PTE_RW | PTE_U;
	pd[0] = (uint64_t)pt | PTE_RW | PTE_U;
	pt[0] = (uint64_t)snippets | PTE_P | PTE_U | PTE_A;
	root[0] = (uint64_t)pdpt | PTE_RW | PTE_U;
	write_cr3((uint64_t)root);
}

static void make_gates(void)
{
	uint64_t entry = (uint64_t)bare_vectors;
	int i;

	for (i = 0; i < 256; i++, entry += 16)
		idt[i] = (struct gate) {
			.low = entry, .selector = KERNEL_CS,
			.ist = i == VEC_NMI ? 2 : 1,
			.type = i == VEC_BP ? 0xee : 0x8e,
			.mid = entry >> 16, .high = entry >> 32,
		};
}

static void make_segments(void)
{
	uint64_t base = (uint64_t)&tss;

	gdt[2] = 0x00af9b000000ffff;
	gdt[3] = 0x00cf93000000ffff;
	gdt[5] = 0x00cff3000000ffff;
	gdt[6] = 0x00affb000000ffff;
	gdt[7] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ULL << 40 |
		 (base >> 24 & 0xff) << 56;
	gdt[8] = base >> 32;
	tss.ist[0] = (uint64_t)(stacks[0] + sizeof(stacks[0]));
	tss.ist[1] = (uint64_t)(stacks[1] + sizeof(stacks[1]));
	tss.rsp[0] = tss.ist[0];
	tss.io_map = sizeof(tss);
}

void cpu_init(void)
{
	on_exception = caught;
	make_segments();
	make_gates();
	asm volatile("lgdt %0; lidt %1; ltr %w2" : :
		     "m" (gdt_reg), "m" (idt_reg), "r" (TSS_SEL));
	make_trusted_root();
	asm volatile("mov %%cr0, %0; mov %%cr4, %1" :
		     "=r" (mode.cr0), "=r" (mode.cr4));
	mode.cr3 = read_cr3();
	mode.efer = rdmsr(EFER);
	fix_io();
}
