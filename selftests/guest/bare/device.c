// SPDX-License-Identifier: GPL-2.0
/*
 * One instruction that accesses a device again and again, while its bytes and
 * the tables change under it: each time it does what they say now. The device
 * is the local APIC, of which the version can be read.
 */
#include "bare.h"

#define WINDOW		(1ULL << 39)
#define LAPIC		0xfee00000ULL
#define VERSION		0x30
#define TASK_PRIORITY	0x80
#define NO_FAULT	~0ULL
#define OLD		0x1122334455667788ULL
#define ROUNDS		4	/* what is learnt is learnt by then */

static uint8_t *code;		/* an instruction and RET */
static uint64_t error, wrong, length;

/* It ends the instruction. */
static bool note_fault(struct frame *frame)
{
	error = frame->error;
	frame->rip += length;
	return frame->vector == 14;
}

static void set_code(const char *bytes, int n)
{
	for (length = 0; length < (uint64_t)n; length++)
		((volatile uint8_t *)code)[length] = bytes[length];
	((volatile uint8_t *)code)[n] = 0xc3;
}

/* Runs it with @gva in RDI; RAX is what comes out. */
static uint64_t run(uint64_t rax, uint64_t gva)
{
	error = NO_FAULT;
	asm volatile("call *%1" : "+a" (rax) : "r" (code), "D" (gva)
		     : "memory", "cc");
	return rax;
}

static void check(const char *what, uint64_t found, uint64_t expected)
{
	if (found == expected)
		return;
	print("device: %s: %x, not %x\n", what, found, expected);
	wrong++;
}

/* What loads take of the version, and leave of RAX. */
static const struct load {
	const char *code;
	int n;
	uint64_t mask, keep;
	int shift;
} loads[] = {
	{ "\x8a\x07", 2, 0xff, ~0xffULL },		/* mov (%rdi),%al */
	{ "\x66\x8b\x07", 3, 0xffff, ~0xffffULL },	/* mov (%rdi),%ax */
	{ "\x8b\x07", 2, ~0U, 0 },			/* mov (%rdi),%eax */
	{ "\x8a\x27", 2, 0xff, ~0xff00ULL, 8 },		/* mov (%rdi),%ah */
	{ "\x0f\xb6\x07", 3, 0xff, 0 },		/* movzbl (%rdi),%eax */
	{ }
};

static void check_loads(uint64_t gva, uint32_t version)
{
	const struct load *l;
	int n;

	for (l = loads; l->code; l++) {
		set_code(l->code, l->n);
		for (n = 0; n < ROUNDS; n++)
			check("load", run(OLD, gva + VERSION),
			      (OLD & l->keep) | (version & l->mask) << l->shift);
	}
}

static void store(const char *what, uint64_t val, uint64_t fault)
{
	int n;

	for (n = 0; n < ROUNDS; n++) {
		run(val, WINDOW + TASK_PRIORITY);
		check(what, error, fault);
	}
}

/* Sets an entry and lets the instruction run with it, then sets it back. */
static void store_with(const char *what, uint64_t *entry, uint64_t val,
		       uint64_t fault)
{
	uint64_t old = *entry;

	set_pte(entry, val);
	invlpg(WINDOW);
	store(what, 0x20, fault);
	set_pte(entry, old);
	invlpg(WINDOW);
	store("and back", 0x10, NO_FAULT);
}

int guest_main(void)
{
	volatile uint32_t *tpr = (volatile uint32_t *)(LAPIC + TASK_PRIORITY);
	uint64_t *root = new_root(), *pte, *pde;
	uint64_t frame = (uint64_t)page_alloc();
	uint32_t version = *(volatile uint32_t *)(LAPIC + VERSION);

	code = page_alloc();
	on_exception = note_fault;
	pte = pte_of(root, WINDOW);
	set_pte(pte, LAPIC | PTE_RW);
	write_cr3((uint64_t)root);
	check_loads(WINDOW, version);
	check_loads(LAPIC, version);

	set_code("\x89\x07", 2);		/* mov %eax,(%rdi) */
	store("store", 0x10, NO_FAULT);
	check("priority", *tpr, 0x10);
	store_with("not present", pte, 0, 2);
	store_with("read-only", pte, LAPIC | (PTE_RW & ~PTE_W), 3);
	pde = (uint64_t *)(root[1] & ~0xfffULL);
	store_with("read-only above", &root[1], root[1] & ~PTE_W, 3);
	store_with("read-only above", pde, *pde & ~PTE_W, 3);
	store_with("reserved bits", pte, LAPIC | PTE_RW | 1ULL << 51, 11);
	*tpr = 0;
	store_with("clean", pte, LAPIC | (PTE_RW & ~PTE_D), NO_FAULT);
	*tpr = 0x40;
	set_pte(pte, frame | PTE_RW);
	invlpg(WINDOW);
	store("memory", 0x77, NO_FAULT);
	check("memory", ((uint32_t *)frame)[TASK_PRIORITY / 4], 0x77);
	check("priority", *tpr, 0x40);
	set_pte(pte, LAPIC | PTE_RW);
	invlpg(WINDOW);
	store("store", 0x50, NO_FAULT);
	check("priority", *tpr, 0x50);
	*tpr = 0;
	print("device: %u wrong\n", wrong);
	return wrong;
}
