// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that does everything a guest may do and no sane one does, at random:
 * it rewrites its page tables while it runs on them, and executes privileged
 * instructions with random operands. Each access is foretold by a walk in
 * software and must come out so. Whatever happens, the machine has to go on.
 *
 * The command line is the seed and the number of rounds; the same seed makes
 * the same rounds, but for what interrupts do to them. Without a seed the time
 * is one.
 */
#include "hostile.h"

#define COMMAND_LINE	0x20000UL	/* kagectl puts it there */
#define PER_ROUND	12
#define COMPLAINTS	10		/* described; all are counted */

static uint64_t state, seed, round, wrong;

/* Xorshift: Marsaglia, "Xorshift RNGs". */
uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dULL;
}

uint64_t below(uint64_t n)
{
	return (rnd() >> 16) % n;
}

bool complain(void)
{
	return ++wrong <= COMPLAINTS;
}

void describe(const char *what)
{
	print("hostile: seed %u, round %u: %s: cr0 %x cr3 %x cr4 %x efer %x\n",
	      seed, round, what, mode.cr0, mode.cr3, mode.cr4, mode.efer);
	print("hostile:   vector %u error %x rip %x cr2 %x rax %x\n",
	      result.vector, result.error, result.rip, read_cr2(), result.rax);
}

static uint64_t take_number(const volatile char **text)
{
	uint64_t val = 0;

	while (**text == ' ')
		(*text)++;
	for (; **text >= '0' && **text <= '9'; (*text)++)
		val = val * 10 + **text - '0';
	return val;
}

/* Bits that are valid now and then: what is refused is for cpu_round(). */
static void random_mode(void)
{
	static const uint64_t cr4_bits[] = {
		CR4_PGE, CR4_SMEP, CR4_SMAP,
	};
	struct mode want = mode;

	want.cr3 = random_root();
	if (below(4) == 0)
		want.cr0 ^= CR0_WP;
	if (below(8) == 0)
		want.efer ^= EFER_NX;
	if (below(4) == 0)
		want.cr4 ^= cr4_bits[below(3)];
	load_mode(&want);
}

int guest_main(void)
{
	const volatile char *text = (const volatile char *)COMMAND_LINE;
	struct mode trusted;
	uint64_t rounds;
	int i;

	seed = take_number(&text);
	rounds = take_number(&text);
	if (!seed)
		seed = rdtsc() % 1000000000 + 1;
	state = seed;
	print("hostile: seed %u, %u rounds\n", seed, rounds);
	cpu_init();
	mem_init();
	trusted = mode;
	for (round = 0; round < rounds; round++) {
		random_mode();
		for (i = 0; i < PER_ROUND; i++)
			mem_round();
		cpu_round();
		load_mode(&trusted);
		if (round % 512 == 511)
			print("hostile: round %u\n", round + 1);
	}
	print("hostile: %u accesses, %u of them faults, %u instructions\n",
	      mem_accesses, mem_faults, cpu_attempts);
	print("hostile: %u wrong\n", wrong);
	return wrong != 0;
}
