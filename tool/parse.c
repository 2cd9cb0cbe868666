// SPDX-License-Identifier: GPL-2.0
/*
 * Words of the command line into values.
 */
#include "parse.h"
#include "kagectl.h"
#include <ctype.h>
#include <errno.h>
#include <linux/kage.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int shift_of(const char *suffix)
{
	static const char units[] = "KMGT";
	const char *unit;

	if (!*suffix)
		return 0;
	unit = strchr(units, toupper((unsigned char)*suffix));
	if (!unit || suffix[1])
		return -1;
	return 10 * (int)(unit - units + 1);
}

int parse_size(const char *text, uint64_t *val)
{
	unsigned long long num;
	char *end;
	int shift;

	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	/* No octal: 010 is ten. */
	num = strtoull(text, &end, !strncasecmp(text, "0x", 2) ? 16 : 10);
	shift = shift_of(end);
	if (errno || shift < 0 || num > UINT64_MAX >> shift)
		return -1;
	*val = num << shift;
	return 0;
}

static int parse_u32(const char *text, uint32_t *val)
{
	uint64_t num;

	if (parse_size(text, &num) || num > UINT32_MAX)
		return -1;
	*val = num;
	return 0;
}

static int parse_mac(const char *text, unsigned char *mac)
{
	unsigned char val[6];
	int i;

	for (i = 0; i < 6; i++, text += 3) {
		if (!isxdigit((unsigned char)text[0]) ||
		    !isxdigit((unsigned char)text[1]) ||
		    text[2] != (i < 5 ? ':' : '\0'))
			return -1;
		val[i] = strtoul(text, NULL, 16);
	}
	memcpy(mac, val, sizeof(val));
	return 0;
}

static int parse_value(const struct arg *arg, char *text)
{
	switch (arg->kind) {
	case ARG_U32:
		return parse_u32(text, arg->val);
	case ARG_SIZE:
		return parse_size(text, arg->val);
	case ARG_MAC:
		return parse_mac(text, arg->val);
	default:
		*(char **)arg->val = text;
		return 0;
	}
}

static struct arg *find_arg(struct arg *args, int nr, const char *word)
{
	int i;

	if (!strncmp(word, "--", 2))
		word += 2;
	for (i = 0; i < nr; i++)
		if (!strcmp(args[i].key, word))
			return &args[i];
	return NULL;
}

int parse_args(struct arg *args, int nr, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		struct arg *arg = find_arg(args, nr, argv[i]);

		if (!arg)
			return misuse("unknown word \"%s\"", argv[i]);
		if (arg->seen)
			return misuse("\"%s\" is given twice", argv[i]);
		arg->seen = true;
		if (arg->kind == ARG_FLAG) {
			*(bool *)arg->val = true;
			continue;
		}
		if (++i == argc)
			return misuse("\"%s\" needs a value", argv[i - 1]);
		if (parse_value(arg, argv[i]))
			return misuse("bad value \"%s\" for \"%s\"", argv[i],
				      arg->key);
	}
	return 0;
}

int parse_name(const char *name)
{
	size_t len = strlen(name);
	const char *p;

	if (!isalpha((unsigned char)*name) || len > KAGE_NAME_MAX)
		goto bad;
	for (p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
			goto bad;
	return 0;

bad:
	return misuse("bad name \"%s\": a letter, then up to %d letters, digits, '.', '_' or '-'",
		      name, KAGE_NAME_MAX - 1);
}

int parse_vm(const char *name)
{
	uint32_t id;

	if (!isdigit((unsigned char)*name))
		return parse_name(name);
	if (strspn(name, "0123456789") != strlen(name) ||
	    parse_u32(name, &id) || !id)
		return misuse("bad id \"%s\"", name);
	return 0;
}

int parse_none(int argc, char **argv)
{
	return argc ? misuse("unknown word \"%s\"", argv[0]) : 0;
}
