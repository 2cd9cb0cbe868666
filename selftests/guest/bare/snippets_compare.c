// SPDX-License-Identifier: GPL-2.0
/*
 * The same code, in the same place, at the same address, with the same registers:
 * once on a page of RAM, then on a page table that is in use, or on a device.
 * What the processor did to the first is what is expected of the others.
 */
#include "snippets.h"

#define ENTRIES		512
#define INDEX		(LAPIC_COUNT / 8)
#define DIVIDE		0x3e0
#define TIMER		0x320
#define MASKED		BIT(16)
#define ROUNDS		3	/* what is learnt is learnt by then */

static uint64_t *ram, *behind, initial[ENTRIES], *window_pte;

/* Stores to tables are dear: only what is not there already. */
static void reset(uint64_t *page, uint64_t entry)
{
	volatile uint64_t *to = page;
	unsigned int i;

	initial[INDEX] = entry;
	for (i = 0; i < ENTRIES; i++)
		if (to[i] != initial[i])
			to[i] = initial[i];
	for (i = 0; i < 8; i++)
		behind[i] = POOL | i;
}

void compare_init(void)
{
	uint64_t i;

	ram = page_alloc();
	behind = page_alloc();
	window_pte = pte_of(trusted_root, WINDOW);
	set_pte(window_pte, (uint64_t)ram | PTE_RW);
	set_pte(window_pte + 1, (uint64_t)behind | PTE_RW | PTE_U);
	map_page(trusted_root, USER_CODE,
		 (uint64_t)scratch | PTE_RW | PTE_U);
	for (i = 0; i < ENTRIES; i++)
		initial[i] = (POOL + i * PAGE) | PTE_RW;
	reset(leaf_table, initial[INDEX]);
	*(volatile uint32_t *)(LAPIC + TIMER) = MASKED;
	*(volatile uint32_t *)(LAPIC + DIVIDE) = 0xb;
}

/* A table that was given up is in use again after that. */
static void show(uint64_t *page)
{
	set_pte(window_pte, (uint64_t)page | PTE_RW | PTE_U);
	invlpg(WINDOW);
	invlpg(SHADOWED);
	touch(SHADOWED);
}

static struct outcome native;
static uint64_t native_page[ENTRIES], native_behind[8];

static void run_native(const struct frame *in, uint64_t entry)
{
	unsigned int i;

	reset(ram, entry);
	show(ram);
	run_code(in);
	native = seen;
	for (i = 0; i < ENTRIES; i++)
		native_page[i] = ram[i];
	for (i = 0; i < 8; i++)
		native_behind[i] = behind[i];
}

static uint64_t undefined(uint64_t kind)
{
	if (kind & LOGIC_FLAGS)
		return FLAG_AF;
	if (kind & BIT_FLAGS)
		return FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF;
	return 0;
}

static void check_outcome(const struct form *form)
{
	unsigned int i;

	check("vector", seen.f.vector, native.f.vector);
	check("error code", seen.f.error, native.f.error);
	check("rip", seen.f.rip, native.f.rip);
	if (native.f.vector == VEC_PF)
		check("cr2", seen.cr2, native.cr2);
	compare_frames(&native.f, 0, undefined(form->kind));
	check("single-step traps", seen.nr_steps, native.nr_steps);
	for (i = 0; i < NR_STEPS; i++)
		check("one of them", seen.step[i], native.step[i]);
	check("DR6", seen.dr6, native.dr6);
}

static void check_pages(const uint64_t *page)
{
	unsigned int i;

	for (i = 0; i < ENTRIES; i++)
		check("entry", page[i], native_page[i]);
	for (i = 0; i < 8; i++)
		check("what is behind", behind[i], native_behind[i]);
}

/* Some of the entries that have changed, the last among them. */
static void check_translations(const uint64_t *page)
{
	unsigned int i, nr = 0, last = 0;

	for (i = 0; i < ENTRIES; i++) {
		if (native_page[i] == initial[i])
			continue;
		last = i;
		if (nr++ < 3)
			follows(SHADOWED + i * PAGE, page[i]);
	}
	if (nr > 3)
		follows(SHADOWED + last * PAGE, page[last]);
}

/* Translations are there before, and are to change. */
static void run_on_table(const struct form *form, const struct frame *in,
			 uint64_t entry)
{
	unsigned int i;

	reset(leaf_table, entry);
	show(leaf_table);
	follows(SHADOWED + INDEX * PAGE, leaf_table[INDEX]);
	if (leaf_table[INDEX] != entry)
		reset(leaf_table, entry);
	invlpg(SHADOWED + INDEX * PAGE);
	touch(SHADOWED);
	run_code(in);
	check_outcome(form);
	check_pages(leaf_table);
	for (i = 0; i < ENTRIES; i++)
		if (native_page[i] != initial[i])
			invlpg(SHADOWED + i * PAGE);
	check_translations(leaf_table);
}

static void run_on_device(const struct form *form, const struct frame *in,
			  uint64_t entry)
{
	volatile uint32_t *reg = (volatile uint32_t *)(LAPIC + LAPIC_COUNT);

	*reg = entry;
	set_pte(window_pte, LAPIC | PTE_RW | PTE_U);
	invlpg(WINDOW);
	run_code(in);
	check_outcome(form);
	check("register of the device", *reg, (uint32_t)native_page[INDEX]);
}

void compare(const struct form *form, const struct frame *in, uint64_t entry)
{
	const uint64_t wrong = nr_wrong;
	int i;

	next_row();
	begin(form->name, in->rflags & FLAG_TF ? "stepped, on a table" :
						 "on a table");
	run_native(in, entry);
	for (i = 0; i < ROUNDS && !(form->kind & NOT_ON_TABLE); i++)
		run_on_table(form, in, entry);
	reset(leaf_table, entry);
	show(ram);
	if (form->kind & ON_DEVICE) {
		begin(form->name, in->rflags & FLAG_TF ?
		      "stepped, on a device" : "on a device");
		for (i = 0; i < ROUNDS; i++)
			run_on_device(form, in, entry);
	}
	if (nr_wrong != wrong)
		nr_wrong = wrong + 1;
}

extern const struct form form_table[], form_table_end[];
asm(".globl form_target; .set form_target, 0x40000380");

#define FS	0x1000ULL
#define GS	0x7000ULL

/* Every form of an address in snippets_forms.S leads to TARGET. */
struct frame leading_frame(const uint8_t *rip)
{
	struct frame f = fresh(rip);

	f.rbx = TARGET;
	f.r12 = TARGET;
	f.r13 = TARGET;
	f.rbp = TARGET - 0x40;
	f.rsi = TARGET + 0x12345;
	f.rsp = TARGET - 8;
	f.r9 = 5;
	f.r10 = TARGET - 40;
	f.r11 = (TARGET - 0x11223344) / 2;
	f.r14 = TARGET | 0xdeadbeefULL << 32;
	f.rdi = TARGET - FS;
	f.r15 = TARGET - GS - 0x10;
	return f;
}

/* What is in the registers that hold data, and in the entry. */
static const struct scenario {
	uint64_t entry, rax, rcx, rdx, flags;
} scenarios[] = {
	{ (POOL + 7 * PAGE) | PTE_RW, (POOL + 7 * PAGE) | PTE_RW, 12,
	  (POOL + 9 * PAGE) | PTE_RW, 0 },
	{ (POOL + 0x80 * PAGE) | PTE_RW, POOL, -187ULL, 0x1000, FLAGS_ARITH },
	{ 0, 0, 64 * 3 + 1, (POOL + 3 * PAGE) | PTE_RW, FLAG_CF },
	{ (POOL + 5 * PAGE) | PTE_RW | BIT(63), 0x80, 0, ~0ULL, 0 },
	{ 0x7fffffff80007f80, 0x7fffffff80007f80, 31, 0x8000000080008080,
	  FLAG_CF | FLAG_OF },
};

static void run_scenario(const struct form *form, const struct scenario *s,
			 uint64_t flags)
{
	struct frame f = leading_frame(form->code.start);

	f.rax = s->rax;
	f.rcx = s->rcx;
	f.rdx = s->rdx;
	f.r8 = ~s->rdx;
	f.rflags = 2 | s->flags | flags;
	if (form->kind & ON_DEVICE)
		f.rcx &= 31;
	compare(form, &f, s->entry);
}

void form_rows(void)
{
	const struct form *form;
	unsigned int i;

	wrmsr(FS_BASE, FS);
	wrmsr(GS_BASE, GS);
	for (form = form_table; form < form_table_end; form++) {
		if (!((form - form_table) & 7))
			print("row: %s\n", form->name);
		for (i = 0; i < ARRAY_SIZE(scenarios); i++)
			run_scenario(form, &scenarios[i], 0);
		run_scenario(form, &scenarios[0], FLAG_TF);
	}
	wrmsr(FS_BASE, 0);
	wrmsr(GS_BASE, 0);
}
