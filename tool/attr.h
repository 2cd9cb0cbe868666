/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every attribute of the interface is called and how its value reads.
 * JSON keys, table columns and error messages all take their names from here.
 */
#ifndef _KAGECTL_ATTR_H
#define _KAGECTL_ATTR_H

#include <stdbool.h>

enum attr_kind {
	ATTR_NONE,	/* padding and numbers without a name */
	ATTR_U32,
	ATTR_S32,
	ATTR_U64,
	ATTR_ADDR,	/* u64 shown as "0x..." */
	ATTR_STRING,
	ATTR_MAC,
	ATTR_ENUM,	/* u32, a word by value */
	ATTR_FLAGS,	/* u32, a word by bit */
	ATTR_NEST,
};

struct attr_set;

struct attr_desc {
	const char *name;
	enum attr_kind kind;
	bool multi;			/* may occur more than once */
	const char *const *words;	/* of ENUM and FLAGS, NULL-terminated */
	const struct attr_set *nest;
};

struct attr_set {
	const struct attr_desc *desc;	/* by attribute number */
	int max;
};

/* The top-level attributes, enum kage_attr. */
extern const struct attr_set kage_attrs;

/** attr_find() - describe attribute @type of @set; NULL if it has no name */
const struct attr_desc *attr_find(const struct attr_set *set, int type);

/** attr_word() - entry @idx of a word list; NULL if the list is shorter */
const char *attr_word(const char *const *words, unsigned int idx);

#endif /* _KAGECTL_ATTR_H */
