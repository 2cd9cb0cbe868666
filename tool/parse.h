/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command line after the verb: names, and "key value" pairs in any order,
 * with or without two dashes before the key.
 */
#ifndef _KAGECTL_PARSE_H
#define _KAGECTL_PARSE_H

#include <stdbool.h>
#include <stdint.h>

enum arg_kind {
	ARG_U32,
	ARG_SIZE,	/* u64; K, M, G or T may follow */
	ARG_STRING,
	ARG_MAC,	/* 6 bytes */
	ARG_FLAG,	/* bool; takes no value */
};

struct arg {
	const char *key;
	enum arg_kind kind;
	void *val;	/* of the type that the kind says; kept if not given */
	bool seen;
};

/**
 * parse_args() - fill @args from the words of the command line
 *
 * Return: 0; KAGECTL_USAGE for an unknown word, a missing or a bad value, or
 * a word given twice, which it has said.
 */
int parse_args(struct arg *args, int nr, int argc, char **argv);

/** parse_size() - a number with an optional K, M, G or T; 0 or -1 */
int parse_size(const char *text, uint64_t *val);

/** parse_name() - is this a machine's name? 0 or KAGECTL_USAGE */
int parse_name(const char *name);

/** parse_vm() - parse_name(), or the decimal id of a machine */
int parse_vm(const char *name);

/** parse_none() - KAGECTL_USAGE if any word is left */
int parse_none(int argc, char **argv);

#endif /* _KAGECTL_PARSE_H */
