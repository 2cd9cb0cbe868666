// SPDX-License-Identifier: GPL-2.0
/*
 * Instruction breakpoints next to what the hypervisor does in the guest's
 * place: RFLAGS.RF must be as a processor leaves it.
 */
#include "access.h"

#define DR7_FIXED	0x400ULL
#define DR7_L0		1ULL
#define RFLAGS_RF	(1ULL << 16)
#define BAD_MSR		0x4bad
#define VECTOR_DB	1
#define VECTOR_GP	13
#define STORES		4	/* a store is done in other ways later on */

/* The handler changes them behind the compiler's back. */
static volatile unsigned int hits;
static volatile uint64_t fault_rflags;

static bool catch_break(struct frame *frame)
{
	if (frame->vector == VECTOR_DB) {
		hits++;
		frame->rflags |= RFLAGS_RF;
		return true;
	}
	if (frame->vector != VECTOR_GP)
		return false;
	fault_rflags = frame->rflags;
	frame->rip += 2;	/* WRMSR */
	return true;
}

/* One instruction for all callers; the breakpoint is on the next. */
static __attribute__((noinline)) void store(uint64_t *to, uint64_t val)
{
	asm volatile("lea 1f(%%rip), %%rax; mov %%rax, %%dr0\n\t"
		     "mov %[on], %%rax; mov %%rax, %%dr7\n\t"
		     "mov %[val], (%[to])\n"
		     "1:\tmov %[off], %%rax; mov %%rax, %%dr7"
		     : : [to] "r" (to), [val] "r" (val),
			 [on] "i" (DR7_FIXED | DR7_L0), [off] "i" (DR7_FIXED)
		     : "rax", "memory");
}

static bool met_all(uint64_t *to, uint64_t val)
{
	unsigned int n;

	hits = 0;
	for (n = 0; n < STORES; n++)
		store(to, n & 1 ? 0 : val);
	return hits == STORES;
}

static bool fault_resumes(void)
{
	fault_rflags = 0;
	asm volatile("wrmsr" : : "c" (BAD_MSR), "a" (0), "d" (0) : "memory");
	return fault_rflags & RFLAGS_RF;
}

unsigned int breakpoints_wrong(uint64_t *pte, uint64_t val)
{
	unsigned int wrong = 0;
	uint64_t plain;

	on_exception = catch_break;
	if (!fault_resumes()) {
		print("access: RF is not set in a fault of WRMSR\n");
		wrong++;
	}
	if (!met_all(&plain, val)) {
		print("access: skipped: no breakpoints here\n");
		return wrong;
	}
	if (!met_all(pte, val)) {
		print("access: %u of %u breakpoints met behind stores to a table\n",
		      (uint64_t)hits, (uint64_t)STORES);
		wrong++;
	}
	return wrong;
}
