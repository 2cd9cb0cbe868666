// SPDX-License-Identifier: GPL-2.0
/*
 * The walk of guest tables against access_model.c, all of it: verdict, error
 * code, level, address, and the flags in every entry.
 *
 * Why this is all, though four entries have far more patterns than can be
 * tried. An entry matters by nine things: P, W, U, XD, PS, A, D, its reserved
 * bits, and its address.
 *
 * - P and reserved bits end a walk where they stand, so the outcome depends on
 *   the first entry that has one. "levels n and m" has all patterns of all
 *   pairs of levels: each way to end at each level, with each way for another
 *   entry, above or below, to be at odds with it.
 * - W, U and XD combine over the levels. "rights" has all combinations of all
 *   levels at once, for each size of page. So every set of rights that upper
 *   levels can have together meets every leaf.
 * - PS makes a leaf of an entry at level 3 or 2, and the pairs have it at every
 *   level with everything that a second entry can be.
 * - A and D never decide, they are only set. "flags" has all combinations of
 *   all levels, for every size, and the pairs have them together with
 *   everything that decides.
 * - Which bits are reserved: each bit of an address alone, at each level, for
 *   every width of addresses.
 *
 * Every one of these in every mode of the processor, for every access.
 */
#include "access_model.h"
#include "ktap.h"
#include "mmu/gwalk.h"
#include <linux/kernel.h>
#include <string.h>

#define MODES		64
#define RIGHTS		16	/* of P, W, U and XD */
#define PATTERNS	256
#define GVA		0xffff923456789abcULL
#define PWU		(PG_P | PG_W | PG_U)
#define MAXPHYADDR	40
#define BEYOND		(1ULL << 46)	/* a bit no address has */

/*
 * Tables stand one behind the other from address 0, the root first. That of
 * level 3 has no address bit which an entry for a huge page would reserve.
 */
#define CR3		0
#define FRAME		(5ULL << 30)	/* aligned for every size of page */

static const struct {
	enum access_who who;
	enum access_kind kind;
	u32 access;			/* as the walker has it */
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

/* One path of tables; where another processor comes in between, how. */
struct path {
	gva_t gva;
	uint64_t entry[ACCESS_LEVELS + 1];	/* of level n at n */
	unsigned int sets;
	unsigned int strays;		/* accesses to what is not of it */
	int race_at;			/* level whose set comes too late; 0 */
	int race_level;			/* what changed meanwhile */
	uint64_t race_entry;
};

static unsigned long long walks;

/* The level of the first entry that maps a page. */
static int leaf_of(const uint64_t *flags)
{
	if (flags[3] & PG_PS)
		return 3;
	return flags[2] & PG_PS ? 2 : 1;
}

/* An entry of @level with an address that suits it. */
static uint64_t with_address(uint64_t flags, int level, int leaf)
{
	return flags | (level == leaf ? FRAME :
			(ACCESS_LEVELS + 1 - level) * KAGE_PAGE_SIZE);
}

static struct path make_path(gva_t gva, const uint64_t *flags)
{
	struct path path = { .gva = gva };
	int level, leaf = leaf_of(flags);

	for (level = 1; level <= ACCESS_LEVELS; level++)
		path.entry[level] = with_address(flags[level], level, leaf);
	return path;
}

static uint64_t *entry_at(struct path *path, gpa_t gpa, int *level)
{
	unsigned int shift;

	if (gpa >> 12 < ACCESS_LEVELS) {
		*level = ACCESS_LEVELS - (gpa >> 12);
		shift = 12 + 9 * (*level - 1);
		if ((gpa & 4095) == (path->gva >> shift & 511) * 8)
			return &path->entry[*level];
	}
	path->strays++;
	return NULL;
}

static bool read_entry(void *ctx, gpa_t gpa, u64 *gpte)
{
	int level;
	const uint64_t *entry = entry_at(ctx, gpa, &level);

	if (entry)
		*gpte = *entry;
	return entry;
}

static bool set_entry(void *ctx, gpa_t gpa, u64 old, u64 val)
{
	struct path *path = ctx;
	int level;
	uint64_t *entry = entry_at(path, gpa, &level);

	path->sets++;
	if (!entry)
		return false;
	if (path->race_at == level) {
		path->race_at = 0;
		path->entry[path->race_level] = path->race_entry;
		return false;
	}
	if (*entry != old)
		return false;
	*entry = val;
	return true;
}

static struct access_cpu nth_mode(unsigned int n)
{
	return (struct access_cpu){
		.wp = n & 1, .nxe = n & 2, .smep = n & 4, .smap = n & 8,
		.ac = n & 16, .gbpages = !(n & 32), .maxphyaddr = MAXPHYADDR,
	};
}

/* What the walker is told; of AC, only for accesses that it can excuse. */
static struct kage_paging told(const struct access_cpu *cpu,
			       enum access_who who)
{
	return (struct kage_paging){
		.wp = cpu->wp, .nxe = cpu->nxe, .smep = cpu->smep,
		.smap = cpu->smap, .ac = cpu->ac && who != ACCESS_IMPLICIT,
		.gbpages = cpu->gbpages, .maxphyaddr = cpu->maxphyaddr,
	};
}

static bool walk(struct path *path, struct kage_gwalk *found,
		 const struct access_cpu *cpu, unsigned int nth)
{
	const struct kage_gwalk_mem mem = { read_entry, set_entry, path };
	const struct kage_paging mode = told(cpu, accesses[nth].who);

	walks++;
	return kage_gwalk(found, &mode, &mem, CR3, path->gva,
			  accesses[nth].access);
}

/* Are the entries that were used as the model has them, in memory and told? */
static bool same_entries(const struct access_verdict *want,
			 const struct path *path, const struct kage_gwalk *found)
{
	int level;

	for (level = ACCESS_LEVELS; level >= want->level; level--)
		if (path->entry[level] != want->after[level] ||
		    found->gpte[level] != want->after[level])
			return false;
	return true;
}

static u64 address_of(const struct path *path, int level)
{
	u64 offset = (1ULL << (12 + 9 * (level - 1))) - 1;

	return (path->entry[level] & 0xffffffffff000ULL & ~offset) |
	       (path->gva & offset);
}

static bool same(const struct access_verdict *want, const struct path *before,
		 const struct path *path, const struct kage_gwalk *found,
		 bool allowed)
{
	unsigned int changes = 0;
	int level;

	if (allowed != want->allowed || path->strays ||
	    found->level != want->level || !same_entries(want, path, found))
		return false;
	if (!allowed && found->pfec != want->error)
		return false;
	if (allowed && found->gpa != address_of(path, found->level))
		return false;
	/* What the walk had no business with; no store without need. */
	for (level = 1; level < want->level; level++)
		if (path->entry[level] != before->entry[level])
			return false;
	for (; level <= ACCESS_LEVELS; level++)
		changes += path->entry[level] != before->entry[level];
	return path->sets == changes;
}

static void tell(const struct path *before, const struct access_cpu *cpu,
		 unsigned int nth, const struct access_verdict *want)
{
	ktap_diag("entries %#lx %#lx %#lx %#lx", before->entry[4],
		  before->entry[3], before->entry[2], before->entry[1]);
	ktap_diag("wp %d nxe %d smep %d smap %d ac %d gbpages %d width %u",
		  cpu->wp, cpu->nxe, cpu->smep, cpu->smap, cpu->ac,
		  cpu->gbpages, cpu->maxphyaddr);
	ktap_diag("access %#x%s: model says %s, error %#x, level %d",
		  accesses[nth].access,
		  accesses[nth].who == ACCESS_IMPLICIT ? " (implicit)" : "",
		  want->allowed ? "allowed" : "refused", want->error,
		  want->level);
}

static bool agree(const struct path *before, const struct access_cpu *cpu,
		  unsigned int nth)
{
	struct path path = *before;
	struct access_verdict want;
	struct kage_gwalk found;
	bool allowed = walk(&path, &found, cpu, nth);

	access_judge(&want, cpu, accesses[nth].who, accesses[nth].kind,
		     before->entry);
	if (same(&want, before, &path, &found, allowed))
		return true;
	tell(before, cpu, nth, &want);
	return false;
}

/* All accesses over one path; in all modes. The first wrong one is told. */
static bool all_accesses(const struct path *path, const struct access_cpu *cpu)
{
	unsigned int nth;

	for (nth = 0; nth < ARRAY_SIZE(accesses); nth++)
		if (!agree(path, cpu, nth))
			return false;
	return true;
}

static bool all_modes(const uint64_t *flags)
{
	const struct path path = make_path(GVA, flags);
	/* The later half has no 1 GiB pages: that shows at level 3 only. */
	const unsigned int modes = flags[3] & PG_PS ? MODES : MODES / 2;
	unsigned int n;

	for (n = 0; n < modes; n++) {
		const struct access_cpu cpu = nth_mode(n);

		if (!all_accesses(&path, &cpu))
			return false;
	}
	return true;
}

/* Permissive at all levels, down to a leaf of @level. */
static void permissive(uint64_t *flags, int leaf)
{
	int level;

	flags[0] = 0;
	for (level = 1; level <= ACCESS_LEVELS; level++)
		flags[level] = PWU;
	if (leaf > 1)
		flags[leaf] |= PG_PS;
}

static uint64_t nth_rights(unsigned int n)
{
	return (n & 1 ? PG_P : 0) | (n & 2 ? PG_W : 0) | (n & 4 ? PG_U : 0) |
	       (n & 8 ? PG_XD : 0);
}

static uint64_t nth_pattern(unsigned int n)
{
	return nth_rights(n % RIGHTS) | (n & 16 ? PG_A : 0) |
	       (n & 32 ? PG_D : 0) | (n & 64 ? PG_PS : 0) |
	       (n & 128 ? BEYOND : 0);
}

/* P, W, U and XD of all levels down to @leaf, at once. */
static bool rights(int leaf, int unused)
{
	unsigned int n, left, levels = ACCESS_LEVELS + 1 - leaf;
	uint64_t flags[ACCESS_LEVELS + 1];
	int level;

	for (n = 0; n < 1U << (4 * levels); n++) {
		permissive(flags, leaf);
		left = n;
		for (level = leaf; level <= ACCESS_LEVELS; level++) {
			flags[level] = (flags[level] & PG_PS) |
				       nth_rights(left % RIGHTS);
			left /= RIGHTS;
		}
		if (!all_modes(flags))
			return false;
	}
	return true;
}

/* All that two entries can be. */
static bool two_levels(int upper, int lower)
{
	uint64_t flags[ACCESS_LEVELS + 1];
	unsigned int n;

	permissive(flags, 1);
	for (n = 0; n < PATTERNS * PATTERNS; n++) {
		flags[upper] = nth_pattern(n / PATTERNS);
		flags[lower] = nth_pattern(n % PATTERNS);
		if (!all_modes(flags))
			return false;
	}
	return true;
}

/* A and D of all levels, above the leaf too, where D means nothing. */
static bool marks(int leaf, int unused)
{
	uint64_t flags[ACCESS_LEVELS + 1];
	unsigned int n;
	int level;

	for (n = 0; n < 1 << (2 * ACCESS_LEVELS); n++) {
		permissive(flags, leaf);
		for (level = 1; level <= ACCESS_LEVELS; level++) {
			if (n >> (2 * level - 2) & 1)
				flags[level] |= PG_A;
			if (n >> (2 * level - 2) & 2)
				flags[level] |= PG_D;
		}
		if (!all_modes(flags))
			return false;
	}
	return true;
}

/*
 * One bit more than a good entry of @level has, which is a leaf of one of its
 * sizes or points to a table. Bits that belong to the address of a table are
 * left out where they are not reserved: they lead elsewhere.
 */
static bool one_bit(int level, int leaf, unsigned int bit,
		    const struct access_cpu *cpu)
{
	uint64_t flags[ACCESS_LEVELS + 1];
	struct path path;

	permissive(flags, leaf);
	path = make_path(GVA, flags);
	if (level != leaf && bit >= 12 && bit < cpu->maxphyaddr)
		return true;
	path.entry[level] |= 1ULL << bit;
	/* PS makes the path end above, in a frame that is a table. */
	return all_accesses(&path, cpu);
}

static bool any_bit(int level, int leaf)
{
	struct access_cpu cpu;
	unsigned int n, bit, width;

	for (width = 36; width <= 52; width++)
		for (n = 0; n < MODES; n++)
			for (bit = 0; bit < 64; bit++) {
				cpu = nth_mode(n);
				cpu.maxphyaddr = width;
				if (!one_bit(level, leaf, bit, &cpu))
					return false;
			}
	return true;
}

/* Addresses whose parts tell the levels apart, in all sizes of pages. */
static bool addresses(int leaf, int unused)
{
	static const gva_t gvas[] = {
		0, 0xfff, 0x1000, 0x200000, 0x40000000, 0x8000000000,
		0x7fffffffffff, 0xffff800000000000, 0xffffffffffffffff,
		0x0000123456789abc,
	};
	uint64_t flags[ACCESS_LEVELS + 1];
	unsigned int i, n;

	permissive(flags, leaf);
	for (i = 0; i < ARRAY_SIZE(gvas); i++)
		for (n = 0; n < MODES; n++) {
			const struct path path = make_path(gvas[i], flags);
			const struct access_cpu cpu = nth_mode(n);

			if (!all_accesses(&path, &cpu))
				return false;
		}
	return true;
}

/*
 * While the flag of the entry at @before->race_at was about to be set, another
 * processor changed an entry. What the walk set above stays, for those entries
 * were used; for the rest it must be as if it began now.
 */
static bool agree_after_race(const struct path *before,
			     const struct access_cpu *cpu, unsigned int nth)
{
	struct path path = *before, start = *before;
	struct access_verdict want;
	struct kage_gwalk found;
	bool allowed;
	int level;

	for (level = ACCESS_LEVELS; level > before->race_at; level--)
		start.entry[level] |= PG_A;
	start.entry[before->race_level] = before->race_entry;
	allowed = walk(&path, &found, cpu, nth);
	if (path.race_at)		/* never came to the set */
		return agree(before, cpu, nth);
	/* Those of the first attempt are not of interest. */
	path.sets = 0;
	access_judge(&want, cpu, accesses[nth].who, accesses[nth].kind,
		     start.entry);
	for (level = want.level; level <= ACCESS_LEVELS; level++)
		path.sets += want.after[level] != start.entry[level];
	if (same(&want, &start, &path, &found, allowed))
		return true;
	tell(&start, cpu, nth, &want);
	return false;
}

/* The set at level @at comes too late: level @changed is anything by then. */
static bool race(int at, int changed)
{
	uint64_t flags[ACCESS_LEVELS + 1];
	struct access_cpu cpu;
	struct path path;
	unsigned int n, nth, pattern;

	permissive(flags, 1);
	for (pattern = 0; pattern < PATTERNS; pattern++)
		for (n = 0; n < MODES * ARRAY_SIZE(accesses); n++) {
			cpu = nth_mode(n / ARRAY_SIZE(accesses));
			nth = n % ARRAY_SIZE(accesses);
			flags[changed] = nth_pattern(pattern);
			path = make_path(GVA, flags);
			path.race_at = at;
			path.race_level = changed;
			path.race_entry = path.entry[changed];
			path.entry[changed] = with_address(PWU, changed, 1);
			if (!agree_after_race(&path, &cpu, nth))
				return false;
		}
	return true;
}

static const struct row {
	const char *name;
	bool (*run)(int a, int b);
	int a, b;
} rows[] = {
	{ "rights, 4 KiB", rights, .a = 1 },
	{ "rights, 2 MiB", rights, .a = 2 },
	{ "rights, 1 GiB", rights, .a = 3 },
	{ "levels 4 and 3", two_levels, 4, 3 },
	{ "levels 4 and 2", two_levels, 4, 2 },
	{ "levels 4 and 1", two_levels, 4, 1 },
	{ "levels 3 and 2", two_levels, 3, 2 },
	{ "levels 3 and 1", two_levels, 3, 1 },
	{ "levels 2 and 1", two_levels, 2, 1 },
	{ "flags, 4 KiB", marks, .a = 1 },
	{ "flags, 2 MiB", marks, .a = 2 },
	{ "flags, 1 GiB", marks, .a = 3 },
	{ "each bit, level 4", any_bit, 4, 1 },
	{ "each bit, level 3", any_bit, 3, 1 },
	{ "each bit, level 3, 1 GiB", any_bit, 3, 3 },
	{ "each bit, level 2", any_bit, 2, 1 },
	{ "each bit, level 2, 2 MiB", any_bit, 2, 2 },
	{ "each bit, level 1", any_bit, 1, 1 },
	{ "addresses, 4 KiB", addresses, .a = 1 },
	{ "addresses, 2 MiB", addresses, .a = 2 },
	{ "addresses, 1 GiB", addresses, .a = 3 },
	{ "race at 4, of 4", race, 4, 4 },
	{ "race at 3, of 4", race, 3, 4 },
	{ "race at 3, of 3", race, 3, 3 },
	{ "race at 2, of 4", race, 2, 4 },
	{ "race at 2, of 2", race, 2, 2 },
	{ "race at 1, of 4", race, 1, 4 },
	{ "race at 1, of 3", race, 1, 3 },
	{ "race at 1, of 2", race, 1, 2 },
	{ "race at 1, of 1", race, 1, 1 },
};

int main(void)
{
	unsigned int i;

	ktap_plan(ARRAY_SIZE(rows));
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		ktap_ok(rows[i].run(rows[i].a, rows[i].b), "%s", rows[i].name);
	ktap_diag("%llu walks", walks);
	return ktap_done();
}
