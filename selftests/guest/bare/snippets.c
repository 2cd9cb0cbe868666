// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that executes every instruction that exits, and every form of those
 * that kage executes itself, and compares what comes of it: to what the SDM says,
 * or to what the processor does with the same code where kage has no part in it.
 *
 * The name of a row is on the console before it runs.
 */
#include "snippets.h"

#define MOST_TOLD	100	/* of a group */
#define MOST_OF_ROW	3
#define MOST_STEPS	20000

struct outcome seen;
handler_fn on_event;
uint64_t nr_rows, nr_wrong, nr_left_out;
uint64_t *trusted_root, *leaf_table;
uint8_t *scratch;
static const char *row_name, *row_note;
static uint64_t nr_told;
static unsigned int told_of_row;

void group(const char *name)
{
	print("snippets: %s\n", name);
}

void begin(const char *name, const char *note)
{
	nr_rows++;
	row_name = name;
	row_note = note;
}

void next_row(void)
{
	told_of_row = 0;
}

void left_out(const char *name)
{
	print("snippets: left out: %s\n", name);
	nr_left_out++;
}

void differs(const char *what, uint64_t found, uint64_t expected)
{
	nr_wrong++;
	/* The first things that are wrong with a row say most. */
	if (told_of_row++ >= MOST_OF_ROW || nr_told++ >= MOST_TOLD)
		return;
	print("wrong: %s (%s): %s %x, not %x\n", row_name,
	      row_note ? row_note : "", what, found, expected);
}

static void note_step(const struct frame *f)
{
	if (seen.nr_steps < NR_STEPS)
		seen.step[seen.nr_steps] = f->rip;
	seen.nr_steps++;
	asm volatile("mov %%dr6, %0" : "=r" (seen.dr6));
	asm volatile("mov %0, %%dr6" : : "r" (0xffff0ff0ULL));
}

static bool caught(struct frame *f)
{
	asm volatile("cld" : : : "memory");
	if (on_event && on_event(f))
		return true;
	if (!attempting) {
		print("wrong: after %s (%s)\n", row_name, row_note);
		return false;
	}
	if (f->vector == VEC_DB && (f->rflags & FLAG_TF) &&
	    seen.nr_steps < MOST_STEPS) {
		note_step(f);
		return true;
	}
	attempting = 0;
	seen.f = *f;
	seen.cr2 = read_cr2();
	rescue();
}

void run_code(const struct frame *start)
{
	seen = (struct outcome) {};
	attempt(start);
}

struct frame fresh(const uint8_t *rip)
{
	struct frame f = {
		.rip = (uint64_t)rip, .cs = KERNEL_CS, .ss = KERNEL_SS,
		.rflags = 2,
	};
	int i;

	for (i = 1; i <= NR_REGS; i++)
		REG(&f, i) = 0x1122334455667700ULL * i + i;
	REG(&f, RSP) = SPARE + PAGE - 256;
	return f;
}

void compare_frames(const struct frame *want, uint64_t any, uint64_t flags)
{
	static const char *const names[] = {
		"", "rax", "rcx", "rdx", "rbx", "rbp", "rsi", "rdi", "r8", "r9",
		"r10", "r11", "r12", "r13", "r14", "r15",
	};
	int i;

	for (i = 1; i <= NR_REGS; i++)
		if (!(any & BIT(i)))
			check(names[i], REG(&seen.f, i), REG(want, i));
	if (!(any & BIT(RSP)))
		check("rsp", seen.f.rsp, want->rsp);
	check("rflags", seen.f.rflags & ~flags, want->rflags & ~flags);
}

struct cpuid cpuid(uint32_t leaf, uint32_t sub)
{
	struct cpuid r;

	asm volatile("cpuid" : "=a" (r.eax), "=b" (r.ebx), "=c" (r.ecx),
		     "=d" (r.edx) : "a" (leaf), "c" (sub));
	return r;
}

bool has_leaf1_ecx(unsigned int bit)
{
	return cpuid(1, 0).ecx & BIT(bit);
}

bool has_leaf7_ebx(unsigned int bit)
{
	return cpuid(7, 0).ebx & BIT(bit);
}

bool has_leaf7_ecx(unsigned int bit)
{
	return cpuid(7, 0).ecx & BIT(bit);
}

/* Bits 40 to 51 are reserved: kage's guests have 40 bits of address. */
void follows(uint64_t gva, uint64_t pte)
{
	const struct code read = CODE("mov (rax), rbx");
	const uint64_t frame = pte & 0xffffffffff000ULL;
	struct frame f = fresh(read.start);

	if ((pte & PTE_P) && !(frame >> 40) && frame >= ram_end())
		return;		/* a device, perhaps */
	f.rax = gva;
	run_code(&f);
	if (!(pte & PTE_P) || frame >> 40) {
		check("fault of the new entry", seen.f.vector, VEC_PF);
		check("its error code", seen.f.error, pte & PTE_P ? 9 : 0);
		check("its address", seen.cr2, gva);
		return;
	}
	check("access through the new entry", seen.f.vector, VEC_BP);
	check("frame of the new entry", seen.f.rbx,
	      *(volatile uint64_t *)(frame | (gva & (PAGE - 1))));
}

static void set_up_stacks(void)
{
	int i;

	/* No interrupts: some rows set IF. */
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	segments_init();
	set_ist(1, (uint64_t)page_alloc() + PAGE);
	for (i = 0; i < 256; i++)
		set_gate(i, 1, 0);
	set_gate(VEC_BP, 1, 3);
	on_exception = caught;
}

/* The first 512 GiB are those of the boot tables, but for one GiB. */
static void set_up_space(void)
{
	uint64_t *low = page_alloc(), *boot, i;

	trusted_root = new_root();
	boot = (uint64_t *)(trusted_root[0] & ~(PAGE - 1));
	for (i = 0; i < 512; i++)
		low[i] = boot[i];
	low[WINDOW >> 30] = 0;
	trusted_root[0] = (uint64_t)low | PTE_RW | PTE_U;
	scratch = page_alloc();
	page_alloc();
	for (i = 0; i < 2 * PAGE; i += PAGE) {
		map_page(trusted_root, SCRATCH + i,
			 ((uint64_t)scratch + i) | PTE_RW);
		map_page(trusted_root, USER_SCRATCH + i,
			 ((uint64_t)scratch + i) | PTE_RW | PTE_U);
	}
	map_page(trusted_root, SPARE, (uint64_t)page_alloc() | PTE_RW);
	leaf_table = (uint64_t *)((uint64_t)pte_of(trusted_root, SHADOWED) &
				  ~(PAGE - 1));
	write_cr3((uint64_t)trusted_root);
	for (i = 0; i < 512; i++)
		*(volatile uint64_t *)(POOL + i * PAGE) = POOL + i * PAGE;
}

static const struct {
	const char *name;
	void (*run)(void);
} groups[] = {
	{ "processor", cpu_rows },
	{ "MSRs", msr_rows },
	{ "ports", port_rows },
	{ "events", event_rows },
	{ "strings", string_rows },
	{ "forms", form_rows },
};

int guest_main(void)
{
	const uint64_t start = rdtsc();
	unsigned int i;

	set_up_stacks();
	wrmsr(EFER, rdmsr(EFER) | EFER_NX);
	set_up_space();
	compare_init();
	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		const uint64_t rows = nr_rows;

		nr_told = 0;
		group(groups[i].name);
		groups[i].run();
		print("snippets: %s: %u rows, %u wrong by now\n",
		      groups[i].name, nr_rows - rows, nr_wrong);
	}
	print("snippets: %u rows, %u left out, %u wrong, %u ticks\n", nr_rows,
	      nr_left_out, nr_wrong, rdtsc() - start);
	return nr_wrong || !nr_rows;
}
