// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that never stops doing what costs the host most: the first letter of
 * its command line says what. It ends when the host ends it.
 */
#include "bare.h"

#define COMMAND_LINE	0x20000UL	/* kagectl puts it there */
#define POST_PORT	0x80
#define LAPIC		0xfee00000UL
#define LAPIC_SVR	0x0f0
#define LAPIC_EOI	0x0b0
#define LAPIC_ICR	0x300
#define SELF_VECTOR	0x40
#define TO_SELF		0x40000
#define WINDOW		0x8000000000ULL
#define NR_ROOTS	64
#define SPREAD		(1ULL << 30)	/* another table for each page */

static void flood_exits(void)
{
	for (;;)
		outb(POST_PORT, 0);
}

static void write_lapic(uint32_t reg, uint32_t val)
{
	*(volatile uint32_t *)(LAPIC + reg) = val;
}

/* The next one is sent before this one is through. */
static bool send_again(struct frame *frame)
{
	if (frame->vector != SELF_VECTOR)
		return false;
	write_lapic(LAPIC_ICR, TO_SELF | SELF_VECTOR);
	write_lapic(LAPIC_EOI, 0);
	return true;
}

static void flood_interrupts(void)
{
	on_exception = send_again;
	write_lapic(LAPIC_SVR, 0x1ff);
	write_lapic(LAPIC_ICR, TO_SELF | SELF_VECTOR);
	for (;;)
		asm volatile("sti; hlt");
}

static void flood_console(void)
{
	for (;;)
		print("flood: all work and no play\n");
}

/*
 * More tables than the host may keep shadows of, in many spaces, each used
 * once, changed and used again.
 */
static void flood_tables(void)
{
	uint64_t *roots[NR_ROOTS], i, n, gva;

	for (i = 0; i < NR_ROOTS; i++)
		roots[i] = new_root();
	for (n = 0; ; n++) {
		i = n % NR_ROOTS;
		gva = WINDOW + n / NR_ROOTS % 8 * SPREAD;
		map_page(roots[i], gva, (PAGE * (n % 16)) | PTE_RW);
		write_cr3((uint64_t)roots[i]);
		touch(gva);
		map_page(roots[i], gva, (PAGE * (n % 16 + 1)) | PTE_RW);
		invlpg(gva);
		touch(gva);
	}
}

/* Each access is executed for the guest. */
static void flood_devices(void)
{
	for (;;)
		touch(LAPIC + 0x20);
}

static const struct flood {
	char letter;
	void (*run)(void);
} floods[] = {
	{ 'e', flood_exits },
	{ 'i', flood_interrupts },
	{ 'c', flood_console },
	{ 't', flood_tables },
	{ 'd', flood_devices },
};

int guest_main(void)
{
	const char letter = *(const volatile char *)COMMAND_LINE;
	unsigned int i;

	for (i = 0; i < sizeof(floods) / sizeof(floods[0]); i++)
		if (floods[i].letter == letter)
			floods[i].run();
	print("flood: none of that name\n");
	return 1;
}
