/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the rows of the benchmark share. The guest runs them with interrupts
 * enabled, in 4-level tables, without PCIDs and without global pages.
 */
#ifndef _BENCH_H
#define _BENCH_H

#include "bare.h"

#define REGION	(2ULL << 20)	/* what one leaf table maps */
#define PER_TABLE	512
#define MAGIC	0x6b616765ULL	/* the first word of every frame */

struct row {
	const char *name;
	const char *unit;	/* what one of the n operations is */
	/* Returns ticks that are not part of the operations. */
	uint64_t (*run)(const struct row *row);
	int n;
	int a, b;		/* parameters of its own */
	void (*before)(const struct row *row);
	/* Looks behind the row; false if something is not as it must be. */
	bool (*right)(const struct row *row);
};

/* Each ends in a row without a name. */
extern const struct row cpu_rows[], pte_rows[], space_rows[];

extern uint64_t *root;		/* the address space outside of the rows */
extern uint64_t used;		/* a region that many rows use, in @root */
extern uint64_t wrong;		/* not 0: a row read what it must not */
extern uint64_t faults;		/* demand and COW faults that were handled */
extern uint64_t ticks_fired;	/* timer interrupts that were handled */

/** user_init() - make ring 3; once, before @root has shadows */
void user_init(void);
/** user_run() - let a program in ring 3 read, or write to, @n pages at @gva */
void user_run(bool write, uint64_t gva, int n);
/** user_ends() - serve the exception by which it comes back */
bool user_ends(struct frame *frame);

#define TIMER_VECTOR	0x40

/** fresh_region() - a region that no row has used */
uint64_t fresh_region(void);
/** pde_of() - address of the 2 MiB entry; makes the tables, the leaf too */
uint64_t *pde_of(uint64_t *top, uint64_t gva);
/** frame() - the guest-physical page number @i, modulo PER_TABLE */
uint64_t frame(int i);
/** fill() - set @n entries of one leaf table, to frame 0 and on, or to 0 */
void fill(uint64_t *pte, int n, uint64_t flags);
/** flush() - load CR3 anew */
void flush(void);
/** read_faults(), write_faults() - whether an access is refused */
bool read_faults(uint64_t gva);
bool write_faults(uint64_t gva);

/* A read whose result must be @val. */
static inline void expect(uint64_t gva, uint64_t val)
{
	wrong |= *(volatile uint64_t *)gva ^ val;
}

#endif /* _BENCH_H */
