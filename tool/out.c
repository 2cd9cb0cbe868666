// SPDX-License-Identifier: GPL-2.0
/*
 * Tables and JSON out of what nl.c decoded.
 */
#include "out.h"
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL_SIZE 192	/* the longest: a stop reason */

struct json_object *out_get(struct json_object *obj, const char *path)
{
	char key[64];

	while (obj && *path) {
		size_t len = strcspn(path, ".");

		if (len >= sizeof(key) ||
		    !json_object_is_type(obj, json_type_object))
			return NULL;
		memcpy(key, path, len);
		key[len] = '\0';
		obj = json_object_object_get(obj, key);
		path += len + (path[len] == '.');
	}
	return obj;
}

const char *out_string(struct json_object *obj, const char *path)
{
	struct json_object *val = out_get(obj, path);

	return val ? json_object_get_string(val) : "";
}

uint64_t out_u64(struct json_object *obj, const char *path)
{
	struct json_object *val = out_get(obj, path);

	if (json_object_is_type(val, json_type_string))
		return strtoull(json_object_get_string(val), NULL, 0);
	return val ? json_object_get_uint64(val) : 0;
}

static void format_size(uint64_t size, char *cell)
{
	static const char units[] = " KMGT";
	const char *unit = units;

	while (unit[1] && size && size % 1024 == 0) {
		size /= 1024;
		unit++;
	}
	snprintf(cell, CELL_SIZE, "%llu%.*s", (unsigned long long)size,
		 *unit != ' ', unit);
}

static void format_array(struct json_object *list, char *cell)
{
	size_t i, len = 0;

	for (i = 0; i < json_object_array_length(list); i++) {
		const char *word =
			json_object_get_string(json_object_array_get_idx(list,
									 i));

		if (len < CELL_SIZE)
			len += snprintf(cell + len, CELL_SIZE - len, "%s%s",
					i ? "," : "", word);
	}
}

static void format_cell(struct json_object *obj, const struct out_col *col,
			char *cell)
{
	struct json_object *val = out_get(obj, col->path);

	cell[0] = '\0';
	if (val && col->kind == OUT_SIZE)
		format_size(json_object_get_uint64(val), cell);
	else if (json_object_is_type(val, json_type_array))
		format_array(val, cell);
	else if (val)
		snprintf(cell, CELL_SIZE, "%s", json_object_get_string(val));
	if (!cell[0])
		strcpy(cell, "-");
}

static int column_width(struct json_object *list, const struct out_col *col)
{
	size_t i, width = strlen(col->title);
	char cell[CELL_SIZE];

	for (i = 0; i < json_object_array_length(list); i++) {
		format_cell(json_object_array_get_idx(list, i), col, cell);
		if (strlen(cell) > width)
			width = strlen(cell);
	}
	return width;
}

void out_text(const char *text)
{
	for (; *text; text++)
		putchar((unsigned char)*text < ' ' || *text == 0x7f ? '?' :
			*text);
}

static void print_cell(const struct out_col *col, const char *cell, int width)
{
	int pad = width - (int)strlen(cell);

	if (col->kind != OUT_TEXT)
		printf("%*s", pad, "");
	out_text(cell);
	/* No blanks at the end of a line. */
	if (!col[1].title)
		putchar('\n');
	else
		printf("%*s", (col->kind == OUT_TEXT ? pad : 0) + 2, "");
}

static void print_row(struct json_object *obj, const struct out_col *cols,
		      const int *widths)
{
	char cell[CELL_SIZE];

	for (; cols->title; cols++, widths++) {
		format_cell(obj, cols, cell);
		print_cell(cols, cell, *widths);
	}
}

static void print_table(struct json_object *list, const struct out_col *cols)
{
	int widths[16];
	size_t i;

	for (i = 0; cols[i].title; i++)
		widths[i] = column_width(list, &cols[i]);
	for (i = 0; cols[i].title; i++)
		print_cell(&cols[i], cols[i].title, widths[i]);
	for (i = 0; i < json_object_array_length(list); i++)
		print_row(json_object_array_get_idx(list, i), cols, widths);
}

void out_json(const struct kage_ctx *ctx, struct json_object *val)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	if (ctx->pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	puts(json_object_to_json_string_ext(val, flags));
	fflush(stdout);
}

void out_list(const struct kage_ctx *ctx, struct json_object *list,
	      const struct out_col *cols)
{
	if (ctx->json)
		out_json(ctx, list);
	else if (json_object_array_length(list))
		print_table(list, cols);
	fflush(stdout);
}
