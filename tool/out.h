/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Output of lists of objects: a table for people, JSON for programs. JSON is
 * an array of objects even for one object.
 */
#ifndef _KAGECTL_OUT_H
#define _KAGECTL_OUT_H

#include "kagectl.h"
#include <stdbool.h>
#include <stddef.h>

struct json_object;

enum out_kind {
	OUT_TEXT,	/* flush left */
	OUT_NUMBER,	/* flush right */
	OUT_SIZE,	/* a number of bytes, shown in K, M, G */
};

struct out_col {
	const char *title;
	const char *path;	/* keys, joined by dots */
	enum out_kind kind;
};

/** out_get() - the value at a dotted path; NULL if there is none */
struct json_object *out_get(struct json_object *obj, const char *path);

/** out_string() - the string at a dotted path, or "" */
const char *out_string(struct json_object *obj, const char *path);

/** out_u64() - the number at a dotted path, "0x" strings too, or 0 */
uint64_t out_u64(struct json_object *obj, const char *path);

/**
 * out_list() - print an array of objects
 * @cols: the columns of the table, the last one with a NULL title
 */
void out_list(const struct kage_ctx *ctx, struct json_object *list,
	      const struct out_col *cols);

/** out_json() - print one value as JSON on lines of its own, and flush */
void out_json(const struct kage_ctx *ctx, struct json_object *val);

/** out_text() - print a string; control characters become '?' */
void out_text(const char *text);

#endif /* _KAGECTL_OUT_H */
