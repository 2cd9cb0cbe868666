// SPDX-License-Identifier: GPL-2.0
/*
 * The walk of guest tables, row by row: one path of four entries, a mode, an
 * access, and what a processor would do.
 */
#include <kunit/test.h>
#include "../mmu/gwalk.c"

#define TABLES		0x10000ULL	/* table n stands at n pages from here */
#define FRAME		0x40000000ULL	/* aligned for every page size */
#define GVA		0x0000123456789abcULL

#define P	KAGE_PTE_P
#define W	KAGE_PTE_W
#define U	KAGE_PTE_U
#define A	KAGE_PTE_A
#define D	KAGE_PTE_D
#define PS	KAGE_PTE_PS
#define NX	KAGE_PTE_NX
#define PWU	(P | W | U)

/* Error code bits, and the access that has the same. */
#define EP	KAGE_PF_P
#define EW	KAGE_PF_W
#define EU	KAGE_PF_U
#define ER	KAGE_PF_RSVD
#define EI	KAGE_PF_I

struct row {
	const char *name;
	u64 flags[5];			/* of the entry of each level */
	struct kage_paging mode;	/* but for the constant parts */
	u32 access;
	bool ok;
	u32 pfec;			/* where not ok */
	u64 leaf_ad;			/* A and D of the leaf after it */
	int refuse;			/* set() fails so many times */
};

#define ALL(x)		{ 0, x, x, x, x }
#define LEAF1(x, y)	{ 0, x, y, y, y }
#define WP		.wp = true
#define NXE		.nxe = true

static const struct row rows[] = {
	{ "read", ALL(PWU), { WP, NXE }, 0, true, 0, A },
	{ "write sets D", ALL(PWU), { WP, NXE }, EW, true, 0, A | D },
	{ "user read", ALL(PWU), { WP, NXE }, EU, true, 0, A },
	{ "user write", ALL(PWU), { WP, NXE }, EU | EW, true, 0, A | D },
	{ "fetch", ALL(PWU), { WP, NXE }, EI, true, 0, A },
	{ "set raced once", ALL(PWU), { WP, NXE }, EW, true, 0, A | D, 1 },
	{ "not present 4", { 0, PWU, PWU, PWU, 0 }, { WP, NXE }, 0,
	  false, 0, 0 },
	{ "not present 3", { 0, PWU, PWU, 0, PWU }, { WP, NXE }, EW,
	  false, EW, 0 },
	{ "not present 2", { 0, PWU, 0, PWU, PWU }, { WP, NXE }, EU,
	  false, EU, 0 },
	{ "not present 1", LEAF1(0, PWU), { WP, NXE }, EI, false, EI, 0 },
	{ "not present, no I without NXE and SMEP", LEAF1(0, PWU), { WP }, EI,
	  false, 0, 0 },
	{ "not present, I with SMEP", LEAF1(0, PWU), { WP, .smep = true }, EI,
	  false, EI, 0 },
	{ "read-only leaf, WP", LEAF1(P | U, PWU), { WP, NXE }, EW,
	  false, EP | EW, 0 },
	{ "read-only leaf, no WP", LEAF1(P | U, PWU), { NXE }, EW,
	  true, 0, A | D },
	{ "read-only leaf, user, no WP", LEAF1(P | U, PWU), { NXE }, EU | EW,
	  false, EP | EU | EW, 0 },
	{ "read-only level 3", { 0, PWU, PWU, P | U, PWU }, { WP, NXE }, EW,
	  false, EP | EW, 0 },
	{ "supervisor leaf, user", LEAF1(P | W, PWU), { WP, NXE }, EU,
	  false, EP | EU, 0 },
	{ "supervisor level 4, user", { 0, PWU, PWU, PWU, P | W }, { WP, NXE },
	  EU, false, EP | EU, 0 },
	{ "supervisor leaf, supervisor", LEAF1(P | W, PWU), { WP, NXE }, EW,
	  true, 0, A | D },
	{ "NX leaf, fetch", LEAF1(PWU | NX, PWU), { WP, NXE }, EI,
	  false, EP | EI, 0 },
	{ "NX level 2, fetch", { 0, PWU, PWU | NX, PWU, PWU }, { WP, NXE }, EI,
	  false, EP | EI, 0 },
	{ "NX leaf, read", LEAF1(PWU | NX, PWU), { WP, NXE }, 0, true, 0, A },
	{ "NX without NXE is reserved", LEAF1(PWU | NX, PWU), { WP }, 0,
	  false, EP | ER, 0 },
	{ "SMEP, fetch of a user page", ALL(PWU), { WP, NXE, .smep = true },
	  EI, false, EP | EI, 0 },
	{ "SMEP, fetch of a supervisor page", LEAF1(P, PWU),
	  { WP, NXE, .smep = true }, EI, true, 0, A },
	{ "SMEP, fetch by the user", ALL(PWU), { WP, NXE, .smep = true },
	  EI | EU, true, 0, A },
	{ "SMAP, read of a user page", ALL(PWU), { WP, NXE, .smap = true }, 0,
	  false, EP, 0 },
	{ "SMAP, AC excuses", ALL(PWU), { WP, NXE, .smap = true, .ac = true },
	  EW, true, 0, A | D },
	{ "SMAP, supervisor page", LEAF1(P | W, PWU),
	  { WP, NXE, .smap = true }, EW, true, 0, A | D },
	{ "SMAP, fetch is not its affair", ALL(PWU),
	  { WP, NXE, .smap = true }, EI, true, 0, A },
	{ "SMAP without WP, read-only user page", LEAF1(P | U, PWU),
	  { NXE, .smap = true }, EW, false, EP | EW, 0 },
	{ "2 MiB", { 0, 0, PWU | PS, PWU, PWU }, { WP, NXE }, EW,
	  true, 0, A | D },
	{ "2 MiB, bit 13 reserved", { 0, 0, PWU | PS | BIT_ULL(13), PWU, PWU },
	  { WP, NXE }, 0, false, EP | ER, 0 },
	{ "2 MiB, PAT", { 0, 0, PWU | PS | BIT_ULL(12), PWU, PWU },
	  { WP, NXE }, 0, true, 0, A },
	{ "1 GiB", { 0, 0, 0, PWU | PS, PWU },
	  { WP, NXE, .gbpages = true }, EW, true, 0, A | D },
	{ "1 GiB, not offered", { 0, 0, 0, PWU | PS, PWU }, { WP, NXE }, 0,
	  false, EP | ER, 0 },
	{ "1 GiB, bit 21 reserved",
	  { 0, 0, 0, PWU | PS | BIT_ULL(21), PWU },
	  { WP, NXE, .gbpages = true }, 0, false, EP | ER, 0 },
	{ "PS at level 4", { 0, PWU, PWU, PWU, PWU | PS }, { WP, NXE }, 0,
	  false, EP | ER, 0 },
	{ "address bit 40 reserved", LEAF1(PWU | BIT_ULL(40), PWU),
	  { WP, NXE }, 0, false, EP | ER, 0 },
	{ "table outside RAM", { 0, PWU, PWU, PWU | BIT_ULL(39), PWU },
	  { WP, NXE }, 0, false, EP | ER, 0 },
	{ "reserved before access", LEAF1(P | BIT_ULL(40), PWU), { WP, NXE },
	  EU | EW, false, EP | ER | EU | EW, 0 },
	{ "bits for software are free", LEAF1(PWU | BIT_ULL(9) | BIT_ULL(58),
					      PWU), { WP, NXE }, 0, true, 0, A },
};

struct fake {
	u64 entry[5];
	int refuse;
};

static int level_of(gpa_t gpa)
{
	return (gpa - TABLES) >> KAGE_PAGE_SHIFT;
}

static bool fake_read(void *ctx, gpa_t gpa, u64 *gpte)
{
	struct fake *fake = ctx;
	int level = level_of(gpa);

	if (level < 1 || level > 4 ||
	    (gpa & ~KAGE_PAGE_MASK) != kage_pt_index(GVA, level) * 8)
		return false;
	*gpte = fake->entry[level];
	return true;
}

static bool fake_set(void *ctx, gpa_t gpa, u64 old, u64 val)
{
	struct fake *fake = ctx;
	int level = level_of(gpa);

	if (fake->refuse-- > 0 || fake->entry[level] != old)
		return false;
	fake->entry[level] = val;
	return true;
}

/* Level of the leaf of a row's path. */
static int leaf_level(const struct row *row)
{
	int level;

	for (level = 3; level > 1; level--)
		if (row->flags[level] & PS)
			return level;
	return 1;
}

static void set_up(struct fake *fake, const struct row *row)
{
	int level;

	for (level = 1; level <= 4; level++) {
		bool leaf = level == leaf_level(row);

		fake->entry[level] = row->flags[level];
		/* A row may have put the table elsewhere. */
		fake->entry[level] |= leaf ? FRAME :
			TABLES + ((u64)(level - 1) << KAGE_PAGE_SHIFT);
	}
	fake->refuse = row->refuse;
}

static void walk_row(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct kage_paging mode = row->mode;
	struct kage_gwalk walk;
	struct fake fake;
	const struct kage_gwalk_mem mem = { fake_read, fake_set, &fake };
	int leaf = leaf_level(row);
	u64 span = kage_pt_span(leaf) << KAGE_PAGE_SHIFT;
	bool ok;

	set_up(&fake, row);
	mode.maxphyaddr = 40;
	ok = kage_gwalk(&walk, &mode, &mem, TABLES + 4 * KAGE_PAGE_SIZE, GVA,
			row->access);
	KUNIT_ASSERT_EQ(test, ok, row->ok);
	KUNIT_EXPECT_EQ(test, fake.entry[leaf] & (A | D), row->leaf_ad);
	if (!ok) {
		KUNIT_EXPECT_EQ(test, walk.pfec, row->pfec);
		return;
	}
	KUNIT_EXPECT_EQ(test, walk.level, leaf);
	KUNIT_EXPECT_EQ(test, walk.gpa, FRAME | (GVA & (span - 1)));
	for (; leaf <= 4; leaf++)
		KUNIT_EXPECT_TRUE(test, fake.entry[leaf] & A);
}

static void row_name(const struct row *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(walk, rows, row_name);

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(walk_row, walk_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "kage_gwalk",
	.test_cases = cases,
};

kunit_test_suite(suite);
