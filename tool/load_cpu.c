// SPDX-License-Identifier: GPL-2.0
/*
 * The 64-bit state in which CPUs start, and where those other than the first
 * wait until the kernel calls them through the ACPI multiprocessor wakeup
 * mailbox. There is no real mode anywhere.
 */
#include "load.h"
#include <string.h>

#define PAGE		0x1000ULL

#define PTE_TABLE	0x023	/* present, writable, accessed */
#define PTE_LARGE	0x0e3	/* and dirty, 2 MiB */

#define CR0_PE_ET_NE_WP_PG	0x80010031ULL
#define CR4_PAE			0x20ULL
#define EFER_LME_LMA		0x500ULL
#define RFLAGS_FIXED		0x2ULL

/* The waiting room: mailbox, code, GDT and stack, page tables. */
#define PARK_CODE	(LOAD_PARK + PAGE)
#define PARK_GDT	(PARK_CODE + 0x800)
#define PARK_STACK	(PARK_CODE + 0xff0)
#define PARK_TABLES	(PARK_CODE + PAGE)

static const uint64_t gdt[] = {
	0,
	0,
	0x00af9b000000ffff,	/* 0x10: 64-bit code */
	0x00cf93000000ffff,	/* 0x18: data */
};

/*
 * RBX is the CPU's APIC id, RDI the mailbox: a u16 command (1: wake up), a u32
 * APIC id at 4, a u64 address to jump to at 8. The command is cleared once
 * the address has been read, which tells the kernel that it was taken.
 */
static const uint8_t park_code[] = {
	0xf3, 0x90,			/* again: pause */
	0x66, 0x83, 0x3f, 0x01,		/* cmpw $1, (%rdi) */
	0x75, 0xf8,			/* jne again */
	0x39, 0x5f, 0x04,		/* cmpl %ebx, 4(%rdi) */
	0x75, 0xf3,			/* jne again */
	0x48, 0x8b, 0x47, 0x08,		/* movq 8(%rdi), %rax */
	0x66, 0xc7, 0x07, 0x00, 0x00,	/* movw $0, (%rdi) */
	0xff, 0xe0,			/* jmp *%rax */
};

static void put_entry(uint8_t *ram, uint64_t table, unsigned int idx,
		      uint64_t entry)
{
	memcpy(ram + table + idx * sizeof(entry), &entry, sizeof(entry));
}

/*
 * The first 4 GiB mapped to themselves. Accessed and dirty are set already so
 * that no walk has to write to the tables.
 */
static void write_tables(uint8_t *ram, uint64_t pml4)
{
	uint64_t pdpt = pml4 + PAGE, pd = pdpt + PAGE;
	unsigned int i;

	memset(ram + pml4, 0, 2 * PAGE);
	put_entry(ram, pml4, 0, pdpt | PTE_TABLE);
	for (i = 0; i < 4; i++)
		put_entry(ram, pdpt, i, (pd + i * PAGE) | PTE_TABLE);
	for (i = 0; i < 4 * 512; i++)
		put_entry(ram, pd, i, ((uint64_t)i << 21) | PTE_LARGE);
}

void load_cpu_write(const struct load_ram *ram, unsigned int vcpus)
{
	memcpy(ram->ram + LOAD_GDT, gdt, sizeof(gdt));
	write_tables(ram->ram, LOAD_TABLES);
	if (vcpus < 2)
		return;
	/* The kernel makes the low tables ordinary RAM; these stay reserved. */
	memset(ram->ram + LOAD_PARK, 0, 2 * PAGE);
	memcpy(ram->ram + PARK_CODE, park_code, sizeof(park_code));
	memcpy(ram->ram + PARK_GDT, gdt, sizeof(gdt));
	write_tables(ram->ram, PARK_TABLES);
}

void load_cpu_regs(const struct load_plan *plan, unsigned int vcpu,
		   uint64_t regs[KAGE_REGS_A_MAX + 1])
{
	memset(regs, 0, (KAGE_REGS_A_MAX + 1) * sizeof(*regs));
	regs[KAGE_REGS_A_RFLAGS] = RFLAGS_FIXED;
	regs[KAGE_REGS_A_CR0] = CR0_PE_ET_NE_WP_PG;
	regs[KAGE_REGS_A_CR4] = CR4_PAE;
	regs[KAGE_REGS_A_EFER] = EFER_LME_LMA;
	regs[KAGE_REGS_A_GDT_LIMIT] = sizeof(gdt) - 1;
	if (vcpu) {
		regs[KAGE_REGS_A_RIP] = PARK_CODE;
		regs[KAGE_REGS_A_RSP] = PARK_STACK;
		regs[KAGE_REGS_A_RBX] = vcpu;
		regs[KAGE_REGS_A_RDI] = LOAD_PARK;
		regs[KAGE_REGS_A_CR3] = PARK_TABLES;
		regs[KAGE_REGS_A_GDT_BASE] = PARK_GDT;
	} else {
		regs[KAGE_REGS_A_RIP] = plan->kernel + 0x200;
		regs[KAGE_REGS_A_RSP] = LOAD_STACK;
		regs[KAGE_REGS_A_RSI] = LOAD_PARAMS;
		regs[KAGE_REGS_A_CR3] = LOAD_TABLES;
		regs[KAGE_REGS_A_GDT_BASE] = LOAD_GDT;
	}
}
