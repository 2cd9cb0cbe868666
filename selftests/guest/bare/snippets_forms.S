/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every mnemonic that kage executes for a guest, with every operand size, operand
 * and address. Each stores to TARGET, or loads from there: snippets_compare.c has
 * the registers.
 */
#define LOGIC		1	/* as in snippets.h */
#define BITS		2
#define DEVICE		4
#define NO_TABLE	8

	.macro	FORM kind, text:vararg
	.pushsection .rodata.names, "a"
name\@:	.asciz	"\text"
	.popsection
	.pushsection .rodata.forms, "a"
	.quad	name\@, start\@, end\@, \kind
	.popsection
start\@:
	\text
end\@:	int3
	.endm

	.macro	AT_ALL kind, insn, first=, last=
	.irp	mem, (%rbx), 0x40(%rbp), -0x12345(%rsi), (%r12), (%r13), \
		8(%rsp), "(%r10,%r9,8)", "20(%r10,%r9,4)", "30(%r10,%r9,2)", \
		"35(%r10,%r9)", "0x11223344(,%r11,2)", 0x40000380, \
		form_target(%rip), (%r14d), "-10(%r14d,%r9d,2)", %fs:(%rdi), \
		%gs:0x10(%r15)
	FORM	\kind, \insn \first\mem\last
	.endr
	.endm

	/* Of four bytes, which is what registers of devices have. */
	.macro	SIZES kind, insn, b, w, l, q
	AT_ALL	\kind, \insn\()b, "\b,"
	AT_ALL	\kind, \insn\()w, "\w,"
	AT_ALL	\kind | DEVICE, \insn\()l, "\l,"
	AT_ALL	\kind, \insn\()q, "\q,"
	.endm

	/* The other registers, and those that only REX or its absence names. */
	.macro	REGISTERS kind, insn
	.irp	reg, %al, %cl, %ah, %ch, %dh, %bh, %bl, %spl, %bpl, %sil, %dil, \
		%r8b, %r15b
	FORM	\kind, \insn \reg, (%rbx)
	.endr
	.irp	reg, %ax, %bx, %sp, %bp, %si, %r8w, %r15w
	FORM	\kind, \insn \reg, (%rbx)
	.endr
	.irp	reg, %eax, %ebx, %esp, %ebp, %edi, %r8d, %r15d
	FORM	\kind | DEVICE, \insn \reg, (%rbx)
	.endr
	.irp	reg, %rax, %rbx, %rsp, %rbp, %rsi, %rdi, %r8, %r13, %r15
	FORM	\kind, \insn \reg, (%rbx)
	.endr
	/* Elsewhere in the entry, and over the end of it. */
	.irp	at, 1, 3, 4, 7
	FORM	\kind, \insn %dl, \at\()(%rbx)
	FORM	\kind, \insn %dx, \at\()(%rbx)
	FORM	\kind, \insn %edx, \at\()(%rbx)
	FORM	\kind, \insn %rdx, \at\()(%rbx)
	.endr
	/* Over the end of the table, and before its beginning there is none. */
	FORM	\kind, \insn %dx, 0xc7f(%rbx)
	FORM	\kind, \insn %edx, 0xc7d(%rbx)
	FORM	\kind, \insn %rdx, 0xc79(%rbx)
	FORM	\kind, \insn %rdx, 0xc7f(%rbx)
	FORM	\kind, \insn %rdx, -0x380(%rbx)
	.endm

	.macro	LOCKED kind, insn
	FORM	\kind, lock \insn %dl, (%rbx)
	FORM	\kind, lock \insn %dh, (%rbx)
	FORM	\kind, lock \insn %dx, (%rbx)
	FORM	\kind | DEVICE, lock \insn %edx, (%rbx)
	FORM	\kind, lock \insn %rdx, (%rbx)
	FORM	\kind, lock \insn %r8, %fs:(%rdi)
	FORM	\kind, lock \insn %rdx, form_target(%rip)
	FORM	\kind, lock \insn %rdx, 4(%rbx)
	FORM	\kind, lock \insn %rdx, 0xc7c(%rbx)
	.endm

	.macro	IMMEDIATES kind, insn
	.irp	imm, 0x7f, -0x80, 0x61
	FORM	\kind, \insn\()b $\imm, (%rbx)
	FORM	\kind, \insn\()w $\imm, (%rbx)
	FORM	\kind | DEVICE, \insn\()l $\imm, (%rbx)
	FORM	\kind, \insn\()q $\imm, (%rbx)
	.endr
	FORM	\kind, \insn\()w $0x1234, (%rbx)
	FORM	\kind | DEVICE, \insn\()l $0x3012063, (%rbx)
	FORM	\kind, \insn\()q $0x3012063, (%rbx)
	FORM	\kind, \insn\()q $-0x7fffff9d, (%rbx)
	AT_ALL	\kind, \insn\()b, "$0x5a,"
	AT_ALL	\kind | DEVICE, \insn\()l, "$0x3012063,"
	AT_ALL	\kind, \insn\()q, "$0x3012063,"
	AT_ALL	\kind, \insn\()q, "$0x21,"
	.endm

	.macro	LOADS kind, insn
	AT_ALL	\kind | DEVICE | NO_TABLE, \insn, "", ", %edx"
	FORM	\kind | DEVICE | NO_TABLE, \insn (%rbx), %eax
	FORM	\kind | DEVICE | NO_TABLE, \insn (%rbx), %ebx
	FORM	\kind | DEVICE | NO_TABLE, \insn (%rbx), %esp
	FORM	\kind | DEVICE | NO_TABLE, \insn (%rbx), %r8d
	FORM	\kind | DEVICE | NO_TABLE, \insn (%rbx), %r15d
	.endm

	.macro	ONE_OPERAND kind, insn
	.irp	suffix, b, w, q
	AT_ALL	\kind, \insn\suffix
	FORM	\kind, lock \insn\suffix (%rbx)
	FORM	\kind, \insn\suffix 7(%rbx)
	FORM	\kind, \insn\suffix 0xc7f(%rbx)
	.endr
	AT_ALL	\kind | DEVICE, \insn\()l
	FORM	\kind | DEVICE, lock \insn\()l (%rbx)
	.endm

	.section .text.forms, "ax"
	.pushsection .rodata.forms, "a"
	.balign	8
	.globl	form_table
form_table:
	.popsection

	.irp	insn, add, adc, sub, sbb
	SIZES	0, \insn, %dl, %dx, %edx, %rdx
	REGISTERS 0, \insn
	LOCKED	0, \insn
	IMMEDIATES 0, \insn
	LOADS	0, \insn
	.endr
	.irp	insn, and, or, xor
	SIZES	LOGIC, \insn, %dl, %dx, %edx, %rdx
	REGISTERS LOGIC, \insn
	LOCKED	LOGIC, \insn
	IMMEDIATES LOGIC, \insn
	LOADS	LOGIC, \insn
	.endr

	SIZES	0, mov, %dl, %dx, %edx, %rdx
	REGISTERS 0, mov
	IMMEDIATES 0, mov
	LOADS	0, mov
	FORM	0, movabs %al, 0x40000380
	FORM	0, movabs %ax, 0x40000380
	FORM	DEVICE, movabs %eax, 0x40000380
	FORM	0, movabs %rax, 0x40000380
	FORM	DEVICE | NO_TABLE, movabs 0x40000380, %eax
	AT_ALL	DEVICE, movnti, "%edx,"
	AT_ALL	0, movnti, "%rdx,"

	SIZES	0, xchg, %dl, %dx, %edx, %rdx
	REGISTERS 0, xchg
	SIZES	0, xadd, %dl, %dx, %edx, %rdx
	REGISTERS 0, xadd
	LOCKED	0, xadd
	SIZES	0, cmpxchg, %dl, %dx, %edx, %rdx
	REGISTERS 0, cmpxchg
	LOCKED	0, cmpxchg

	ONE_OPERAND 0, not
	ONE_OPERAND 0, neg
	ONE_OPERAND 0, inc
	ONE_OPERAND 0, dec

	.irp	insn, bts, btr, btc
	AT_ALL	BITS, \insn, "%cx,"
	AT_ALL	BITS | DEVICE, \insn, "%ecx,"
	AT_ALL	BITS, \insn, "%rcx,"
	.irp	bit, 0, 12, 31, 63, 200
	FORM	BITS, \insn\()w $\bit, (%rbx)
	FORM	BITS | DEVICE, \insn\()l $\bit, (%rbx)
	FORM	BITS, \insn\()q $\bit, (%rbx)
	FORM	BITS, lock \insn\()q $\bit, (%rbx)
	.endr
	FORM	BITS, lock \insn %rcx, (%rbx)
	FORM	BITS | DEVICE, lock \insn %ecx, (%rbx)
	.endr

	/* These only read. */
	.irp	insn, cmp, test
	AT_ALL	LOGIC | DEVICE | NO_TABLE, \insn\()l, "%edx,"
	AT_ALL	LOGIC | DEVICE | NO_TABLE, \insn\()l, "$0x3012063,"
	.endr
	LOADS	0, cmp
	AT_ALL	DEVICE | NO_TABLE, cmpl, "$-5,"
	AT_ALL	BITS | DEVICE | NO_TABLE, bt, "%ecx,"
	FORM	BITS | DEVICE | NO_TABLE, btl $17, (%rbx)
	.irp	insn, movzbl, movzwl, movsbl, movswl
	LOADS	0, \insn
	.endr
	AT_ALL	DEVICE | NO_TABLE, movslq, "", ", %rdx"
	AT_ALL	DEVICE | NO_TABLE, movzbw, "", ", %dx"
	AT_ALL	DEVICE | NO_TABLE, movsbq, "", ", %rdx"
	AT_ALL	DEVICE | NO_TABLE, movswq, "", ", %r8"
	.irp	reg, %al, %ah, %bh, %dl, %sil, %r8b, %ax, %r15w
	FORM	DEVICE | NO_TABLE, mov (%rbx), \reg
	.endr

	.pushsection .rodata.forms, "a"
	.globl	form_table_end
form_table_end:
	.popsection
	.section .note.GNU-stack, "", @progbits
