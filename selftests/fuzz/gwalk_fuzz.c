// SPDX-License-Identifier: GPL-2.0
/*
 * The walk of guest tables that change under it. Input: the state of the
 * processor, the access, and then what each entry holds when it is first met
 * and what another processor does before each access of the walker.
 *
 * What the walker was given in its last attempt must lead to what
 * access_model.c says of these entries, whatever came before.
 */
#include "access_model.h"
#include "fuzz.h"
#include "mmu/gwalk.h"
#include <linux/kernel.h>
#include <string.h>

#define MAX_CELLS	64
#define MAX_ATTEMPTS	4

struct cell {
	gpa_t gpa;
	u64 gpte;
	bool ram;
};

struct guest {
	struct feed feed;
	struct access_cpu cpu;
	bool writes;
	u64 cr3;
	gva_t gva;
	gpa_t table;			/* of the next entry to be read */
	struct cell cell[MAX_CELLS];
	unsigned int nr_cells;
	/* The attempt that is under way, by level. */
	uint64_t given[ACCESS_LEVELS + 1];
	gpa_t gpa[ACCESS_LEVELS + 1];
	int level;			/* of the entry that was read last */
	int set_level;			/* of the last store asked for */
	unsigned int attempts, sets;
	bool refused;			/* the attempt is over */
};

static const struct {
	enum access_who who;
	enum access_kind kind;
	u32 access;
} accesses[] = {
	{ ACCESS_USER, ACCESS_READ, KAGE_PF_U },
	{ ACCESS_USER, ACCESS_WRITE, KAGE_PF_U | KAGE_PF_W },
	{ ACCESS_USER, ACCESS_FETCH, KAGE_PF_U | KAGE_PF_I },
	{ ACCESS_SUPERVISOR, ACCESS_READ, 0 },
	{ ACCESS_SUPERVISOR, ACCESS_WRITE, KAGE_PF_W },
	{ ACCESS_SUPERVISOR, ACCESS_FETCH, KAGE_PF_I },
	{ ACCESS_IMPLICIT, ACCESS_READ, 0 },
	{ ACCESS_IMPLICIT, ACCESS_WRITE, KAGE_PF_W },
};

/* Any bits at all, or an address of few bits for tables that meet again. */
static u64 take_entry(struct feed *feed)
{
	static const unsigned int shifts[] = { 12, 21, 30, 36 };
	const u64 kind = feed_take(feed, 1);
	u64 flags;

	if (kind & 1)
		return feed_take(feed, 8);
	flags = feed_take(feed, 1) | (kind & 2 ? KAGE_PTE_NX : 0);
	/* Mostly such that the walk goes on. */
	if (kind & 4)
		flags |= PG_P | PG_W | PG_U;
	return flags | feed_take(feed, 2) << shifts[kind >> 3 & 3];
}

static struct cell *find_cell(struct guest *guest, gpa_t gpa)
{
	struct cell *cell;
	unsigned int i;

	for (i = 0; i < guest->nr_cells; i++)
		if (guest->cell[i].gpa == gpa)
			return &guest->cell[i];
	FUZZ_CHECK(guest->nr_cells < MAX_CELLS);
	cell = &guest->cell[guest->nr_cells++];
	cell->gpa = gpa;
	cell->gpte = take_entry(&guest->feed);
	cell->ram = feed_take(&guest->feed, 1) % 16 != 15;
	return cell;
}

/* Another processor stores an entry, or not; returns what the input adds. */
static u64 disturb(struct guest *guest)
{
	const u64 what = feed_take(&guest->feed, 1);

	if ((what & 3) == 3 && guest->nr_cells)
		guest->cell[(what >> 3) % guest->nr_cells].gpte =
			take_entry(&guest->feed);
	return what & 4;
}

static void start_attempt(struct guest *guest)
{
	FUZZ_CHECK(++guest->attempts <= MAX_ATTEMPTS);
	guest->table = guest->cr3 & KAGE_PTE_ADDR;
	guest->level = ACCESS_LEVELS + 1;
	guest->set_level = ACCESS_LEVELS + 1;
	guest->sets = 0;
	guest->refused = false;
	memset(guest->given, 0, sizeof(guest->given));
}

static bool read_entry(void *ctx, gpa_t gpa, u64 *gpte)
{
	struct guest *guest = ctx;
	struct cell *cell;
	int level;

	disturb(guest);
	if (guest->refused)
		start_attempt(guest);
	FUZZ_CHECK(guest->set_level > ACCESS_LEVELS);
	level = --guest->level;
	FUZZ_CHECK(level >= 1);
	FUZZ_CHECK(gpa == guest->table +
			  (guest->gva >> (3 + 9 * level) & 511) * 8);
	cell = find_cell(guest, gpa);
	guest->gpa[level] = gpa;
	guest->given[level] = cell->ram ? cell->gpte : ~0ULL;
	guest->table = cell->gpte & KAGE_PTE_ADDR;
	*gpte = cell->gpte;
	return cell->ram;
}

static u64 flags_of(const struct guest *guest, int level)
{
	return level == guest->level && guest->writes ? PG_A | PG_D : PG_A;
}

/* From the root down, only what was read, only flags, only where missing. */
static void check_set(struct guest *guest, gpa_t gpa, u64 old, u64 val)
{
	int level = guest->set_level - 1;

	while (level >= guest->level &&
	       !(flags_of(guest, level) & ~guest->given[level]))
		level--;
	FUZZ_CHECK(level >= guest->level);
	FUZZ_CHECK(gpa == guest->gpa[level] && old == guest->given[level]);
	FUZZ_CHECK(val == (old | flags_of(guest, level)));
	guest->set_level = level;
}

static bool set_entry(void *ctx, gpa_t gpa, u64 old, u64 val)
{
	struct guest *guest = ctx;
	bool refuse = disturb(guest);
	struct cell *cell = find_cell(guest, gpa);

	FUZZ_CHECK(!guest->refused);
	check_set(guest, gpa, old, val);
	guest->sets++;
	if (refuse || !cell->ram || cell->gpte != old) {
		guest->refused = true;
		return false;
	}
	cell->gpte = val;
	return true;
}

static void check_allowed(const struct guest *guest,
			  const struct kage_gwalk *found,
			  const struct access_verdict *want)
{
	const u64 offset = (1ULL << (3 + 9 * found->level)) - 1;
	unsigned int missing = 0;
	int level;

	FUZZ_CHECK(found->gpa ==
		   ((guest->given[found->level] & KAGE_PTE_ADDR & ~offset) |
		    (guest->gva & offset)));
	/* Who never got to set them may go on without. */
	if (guest->refused) {
		FUZZ_CHECK(guest->attempts == MAX_ATTEMPTS);
		return;
	}
	for (level = ACCESS_LEVELS; level >= want->level; level--) {
		FUZZ_CHECK(found->gpte[level] == want->after[level]);
		missing += guest->given[level] != want->after[level];
	}
	FUZZ_CHECK(guest->sets == missing);
}

static void check_refused(const struct guest *guest,
			  const struct kage_gwalk *found,
			  const struct access_verdict *want)
{
	int level;

	FUZZ_CHECK(found->pfec == want->error);
	FUZZ_CHECK(!guest->sets);
	for (level = ACCESS_LEVELS; level >= want->level; level--)
		FUZZ_CHECK(found->gpte[level] == guest->given[level]);
}

static void check(const struct guest *guest, const struct kage_gwalk *found,
		  unsigned int nth, bool allowed)
{
	struct access_verdict want;
	int level;

	access_judge(&want, &guest->cpu, accesses[nth].who,
		     accesses[nth].kind, guest->given);
	FUZZ_CHECK(allowed == want.allowed);
	FUZZ_CHECK(found->level == want.level && found->level == guest->level);
	for (level = ACCESS_LEVELS; level >= found->level; level--)
		FUZZ_CHECK(found->gpte_gpa[level] == guest->gpa[level]);
	if (allowed)
		check_allowed(guest, found, &want);
	else
		check_refused(guest, found, &want);
}

static struct access_cpu take_cpu(struct feed *feed)
{
	const u64 bits = feed_take(feed, 1);

	return (struct access_cpu){
		.wp = bits & 1, .nxe = bits & 2, .smep = bits & 4,
		.smap = bits & 8, .ac = bits & 16, .gbpages = bits & 32,
		.maxphyaddr = 36 + feed_take(feed, 1) % 17,
	};
}

static struct kage_paging told(const struct access_cpu *cpu,
			       enum access_who who)
{
	return (struct kage_paging){
		.wp = cpu->wp, .nxe = cpu->nxe, .smep = cpu->smep,
		.smap = cpu->smap, .ac = cpu->ac && who != ACCESS_IMPLICIT,
		.gbpages = cpu->gbpages, .maxphyaddr = cpu->maxphyaddr,
	};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* On the heap, where a store outside is noticed. */
	struct kage_gwalk *found = malloc(sizeof(*found));
	struct guest guest = { .feed = { data, size } };
	const struct kage_gwalk_mem mem = { read_entry, set_entry, &guest };
	struct kage_paging mode;
	unsigned int nth;
	u32 access;

	guest.cpu = take_cpu(&guest.feed);
	nth = feed_take(&guest.feed, 1) % ARRAY_SIZE(accesses);
	/* Bits that the walker has to ignore. */
	access = feed_take(&guest.feed, 1) << 5 | KAGE_PF_P | KAGE_PF_RSVD;
	guest.cr3 = feed_take(&guest.feed, 3);
	guest.gva = feed_take(&guest.feed, 6);
	guest.writes = accesses[nth].kind == ACCESS_WRITE;
	mode = told(&guest.cpu, accesses[nth].who);
	start_attempt(&guest);
	check(&guest, found, nth,
	      kage_gwalk(found, &mode, &mem, guest.cr3, guest.gva,
			 access | accesses[nth].access));
	free(found);
	return 0;
}
