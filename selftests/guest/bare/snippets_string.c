// SPDX-License-Identifier: GPL-2.0
/*
 * What snippets_forms.S cannot say in one line: string instructions, shadows of
 * interrupts, CPL 3 and 32-bit code, on RAM and on tables.
 */
#include "snippets.h"

#define ENTRY		((POOL + 21 * PAGE) | PTE_RW)
#define OTHER		((POOL + 77 * PAGE) | PTE_RW)
#define NR_SOURCE	2048

/* Entries of a table, on the second page of four in a row. */
static uint64_t *source;

/* One is run as it is and stepped. */
static void both(const struct form *form, struct frame *f)
{
	compare(form, f, ENTRY);
	f->rflags |= FLAG_TF;
	compare(form, f, ENTRY);
}

static void run_string(const char *name, struct code code, uint64_t kind,
		       uint64_t rdi, uint64_t rcx, uint64_t flags)
{
	const struct form form = { name, code, kind };
	struct frame f = fresh(code.start);

	f.rdi = rdi;
	f.rsi = (uint64_t)source + (rdi & (PAGE - 1));
	f.rcx = rcx;
	f.rax = OTHER;
	f.rflags = 2 | flags;
	both(&form, &f);
}

#define STRING(text, rdi, rcx, flags) \
	run_string(text, CODE(text), 0, rdi, rcx, flags)

#define EACH_SIZE(insn, rdi, rcx, flags) do { \
	STRING(insn "b", rdi, rcx, flags); \
	STRING(insn "w", rdi, rcx, flags); \
	STRING(insn "l", rdi, rcx, flags); \
	STRING(insn "q", rdi, rcx, flags); \
} while (0)

static void strings_at(uint64_t at, uint64_t flags)
{
	EACH_SIZE("stos", at, 7, flags);
	EACH_SIZE("movs", at, 7, flags);
	EACH_SIZE("rep stos", at, 0, flags);
	EACH_SIZE("rep movs", at, 0, flags);
	EACH_SIZE("rep stos", at, 1, flags);
	EACH_SIZE("rep movs", at, 1, flags);
	EACH_SIZE("rep stos", at, 5, flags);
	EACH_SIZE("rep movs", at, 5, flags);
	EACH_SIZE("repne movs", at, 3, flags);
}

/* Into the page behind, which is no table; and backwards out of it. */
static void crossing_rows(void)
{
	strings_at(WINDOW + PAGE - 8, 0);
	strings_at(WINDOW + PAGE - 5, 0);
	strings_at(WINDOW + PAGE - 1, 0);
	strings_at(WINDOW + PAGE - 3, FLAG_DF);
	strings_at(WINDOW + PAGE + 8, FLAG_DF);
	strings_at(WINDOW + PAGE + 3, FLAG_DF);
}

static void whole_page_rows(void)
{
	EACH_SIZE("rep stos", WINDOW, 512, 0);
	EACH_SIZE("rep movs", WINDOW, 512, 0);
	EACH_SIZE("rep stos", WINDOW + PAGE - 8, 512, FLAG_DF);
	EACH_SIZE("rep movs", WINDOW + PAGE - 8, 512, FLAG_DF);
	STRING("rep stosl", WINDOW, 1024, 0);
	STRING("rep movsb", WINDOW, 4096, 0);
	STRING("rep stosq", WINDOW + 64, 511, 0);
}

/* 32-bit addresses: what is above is not looked at, and cut off. */
static void small_rows(void)
{
	const uint64_t high = 0xdeadbeefULL << 32;

	STRING("rep stosq rax, (edi)", high | TARGET, high | 3, 0);
	STRING("stosq rax, (edi)", high | TARGET, 3, 0);
	STRING("rep movsl (esi), (edi)", high | TARGET, high | 4, FLAG_DF);
}

/* From a table to itself, one entry on. */
static void overlap_rows(void)
{
	const struct code code = CODE("rep movsq");
	const struct form form = { "rep movsq, from itself", code, 0 };
	struct frame f = fresh(code.start);

	f.rsi = TARGET;
	f.rdi = TARGET + 8;
	f.rcx = 20;
	both(&form, &f);
}

static void device_rows(void)
{
	const uint64_t kind = ON_DEVICE | NOT_ON_TABLE;

#define DEVICE(text, rcx) \
	run_string(text, CODE(text), kind, TARGET, rcx, 0)
	DEVICE("stosl", 0);
	DEVICE("movsl", 0);
	DEVICE("rep stosl", 1);
	DEVICE("rep stosl", 0);
	DEVICE("rep movsl", 1);
	DEVICE("xchg rsi, rdi; movsl; mov -4(rdi), ebx", 0);
	DEVICE("xchg rsi, rdi; lodsl", 0);
	DEVICE("xchg rsi, rdi; rep lodsl", 1);
}

static void run_form(const char *name, struct code code, uint64_t kind)
{
	const struct form form = { name, code, kind };
	struct frame f = leading_frame(code.start);

	f.rdx = OTHER;
	f.r15 = KERNEL_SS;
	f.rsi = (uint64_t)source;
	f.rdi = TARGET;
	f.rcx = 2;
	both(&form, &f);
}

static void shadow_rows(void)
{
#define SHADOW(text) run_form(text, CODE(text), ON_DEVICE)
	SHADOW("mov r15d, ss; mov edx, (rbx)");
	SHADOW("sti; mov edx, (rbx); cli");
	SHADOW("mov r15d, ss; lock xorl $5, (rbx)");
	SHADOW("sti; xchg edx, (rbx); cli");
#define SHADOW_TABLE(text) run_form(text, CODE(text), 0)
	SHADOW_TABLE("mov r15d, ss; mov rdx, (rbx)");
	SHADOW_TABLE("mov r15d, ss; xchg rdx, (rbx)");
	SHADOW_TABLE("mov r15d, ss; rep stosq");
	SHADOW_TABLE("sti; mov rdx, (rbx); cli");
	SHADOW_TABLE("sti; rep movsq (rsi), (rdi); cli");
}

/* Instructions that kage does not execute: it gives the table up for them. */
static void foreign_rows(void)
{
#define FOREIGN(text) run_form(text, CODE(text), 0)
	FOREIGN("pushq (rbx); popq (rbx)");
	FOREIGN("mov r12, rsp; popq 8(rbx)");
	FOREIGN("lea 8(r12), rsp; push rdx");
	FOREIGN("lea 8(r12), rsp; pushfq");
	FOREIGN("lea 8(r12), rsp; call 1f; 1:");
	FOREIGN("setc (rbx)");
	FOREIGN("rolq $8, (rbx)");
	FOREIGN("rcrl (rbx)");
	FOREIGN("shldq $12, rdx, (rbx)");
	FOREIGN("cmpxchg8b (rbx)");
	FOREIGN("mov ss, (rbx)");
	FOREIGN("sidt (rbx)");
	FOREIGN("str (rbx)");
	FOREIGN("lock cmpxchg8b (rbx)");
	FOREIGN("enter $0, $0");
}

static struct code copy_to_user(struct code code)
{
	volatile uint8_t *to = scratch;
	const uint8_t *from = code.start;

	while (from <= code.end)
		*to++ = *from++;
	code.end = (uint8_t *)USER_CODE + (code.end - code.start);
	code.start = (uint8_t *)USER_CODE;
	return code;
}

static void run_user(const char *name, struct code code, uint64_t cs)
{
	const struct form form = { name, copy_to_user(code), 0 };
	struct frame f = leading_frame(form.code.start);
	int i;

	f.cs = cs;
	f.ss = USER_SS;
	f.rdx = OTHER;
	f.rcx = 3;
	f.rsi = WINDOW;
	f.rdi = TARGET;
	/* Only what 32-bit code has: the rest is for 64-bit code to keep. */
	if (cs == USER_CS32) {
		for (i = RAX; i <= RDI; i++)
			REG(&f, i) = (uint32_t)REG(&f, i);
		f.rsp = (uint32_t)f.rsp;
	}
	both(&form, &f);
}

static void user_rows(void)
{
#define USER_FORM(text) run_user(text, CODE(text), USER_CS)
	USER_FORM("mov dl, (rbx)");
	USER_FORM("mov dx, (rbx)");
	USER_FORM("mov edx, (rbx)");
	USER_FORM("mov rdx, (rbx)");
	USER_FORM("movq $-1, (rbx)");
	USER_FORM("xchg rdx, (rbx)");
	USER_FORM("lock xadd rdx, (rbx)");
	USER_FORM("lock cmpxchg rdx, (rbx)");
	USER_FORM("add rdx, 0xc7c(rbx)");
	USER_FORM("lock btsq $20, (rbx)");
	USER_FORM("rep stosq");
	USER_FORM("rep movsq");
}

static void small_code_rows(void)
{
#define SMALL_FORM(text) run_user(text, CODE32(text), USER_CS32)
	SMALL_FORM("mov dl, (ebx)");
	SMALL_FORM("mov dh, (ebx)");
	SMALL_FORM("mov dx, (ebx)");
	SMALL_FORM("mov edx, (ebx)");
	SMALL_FORM("mov edx, 0x40(ebp)");
	SMALL_FORM("mov edx, 0x40000380");
	SMALL_FORM("mov eax, 0x40000380");
	SMALL_FORM("movl $0x3012063, -8(ebx,ecx,2)");
	SMALL_FORM("movl $0x3012063, es:(ebx)");
	SMALL_FORM("movw $0x1234, ss:(ebx)");
	SMALL_FORM("xchg edx, (ebx)");
	SMALL_FORM("add edx, (ebx)");
	SMALL_FORM("incl (ebx)");
	SMALL_FORM("lock xadd edx, (ebx)");
	SMALL_FORM("lock cmpxchg edx, (ebx)");
	SMALL_FORM("btsl $9, (ebx)");
	SMALL_FORM("bts ecx, (ebx)");
	SMALL_FORM("rep stosl");
	SMALL_FORM("rep movsl");
	SMALL_FORM("movsb");
}

static void set_up_source(void)
{
	uint64_t *first = page_alloc(), i;

	for (i = PAGE; i < NR_SOURCE * 8; i += PAGE)
		page_alloc();
	for (i = 0; i < NR_SOURCE; i++)
		first[i] = (POOL + (NR_SOURCE - 1 - i) % 512 * PAGE) | PTE_RW;
	source = first + PAGE / 8;
}

void string_rows(void)
{
	set_up_source();
	print("row: strings\n");
	strings_at(TARGET, 0);
	strings_at(TARGET + 3, FLAG_DF);
	print("row: strings that cross pages\n");
	crossing_rows();
	print("row: strings of a page\n");
	whole_page_rows();
	small_rows();
	overlap_rows();
	print("row: strings and devices\n");
	device_rows();
	print("row: shadows\n");
	shadow_rows();
	print("row: what kage does not execute\n");
	foreign_rows();
	print("row: CPL 3\n");
	user_rows();
	print("row: 32-bit code\n");
	small_code_rows();
}
