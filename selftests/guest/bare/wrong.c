// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that does what ends it: the first letter of its command line says
 * what. Every one of these must stop the machine with a reason, and hurt
 * nobody else.
 */
#include "bare.h"

#define COMMAND_LINE	0x20000UL	/* kagectl puts it there */
#define LOCAL_APIC	0xfee00000UL
#define NO_RAM		0xa0000000UL
#define RESET_PORT	0xcf9
#define KEYBOARD_PORT	0x64

/* An exception that no handler can be found for, at any depth. */
static void triple_fault(void)
{
	const struct table_reg none = { 0, 0 };

	asm volatile("lidt %0; ud2" : : "m" (none));
}

/* By way of 32-bit code: 64-bit code may not. */
static void paging_off(void)
{
	static const uint64_t gdt[] = {
		0, 0x00cf9b000000ffff, 0x00af9b000000ffff, 0x00cf93000000ffff,
	};
	const struct table_reg reg = { sizeof(gdt) - 1, (uint64_t)gdt };
	static struct {
		uint32_t offset;
		uint16_t selector;
	} __attribute__((packed)) target = { 0, 8 };

	asm volatile("lgdt %1\n\t"
		     "lea 1f(%%rip), %%rax\n\t"
		     "mov %%eax, %0\n\t"
		     "ljmp *%0\n\t"
		     ".code32\n"
		     "1:\tmov %%cr0, %%eax\n\t"
		     "btr $31, %%eax\n\t"
		     "mov %%eax, %%cr0\n\t"
		     "hlt\n\t"
		     ".code64"
		     : "+m" (target) : "m" (reg) : "rax", "memory");
}

/* Floating point is nothing that drivers do to device memory. */
static void strange_access(void)
{
	asm volatile("fninit; fildll (%0)" : : "r" (LOCAL_APIC + 0x20));
}

static void run_device(void)
{
	((void (*)(void))LOCAL_APIC)();
}

static void root_nowhere(void)
{
	write_cr3(NO_RAM);
}

/* Delivering the exception writes the frame to a device. */
static void stack_on_device(void)
{
	asm volatile("mov %0, %%rsp; ud2" : : "r" (LOCAL_APIC + 0x800));
}

/* Out of a device, which has no memory to read. */
static void string_io(void)
{
	asm volatile("cld; outsw" : : "S" (0xfee00000ULL), "d" (0x3f8)
		     : "memory");
}

/* There is nothing to flush, which is no reason to stop: it resets itself. */
static void flush_device(void)
{
	asm volatile("clflush (%0)" : : "r" (LOCAL_APIC + 0x21) : "memory");
	outb(RESET_PORT, 6);
}

static void reset(void)
{
	outb(RESET_PORT, 6);
}

/* The keyboard controller can pulse the processor's reset line. */
static void reset_by_keyboard(void)
{
	outb(KEYBOARD_PORT, 0xfe);
}

static const struct way {
	char letter;
	void (*go)(void);
} ways[] = {
	{ 't', triple_fault },
	{ 'p', paging_off },
	{ 'd', strange_access },
	{ 'x', run_device },
	{ 'n', root_nowhere },
	{ 's', stack_on_device },
	{ 'i', string_io },
	{ 'f', flush_device },
	{ 'r', reset },
	{ 'k', reset_by_keyboard },
};

int guest_main(void)
{
	const char letter = *(const volatile char *)COMMAND_LINE;
	unsigned int i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (ways[i].letter == letter)
			ways[i].go();
	print("wrong: it went on\n");
	return 1;
}
