/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pieces of hostile code, each of which ends with an exception, if only that of
 * its INT3: for attempt().
 */
	.macro	SNIPPET name, code
	.balign	16
	.globl	snippet_\name
snippet_\name:
	\code
	int3
	.endm

/*
 * RDX, or RSI and RDI, is the address; RAX the value. One page, which CPL 3
 * sees as well.
 */
	.balign	4096
	.globl	snippets
snippets:
	SNIPPET	done, "nop"
	SNIPPET	read1, "mov (%rdx), %al"
	SNIPPET	read2, "mov (%rdx), %ax"
	SNIPPET	read4, "mov (%rdx), %eax"
	SNIPPET	read8, "mov (%rdx), %rax"
	SNIPPET	lods8, "lodsq"
	SNIPPET	cmp8, "cmp %rax, (%rdx)"
	SNIPPET	write1, "mov %al, (%rdx)"
	SNIPPET	write2, "mov %ax, (%rdx)"
	SNIPPET	write4, "mov %eax, (%rdx)"
	SNIPPET	write8, "mov %rax, (%rdx)"
	SNIPPET	xchg8, "xchg %rax, (%rdx)"
	SNIPPET	or4, "lock or %eax, (%rdx)"
	SNIPPET	and8, "and %rax, (%rdx)"
	SNIPPET	xor1, "xor %al, (%rdx)"
	SNIPPET	cmpxchg8, "lock cmpxchg %rcx, (%rdx)"
	SNIPPET	stos8, "stosq"
	SNIPPET	stos32, "rep stosq"
	SNIPPET	movs8, "movsq"
	SNIPPET	push, "lea 8(%rdx), %rsp; push %rax"
	SNIPPET	pop, "mov %rdx, %rsp; pop %rax"
	SNIPPET	fetch, "jmp *%rdx"
	SNIPPET	cpuid, "cpuid"
	SNIPPET	rdmsr, "rdmsr"
	SNIPPET	wrmsr, "wrmsr"
	SNIPPET	in1, "in %dx, %al"
	SNIPPET	in2, "in %dx, %ax"
	SNIPPET	in4, "in %dx, %eax"
	SNIPPET	out1, "out %al, %dx"
	SNIPPET	out2, "out %ax, %dx"
	SNIPPET	out4, "out %eax, %dx"
	SNIPPET	ins, "rep insb"
	SNIPPET	outs, "rep outsb"
	SNIPPET	set_cr0, "mov %rax, %cr0"
	SNIPPET	set_cr2, "mov %rax, %cr2; mov %cr2, %rbx"
	SNIPPET	set_cr3, "mov %rax, %cr3"
	SNIPPET	set_cr4, "mov %rax, %cr4"
	SNIPPET	set_cr8, "mov %rax, %cr8; mov %cr8, %rbx"
	SNIPPET	clts, "clts"
	SNIPPET	lmsw, "lmsw %ax"
	SNIPPET	smsw, "smsw %rax"
	SNIPPET	set_dr0, "mov %rax, %dr0"
	SNIPPET	set_dr4, ".byte 0x0f, 0x23, 0xe0"
	SNIPPET	set_dr6, "mov %rax, %dr6"
	SNIPPET	set_dr7, "mov %rax, %dr7; mov %dr6, %rbx; mov %dr7, %rbx"
	SNIPPET	break, "mov %rdx, %dr0; mov %rax, %dr7; mov (%rdx), %rbx"
	SNIPPET	lgdt, "lgdt (%rdx)"
	SNIPPET	lidt, "lidt (%rdx)"
	SNIPPET	lldt, "lldt %ax"
	SNIPPET	ltr, "ltr %ax"
	SNIPPET	mov_ss, "mov %eax, %ss"
	SNIPPET	mov_fs, "mov %eax, %fs"
	SNIPPET	lret, "push %rax; push %rdx; lretq"
	SNIPPET	invlpg, "invlpg (%rdx)"
	SNIPPET	invpcid, "invpcid (%rdx), %rax"
	SNIPPET	clflush, "clflush (%rdx)"
	SNIPPET	wbinvd, "wbinvd"
	SNIPPET	invd, "invd"
	SNIPPET	xsetbv, "xsetbv"
	SNIPPET	xgetbv, "xgetbv"
	SNIPPET	vmcall, "vmcall"
	SNIPPET	vmclear, "vmclear (%rdx)"
	SNIPPET	vmlaunch, "vmlaunch"
	SNIPPET	vmptrld, "vmptrld (%rdx)"
	SNIPPET	vmread, "vmread %rax, %rbx"
	SNIPPET	vmwrite, "vmwrite %rax, %rbx"
	SNIPPET	vmxoff, "vmxoff"
	SNIPPET	vmxon, "vmxon (%rdx)"
	SNIPPET	invept, "invept (%rdx), %rax"
	SNIPPET	invvpid, "invvpid (%rdx), %rax"
	SNIPPET	vmfunc, "vmfunc"
	SNIPPET	getsec, "getsec"
	SNIPPET	rsm, "rsm"
	SNIPPET	encls, ".byte 0x0f, 0x01, 0xcf"
	SNIPPET	monitor, "monitor"
	SNIPPET	mwait, "mwait"
	SNIPPET	rdpmc, "rdpmc"
	SNIPPET	rdtscp, "rdtscp"
	SNIPPET	rdrand, "rdrand %rax"
	SNIPPET	pause, "pause"
	SNIPPET	int1, ".byte 0xf1"
	SNIPPET	ud2, "ud2"
	SNIPPET	popf, "push %rax; popfq; nop; nop"
	SNIPPET	swapgs, "swapgs"
	SNIPPET	syscall, "syscall"
	SNIPPET	sysret, "sysretq"
	SNIPPET	sysenter, "sysenter"
	SNIPPET	sysexit, "rex.W sysexit"
	SNIPPET	fninit, "fninit"
	SNIPPET	hlt, "sti; hlt"

	.section .note.GNU-stack, "", @progbits
