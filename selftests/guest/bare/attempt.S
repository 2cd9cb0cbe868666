/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way into a piece of code that may do anything, and out of it again. Each
 * piece ends with an exception, if only that of its INT3; whatever it did to the
 * stack or to the segments does not matter then, if all exceptions have stacks of
 * their own.
 */
	.text
	.globl	attempt
attempt:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, rescue_rsp(%rip)
	movl	$1, attempting(%rip)
	mov	%rdi, %rsp
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rbx
	pop	%rbp
	pop	%rsi
	pop	%rdi
	pop	%r8
	pop	%r9
	pop	%r10
	pop	%r11
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	add	$16, %rsp
	iretq

/* Back to attempt()'s caller, by IRET because an NMI may have come. */
	.globl	rescue
rescue:
	mov	rescue_rsp(%rip), %rax
	push	$0x18
	push	%rax
	push	$2
	push	$0x10
	push	$1f
	iretq
1:	mov	$0x18, %eax
	mov	%eax, %ds
	mov	%eax, %es
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.bss
	.balign	8
rescue_rsp:
	.quad	0
	.globl	attempting
attempting:
	.long	0
	.section .note.GNU-stack, "", @progbits
