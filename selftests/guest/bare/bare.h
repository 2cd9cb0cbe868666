/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a guest without an operating system needs: a console, exceptions, page
 * tables of its own, an end.
 */
#ifndef _BARE_H
#define _BARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE	4096ULL

enum { PTE_P = 1, PTE_W = 2, PTE_U = 4, PTE_A = 0x20, PTE_D = 0x40,
       PTE_PS = 0x80 };
#define PTE_RW	(PTE_P | PTE_W | PTE_A | PTE_D)

/* kagectl's GDT has the first two, that of segments_init() all. */
#define KERNEL_CS	0x10
#define KERNEL_SS	0x18
#define USER_CS32	0x23	/* 32-bit code */
#define USER_SS		0x2b
#define USER_CS		0x33
#define TSS_SEL		0x38
#define LDT_SEL		0x48	/* room for an LDT */

/* What LGDT, LIDT, SGDT and SIDT take. */
struct table_reg {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* As head.S pushes it. */
struct frame {
	uint64_t rax, rcx, rdx, rbx, rbp, rsi, rdi;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

/* Returns true if the guest is to go on at frame->rip. */
typedef bool (*handler_fn)(struct frame *frame);
extern handler_fn on_exception;

/* The guest's own part; its return value ends the line "bare: end". */
int guest_main(void);

/** print() - %s %u %x only, all numbers 64 bits wide */
void print(const char *format, ...);
/** wait_for_host() - until the host sends a byte */
void wait_for_host(void);
void power_off(void) __attribute__((noreturn));

/** ram_end() - first address above the RAM that begins at 1 MiB */
uint64_t ram_end(void);
/** ram_is_free() - is the page neither kagectl's nor the guest's own? */
bool ram_is_free(uint64_t gpa);
/** command_line() - what the host said for this run */
const char *command_line(void);
/** page_alloc() - a zeroed page that is never given back */
void *page_alloc(void);
/** map_page() - in the tables of @root; makes tables as needed */
void map_page(uint64_t *root, uint64_t gva, uint64_t pte);
/** pte_of() - address of the 4 KiB entry, whose tables exist */
uint64_t *pte_of(uint64_t *root, uint64_t gva);
/** new_root() - a root that maps what the boot tables map */
uint64_t *new_root(void);

/** segments_init() - segments for ring 3, and a stack for the way back */
void segments_init(void);
/** set_gate() - on which stack @vector comes, and who may raise it by INT */
void set_gate(unsigned int vector, unsigned int ist, unsigned int dpl);
/** set_ist() - where stack @ist, 1 to 7, of segments_init()'s TSS begins */
void set_ist(unsigned int ist, uint64_t top);
/** set_system_segment() - a TSS (@type 9) or an LDT (2) in two GDT entries */
void set_system_segment(unsigned int selector, uint64_t base, uint64_t limit,
			uint64_t type);

static inline void outb(uint16_t port, uint8_t val)
{
	asm volatile("outb %0, %1" : : "a" (val), "Nd" (port));
}

static inline void outw(uint16_t port, uint16_t val)
{
	asm volatile("outw %0, %1" : : "a" (val), "Nd" (port));
}

static inline void outl(uint16_t port, uint32_t val)
{
	asm volatile("outl %0, %1" : : "a" (val), "Nd" (port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t val;

	asm volatile("inb %1, %0" : "=a" (val) : "Nd" (port));
	return val;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t val;

	asm volatile("inl %1, %0" : "=a" (val) : "Nd" (port));
	return val;
}

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a" (low), "=d" (high));
	return (uint64_t)high << 32 | low;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a" (low), "=d" (high) : "c" (msr));
	return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t val)
{
	asm volatile("wrmsr" : : "c" (msr), "a" ((uint32_t)val),
		     "d" ((uint32_t)(val >> 32)) : "memory");
}

static inline uint64_t read_cr2(void)
{
	uint64_t val;

	asm volatile("mov %%cr2, %0" : "=r" (val));
	return val;
}

static inline uint64_t read_cr3(void)
{
	uint64_t val;

	asm volatile("mov %%cr3, %0" : "=r" (val));
	return val;
}

static inline void write_cr3(uint64_t val)
{
	asm volatile("mov %0, %%cr3" : : "r" (val) : "memory");
}

static inline void invlpg(uint64_t gva)
{
	asm volatile("invlpg (%0)" : : "r" (gva) : "memory");
}

static inline void touch(uint64_t gva)
{
	(void)*(volatile uint64_t *)gva;
}

static inline void set_pte(uint64_t *pte, uint64_t val)
{
	*(volatile uint64_t *)pte = val;
}

#endif /* _BARE_H */
