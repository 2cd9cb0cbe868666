// SPDX-License-Identifier: GPL-2.0
/*
 * Random accesses through random page tables. A walk in software says before
 * each whether it may succeed, and where it goes; afterwards memory, and what
 * was read, must be as that says. Accessed and dirty bits come and go, so they
 * are not compared.
 */
#include "hostile.h"
#include "hostile_code.h"

#define PTE_AD		(PTE_A | PTE_D)
#define MAX_LEN		32

enum { READ, WRITE, FETCH };
enum action { NOTHING, COMPARE, STORE, OR, AND, XOR, STORE_ALL };

#define KIND_ALIGNED	1
#define KIND_RAM	2	/* aligned; neither devices nor tables */

/* What kage does not execute for a guest may only meet plain RAM. */
static const struct kind {
	const char *name, *code;
	unsigned int len;
	int access;
	enum action action;
	int flags;
} kinds[] = {
	{ "read1", snippet_read1, 1, READ, COMPARE },
	{ "read2", snippet_read2, 2, READ, COMPARE },
	{ "read4", snippet_read4, 4, READ, COMPARE },
	{ "read8", snippet_read8, 8, READ, COMPARE },
	{ "lods8", snippet_lods8, 8, READ, COMPARE },
	{ "cmp8", snippet_cmp8, 8, READ, NOTHING },
	{ "pop", snippet_pop, 8, READ, COMPARE, KIND_RAM },
	{ "fetch", snippet_fetch, 1, FETCH, NOTHING, KIND_RAM },
	{ "write1", snippet_write1, 1, WRITE, STORE },
	{ "write2", snippet_write2, 2, WRITE, STORE },
	{ "write4", snippet_write4, 4, WRITE, STORE },
	{ "write8", snippet_write8, 8, WRITE, STORE },
	{ "xchg8", snippet_xchg8, 8, WRITE, STORE, KIND_ALIGNED },
	{ "or4", snippet_or4, 4, WRITE, OR, KIND_ALIGNED },
	{ "and8", snippet_and8, 8, WRITE, AND },
	{ "xor1", snippet_xor1, 1, WRITE, XOR },
	{ "cmpxchg8", snippet_cmpxchg8, 8, WRITE, NOTHING, KIND_ALIGNED },
	{ "stos8", snippet_stos8, 8, WRITE, STORE },
	{ "stos32", snippet_stos32, 32, WRITE, STORE_ALL, KIND_ALIGNED },
	{ "movs8", snippet_movs8, 8, WRITE, STORE },
	{ "push", snippet_push, 8, WRITE, STORE, KIND_RAM },
};

#define NR_KINDS	(sizeof(kinds) / sizeof(kinds[0]))
#define PLAIN_WRITE	11	/* write8 */

/* An access, and what is to come of it; two pieces where it crosses pages. */
struct access {
	const struct kind *kind;
	uint64_t gva, val;
	int cpl;
	bool ac, stale;
	bool ok;			/* it must succeed, or must not */
	struct piece {
		uint64_t gpa;
		unsigned int len;
	} piece[2];
	uint8_t old[MAX_LEN], want[MAX_LEN];
};

uint64_t mem_accesses, mem_faults;
static bool dirty;		/* entries changed since the last flush */
static uint64_t used_gva;	/* of an access that succeeded */
static uint64_t movs_source;

void mode_changed(void)
{
	dirty = true;
}

/* Ends up in one slot of eight, so that what is edited is met again. */
static unsigned int random_index(void)
{
	static const uint16_t indexes[] = { 0, 1, 2, 3, 255, 256, 510, 511 };

	return indexes[below(8)];
}

uint64_t random_root(void)
{
	return TABLES + below(NR_TABLES) * PAGE;
}

static uint64_t random_offset(void)
{
	uint64_t off = rnd() % PAGE;

	if (below(8) == 0)
		return PAGE - 1 - below(8);
	return below(4) ? off & ~7ULL : off;
}

uint64_t random_gva(void)
{
	uint64_t gva;
	int shift;

	if (below(64) == 0)
		return rnd() | 1ULL << 63;
	do {
		for (gva = 0, shift = 39; shift >= 12; shift -= 9)
			gva |= (uint64_t)random_index() << shift;
	} while (!(gva >> 39));
	return (uint64_t)((int64_t)(gva << 16) >> 16) | random_offset();
}

static uint64_t random_frame(bool *leaf)
{
	static const uint64_t devices[] = {
		0xfee00000, 0xfec00000, 0xfe010000, 0xa0000000, 0xffe00000,
	};

	*leaf = false;
	switch (below(12)) {
	case 0:
		return devices[below(5)];
	case 1:
		return rnd() & PTE_ADDR & ((1ULL << MAXPHYADDR) - 1);
	case 2:
		return rnd() & PTE_ADDR;
	case 3:
		*leaf = true;
		return below(4) << 30;
	case 4:
		*leaf = true;
		return below(ram_end() >> 21) << 21;
	case 5:
	case 6:
		*leaf = true;
		return DATA + below((DATA_END - DATA) / PAGE) * PAGE;
	default:
		return random_root();
	}
}

/*
 * Bit 7 makes a leaf, at level 1 as well as at 2 and 3, and is reserved at
 * level 4: nothing is read as a table there.
 */
static uint64_t random_entry(void)
{
	uint64_t entry, flags = rnd() & 0x7ff0000000000e58ULL;
	bool leaf;

	if (below(16) == 0)
		return rnd() & ~(uint64_t)PTE_P;
	entry = random_frame(&leaf) | PTE_P | (leaf ? PTE_PS : 0);
	entry |= below(8) ? PTE_W : 0;
	entry |= below(3) ? PTE_U : 0;
	entry |= below(2) ? PTE_AD : 0;
	entry |= below(8) ? 0 : PTE_NX;
	entry |= below(4) ? 0 : PTE_G;
	return entry | (below(2) ? flags : 0);
}

/* Does no walk through it set bits where it must not? */
static bool entry_safe(uint64_t entry)
{
	uint64_t frame = entry & PTE_ADDR;

	if (!(entry & PTE_P) || (entry & PTE_PS))
		return true;
	return frame >= TABLES && (frame < DATA || frame >= DATA_END);
}

static uint64_t reserved_bits(uint64_t entry, int level)
{
	uint64_t bits = PTE_ADDR & ~((1ULL << MAXPHYADDR) - 1);

	if (!(mode.efer & EFER_NX))
		bits |= PTE_NX;
	if (level == 4)
		bits |= PTE_PS;
	else if (level > 1 && (entry & PTE_PS))
		bits |= ((1ULL << (12 + 9 * (level - 1))) - 1) & ~0x1fffULL;
	return entry & bits;
}

/* @all: AND of the entries' rights; @any: OR of them. */
static bool rights_ok(const struct access *a, uint64_t all, uint64_t any)
{
	int access = a->kind->access;
	bool user = all & PTE_U;

	if (access == FETCH && (mode.efer & EFER_NX) && (any & PTE_NX))
		return false;
	if (a->cpl == 3)
		return user && (access != WRITE || (all & PTE_W));
	if (access == FETCH)
		return !user || !(mode.cr4 & CR4_SMEP);
	if (user && (mode.cr4 & CR4_SMAP) && !a->ac)
		return false;
	return access != WRITE || (all & PTE_W) || !(mode.cr0 & CR0_WP);
}

/* SDM: "4-Level Paging". Tables outside RAM read as reserved bits. */
static bool walk(const struct access *a, uint64_t gva, uint64_t *gpa)
{
	uint64_t table = mode.cr3 & PTE_ADDR, all = ~0ULL, any = 0, entry, mask;
	int level;

	for (level = 4; ; level--) {
		if (table >= ram_end())
			return false;
		entry = ((volatile uint64_t *)table)
			[gva >> (9 * level + 3) & 511];
		if (!(entry & PTE_P) || reserved_bits(entry, level))
			return false;
		all &= entry;
		any |= entry;
		if (level == 1 || (level < 4 && (entry & PTE_PS)))
			break;
		table = entry & PTE_ADDR;
	}
	mask = (1ULL << (9 * level + 3)) - 1;
	*gpa = (entry & PTE_ADDR & ~mask) | (gva & mask);
	return rights_ok(a, all, any);
}

static bool canonical(uint64_t gva)
{
	return (uint64_t)((int64_t)(gva << 16) >> 16) == gva;
}

static bool in_ram(const struct piece *p)
{
	return p->gpa < ram_end();
}

static bool in_data(const struct piece *p)
{
	return p->gpa >= DATA && p->gpa < DATA_END;
}

/* Where it goes; a->ok says whether it gets there. */
static void foresee(struct access *a)
{
	uint64_t room = PAGE - a->gva % PAGE;
	unsigned int len = a->kind->len;

	a->piece[0].len = room < len ? room : len;
	a->piece[1].len = len - a->piece[0].len;
	a->ok = canonical(a->gva) && canonical(a->gva + len - 1) &&
		walk(a, a->gva, &a->piece[0].gpa);
	if (a->ok && a->piece[1].len)
		a->ok = walk(a, a->gva + room, &a->piece[1].gpa);
}

/* The pieces' bytes as they are. */
static void peek(const struct access *a, uint8_t *bytes)
{
	const struct piece *p;
	unsigned int i, n = 0;

	for (p = a->piece; p < a->piece + 2; p++)
		for (i = 0; i < p->len; i++)
			bytes[n++] = in_ram(p) ?
				((volatile uint8_t *)p->gpa)[i] : 0xff;
}

static void compute(struct access *a)
{
	unsigned int i;

	for (i = 0; i < a->kind->len; i++) {
		uint8_t val = a->val >> (i % 8 * 8), old = a->old[i];

		switch (a->kind->action) {
		case OR:
			val |= old;
			break;
		case AND:
			val &= old;
			break;
		case XOR:
			val ^= old;
			break;
		default:
			break;
		}
		a->want[i] = a->kind->access == WRITE ? val : old;
	}
}

/* The entries that would result, and entry 0 of every root. */
static bool piece_safe(const struct piece *p, const uint8_t *want)
{
	uint64_t word = p->gpa & ~7ULL;

	if (!in_ram(p))
		return true;
	if (p->gpa < TABLES || (p->gpa >= DATA && p->gpa < CODE_END))
		return false;
	if (p->gpa < DATA && p->gpa % PAGE < 8)
		return false;
	for (; word < p->gpa + p->len; word += 8) {
		uint64_t entry = *(volatile uint64_t *)word;
		unsigned int i;

		for (i = 0; i < 8; i++)
			if (word + i >= p->gpa && word + i < p->gpa + p->len)
				((uint8_t *)&entry)[i] =
					want[word + i - p->gpa];
		if (!entry_safe(entry))
			return false;
	}
	return true;
}

static bool admitted(const struct access *a)
{
	const struct piece *p = a->piece;
	bool plain = a->kind->flags & KIND_RAM;

	if (!a->ok)
		return true;
	if (plain && (!in_ram(&p[0]) || (p[1].len && !in_ram(&p[1]))))
		return false;
	if (a->kind->access == READ)
		return true;
	if (a->kind->access == FETCH)
		return p->gpa >= DATA && p->gpa < CODE_END;
	if (plain && (!in_data(&p[0]) || (p[1].len && !in_data(&p[1]))))
		return false;
	return piece_safe(&p[0], a->want) &&
	       (!p[1].len || piece_safe(&p[1], a->want + p[0].len));
}

static struct access look_at(uint64_t gva)
{
	static const struct kind any = { "any", NULL, 1, READ };
	struct access a = { .kind = &any, .gva = gva, .ac = true };

	foresee(&a);
	return a;
}

bool unmapped(uint64_t gva, unsigned int len)
{
	return !look_at(gva).ok && !look_at(gva + len - 1).ok;
}

/* A part of DATA that nobody looks at is free for all. */
bool harmless(uint64_t gva, unsigned int len)
{
	const struct access a = look_at(gva), b = look_at(gva + len - 1);

	return (!a.ok || (in_data(a.piece) && a.piece->gpa >= CODE_END)) &&
	       (!b.ok || (in_data(b.piece) && b.piece->gpa >= CODE_END));
}

void flush(void)
{
	struct mode now = mode;

	if (!dirty)
		return;
	/* Global pages outlive a load of CR3. */
	if (now.cr4 & CR4_PGE) {
		now.cr4 &= ~CR4_PGE;
		load_mode(&now);
		now.cr4 |= CR4_PGE;
		load_mode(&now);
	} else {
		write_cr3(now.cr3);
	}
	dirty = false;
}

/* What an access needs to see the tables as they are. */
static void settle(struct access *a)
{
	if (!dirty)
		return;
	if (a->kind->access == READ && !a->kind->flags && below(4) == 0) {
		a->stale = true;
	} else if (below(2)) {
		invlpg(a->gva);
		if (a->piece[1].len)
			invlpg(a->gva + a->piece[0].len);
	} else {
		flush();
	}
}

static void run(const struct access *a)
{
	struct frame f = start_at(a->kind->code, a->cpl);

	f.rdx = a->gva;
	f.rdi = a->gva;
	f.rsi = a->kind->access == WRITE ? (uint64_t)&movs_source : a->gva;
	f.rax = a->val;
	f.rcx = a->kind->len / 8;
	if (a->kind->code == snippet_cmpxchg8) {
		f.rcx = a->val;
		f.rax = *(uint64_t *)a->old;
	}
	movs_source = a->val;
	f.rflags |= a->ac ? RFLAGS_AC : 0;
	attempt(&f);
}

static bool same_bytes(const struct access *a, const uint8_t *x,
		       const uint8_t *y)
{
	unsigned int i, first = a->piece[0].len;

	for (i = 0; i < a->kind->len; i++) {
		uint64_t gpa = i < first ? a->piece[0].gpa + i :
					   a->piece[1].gpa + i - first;

		if ((x[i] ^ y[i]) & ~(gpa % 8 ? 0 : PTE_AD))
			return false;
	}
	return true;
}

/* The processor stops at the right place, for the right reason. */
static const char *judge_outcome(const struct access *a)
{
	bool done = result.vector == VEC_BP;
	uint64_t cr2 = read_cr2();

	if (a->stale)
		return NULL;
	if (done != a->ok)
		return done ? "no fault" : "fault";
	if (done)
		return NULL;
	if (result.vector == VEC_GP || result.vector == VEC_SS)
		return canonical(a->gva) &&
		       canonical(a->gva + a->kind->len - 1) ? "#GP" : NULL;
	if (result.vector != VEC_PF)
		return "exception";
	return cr2 - a->gva < a->kind->len ? NULL : "CR2";
}

static const char *judge_bytes(const struct access *a)
{
	bool all_ram = in_ram(&a->piece[0]) &&
		       (!a->piece[1].len || in_ram(&a->piece[1]));
	uint8_t now[MAX_LEN];

	if (a->stale || !a->ok || !all_ram)
		return NULL;
	if (a->kind->action == COMPARE &&
	    !same_bytes(a, (const uint8_t *)&result.rax, a->old))
		return "read";
	peek(a, now);
	if (a->kind->access == WRITE && a->kind->action != NOTHING &&
	    !same_bytes(a, now, a->want))
		return "written";
	return NULL;
}

static void report(const struct access *a, const char *what)
{
	if (!complain())
		return;
	describe(what);
	print("hostile:   %s at %x, cpl %u, ac %u, to be %s: gpa %x and %x\n",
	      a->kind->name, a->gva, (uint64_t)a->cpl, (uint64_t)a->ac,
	      a->ok ? "allowed" : "refused", a->piece[0].gpa,
	      a->piece[1].gpa);
}

static void access_memory(struct access *a)
{
	const char *what;

	if (a->kind->flags)
		a->gva &= ~(uint64_t)(a->kind->len - 1);
	foresee(a);
	peek(a, a->old);
	compute(a);
	if (!admitted(a))
		return;
	settle(a);
	run(a);
	mem_accesses++;
	mem_faults += result.vector != VEC_BP;
	if (a->ok && a->gva >> 39)
		used_gva = a->gva;
	/* An NMI that some register made: it says nothing. */
	if (result.vector == VEC_NMI)
		return;
	if (a->kind->access == WRITE)
		dirty = true;
	what = judge_outcome(a);
	if (!what)
		what = judge_bytes(a);
	if (what)
		report(a, what);
}

static uint64_t random_value(void)
{
	return below(4) ? random_entry() : rnd() >> below(64);
}

/* Of the entries that lead to @gva, the one at @level or the last before. */
static uint64_t entry_on_path(uint64_t gva, int level)
{
	uint64_t at, entry;
	int here = 4;

	for (entry = mode.cr3; ; here--) {
		at = (entry & PTE_ADDR) + 8 * (gva >> (9 * here + 3) & 511);
		entry = *(volatile uint64_t *)at;
		if (here == level || !(entry & PTE_P) || (entry & PTE_PS) ||
		    (entry & PTE_ADDR) >= ram_end())
			return at;
	}
}

/* An entry in use gets or loses a right, or becomes another. */
static void edit_path(struct access *a)
{
	static const uint64_t bits[] = {
		PTE_P, PTE_W, PTE_U, PTE_NX, PTE_PS, PTE_G,
	};

	a->gva = entry_on_path(used_gva, 1 + below(4));
	a->cpl = 0;
	if (below(4))
		a->val = *(volatile uint64_t *)a->gva ^ bits[below(6)];
	if (below(4))
		a->kind = &kinds[PLAIN_WRITE];
}

void mem_round(void)
{
	struct access a = {
		.kind = &kinds[below(NR_KINDS)],
		.gva = random_gva(),
		.val = random_value(),
		.cpl = below(4) ? 0 : 3,
		.ac = below(2),
	};

	/* At entries themselves, by the trusted map, as honest guests do. */
	switch (below(6)) {
	case 0:
		a.gva = random_root() + random_index() * 8 +
			(below(4) ? 0 : below(8));
		a.cpl = 0;
		break;
	case 1:
	case 2:
		edit_path(&a);
		break;
	case 3:
		a.gva = used_gva;
		break;
	}
	/* Only there is what MOVS reads. */
	if (a.kind->code == snippet_movs8)
		a.cpl = 0;
	/* Alignment checks are not what this is about. */
	if (a.cpl == 3)
		a.ac = false;
	access_memory(&a);
}

void mem_init(void)
{
	uint64_t trusted = *(uint64_t *)mode.cr3, *table;
	unsigned int i, n;

	for (n = 0; n < (CODE_END - DATA); n++)
		((uint8_t *)DATA)[n] = 0xcc;
	for (i = 0; i < NR_TABLES; i++) {
		table = (uint64_t *)(TABLES + i * PAGE);
		for (n = 0; n < 8; n++) {
			uint64_t entry = random_entry();

			table[random_index()] = entry_safe(entry) ? entry : 0;
		}
		table[0] = trusted;
	}
}
