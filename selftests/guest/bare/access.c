// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that makes accesses of every kind, at CPL 0 and 3, through entries of
 * every kind, in every mode of paging, and compares what happens to what the
 * model of a processor says: fault or not, error code, CR2, the flags of all
 * four entries, what was read or written. A dense sample; the whole of it is
 * tried by access_test.c of the unit tests, without a processor.
 */
#include "access.h"

#define TEST		(2ULL << 39 | 3ULL << 30)
#define TEST_SELF	(2ULL << 39 | 5ULL << 30)
#define SPARE		(3ULL << 39)
#define LOW30		((1ULL << 30) - 1)

#define PWU		(PG_P | PG_W | PG_U)
#define MAGIC		0x6b616765ULL
#define MOST_TOLD	20

/* A page that is accessed at @gva, and the four entries on the way to it. */
struct target {
	uint64_t gva, gpa;
	uint64_t *entry[ACCESS_LEVELS + 1];
	uint64_t table[ACCESS_LEVELS + 1];	/* what a non-leaf points to */
	uint64_t offset;			/* 0: that of the way */
};

static struct target data, table, self;
static uint64_t *root, *spare_frame, tested, skipped, wrong;

/* This processor takes implicit accesses for explicit ones. */
static bool ac_excuses_all;
/* Only stores that kage has to make for the guest, see below; or all others. */
static bool made_for_us;

static void find_entries(struct target *target)
{
	uint64_t *at = root;
	int level;

	pte_of(root, target->gva);
	for (level = ACCESS_LEVELS; level; level--) {
		at += target->gva >> (9 * level + 3) & 511;
		target->entry[level] = at;
		target->table[level] = *at & ~(PAGE - 1);
		at = (uint64_t *)target->table[level];
	}
}

/* Large pages have it at the same address: the low bits are the frame's. */
static void set_up_target(struct target *target, uint64_t base, void *page)
{
	target->gpa = (uint64_t)page;
	target->gva = base | (target->gpa & LOW30);
	find_entries(target);
}

static void set_up_data(void)
{
	uint8_t *page = page_alloc();

	*(uint64_t *)(page + OFF_DESC) = USER_DATA;
	*(uint16_t *)(page + OFF_CODE) = JMP_RBX;
	set_up_target(&data, TEST, page);
}

/* A table that is alive, for addresses of no interest, and one in its own way */
static void set_up_tables(void)
{
	uint64_t *leaf;

	spare_frame = page_alloc();
	*spare_frame = MAGIC;
	map_page(root, SPARE, (uint64_t)spare_frame | PTE_RW);
	leaf = pte_of(root, SPARE);
	set_up_target(&table, TEST, leaf);
	table.offset = 9 * sizeof(*leaf);

	leaf = page_alloc();
	set_up_target(&self, TEST_SELF, leaf);
	*self.entry[2] = (uint64_t)leaf | PTE_RW | PTE_U;
	find_entries(&self);
	/* The entry after its own, or the first. */
	self.offset = ((uint64_t)(self.entry[1] + 1) & (PAGE - 1)) ?: 8;
}

/* The level of the first entry that maps a page. */
static int leaf_of(const uint64_t *flags)
{
	if (flags[3] & PG_PS)
		return 3;
	return flags[2] & PG_PS ? 2 : 1;
}

static void make_entries(const struct target *target, const uint64_t *flags,
			 uint64_t *entry)
{
	const int leaf = leaf_of(flags);
	int level;

	for (level = ACCESS_LEVELS; level; level--) {
		entry[level] = flags[level] | target->table[level];
		if (level == leaf)
			entry[level] = flags[level] |
				(target->gpa & (~0ULL << (9 * level + 3)));
	}
}

/* Stores to tables are dear: only what is not there already. */
static void set_entries(const struct target *target, const uint64_t *entry)
{
	int level;

	for (level = ACCESS_LEVELS; level; level--)
		if (*target->entry[level] != entry[level])
			set_pte(target->entry[level], entry[level]);
	invlpg(target->gva);
}

/* A descriptor is read before the bit in it is set. */
static void judge(const struct way *way, const uint64_t *entry,
		  struct access_verdict *want)
{
	uint64_t now[ACCESS_LEVELS + 1];
	int level;

	if (way->who != ACCESS_IMPLICIT || way->kind != ACCESS_WRITE) {
		access_judge(want, &cpu, way->who, way->kind, entry);
		return;
	}
	access_judge(want, &cpu, ACCESS_IMPLICIT, ACCESS_READ, entry);
	if (!want->allowed)
		return;
	for (level = 1; level <= ACCESS_LEVELS; level++)
		now[level] = level < want->level ? entry[level] :
						   want->after[level];
	access_judge(want, &cpu, ACCESS_IMPLICIT, ACCESS_WRITE, now);
}

static bool entries_right(const struct target *target, const uint64_t *before,
			  const struct access_verdict *want)
{
	int level;

	for (level = 1; level <= ACCESS_LEVELS; level++)
		if (*target->entry[level] != (level < want->level ?
					      before[level] :
					      want->after[level]))
			return false;
	return true;
}

static bool fault_right(const struct way *way, uint64_t gva,
			const struct access_verdict *want)
{
	if (!seen.fault || seen.error != want->error)
		return false;
	/* Which byte of a descriptor is written is the processor's affair. */
	if (way->who == ACCESS_IMPLICIT && (seen.error & PFE_W))
		return seen.cr2 - gva < 8;
	return seen.cr2 == gva;
}

static void tell(const struct target *target, const struct way *way,
		 const uint64_t *before, const struct access_verdict *want)
{
	if (wrong++ >= MOST_TOLD)
		return;
	print("access: %s, wp %u nxe %u smep %u smap %u ac %u\n", way->name,
	      (uint64_t)cpu.wp, (uint64_t)cpu.nxe, (uint64_t)cpu.smep,
	      (uint64_t)cpu.smap, (uint64_t)cpu.ac);
	print("  entries %x %x %x %x\n", before[4], before[3], before[2],
	      before[1]);
	print("  after   %x %x %x %x\n", *target->entry[4], *target->entry[3],
	      *target->entry[2], *target->entry[1]);
	print("  fault %u error %x cr2 %x, model: %u %x level %u\n",
	      (uint64_t)seen.fault, seen.error, seen.cr2,
	      (uint64_t)!want->allowed, (uint64_t)want->error,
	      (uint64_t)want->level);
}

/*
 * What the access reads or writes, through the program's own mapping. It is set
 * before, and @val is what a store stores or adds.
 */
static void prepare(const struct target *target, const struct way *way,
		    uint64_t *at, uint64_t val)
{
	if (way->who == ACCESS_IMPLICIT) {
		*at = USER_DATA;
		if (way->kind == ACCESS_READ)
			*at |= DESC_ACCESSED;
	} else if (way->kind != ACCESS_FETCH) {
		*at = way->kind == ACCESS_READ ? val : 0;
	}
	if (target == &table) {
		invlpg(SPARE + target->offset / 8 * PAGE);
		touch(SPARE);		/* or kage might forget the table */
	}
}

static bool effect_right(const struct target *target, const struct way *way,
			 const uint64_t *at, uint64_t val, bool allowed)
{
	const uint64_t mapped = SPARE + target->offset / 8 * PAGE;

	switch (way->kind) {
	case ACCESS_READ:
		return way->who == ACCESS_IMPLICIT || !allowed ||
		       seen.rax == val;
	case ACCESS_WRITE:
		if (way->who == ACCESS_IMPLICIT)
			return *at == (USER_DATA |
				       (allowed ? DESC_ACCESSED : 0));
		if (*at != (allowed ? val : 0))
			return false;
		return target != &table || !allowed ||
		       *(volatile uint64_t *)mapped == MAGIC;
	case ACCESS_FETCH:
		return true;
	}
	return false;
}

/*
 * An implicit store that a clear CR0.WP allows though an entry for users speaks
 * against it. The shadow cannot allow it without allowing others, so kage has
 * to make it itself. They come last, all else being tested by then.
 */
static bool is_made_for_us(const struct way *way, const uint64_t *entry)
{
	struct access_verdict want;
	int level;

	if (cpu.wp || way->who != ACCESS_IMPLICIT || way->kind != ACCESS_WRITE)
		return false;
	access_judge(&want, &cpu, way->who, way->kind, entry);
	for (level = ACCESS_LEVELS; level >= want.level; level--)
		if ((entry[level] & (PG_U | PG_W)) == PG_U)
			return want.allowed;
	return false;
}

/* Through entries that are set already. */
static void compare(const struct target *target, const struct way *way,
		    const uint64_t *entry)
{
	const uint64_t off = target->offset ?: way->offset;
	const uint64_t val = (uint64_t)spare_frame | PTE_RW;
	uint64_t *at = (uint64_t *)(target->gpa + off);
	struct access_verdict want;

	prepare(target, way, at, val);
	judge(way, entry, &want);
	make_access(way, target->gva + off, val);
	tested++;
	if ((want.allowed ? seen.fault :
	     !fault_right(way, target->gva + off, &want)) ||
	    !entries_right(target, entry, &want) ||
	    !effect_right(target, way, at, val, want.allowed))
		tell(target, way, entry, &want);
}

static bool is_left_out(const struct way *way, const uint64_t *entry)
{
	if (is_made_for_us(way, entry) != made_for_us)
		return true;
	if (!ac_excuses_all || way->who != ACCESS_IMPLICIT || !cpu.smap ||
	    !cpu.ac)
		return false;
	skipped++;
	return true;
}

/* As the first access through these entries. */
static void try(const struct target *target, const struct way *way,
		const uint64_t *flags)
{
	uint64_t entry[ACCESS_LEVELS + 1];

	make_entries(target, flags, entry);
	if (is_left_out(way, entry))
		return;
	set_entries(target, entry);
	compare(target, way, entry);
}

/* The first @n ways; AC set and clear where it may matter, else in turns. */
static void try_ways(const struct target *target, unsigned int n,
		     const uint64_t *flags)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		cpu.ac = tested & 1;
		try(target, &ways[i], flags);
		if (!cpu.smap || ways[i].who == ACCESS_USER)
			continue;
		cpu.ac = !cpu.ac;
		try(target, &ways[i], flags);
	}
}

/*
 * One after the other through entries that have all flags already and were used
 * before: what decides now is what the processor has kept, and the shadow.
 */
static void try_used(const struct target *target, unsigned int n,
		     const uint64_t *flags)
{
	uint64_t used[ACCESS_LEVELS + 1], entry[ACCESS_LEVELS + 1];
	unsigned int i;
	int level;

	for (level = 1; level <= ACCESS_LEVELS; level++)
		used[level] = flags[level] | PG_A | PG_D;
	make_entries(target, used, entry);
	set_entries(target, entry);
	cpu.ac = true;
	make_access(&ways[PLAIN_READ], target->gva + OFF_DATA, 0);
	for (i = 0; i < 2 * n; i++) {
		cpu.ac = i >= n;
		if (!is_left_out(&ways[i % n], entry))
			compare(target, &ways[i % n], entry);
	}
}

static void permissive(uint64_t *flags, int leaf)
{
	int level;

	flags[0] = 0;
	for (level = 1; level <= ACCESS_LEVELS; level++)
		flags[level] = PWU;
	if (leaf > 1)
		flags[leaf] |= PG_PS;
}

/* W, U and XD of @n. */
static uint64_t rights(unsigned int n)
{
	return (n & 1 ? PG_W : 0) | (n & 2 ? PG_U : 0) | (n & 4 ? PG_XD : 0);
}

/* All rights of a leaf under all rights of the levels above together. */
static void try_rights(void)
{
	uint64_t flags[ACCESS_LEVELS + 1];
	unsigned int n;
	int leaf;

	for (leaf = 1; leaf <= 3; leaf++)
		for (n = 0; n < 64; n++) {
			/* The levels above take turns. */
			const int upper = leaf + 1 +
					  (n + n / 8) % (ACCESS_LEVELS - leaf);

			permissive(flags, leaf);
			flags[leaf] = (flags[leaf] & PG_PS) | PG_P |
				      rights(n % 8);
			flags[upper] = PG_P | rights(n / 8);
			try_ways(&data, NR_WAYS, flags);
			try_used(&data, NR_WAYS, flags);
		}
}

/* One entry, at any level, that ends a walk. */
static void end_walk(uint64_t *flags, unsigned int n)
{
	const int level = 1 + n % ACCESS_LEVELS;

	switch (n / ACCESS_LEVELS) {
	case 0:
		flags[level] &= ~PG_P;
		break;
	case 1:
		flags[level] |= 1ULL << 51;
		break;
	case 2:
		flags[level] |= 1ULL << cpu.maxphyaddr;
		break;
	case 3:
		/* At level 1 it is no address, at 2 and 3 a large page. */
		flags[level] |= PG_PS | (level > 1 ? 1ULL << 13 : 0);
		break;
	}
}

#define NR_ENDS	16U

/* Two of them at once: the first counts, whatever the rights. */
static void try_ends(void)
{
	uint64_t flags[ACCESS_LEVELS + 1];
	unsigned int n;

	if (cpu.maxphyaddr > 51)
		return;
	for (n = 0; n < NR_ENDS * NR_ENDS; n++) {
		permissive(flags, 1);
		end_walk(flags, n / NR_ENDS);
		end_walk(flags, n % NR_ENDS);
		if (n & 1)
			flags[4] &= ~PG_U;
		try(&data, &ways[n % NR_WAYS], flags);
	}
}

/* Accessed and dirty flags at all levels, set or not; the ways take turns. */
static void try_marks(void)
{
	static unsigned int turn;
	uint64_t flags[ACCESS_LEVELS + 1];
	unsigned int n;
	int level, leaf;

	for (leaf = 1; leaf <= 3; leaf++)
		for (n = 0; n < 1 << (2 * ACCESS_LEVELS); n++) {
			permissive(flags, leaf);
			for (level = 1; level <= ACCESS_LEVELS; level++)
				flags[level] |=
					(uint64_t)(n >> (2 * level - 2) & 3) *
					PG_A;
			try(&data, &ways[turn++ % NR_WAYS], flags);
		}
	/* 768 is a multiple of 12: another way for each the next time. */
	turn++;
}

/* Stores to page tables, which kage executes itself. */
static void try_tables(void)
{
	uint64_t flags[ACCESS_LEVELS + 1];
	unsigned int n;
	int leaf;

	for (n = 0; n < 16; n++) {
		for (leaf = 1; leaf <= 3; leaf++) {
			permissive(flags, leaf);
			flags[leaf] = (flags[leaf] & PG_PS) | PG_P |
				      rights(n % 4);
			flags[4] = PG_P | rights(n / 4);
			try_ways(&table, NR_STORES, flags);
			try_used(&table, NR_STORES, flags);
		}
		permissive(flags, 1);
		flags[1] = PG_P | rights(n % 4);
		flags[2] = PG_P | rights(n / 4);
		try_ways(&self, NR_STORES, flags);
		try_used(&self, NR_STORES, flags);
	}
}

/*
 * Emulators may not tell implicit accesses apart: an explicit one first, so
 * that the page is there for the processor alone to decide.
 */
static void probe_implicit(void)
{
	uint64_t flags[ACCESS_LEVELS + 1], entry[ACCESS_LEVELS + 1];

	permissive(flags, 1);
	make_entries(&data, flags, entry);
	set_entries(&data, entry);
	cpu.ac = true;
	make_access(&ways[0], data.gva + OFF_DATA, 0);
	make_access(&ways[FIRST_IMPLICIT], data.gva, 0);
	ac_excuses_all = cpu.smap && !seen.fault;
}

static void try_mode(void)
{
	try_rights();
	if (made_for_us)
		return;
	try_ends();
	try_marks();
	try_tables();
}

/*
 * A second turn adds stores by the processor itself with CR0.WP clear, for which
 * kage stops the machine: Documentation/mmu.rst, "Limits of the design".
 */
#define TURNS	1

int guest_main(void)
{
	const uint64_t start = rdtsc();
	unsigned int n, modes = 0;

	root = new_root();
	set_up_data();
	set_up_tables();
	write_cr3((uint64_t)root);
	touch(SPARE);
	wrong = breakpoints_wrong(pte_of(root, SPARE) + 1,
				  (uint64_t)spare_frame | PTE_RW);
	ways_init(root, data.gva + OFF_DESC);
	for (n = 0; n < TURNS * NR_MODES; n++) {
		if (!set_mode(n % NR_MODES))
			continue;
		modes++;
		made_for_us = n >= NR_MODES;
		if (cpu.smap && !ac_excuses_all)
			probe_implicit();
		if (n == NR_MODES)
			print("access: %u tested, %u wrong, %u ticks; now implicit stores, WP clear\n",
			      tested, wrong, rdtsc() - start);
		try_mode();
	}
	print("access: %u modes, %u bits of address, 1 GiB pages %u\n",
	      (uint64_t)modes / TURNS, (uint64_t)cpu.maxphyaddr,
	      (uint64_t)cpu.gbpages);
	if (ac_excuses_all)
		print("access: %u skipped: here AC excuses implicit accesses\n",
		      skipped);
	print("access: %u tested, %u wrong, %u ticks\n", tested, wrong,
	      rdtsc() - start);
	return wrong || !tested;
}
