// SPDX-License-Identifier: GPL-2.0
/*
 * Shadow entries from every combination of the guest's bits.
 */
#include <kunit/test.h>
#include "../mmu/spte.c"

#define TABLE	0x7654321000ULL
#define PFN	0x76543ULL

/* The bits that a shadow entry depends on, spread from a number. */
static u64 spread(unsigned int n)
{
	return KAGE_PTE_P | KAGE_PTE_A |
	       (n & 1 ? KAGE_PTE_W : 0) | (n & 2 ? KAGE_PTE_U : 0) |
	       (n & 4 ? KAGE_PTE_D : 0) | (n & 8 ? KAGE_PTE_NX : 0);
}

/*
 * The guest's rights at this level: W, and with CR0.WP clear every page that
 * no user reaches.
 */
static bool guest_writes(u64 gpte, bool wp)
{
	return (gpte & KAGE_PTE_W) || (!wp && !(gpte & KAGE_PTE_U));
}

static void leaf_never_exceeds(struct kunit *test)
{
	unsigned int n;

	for (n = 0; n < 64; n++) {
		u64 gpte = spread(n);
		bool wp = n & 16, writable = n & 32;
		u64 spte = kage_spte_leaf(gpte, wp, 1, PFN, writable);
		bool may = guest_writes(gpte, wp) && writable &&
			   (gpte & KAGE_PTE_D);

		KUNIT_EXPECT_EQ(test, !!(spte & KAGE_PTE_W), may);
		KUNIT_EXPECT_EQ(test, spte & (KAGE_PTE_U | KAGE_PTE_NX),
				gpte & (KAGE_PTE_U | KAGE_PTE_NX));
		KUNIT_EXPECT_EQ(test, (spte & KAGE_PTE_ADDR) >> 12, PFN);
		KUNIT_EXPECT_FALSE(test, spte & KAGE_PTE_PS);
		/* Said of what a user may by the guest's word, and only then. */
		KUNIT_EXPECT_EQ(test, !!(spte & KAGE_SPTE_WITHHELD),
				(gpte & KAGE_PTE_W) && (gpte & KAGE_PTE_U) &&
				!may);
	}
}

static void table_never_exceeds(struct kunit *test)
{
	unsigned int n;

	for (n = 0; n < 64; n++) {
		u64 gpte = spread(n);
		bool wp = n & 16, leaf = n & 32;
		u64 spte = kage_spte_table(gpte, leaf, wp, TABLE);
		bool may = guest_writes(gpte, wp) &&
			   (!leaf || (gpte & KAGE_PTE_D));

		KUNIT_EXPECT_EQ(test, !!(spte & KAGE_PTE_W), may);
		KUNIT_EXPECT_EQ(test, spte & (KAGE_PTE_U | KAGE_PTE_NX),
				gpte & (KAGE_PTE_U | KAGE_PTE_NX));
		KUNIT_EXPECT_EQ(test, spte & KAGE_PTE_ADDR, TABLE);
		KUNIT_EXPECT_FALSE(test, spte & KAGE_PTE_PS);
		KUNIT_EXPECT_EQ(test, !!(spte & KAGE_SPTE_WITHHELD),
				(gpte & KAGE_PTE_W) && (gpte & KAGE_PTE_U) &&
				!may);
	}
}

/* A terminal fault must find no cacheable frame in what is not present. */
static void absent_names_no_frame(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, KAGE_SPTE_NONE & (KAGE_PTE_P | KAGE_PTE_ADDR));
	KUNIT_EXPECT_FALSE(test, KAGE_SPTE_LAZY & (KAGE_PTE_P | KAGE_PTE_ADDR));
	KUNIT_EXPECT_NE(test, KAGE_SPTE_NONE, KAGE_SPTE_LAZY);
}

/* With reserved bits it names the last frame there can be, which is no memory. */
static void lazy_has_reserved_bits(struct kunit *test)
{
	const u64 lazy = kage_spte_lazy;

	kage_spte_reserve(52);
	KUNIT_EXPECT_EQ(test, KAGE_SPTE_LAZY, lazy);
	kage_spte_reserve(46);
	KUNIT_EXPECT_TRUE(test, KAGE_SPTE_LAZY & KAGE_PTE_P);
	KUNIT_EXPECT_EQ(test, KAGE_SPTE_LAZY & KAGE_PTE_ADDR, KAGE_PTE_ADDR);
	KUNIT_EXPECT_FALSE(test, KAGE_SPTE_LAZY & (KAGE_PTE_NX | KAGE_PTE_PS));
	KUNIT_EXPECT_FALSE(test, kage_spte_present(KAGE_SPTE_LAZY));
	kage_spte_lazy = lazy;
}

static void tracked_is_not_writable(struct kunit *test)
{
	u64 user = kage_spte_leaf(spread(15), true, 1, PFN, true);
	u64 kernel = user & ~KAGE_PTE_U;

	KUNIT_EXPECT_TRUE(test, user & KAGE_PTE_W);
	KUNIT_EXPECT_EQ(test, kage_spte_track(user) ^ user,
			KAGE_PTE_W | KAGE_SPTE_TRACKED | KAGE_SPTE_WITHHELD);
	KUNIT_EXPECT_EQ(test, kage_spte_track(kernel) ^ kernel,
			KAGE_PTE_W | KAGE_SPTE_TRACKED);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(leaf_never_exceeds),
	KUNIT_CASE(table_never_exceeds),
	KUNIT_CASE(absent_names_no_frame),
	KUNIT_CASE(lazy_has_reserved_bits),
	KUNIT_CASE(tracked_is_not_writable),
	{}
};

static struct kunit_suite suite = {
	.name = "kage_spte",
	.test_cases = cases,
};

kunit_test_suite(suite);
