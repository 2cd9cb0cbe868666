// SPDX-License-Identifier: GPL-2.0
/*
 * CR3 read, changed and loaded, as kernels do it that isolate their tables: what
 * comes out is what a processor makes of it, however often it was done before,
 * and while the code changes under it.
 */
#include "bare.h"

#define WINDOW	(1ULL << 39)	/* what is seen there tells the tables */
#define CODE	(2ULL << 39)	/* pages of code, that others can take over */
#define OTHER	PAGE		/* the other root is in the next page */
#define FLAGS	0x8c5ULL	/* OF, SF, ZF, PF, CF; AF may be anything */
#define PF_ONLY	0x004ULL
#define TF	0x100ULL
#define ROUNDS	4		/* what is learnt is learnt by then */

static uint64_t *roots, *marks[2], wrong;
static uint64_t nr_debug, first_rip;

static void check(const char *row, const char *what, uint64_t found,
		  uint64_t expected)
{
	if (found == expected)
		return;
	print("cr3: %s: %s %x, not %x\n", row, what, found, expected);
	wrong++;
}

static bool count_debug(struct frame *frame)
{
	if (frame->vector != 1)
		return false;
	if (!nr_debug++)
		first_rip = frame->rip;
	/* A breakpoint's instruction is to run now. */
	if (!(frame->rflags & TF))
		frame->rflags |= 1 << 16;
	return true;
}

/* MOV from CR3 to a register, what a row has, and what copies it to RAX. */
struct way {
	const char *name;
	const char *read, *code, *copy;
	int nr_read, nr_code, nr_copy;
	bool to_other;		/* the bit of the other root is set, not cleared */
	bool stays, flags;
};

#define WAY(_name, _read, _code, _copy, ...) { .name = (_name), \
	.read = (_read), .nr_read = sizeof(_read) - 1, .code = (_code), \
	.nr_code = sizeof(_code) - 1, .copy = (_copy), \
	.nr_copy = sizeof(_copy) - 1, __VA_ARGS__ }

#define AND	"\xff\xef\xff\xff"
#define OR	"\x00\x10\x00\x00"

static const struct way ways[] = {
	WAY("AND of RDI", "\x0f\x20\xdf", "\x48\x81\xe7" AND "\x0f\x22\xdf",
	    "\x48\x89\xf8", .flags = true),
	WAY("OR of RDI", "\x0f\x20\xdf", "\x48\x81\xcf" OR "\x0f\x22\xdf",
	    "\x48\x89\xf8", .to_other = true, .flags = true),
	WAY("AND of RAX", "\x0f\x20\xd8", "\x48\x25" AND "\x0f\x22\xd8",
	    "\x90", .flags = true),
	WAY("OR of R11", "\x41\x0f\x20\xdb", "\x49\x81\xcb" OR
	    "\x41\x0f\x22\xdb", "\x4c\x89\xd8", .to_other = true, .flags = true),
	WAY("NOPs", "\x0f\x20\xdf", "\x90\x66\x90\x0f\x1f\x44\x00\x00\x48\x81\xe7"
	    AND "\x0f\x22\xdf", "\x48\x89\xf8", .flags = true),
	WAY("a jump", "\x0f\x20\xdf", "\xeb\x03\x0f\x0b\xcc\x48\x81\xcf" OR
	    "\x0f\x22\xdf", "\x48\x89\xf8", .to_other = true, .flags = true),
	WAY("nothing", "\x0f\x20\xdf", "\x0f\x22\xdf", "\x48\x89\xf8",
	    .stays = true),
	WAY("BTS, which kage does not know", "\x0f\x20\xdf",
	    "\x48\x0f\xba\xef\x0c\x0f\x22\xdf\xf8\x48\x85\xff", "\x48\x89\xf8",
	    .to_other = true),
	/* RSP is kept in RSI. */
	WAY("AND of RSP", "\x48\x89\xe6\x0f\x20\xdc", "\x48\x81\xe4" AND
	    "\x0f\x22\xdc", "\x48\x89\xe0\x48\x89\xf4", .flags = true),
	{ }
};

static uint8_t *put(uint8_t *to, const char *bytes, int n)
{
	while (n--)
		*(volatile uint8_t *)to++ = *bytes++;
	return to;
}

static uint8_t *write_way(uint8_t *to, const struct way *w)
{
	to = put(to, w->read, w->nr_read);
	to = put(to, w->code, w->nr_code);
	to = put(to, w->copy, w->nr_copy);
	return put(to, "\xc3", 1);
}

struct result {
	uint64_t rax, rflags, mark;
};

/* All flags are set before, and TF or none. */
static struct result run(uint64_t code, uint64_t flags)
{
	struct result r;

	asm volatile("push %3\n\tpopf\n\tcall *%2\n\tpushf\n\tpop %1\n\t"
		     "push $2\n\tpopf"
		     : "=&a" (r.rax), "=&r" (r.rflags)
		     : "r" (code), "r" (flags | FLAGS | 2)
		     : "memory", "cc", "rdi", "rsi", "r11");
	r.mark = *(volatile uint64_t *)WINDOW;
	return r;
}

static void check_run(const struct way *w, uint64_t code, uint64_t from)
{
	uint64_t to = w->stays ? from : w->to_other;
	uint64_t cr3 = (uint64_t)roots + to * OTHER;
	struct result r;

	write_cr3((uint64_t)roots + from * OTHER);
	r = run(code, 0);
	check(w->name, "register", r.rax, cr3);
	check(w->name, "CR3", read_cr3(), cr3);
	check(w->name, "tables", r.mark, to);
	if (w->flags)
		check(w->name, "flags", r.rflags & FLAGS, PF_ONLY);
	else if (w->stays)
		check(w->name, "flags", r.rflags & FLAGS, FLAGS);
}

static void check_way(const struct way *w, uint64_t code)
{
	int n;

	write_way((uint8_t *)code, w);
	for (n = 0; n < ROUNDS; n++) {
		check_run(w, code, 0);
		check_run(w, code, 1);
	}
}

/* Each instruction is followed by its trap. */
static void check_steps(void)
{
	const struct way *w = &ways[0];
	uint64_t code = CODE + 64;

	check_way(w, code);
	write_cr3((uint64_t)roots + OTHER);
	nr_debug = 0;
	run(code, TF);
	/* POPF's successor CALL, five, and PUSHF, POP, PUSH, POPF. */
	check("single steps", "traps", nr_debug, 10);
	check("single steps", "CR3", read_cr3(), (uint64_t)roots);
}

static void check_breakpoint(void)
{
	const struct way *w = &ways[0];
	uint64_t code = CODE + 64;

	check_way(w, code);
	write_cr3((uint64_t)roots + OTHER);
	nr_debug = 0;
	asm volatile("mov %0, %%dr0" : : "r" (code + 3));
	asm volatile("mov %0, %%dr7" : : "r" (0x402ULL));
	run(code, 0);
	asm volatile("mov %0, %%dr7" : : "r" (0x400ULL));
	check("breakpoint", "traps", nr_debug, 1);
	check("breakpoint", "RIP", first_rip, code + 3);
	check("breakpoint", "CR3", read_cr3(), (uint64_t)roots);
}

/* The constant, and then what it is done with, is another meanwhile. */
static void check_patched(void)
{
	static const struct way other =
		WAY("patched to OR", "\x0f\x20\xdf", "\x48\x81\xcf" OR
		    "\x0f\x22\xdf", "\x48\x89\xf8", .to_other = true,
		    .flags = true);
	static const struct way all =
		WAY("patched to all bits", "\x0f\x20\xdf",
		    "\x48\x81\xe7\xff\xff\xff\xff\x0f\x22\xdf", "\x48\x89\xf8",
		    .stays = true, .flags = false);
	uint64_t code = CODE + 128;
	int n;

	for (n = 0; n < ROUNDS; n++) {
		check_way(&ways[0], code);
		check_way(&other, code);
	}
	check_way(&ways[0], code);
	write_way((uint8_t *)code, &all);
	write_cr3((uint64_t)roots + OTHER);
	check(all.name, "register", run(code, 0).rax, (uint64_t)roots + OTHER);
}

/* The same address leads to other code, in one root or in both. */
static void check_remapped(void)
{
	uint64_t *pte = pte_of(roots, CODE), old = *pte, code = CODE + 256;
	uint8_t *page = page_alloc();
	int n;

	write_way(page + 256, &ways[1]);
	for (n = 0; n < ROUNDS; n++) {
		check_way(&ways[0], code);
		set_pte(pte, (uint64_t)page | PTE_RW);
		invlpg(CODE);
		check_run(&ways[1], code, 0);
		check_run(&ways[1], code, 1);
		set_pte(pte, old);
		invlpg(CODE);
	}
}

static void set_up(void)
{
	uint64_t *other, i;

	/* Two pages in a row, the first at an even address. */
	do {
		roots = new_root();
		other = page_alloc();
	} while (((uint64_t)roots & OTHER) || other != roots + 512);
	for (i = 0; i < 2; i++) {
		marks[i] = page_alloc();
		*marks[i] = i;
	}
	map_page(roots, CODE, (uint64_t)page_alloc() | PTE_RW);
	map_page(roots, CODE + PAGE, (uint64_t)page_alloc() | PTE_RW);
	for (i = 0; i < 512; i++)
		other[i] = roots[i];
	map_page(roots, WINDOW, (uint64_t)marks[0] | PTE_RW);
	map_page(other, WINDOW, (uint64_t)marks[1] | PTE_RW);
	write_cr3((uint64_t)other);
	write_cr3((uint64_t)roots);
}

int guest_main(void)
{
	const struct way *w;

	on_exception = count_debug;
	set_up();
	for (w = ways; w->name; w++) {
		check_way(w, CODE + 16);
		/* Over the end of the page, and so near to it that it might. */
		check_way(w, CODE + PAGE - 6);
		check_way(w, CODE + PAGE - 40);
	}
	check_steps();
	check_breakpoint();
	check_patched();
	check_remapped();
	print("cr3: %u wrong\n", wrong);
	return wrong;
}
