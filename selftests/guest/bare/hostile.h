/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hostile guest: what its parts share.
 *
 * RAM has three parts. Below TABLES lies what must stay whole: this program,
 * its stacks, the tables that it trusts. Between TABLES and the end lie tables
 * that are edited at random, but for the pages from DATA to DATA_END, which no
 * entry ever names as a table; of these the first hold nothing but INT3.
 *
 * No entry names a page below TABLES as a table, for a walk would set accessed
 * bits there; and no store through a random mapping goes there.
 */
#ifndef _HOSTILE_H
#define _HOSTILE_H

#include "attempt.h"

#define TABLES		(64ULL << 20)
#define NR_TABLES	48		/* any may be loaded as a root */
#define DATA		(66ULL << 20)
#define CODE_END	(DATA + 64 * PAGE)
#define DATA_END	(68ULL << 20)

/* Every root has the trusted part of the address space in entry 0. */
#define USER_CODE	(4ULL << 30)	/* the snippets, for CPL 3 */

#define PTE_G		0x100ULL
#define PTE_NX		(1ULL << 63)
#define PTE_ADDR	0x000ffffffffff000ULL
#define MAXPHYADDR	40

#define CR0_WP		(1ULL << 16)
#define CR4_PGE		(1ULL << 7)
#define CR4_SMEP	(1ULL << 20)
#define CR4_SMAP	(1ULL << 21)
#define EFER		0xc0000080
#define EFER_NX		(1ULL << 11)
#define APIC_BASE	0x1b
#define RFLAGS_AC	(1ULL << 18)

#define GDT_SIZE	(9 * 8)

enum {
	VEC_DB = 1, VEC_NMI, VEC_BP, VEC_UD = 6, VEC_NM,
	VEC_NP = 11, VEC_SS, VEC_GP, VEC_PF, VEC_TIMER = 64,
};

/* What this guest believes the processor's registers to be. */
struct mode {
	uint64_t cr0, cr3, cr4, efer;
};

extern struct mode mode;

/* hostile.c: numbers that follow from the seed */
uint64_t rnd(void);
/** below() - from 0 to @n - 1 */
uint64_t below(uint64_t n);
/** complain() - counts something wrong; true if it is to be described */
bool complain(void);
/** describe() - where the random numbers have led to */
void describe(const char *what);

/* head.S and hostile_entry.S */
extern char bare_vectors[];
extern char snippets[];
/* What attempt() ended with. */
extern struct frame result;

/* hostile_cpu.c */
/** cpu_init() - descriptor tables, and stacks for every kind of exception */
void cpu_init(void);
/** cpu_round() - some random privileged instruction; all is put back after */
void cpu_round(void);
/** load_mode() - control registers as @want says, which must be valid */
void load_mode(const struct mode *want);
/** start_at() - a frame for attempt(): @code, which is a snippet, at @cpl */
struct frame start_at(const char *code, int cpl);

/* hostile_mem.c */
void mem_init(void);
/** mem_round() - a random access, most often to a table or through one */
void mem_round(void);
/** random_root() - a page that can be loaded as a root */
uint64_t random_root(void);
/** random_gva() - anywhere but in the trusted part */
uint64_t random_gva(void);
/** harmless() - any access of @len bytes at @gva faults or does no harm */
bool harmless(uint64_t gva, unsigned int len);
/** unmapped() - any access there faults */
bool unmapped(uint64_t gva, unsigned int len);
/** flush() - the processor sees all tables as they are */
void flush(void);
/** mode_changed() - what the processor has cached may be stale */
void mode_changed(void);
extern uint64_t mem_accesses, mem_faults, cpu_attempts;

#endif /* _HOSTILE_H */
