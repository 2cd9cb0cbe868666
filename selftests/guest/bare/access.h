/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The accesses that access.c makes, and what came of them.
 */
#ifndef _ACCESS_H
#define _ACCESS_H

#include "bare.h"
#include "../../unit/access_model.h"

/* What a page needs that is accessed in all ways: a descriptor, code, data. */
#define OFF_DESC	0x000
#define OFF_CODE	0x100
#define OFF_DATA	0x200
#define USER_DATA	0x00cff2000000ffffULL	/* not accessed yet */
#define DESC_ACCESSED	(1ULL << 40)
#define JMP_RBX		0xe3ff

/* A kind of access, and the instructions that make it. */
struct way {
	const char *name;
	enum access_who who;
	enum access_kind kind;
	bool cpl3;
	char *stub;
	uint64_t offset;
};

#define NR_WAYS		12
#define NR_STORES	4	/* the first: explicit ones */
#define PLAIN_READ	6
#define FIRST_IMPLICIT	8	/* and all behind it */
extern const struct way ways[NR_WAYS];

#define NR_MODES	16

/* The mode of paging, and what the processor has. */
extern struct access_cpu cpu;

/* What came of the last access. */
struct outcome {
	bool armed, fault;
	uint64_t error, cr2, rax;
};
extern struct outcome seen;

/**
 * ways_init() - segments, code for ring 3, an LDT that is at @ldt
 * @root: the tables that will be loaded; the code is put there
 */
void ways_init(uint64_t *root, uint64_t ldt);
/** set_mode() - one of 16; false if the processor does not have it */
bool set_mode(unsigned int n);
/** make_access() - at @gva, with @val to store or add; sets @seen */
void make_access(const struct way *way, uint64_t gva, uint64_t val);

/**
 * breakpoints_wrong() - how many tests of them fail; sets on_exception
 * @pte: an entry of a table that is in use, but itself of no use
 * @val: what to store there, and 0
 */
unsigned int breakpoints_wrong(uint64_t *pte, uint64_t val);

#endif /* _ACCESS_H */
