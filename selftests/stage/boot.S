/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stage's boot loader: an option ROM that Bochs' BIOS calls before it looks
 * for anything to boot. It reads an uncompressed kernel and an initramfs from
 * the first ATA disk straight to where they belong and enters the kernel by
 * the 64-bit boot protocol, so that no emulated instruction is spent on menus,
 * CD drivers or decompression.
 *
 * stage.sh assembles it for every run with these symbols:
 *   KERNEL_CHUNKS KERNEL_ADDR KERNEL_ENTRY INITRD_CHUNKS INITRD_ADDR INITRD_SIZE
 * The disk holds one chunk of command line, the kernel, and the initramfs, each
 * padded to chunks of 256 sectors, the most that one ATA command reads.
 */

	.set	PARAMS, 0x10000		/* struct boot_params */
	.set	PML4, 0x11000
	.set	PDPT, 0x12000
	.set	PD, 0x13000
	.set	CMDLINE, 0x20000	/* a whole chunk: up to 0x40000 */
	.set	STACK, 0x9000

	/* Offsets in struct boot_params. */
	.set	E820_ENTRIES, 0x1e8
	.set	TYPE_OF_LOADER, 0x210
	.set	RAMDISK_IMAGE, 0x218
	.set	RAMDISK_SIZE, 0x21c
	.set	CMD_LINE_PTR, 0x228
	.set	E820_TABLE, 0x2d0

	.set	ATA_COUNT, 0x1f2
	.set	ATA_LBA0, 0x1f3
	.set	ATA_DEVICE, 0x1f6
	.set	ATA_COMMAND, 0x1f7
	.set	ATA_CONTROL, 0x3f6

	.code16
	.text
	.globl	_start
_start:
	.byte	0x55, 0xaa, 2048 / 512
	cli
	cld
	xorw	%ax, %ax
	movw	%ax, %ss
	movw	$STACK, %sp
	movw	$PARAMS >> 4, %ax
	movw	%ax, %es
	xorw	%di, %di
	xorl	%eax, %eax
	movw	$0x4000 / 4, %cx	/* the parameters and three tables */
	rep stosl

	movw	$E820_TABLE, %di
	xorl	%ebx, %ebx
next_range:
	movl	$0xe820, %eax
	movl	$0x534d4150, %edx	/* "SMAP" */
	movl	$20, %ecx
	int	$0x15
	jc	ranges_done
	addw	$20, %di
	incb	%es:E820_ENTRIES
	testl	%ebx, %ebx
	jnz	next_range
ranges_done:
	cli
	inb	$0x92, %al		/* open the A20 gate */
	orb	$2, %al
	outb	%al, $0x92
	lgdtl	%cs:gdt_pointer - _start
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$8, $ROM_BASE + protected - _start

	.code32
protected:
	movw	$0x18, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$STACK, %esp

	movw	$ATA_CONTROL, %dx	/* no interrupt: the status is polled */
	movb	$2, %al
	outb	%al, %dx
	xorl	%ebx, %ebx		/* %ebx: the next chunk of the disk */
	movl	$CMDLINE, %edi
	movl	$1, %ebp
	call	read_chunks
	movl	$KERNEL_ADDR, %edi
	movl	$KERNEL_CHUNKS, %ebp
	call	read_chunks
	movl	$INITRD_ADDR, %edi
	movl	$INITRD_CHUNKS, %ebp
	call	read_chunks

	movb	$0xff, PARAMS + TYPE_OF_LOADER
	movl	$INITRD_ADDR, PARAMS + RAMDISK_IMAGE
	movl	$INITRD_SIZE, PARAMS + RAMDISK_SIZE
	movl	$CMDLINE, PARAMS + CMD_LINE_PTR

	/* The first GiB mapped to itself, by 2 MiB pages. */
	movl	$PDPT + 3, PML4
	movl	$PD + 3, PDPT
	movl	$PD, %edi
	movl	$0x83, %eax
next_page:
	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$0x200000, %eax
	cmpl	$0x40000083, %eax
	jne	next_page

	movl	$PML4, %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$0x20, %eax		/* PAE */
	movl	%eax, %cr4
	movl	$0xc0000080, %ecx	/* EFER */
	rdmsr
	orl	$0x100, %eax		/* LME */
	wrmsr
	movl	%cr0, %eax
	orl	$0x80000000, %eax	/* PG */
	movl	%eax, %cr0
	ljmpl	$0x10, $ROM_BASE + long_mode - _start

/* Reads %ebp chunks to %edi and moves %ebx and %edi on. */
read_chunks:
	testl	%ebp, %ebp
	jz	3f
	movw	$ATA_COUNT, %dx
	xorl	%eax, %eax		/* 0 means 256 sectors */
	outb	%al, %dx
	incl	%edx
	outb	%al, %dx		/* LBA bits 7:0 */
	incl	%edx
	movl	%ebx, %eax
	outb	%al, %dx		/* LBA bits 15:8 */
	incl	%edx
	movb	%ah, %al
	outb	%al, %dx		/* LBA bits 23:16 */
	incl	%edx
	movb	$0xe0, %al		/* LBA, first drive, bits 27:24 */
	outb	%al, %dx
	incl	%edx
	movb	$0x20, %al		/* READ SECTORS */
	outb	%al, %dx
	movl	$256, %esi
1:	movw	$ATA_COMMAND, %dx
2:	inb	%dx, %al
	andb	$0x88, %al
	cmpb	$0x08, %al		/* not busy, data ready */
	jne	2b
	movw	$0x1f0, %dx
	movl	$128, %ecx
	rep insl
	decl	%esi
	jnz	1b
	incl	%ebx
	decl	%ebp
	jmp	read_chunks
3:	ret

	.code64
long_mode:
	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$PARAMS, %esi
	movl	$KERNEL_ENTRY, %eax
	jmp	*%rax

	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff	/* 0x08: 32-bit code */
	.quad	0x00af9b000000ffff	/* 0x10: 64-bit code, __BOOT_CS */
	.quad	0x00cf93000000ffff	/* 0x18: data, __BOOT_DS */
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.long	ROM_BASE + gdt - _start

	.org	2047			/* stage.sh writes the checksum here */
	.byte	0
