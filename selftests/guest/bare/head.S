/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest without an operating system, in the shape of a bzImage so that
 * kagectl loads it like any kernel: one setup sector with the header, then
 * 64-bit code whose entry is at 0x200.
 */
	.code64
	.section .boot, "ax"
	.org	0x1f1
	.byte	1			/* setup_sects */
	.word	0
	.long	sys_size		/* syssize: 16-byte units; bare.ld */
	.word	0, 0, 0
	.word	0xaa55			/* boot_flag */
	.byte	0xeb, header_end - 1f	/* jump */
1:	.ascii	"HdrS"
	.word	0x020f			/* version */
	.long	0
	.word	0, 0
	.byte	0
	.byte	1			/* loadflags: LOADED_HIGH */
	.word	0
	.long	0x100000
	.long	0, 0, 0
	.word	0
	.byte	0, 0
	.long	0
	.long	0x7fffffff		/* initrd_addr_max */
	.long	0x200000		/* kernel_alignment */
	.byte	0			/* relocatable_kernel */
	.byte	21
	.word	1			/* xloadflags: 64-bit entry */
	.long	2047			/* cmdline_size */
	.long	0
	.quad	0
	.long	0, 0
	.quad	0
	.quad	0x1000000		/* pref_address */
	.long	0x400000		/* init_size */
	.long	0
header_end:
	.org	0x400

	.section .start, "ax"
	.org	0x200
	.globl	_start
_start:
	lea	stack_top(%rip), %rsp
	lea	bss_start(%rip), %rdi
	lea	bss_end(%rip), %rcx
	sub	%rdi, %rcx
	xor	%eax, %eax
	rep stosb
	mov	%rsi, %rdi
	call	bare_start

/*
 * Exceptions. Vectors push what the processor does not, and end in one frame:
 * struct frame of bare.h.
 */
	.text
	.balign	16
	.globl	bare_vectors
bare_vectors:
	.set	nr, 0
	.rept	256
	.balign	16
	/* #DF, #TS to #PF, #AC and #CP push an error code themselves. */
	.if	nr != 8 && (nr < 10 || nr > 14) && nr != 17 && nr != 21
	push	$0
	.endif
	push	$nr
	jmp	common
	.set	nr, nr + 1
	.endr

common:
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%r11
	push	%r10
	push	%r9
	push	%r8
	push	%rdi
	push	%rsi
	push	%rbp
	push	%rbx
	push	%rdx
	push	%rcx
	push	%rax
	mov	%rsp, %rdi
	call	bare_exception
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

	.bss
	.balign	16
	.skip	16384
stack_top:
	.section .note.GNU-stack, "", @progbits
