/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a processor does with one access under 4-level paging, written from the
 * words of the SDM alone. It knows nothing of kage, needs no library, and is
 * part of programs in user space and of guests.
 *
 * SDM: "4-Level Paging and 5-Level Paging", "Determination of Access Rights",
 * "Page-Fault Exceptions", "Accessed and Dirty Flags".
 */
#ifndef _KAGE_ACCESS_MODEL_H
#define _KAGE_ACCESS_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define ACCESS_LEVELS	4

/* Bits of an entry. */
#define PG_P	(1ULL << 0)
#define PG_W	(1ULL << 1)
#define PG_U	(1ULL << 2)
#define PG_A	(1ULL << 5)
#define PG_D	(1ULL << 6)
#define PG_PS	(1ULL << 7)
#define PG_XD	(1ULL << 63)

/* Bits of a page fault's error code. */
#define PFE_P		(1U << 0)
#define PFE_W		(1U << 1)
#define PFE_U		(1U << 2)
#define PFE_RSVD	(1U << 3)
#define PFE_I		(1U << 4)

/* What paging depends on beside the tables. */
struct access_cpu {
	bool wp, nxe, smep, smap;
	bool ac;			/* RFLAGS.AC */
	bool gbpages;
	unsigned int maxphyaddr;
};

enum access_who {
	ACCESS_USER,			/* made at CPL 3 */
	ACCESS_SUPERVISOR,		/* made at CPL 0, explicitly */
	ACCESS_IMPLICIT,		/* to a system structure, at any CPL */
};

enum access_kind { ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH };

/**
 * struct access_verdict - what comes of an access
 * @allowed: it takes place
 * @error: the error code of the page fault, if not
 * @level: of the last entry that was used; the leaf's, if there was one
 * @after: the entries at the levels 4 to @level, flags set
 */
struct access_verdict {
	bool allowed;
	uint32_t error;
	int level;
	uint64_t after[ACCESS_LEVELS + 1];
};

/**
 * access_judge() - what a processor would do
 * @entry: of level n at n; those below the leaf do not matter
 *
 * An access that is refused sets no flag here. The SDM lets a processor set
 * accessed flags in what it used before it found the reason.
 */
void access_judge(struct access_verdict *verdict, const struct access_cpu *cpu,
		  enum access_who who, enum access_kind kind,
		  const uint64_t *entry);

#endif /* _KAGE_ACCESS_MODEL_H */
