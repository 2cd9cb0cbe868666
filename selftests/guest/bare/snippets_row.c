// SPDX-License-Identifier: GPL-2.0
/*
 * Rows that say what is expected. Each runs as it stands, over the end of a page,
 * with the trap flag set, in the shadows of MOV SS and STI, and at CPL 3.
 */
#include "snippets.h"

#define MOV_SS_R15	"\x41\x8e\xd7"
#define STI		"\xfb"

/* Where it is put, and what is put in front. */
struct way {
	const char *note, *prefix;
	unsigned int nr_prefix;
	uint64_t flags;
	bool steps_prefix;	/* a trap comes after the prefix */
	bool crosses, user;
};

static const struct way plain = { "" };
static const struct way crossing = { "over two pages", .crosses = true };
static const struct way user = { "CPL 3", .user = true };
static const struct way stepped[] = {
	{ "stepped", .flags = FLAG_TF },
	{ "stepped, after MOV SS", MOV_SS_R15, 3, FLAG_TF },
	{ "stepped, after STI", STI, 1, FLAG_TF, true },
	{ "after MOV SS", MOV_SS_R15, 3 },
	{ "after STI", STI, 1 },
};

static char note[80];

static void join(const char *first, const char *second)
{
	char *to = note;

	while (first && *first)
		*to++ = *first++;
	if (to != note && *second)
		*to++ = ',', *to++ = ' ';
	while (*second && to < note + sizeof(note) - 1)
		*to++ = *second++;
	*to = 0;
}

/* Offset of the row's own code from the beginning of the scratch pages. */
static uint64_t place(const struct row *row, const struct way *way)
{
	volatile uint8_t *to = scratch + (way->crosses ? PAGE - 1 : 64);
	const uint8_t *from;
	unsigned int i;

	for (i = 0; i < way->nr_prefix; i++)
		*to++ = way->prefix[i];
	for (from = row->code.start; from <= row->code.end; from++)
		*to++ = *from;
	return to - scratch - (row->code.end - row->code.start) - 1;
}

static struct frame make_frame(const struct row *row, const struct way *way,
			       uint64_t code)
{
	struct frame f = fresh(NULL);
	const struct value *v;

	f.r15 = KERNEL_SS;
	for (v = row->in; v->nr; v++)
		REG(&f, v->nr) = v->val;
	f.rflags = 2 | row->flags | way->flags;
	f.rip = SCRATCH + code - way->nr_prefix;
	if (way->user) {
		f.rip = USER_SCRATCH + code - way->nr_prefix;
		f.cs = USER_CS;
		f.ss = USER_SS;
	}
	if (row->how & IN_32) {
		f.rip = USER_CODE + code;
		f.cs = USER_CS32;
		f.rsp = (uint32_t)f.rsp;
	}
	return f;
}

static struct frame make_want(const struct row *row, const struct way *way,
			      const struct frame *start)
{
	struct frame f = *start;
	const struct value *v;

	for (v = row->out; v->nr; v++)
		REG(&f, v->nr) = v->val;
	if (row->how & OWN_FLAGS)
		f.rflags = row->flags_out | 2 | way->flags;
	if (way->prefix && way->prefix[0] == STI[0])
		f.rflags |= FLAG_IF;
	return f;
}

static void check_steps(const struct row *row, const struct way *way,
			uint64_t base, uint64_t code)
{
	uint64_t want = 0, last = 0;

	if (way->flags & FLAG_TF) {
		want = way->steps_prefix + row->steps;
		if (!row->vector && !row->steps)
			want++;
	}
	check("single-step traps", seen.nr_steps, want);
	if (seen.nr_steps && seen.nr_steps == want && want <= NR_STEPS) {
		last = row->vector ? code :
		       code + (row->code.end - row->code.start);
		check("the last of them at", seen.step[want - 1], base + last);
		check("its DR6", seen.dr6 & 0xe00f, BIT(14));
	}
}

static void check_end(const struct row *row, uint64_t base, uint64_t code,
		      bool denied)
{
	const uint64_t len = row->code.end - row->code.start;

	if (denied) {
		check("vector", seen.f.vector, VEC_GP);
		check("error code", seen.f.error, 0);
		check("rip", seen.f.rip, base + code);
	} else if (row->vector) {
		check("vector", seen.f.vector, row->vector & 0xff);
		check("error code", seen.f.error, row->error);
		check("rip", seen.f.rip, base + code + row->at);
		if (row->cr2)
			check("cr2", seen.cr2, row->cr2);
	} else {
		check("vector", seen.f.vector, VEC_BP);
		check("rip", seen.f.rip, base + code + len + 1);
	}
}

/*
 * Does it save RF set? Not told of here are #DB and #DF, which do or not, and what
 * exits for kage: emulators do not save RF with such an exit.
 */
static bool is_fault(int vector)
{
	switch (vector) {
	case VEC_DB:
	case VEC_NMI:
	case VEC_BP:
	case VEC_OF:
	case VEC_DF:
	case VEC_PF:
	case VEC_AC:
		return false;
	default:
		return vector == VEC_DE || (vector && vector < 32);
	}
}

static void run_way(const struct row *row, const struct way *way)
{
	const uint64_t code = place(row, way);
	const uint64_t base = row->how & IN_32 ? USER_CODE :
			      way->user ? USER_SCRATCH : SCRATCH;
	const bool denied = way->user && (row->how & PRIVILEGED);
	const struct frame start = make_frame(row, way, code);
	struct frame want = make_want(row, way, &start);
	const uint64_t wrong = nr_wrong;

	join(row->note, way->note);
	begin(row->name, note);
	if (row->before)
		row->before();
	run_code(&start);
	if (denied)
		want = start;
	check_end(row, base, code, denied);
	check_steps(row, way, base, code);
	compare_frames(&want, denied ? 0 : row->any,
		       row->flags_any | FLAG_RF);
	if (denied || is_fault(row->vector))
		check("RF", seen.f.rflags & FLAG_RF, FLAG_RF);
	if (row->after)
		row->after();
	if (nr_wrong != wrong)
		nr_wrong = wrong + 1;
}

void run_row(const struct row *row)
{
	unsigned int i;

	next_row();
	print("row: %s (%s)\n", row->name, row->note ? row->note : "");
	if (!(row->how & NOT_CPL0))
		run_way(row, &plain);
	if (row->how & (PRIVILEGED | USER))
		run_way(row, &user);
	if (row->how & ONCE)
		return;
	if (row->code.end > row->code.start + 1)
		run_way(row, &crossing);
	for (i = 0; i < ARRAY_SIZE(stepped); i++)
		if (!(row->how & NO_STEP) || !(stepped[i].flags & FLAG_TF))
			run_way(row, &stepped[i]);
}
