// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that writes to all of its RAM, but for what it needs itself, and to
 * addresses where there is none, and reads it all back. Its RAM must be empty at
 * first and then hold what was written. Elsewhere it must see devices or nothing:
 * never a mark, of its own or another machine's, nor anything of the host's.
 *
 * With "every" on the command line it goes to every page below 4 GiB and one in
 * each 64 MiB above, at another word of each page; without to one of 16 and one in
 * each 4 GiB.
 */
#include "bare.h"

#define MARK	0x6b6167654d41524bULL	/* mixed with the time: no two alike */
#define WINDOW	0x8000000000ULL
#define GIB	(1ULL << 30)
#define LARGE	(2ULL << 20)
#define END	(1ULL << 40)	/* of guest-physical addresses */
#define NOTHING	~0ULL

static uint64_t faults, mark, bad;

static bool count_fault(struct frame *frame)
{
	if (frame->vector != 14)
		return false;
	faults++;
	return false;
}

static void complain(const char *what, uint64_t seen, uint64_t gpa)
{
	if (bad++ < 20)
		print("isolation: %s: %x at %x\n", what, seen, gpa);
}

/* The host gave these pages: nobody's data may be left in them. */
static void check_empty(void)
{
	volatile uint64_t *word;
	uint64_t page;

	for (page = 0; page < ram_end(); page += PAGE) {
		if (!ram_is_free(page))
			continue;
		for (word = (void *)page; word < (uint64_t *)(page + PAGE); word++)
			if (*word)
				complain("not empty", *word, (uint64_t)word);
	}
}

static uint64_t mark_own(void)
{
	volatile uint64_t *word;
	uint64_t page, pages = 0;

	for (page = 0; page < ram_end(); page += PAGE) {
		if (!ram_is_free(page))
			continue;
		pages++;
		for (word = (void *)page; word < (uint64_t *)(page + PAGE); word++)
			*word = mark ^ (uint64_t)word;
	}
	return pages;
}

static void check_own(void)
{
	volatile uint64_t *word;
	uint64_t page;

	for (page = 0; page < ram_end(); page += PAGE) {
		if (!ram_is_free(page))
			continue;
		for (word = (void *)page; word < (uint64_t *)(page + PAGE); word++)
			if (*word != (mark ^ (uint64_t)word))
				complain("not mine", *word, (uint64_t)word);
	}
}

/* What is stored where there is nothing is gone. */
static void try_outside(volatile uint64_t *word, uint64_t gpa)
{
	uint64_t seen;

	*word = mark ^ gpa;
	seen = *word;
	if (seen != NOTHING)
		complain("read", seen, gpa);
}

/* Registers are there to be seen, but not for any store. */
static bool is_device(uint64_t gpa)
{
	return gpa == 0xfee00000 || gpa == 0xfec00000;
}

static unsigned int word_of(uint64_t gpa)
{
	return (gpa / PAGE * 37 + gpa / LARGE) & 511;
}

/* Through large pages: each of them is looked at as a whole. */
static uint64_t try_below_4g(uint64_t *root, uint64_t step)
{
	uint64_t *dir = NULL, *pdpt = page_alloc();
	uint64_t gpa, pages = 0;

	root[WINDOW >> 39] = (uint64_t)pdpt | PTE_RW;
	for (gpa = 0; gpa < 4 * GIB; gpa += LARGE) {
		if (!(gpa & (GIB - 1))) {
			dir = page_alloc();
			pdpt[gpa / GIB] = (uint64_t)dir | PTE_RW;
		}
		dir[gpa / LARGE & 511] = gpa | PTE_RW | PTE_PS;
	}
	for (gpa = ram_end(); gpa < 4 * GIB; gpa += step) {
		uint64_t offset = gpa + word_of(gpa) * 8;

		if (is_device(gpa))
			continue;
		try_outside((void *)(WINDOW + offset), offset);
		pages++;
	}
	return pages;
}

/* One page of tables brings any guest-physical page to the window. */
static uint64_t try_above_4g(uint64_t *root, uint64_t step)
{
	const uint64_t gva = WINDOW + 4 * GIB;
	uint64_t *pte = pte_of(root, gva);
	uint64_t gpa, pages = 0;

	for (gpa = 4 * GIB; gpa < END; gpa += step, pages++) {
		uint64_t offset = word_of(gpa) * 8;

		set_pte(pte, gpa | PTE_RW);
		invlpg(gva);
		try_outside((void *)(gva + offset), gpa + offset);
	}
	return pages;
}

static bool is_every(void)
{
	static const char word[] = "every";
	const char *s = command_line();
	unsigned int i;

	for (i = 0; word[i] && s[i] == word[i]; i++)
		;
	return !word[i];
}

int guest_main(void)
{
	const bool every = is_every();
	uint64_t *root = new_root(), pages;

	on_exception = count_fault;
	mark = MARK ^ rdtsc();
	write_cr3((uint64_t)root);
	check_empty();
	pages = mark_own();
	check_own();
	print("isolation: %u of %u pages of RAM marked, %u wrong words\n", pages,
	      ram_end() / PAGE, bad);
	pages = try_below_4g(root, every ? PAGE : 16 * PAGE);
	pages += try_above_4g(root, every ? 64ULL << 20 : 4 * GIB);
	print("isolation: %u pages outside RAM read and written\n", pages);
	/* Nobody else changed what is ours meanwhile. */
	check_own();
	print("isolation: %u faults, %u wrong in all\n", faults, bad);
	return bad || faults;
}
