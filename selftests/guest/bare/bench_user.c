// SPDX-License-Identifier: GPL-2.0
/*
 * Page faults as an operating system sees most of them: of a program in ring 3.
 */
#include "bench.h"

static uint64_t user_code;

/*
 * RDI: the first page, RCX: how many. HLT is refused in ring 3, without an exit,
 * and so ends the program.
 */
extern char program_read[], program_write[], program_end[];
asm("program_read:	mov (%rdi), %rax\n"
    "	add	$4096, %rdi\n"
    "	loop	program_read\n"
    "	hlt\n"
    "program_write:	mov %rcx, 8(%rdi)\n"
    "	add	$4096, %rdi\n"
    "	loop	program_write\n"
    "	hlt\n"
    "program_end:\n");

void user_enter(uint64_t gva, uint64_t unused, uint64_t rip, uint64_t n);
extern char user_leave[];
extern uint64_t user_rsp;
asm("user_enter:\n"
    "	push	%rbp\n"
    "	push	%rbx\n"
    "	push	%r12\n"
    "	push	%r13\n"
    "	push	%r14\n"
    "	push	%r15\n"
    "	mov	%rsp, user_rsp(%rip)\n"
    "	push	$0x2b\n"	/* USER_SS */
    "	push	$0\n"
    "	push	$0x202\n"	/* IF */
    "	push	$0x33\n"	/* USER_CS */
    "	push	%rdx\n"
    "	iretq\n"
    "user_leave:\n"
    "	pop	%r15\n"
    "	pop	%r14\n"
    "	pop	%r13\n"
    "	pop	%r12\n"
    "	pop	%rbx\n"
    "	pop	%rbp\n"
    "	ret\n"
    "	.bss\n"
    "	.balign	8\n"
    "user_rsp:	.skip 8\n"
    "	.text\n");

bool user_ends(struct frame *frame)
{
	if (frame->vector != 13 || !(frame->cs & 3))
		return false;
	frame->rip = (uint64_t)user_leave;
	frame->cs = KERNEL_CS;
	frame->rflags = 0x202;
	frame->rsp = user_rsp;
	frame->ss = KERNEL_SS;
	return true;
}

void user_init(void)
{
	uint8_t *page = page_alloc();
	int i;

	segments_init();
	for (i = 0; program_read + i < program_end; i++)
		page[i] = program_read[i];
	user_code = fresh_region();
	map_page(root, user_code, (uint64_t)page | PTE_P | PTE_U | PTE_A);
}

void user_run(bool write, uint64_t gva, int n)
{
	const char *program = write ? program_write : program_read;

	user_enter(gva, 0, user_code + (program - program_read), n);
}
