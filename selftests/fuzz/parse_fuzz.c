// SPDX-License-Identifier: GPL-2.0
/*
 * kagectl's words into values. Input: a byte that says what is parsed, then
 * words that end with a zero byte.
 *
 * Beside it stands what the manual page says of each kind of word, written a
 * second time and without the library's functions for numbers.
 */
#include "attr.h"
#include "fuzz.h"
#include "kagectl.h"
#include "parse.h"
#include <linux/kage.h>
#include <stdarg.h>
#include <string.h>

#define MAX_WORDS	12
#define NR_ARGS		5

static unsigned int complaints;

int misuse(const char *fmt, ...)
{
	char line[512];
	va_list args;

	/* Reads every word that it is given. */
	va_start(args, fmt);
	FUZZ_CHECK(vsnprintf(line, sizeof(line), fmt, args) > 0);
	va_end(args);
	complaints++;
	return KAGECTL_USAGE;
}

static bool among(char c, const char *chars)
{
	return c && strchr(chars, c);
}

static int digit_of(char c, int base)
{
	static const char lower[] = "0123456789abcdef";
	static const char upper[] = "0123456789ABCDEF";
	int i;

	for (i = 0; i < base; i++)
		if (c == lower[i] || c == upper[i])
			return i;
	return -1;
}

/* Decimal or 0x, then K, M, G or T in either case. */
static bool is_size(const char *text, uint64_t *val)
{
	static const char units[] = "KMGTkmgt";
	int base = 10, digits = 0;

	if (text[0] == '0' && among(text[1], "xX")) {
		base = 16;
		text += 2;
	}
	*val = 0;
	for (; digit_of(*text, base) >= 0; text++, digits++)
		if (__builtin_mul_overflow(*val, base, val) ||
		    __builtin_add_overflow(*val, digit_of(*text, base), val))
			return false;
	if (among(*text, units) &&
	    __builtin_mul_overflow(*val, 1ULL << 10 *
				   ((strchr(units, *text++) - units) % 4 + 1),
				   val))
		return false;
	return digits && !*text;
}

static bool is_name(const char *text)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t i;

	if (!among(*text, letters))
		return false;
	for (i = 0; text[i]; i++)
		if (!among(text[i], letters) &&
		    !among(text[i], "0123456789._-"))
			return false;
	return i <= KAGE_NAME_MAX;
}

static bool is_vm(const char *text)
{
	uint64_t id;

	if (digit_of(*text, 10) < 0)
		return is_name(text);
	return text[strspn(text, "0123456789")] == '\0' &&
	       is_size(text, &id) && id && id <= UINT32_MAX;
}

static bool is_mac(const char *text, unsigned char *mac)
{
	int i;

	if (strlen(text) != 17)
		return false;
	for (i = 0; i < 17; i++) {
		if (i % 3 == 2 ? text[i] != ':' : digit_of(text[i], 16) < 0)
			return false;
		if (i % 3 == 0)
			mac[i / 3] = 16 * digit_of(text[i], 16);
		else if (i % 3 == 1)
			mac[i / 3] += digit_of(text[i], 16);
	}
	return true;
}

struct values {
	uint32_t u32;
	uint64_t size;
	char *string;
	unsigned char mac[6];
	bool flag;
};

static const char *const keys[NR_ARGS] = {
	"vcpus", "mem", "append", "mac", "console",
};

/* Does the word go with key @nth, and for what value? */
static bool is_value(int nth, char *word, struct values *vals)
{
	uint64_t num;

	switch (nth) {
	case 0:
		if (!is_size(word, &num) || num > UINT32_MAX)
			return false;
		vals->u32 = num;
		return true;
	case 1:
		return is_size(word, &vals->size);
	case 2:
		vals->string = word;
		return true;
	default:
		return is_mac(word, vals->mac);
	}
}

static int nth_key(const char *word)
{
	int i;

	if (word[0] == '-' && word[1] == '-')
		word += 2;
	for (i = 0; i < NR_ARGS; i++)
		if (!strcmp(keys[i], word))
			return i;
	return -1;
}

/* Pairs of key and value, a flag alone, each at most once. */
static bool is_args(int argc, char **argv, struct values *vals, bool *seen)
{
	int i, nth;

	for (i = 0; i < argc; i++) {
		nth = nth_key(argv[i]);
		if (nth < 0 || seen[nth])
			return false;
		seen[nth] = true;
		if (nth == NR_ARGS - 1)
			vals->flag = true;
		else if (++i == argc || !is_value(nth, argv[i], vals))
			return false;
	}
	return true;
}

static bool same(const struct values *a, const struct values *b)
{
	return a->u32 == b->u32 && a->size == b->size &&
	       a->string == b->string && a->flag == b->flag &&
	       !memcmp(a->mac, b->mac, sizeof(a->mac));
}

static void try_args(int argc, char **argv)
{
	const struct values before = { 7, 8, NULL, { 1, 2, 3, 4, 5, 6 },
				       false };
	struct values got = before, want = before;
	bool seen[NR_ARGS] = { false };
	struct arg args[NR_ARGS] = {
		{ keys[0], ARG_U32, &got.u32, false },
		{ keys[1], ARG_SIZE, &got.size, false },
		{ keys[2], ARG_STRING, &got.string, false },
		{ keys[3], ARG_MAC, got.mac, false },
		{ keys[4], ARG_FLAG, &got.flag, false },
	};
	const int ret = parse_args(args, NR_ARGS, argc, argv);
	int i;

	FUZZ_CHECK(ret == (is_args(argc, argv, &want, seen) ? 0 :
							      KAGECTL_USAGE));
	FUZZ_CHECK(complaints == !!ret);
	if (ret)
		return;
	FUZZ_CHECK(same(&got, &want));
	for (i = 0; i < NR_ARGS; i++)
		FUZZ_CHECK(args[i].seen == seen[i]);
}

static void try_size(const char *word)
{
	uint64_t got = 42, want;
	const bool good = is_size(word, &want);

	FUZZ_CHECK(parse_size(word, &got) == (good ? 0 : -1));
	FUZZ_CHECK(got == (good ? want : 42));
}

/* Each of the two says no once, or nothing. */
static void try_names(const char *word)
{
	const bool name = is_name(word), vm = is_vm(word);

	FUZZ_CHECK(parse_name(word) == (name ? 0 : KAGECTL_USAGE));
	FUZZ_CHECK(complaints == !name);
	FUZZ_CHECK(parse_vm(word) == (vm ? 0 : KAGECTL_USAGE));
	FUZZ_CHECK(complaints == (unsigned int)!name + !vm);
}

/* Any number of an attribute, of any set, and any value of it. */
static void try_attr(struct feed *feed)
{
	const struct attr_set *set = &kage_attrs;
	const struct attr_desc *desc;
	unsigned int idx;

	while (feed->left) {
		desc = attr_find(set, (int32_t)feed_take(feed, 4));
		idx = feed_take(feed, 4);
		if (!desc)
			continue;
		FUZZ_CHECK(desc->name && *desc->name);
		if (desc->kind == ATTR_ENUM || desc->kind == ATTR_FLAGS)
			FUZZ_CHECK(!attr_word(desc->words, idx) ||
				   *attr_word(desc->words, idx));
		FUZZ_CHECK((desc->kind == ATTR_NEST) == !!desc->nest);
		if (desc->nest)
			set = desc->nest;
	}
}

/* Words of their exact length, so that a read behind one is seen. */
static int take_words(struct feed *feed, char **words)
{
	int nr;

	for (nr = 0; nr < MAX_WORDS && feed->left; nr++) {
		const size_t len = strnlen((const char *)feed->data,
					   feed->left);

		words[nr] = malloc(len + 1);
		FUZZ_CHECK(words[nr]);
		memcpy(words[nr], feed->data, len);
		words[nr][len] = '\0';
		feed->data += len;
		feed->left -= len;
		feed_take(feed, 1);
	}
	return nr;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed feed = { data, size };
	const uint64_t what = feed_take(&feed, 1) % 4;
	char *words[MAX_WORDS];
	int i, nr;

	if (what == 0) {
		try_attr(&feed);
		return 0;
	}
	complaints = 0;
	nr = take_words(&feed, words);
	if (what == 1) {
		try_args(nr, words);
	} else if (nr && what == 2) {
		try_size(words[0]);
	} else if (nr) {
		try_names(words[0]);
		complaints = 0;
		FUZZ_CHECK(parse_none(nr, words) == KAGECTL_USAGE);
		FUZZ_CHECK(complaints == 1 && !parse_none(0, words));
	}
	for (i = 0; i < nr; i++)
		free(words[i]);
	return 0;
}
