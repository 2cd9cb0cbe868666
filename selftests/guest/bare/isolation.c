// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that writes a mark to each line of its RAM but for its own part of it,
 * reads them back, and then looks at one page of 16 of the address space below
 * 4 GiB and one in each GiB above: where there is no RAM it must see devices or
 * nothing, never a mark of another machine's or anything else of the host's. It is
 * a sample: other pages, and stores outside RAM, it leaves out.
 */
#include "bare.h"

#define MARK	0x6b6167654d41524bULL	/* mixed with the time: no two alike */
#define WINDOW	0x8000000000ULL
#define FIRST	(64ULL << 20)	/* below: this program, tables, heap */

static uint64_t faults;

static bool count_fault(struct frame *frame)
{
	if (frame->vector != 14)
		return false;
	faults++;
	return false;
}

static void mark_own(uint64_t mark)
{
	uint64_t gpa;

	for (gpa = FIRST; gpa < ram_end(); gpa += 64)
		*(volatile uint64_t *)gpa = mark ^ gpa;
}

static uint64_t check_own(uint64_t mark)
{
	uint64_t gpa, bad = 0;

	for (gpa = FIRST; gpa < ram_end(); gpa += 64)
		bad += *(volatile uint64_t *)gpa != (mark ^ gpa);
	return bad;
}

/* One page of tables maps any guest-physical page into the window. */
static uint64_t peek(uint64_t *pte, uint64_t gpa)
{
	set_pte(pte, gpa | PTE_RW);
	invlpg(WINDOW);
	return *(volatile uint32_t *)WINDOW;
}

static uint64_t check_outside(uint64_t *pte, uint64_t from, uint64_t to,
			      uint64_t step, uint64_t *pages)
{
	uint64_t gpa, bad = 0;

	for (gpa = from; gpa < to; gpa += step, (*pages)++) {
		uint64_t seen = peek(pte, gpa);

		if (seen == 0xffffffff || seen == 0)
			continue;
		/* The local APIC and the I/O APIC are there to be seen. */
		if (gpa == 0xfee00000 || gpa == 0xfec00000)
			continue;
		print("isolation: %x at %x\n", seen, gpa);
		bad++;
	}
	return bad;
}

int guest_main(void)
{
	uint64_t mark = MARK ^ rdtsc(), bad, pages = 0;
	uint64_t *root = new_root(), *pte;

	on_exception = count_fault;
	pte = pte_of(root, WINDOW);
	write_cr3((uint64_t)root);
	mark_own(mark);
	bad = check_own(mark);
	print("isolation: %u MiB of RAM, %u wrong words\n", ram_end() >> 20,
	      bad);
	/* Every page below 4 GiB that is not RAM, then a sample above. */
	bad += check_outside(pte, ram_end(), 1ULL << 32, 16 * PAGE, &pages);
	bad += check_outside(pte, 1ULL << 32, 1ULL << 40, 1ULL << 30, &pages);
	print("isolation: %u pages outside RAM read\n", pages);
	/* Nobody else changed what is ours meanwhile. */
	bad += check_own(mark);
	print("isolation: %u faults, %u wrong in all\n", faults, bad);
	return bad || faults;
}
