// SPDX-License-Identifier: GPL-2.0
/*
 * The paging of a processor, clause by clause in the order of the SDM's lists.
 * Do not make it shorter: that it reads like the manual is its worth.
 */
#include "access_model.h"

/* What the entries that control a translation say together. */
struct translation {
	bool user_address;		/* U/S is 1 in every one of them */
	bool writable;			/* R/W is 1 in every one */
	bool xd;			/* XD is 1 in any */
};

/* CR4.SMAP = 1: only with EFLAGS.AC = 1, and only explicit accesses. */
static bool smap_allows(const struct access_cpu *cpu, enum access_who who)
{
	if (!cpu->smap)
		return true;
	if (who == ACCESS_IMPLICIT)
		return false;
	return cpu->ac;
}

static bool supervisor_may_read(const struct access_cpu *cpu,
				enum access_who who,
				const struct translation *t)
{
	/* "Data may be read from any supervisor-mode address." */
	if (!t->user_address)
		return true;
	return smap_allows(cpu, who);
}

static bool supervisor_may_write(const struct access_cpu *cpu,
				 enum access_who who,
				 const struct translation *t)
{
	if (!t->user_address) {
		if (!cpu->wp)
			return true;
		return t->writable;
	}
	if (!cpu->wp)
		return smap_allows(cpu, who);
	if (!t->writable)
		return false;
	return smap_allows(cpu, who);
}

/* Without NXE the bit is reserved and has been found out before. */
static bool xd_allows(const struct access_cpu *cpu, const struct translation *t)
{
	if (!cpu->nxe)
		return true;
	return !t->xd;
}

static bool supervisor_may_fetch(const struct access_cpu *cpu,
				 const struct translation *t)
{
	if (!t->user_address)
		return xd_allows(cpu, t);
	if (cpu->smep)
		return false;
	return xd_allows(cpu, t);
}

static bool user_may(const struct access_cpu *cpu, enum access_kind kind,
		     const struct translation *t)
{
	/* Not from, to, or at any supervisor-mode address. */
	if (!t->user_address)
		return false;
	switch (kind) {
	case ACCESS_READ:
		return true;
	case ACCESS_WRITE:
		return t->writable;
	case ACCESS_FETCH:
		return xd_allows(cpu, t);
	}
	return false;
}

static bool may(const struct access_cpu *cpu, enum access_who who,
		enum access_kind kind, const struct translation *t)
{
	if (who == ACCESS_USER)
		return user_may(cpu, kind, t);
	switch (kind) {
	case ACCESS_READ:
		return supervisor_may_read(cpu, who, t);
	case ACCESS_WRITE:
		return supervisor_may_write(cpu, who, t);
	case ACCESS_FETCH:
		return supervisor_may_fetch(cpu, t);
	}
	return false;
}

/* Bits @low to @high, both included. */
static uint64_t bits(unsigned int high, unsigned int low)
{
	return (2ULL << high) - (1ULL << low);
}

/* Does a table of @level let an entry with PS map a page? */
static bool maps_page(uint64_t entry, int level)
{
	if (level == 1)
		return true;
	if (level == 4)
		return false;
	return entry & PG_PS;
}

/* The tables "Format of an Entry" of each level. */
static uint64_t reserved_bits(const struct access_cpu *cpu, uint64_t entry,
			      int level)
{
	uint64_t reserved = 0;

	if (cpu->maxphyaddr < 52)
		reserved |= bits(51, cpu->maxphyaddr);
	if (!cpu->nxe)
		reserved |= PG_XD;
	if (level == 4)
		reserved |= PG_PS;
	if (level == 3 && !cpu->gbpages)
		reserved |= PG_PS;
	if (level == 3 && (entry & PG_PS))
		reserved |= bits(29, 13);
	if (level == 2 && (entry & PG_PS))
		reserved |= bits(20, 13);
	return reserved;
}

/* The parts of the error code that tell of the access alone. */
static uint32_t error_of_access(const struct access_cpu *cpu,
				enum access_who who, enum access_kind kind)
{
	uint32_t error = 0;

	if (kind == ACCESS_WRITE)
		error |= PFE_W;
	if (who == ACCESS_USER)
		error |= PFE_U;
	/* I/D: of fetches, if CR4.SMEP = 1, or CR4.PAE = 1 and NXE = 1. */
	if (kind == ACCESS_FETCH && (cpu->smep || cpu->nxe))
		error |= PFE_I;
	return error;
}

/*
 * Goes from the root to the entry that maps a page; true if there is one.
 * Otherwise @error has what the entry adds to the error code: nothing if it is
 * not present, whatever its other bits.
 */
static bool translate(struct access_verdict *verdict,
		      const struct access_cpu *cpu, const uint64_t *entry,
		      struct translation *t)
{
	int level;

	for (level = ACCESS_LEVELS; level >= 1; level--) {
		verdict->level = level;
		verdict->after[level] = entry[level];
		if (!(entry[level] & PG_P))
			return false;
		if (entry[level] & reserved_bits(cpu, entry[level], level)) {
			verdict->error |= PFE_P | PFE_RSVD;
			return false;
		}
		if (!(entry[level] & PG_U))
			t->user_address = false;
		if (!(entry[level] & PG_W))
			t->writable = false;
		if (entry[level] & PG_XD)
			t->xd = true;
		if (maps_page(entry[level], level))
			return true;
	}
	return false;
}

void access_judge(struct access_verdict *verdict, const struct access_cpu *cpu,
		  enum access_who who, enum access_kind kind,
		  const uint64_t *entry)
{
	struct translation t = { .user_address = true, .writable = true };
	int level;

	verdict->allowed = false;
	verdict->error = error_of_access(cpu, who, kind);
	if (!translate(verdict, cpu, entry, &t))
		return;
	if (!may(cpu, who, kind, &t)) {
		verdict->error |= PFE_P;
		return;
	}
	verdict->allowed = true;
	verdict->error = 0;
	for (level = ACCESS_LEVELS; level >= verdict->level; level--)
		verdict->after[level] |= PG_A;
	if (kind == ACCESS_WRITE)
		verdict->after[verdict->level] |= PG_D;
}
