// SPDX-License-Identifier: GPL-2.0
/*
 * The part that all bare guests share.
 */
#include "bare.h"
#include <stdarg.h>

#define UART		0x3f8
#define LSR_DATA	1
#define PM_CONTROL	0x604
#define SLP_S5		0x3400	/* SLP_EN, SLP_TYP 5 */
#define BOOT_ROOT	0x9000ULL	/* kagectl's tables */
#define BOOT_END	0x30000ULL	/* of what kagectl loads, but for ACPI's */
#define LOW_END		0x9fc00ULL
#define MIB		0x100000ULL
#define IMAGE_START	(16ULL << 20)
#define HEAP_START	(32ULL << 20)
#define E820_COUNT	0x1e8
#define CMDLINE_PTR	0x228
#define E820_TABLE	0x2d0

struct gate {
	uint16_t low, selector, flags, mid;
	uint32_t high, zero;
} __attribute__((packed));

extern char bare_vectors[], bss_end[];
void bare_start(const uint8_t *boot_params) __attribute__((noreturn));
void bare_exception(struct frame *frame);

handler_fn on_exception;
static struct gate idt[256];
static uint64_t gdt[11] = {
	0, 0,
	0x00209b0000000000, 0x00cf93000000ffff, 0x00cffb000000ffff,
	0x00cff3000000ffff, 0x0020fb0000000000,
};
static uint32_t tss[26];
static uint64_t heap = HEAP_START, end_of_ram;
static const char *options;

static void put(char c)
{
	outb(UART, c);
}

static void put_number(uint64_t val, unsigned int base)
{
	char buf[24];
	int n = 0;

	do {
		buf[n++] = "0123456789abcdef"[val % base];
		val /= base;
	} while (val);
	while (n)
		put(buf[--n]);
}

static void put_string(const char *s)
{
	while (*s)
		put(*s++);
}

void print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	for (; *format; format++) {
		if (*format != '%') {
			put(*format);
			continue;
		}
		switch (*++format) {
		case 's':
			put_string(va_arg(args, const char *));
			break;
		case 'u':
			put_number(va_arg(args, uint64_t), 10);
			break;
		case 'x':
			put_string("0x");
			put_number(va_arg(args, uint64_t), 16);
			break;
		}
	}
	va_end(args);
}

void wait_for_host(void)
{
	while (!(inb(UART + 5) & LSR_DATA))
		asm volatile("pause");
	inb(UART);
}

void power_off(void)
{
	outw(PM_CONTROL, SLP_S5);
	for (;;)
		asm volatile("cli; hlt");
}

void bare_exception(struct frame *frame)
{
	if (on_exception && on_exception(frame))
		return;
	print("bare: exception %u error %x at %x, cr2 %x\n", frame->vector,
	      frame->error, frame->rip, read_cr2());
	print("bare: end 255\n");
	power_off();
}

static void load_idt(void)
{
	const struct table_reg reg = { sizeof(idt) - 1, (uint64_t)idt };
	uint64_t entry = (uint64_t)bare_vectors;
	int i;

	for (i = 0; i < 256; i++, entry += 16)
		idt[i] = (struct gate) {
			.low = entry, .selector = 0x10, .flags = 0x8e00,
			.mid = entry >> 16, .high = entry >> 32,
		};
	asm volatile("lidt %0" : : "m" (reg));
}

void set_system_segment(unsigned int selector, uint64_t base, uint64_t limit,
			uint64_t type)
{
	gdt[selector / 8] = limit | (base & 0xffffff) << 16 | type << 40 |
			    1ULL << 47 | (base >> 24 & 0xff) << 56;
	gdt[selector / 8 + 1] = base >> 32;
}

void set_gate(unsigned int vector, unsigned int ist, unsigned int dpl)
{
	idt[vector].flags = 0x8e00 | dpl << 13 | ist;
}

void set_ist(unsigned int ist, uint64_t top)
{
	tss[7 + 2 * ist] = top;
	tss[8 + 2 * ist] = top >> 32;
}

void segments_init(void)
{
	const struct table_reg reg = { sizeof(gdt) - 1, (uint64_t)gdt };
	const uint64_t stack = (uint64_t)page_alloc() + PAGE;

	tss[1] = stack;
	tss[2] = stack >> 32;
	tss[25] = sizeof(tss) << 16;	/* no map of ports */
	set_system_segment(TSS_SEL, (uint64_t)tss, sizeof(tss) - 1, 9);
	asm volatile("lgdt %0" : : "m" (reg));
	asm volatile("ltr %w0" : : "r" (TSS_SEL));
}

/* The e820 entry that holds 1 MiB says where the RAM ends. */
static void find_ram(const uint8_t *boot_params)
{
	const uint8_t *entry = boot_params + E820_TABLE;
	int n = boot_params[E820_COUNT];

	for (; n; n--, entry += 20) {
		uint64_t start = *(const uint64_t *)entry;
		uint64_t size = *(const uint64_t *)(entry + 8);

		if (start <= 0x100000 && start + size > 0x100000 &&
		    *(const uint32_t *)(entry + 16) == 1)
			end_of_ram = start + size;
	}
}

uint64_t ram_end(void)
{
	return end_of_ram;
}

bool ram_is_free(uint64_t gpa)
{
	if (gpa < BOOT_END || (gpa + PAGE > LOW_END && gpa < MIB))
		return false;
	if (gpa >= IMAGE_START && gpa < (uint64_t)bss_end)
		return false;
	return gpa < end_of_ram && (gpa < HEAP_START || gpa >= heap);
}

const char *command_line(void)
{
	return options;
}

void *page_alloc(void)
{
	uint64_t *page = (uint64_t *)heap;
	int i;

	heap += PAGE;
	for (i = 0; i < 512; i++)
		page[i] = 0;
	return page;
}

static uint64_t *table_of(uint64_t *table, unsigned int index)
{
	if (!(table[index] & PTE_P))
		table[index] = (uint64_t)page_alloc() | PTE_RW | PTE_U;
	return (uint64_t *)(table[index] & ~(PAGE - 1));
}

uint64_t *pte_of(uint64_t *root, uint64_t gva)
{
	uint64_t *table = root;
	int shift;

	for (shift = 39; shift > 12; shift -= 9)
		table = table_of(table, gva >> shift & 511);
	return &table[gva >> 12 & 511];
}

void map_page(uint64_t *root, uint64_t gva, uint64_t pte)
{
	*pte_of(root, gva) = pte;
}

uint64_t *new_root(void)
{
	uint64_t *root = page_alloc();

	root[0] = *(uint64_t *)BOOT_ROOT;
	return root;
}

void bare_start(const uint8_t *boot_params)
{
	find_ram(boot_params);
	options = (const char *)(uint64_t)
		  *(const uint32_t *)(boot_params + CMDLINE_PTR);
	load_idt();
	print("bare: end %u\n", (uint64_t)guest_main());
	power_off();
}
