// SPDX-License-Identifier: GPL-2.0
/* When a driver's ring is looked into: turns, and what is to follow. */
#include "dev/pace.h"
#include "ktap.h"
#include <linux/kernel.h>

#define US	1000ULL
#define GOAL	48

struct turn {
	u32 taken;
	u32 goal;
	bool answered;
	u64 gap;	/* ns since the turn before */
	u32 want;	/* buffers to wait for */
	u64 wait;	/* ns, if more than one */
};

struct row {
	const char *name;
	struct turn turns[8];	/* up to one with want 0 */
};

#define ONE	   { 1, GOAL, false, US, 1, 0 }
#define ONE_BY_ONE ONE, ONE, ONE
#define STREAM	   ONE_BY_ONE, { 1, GOAL, false, US, GOAL, 96 * US }

static const struct row rows[] = {
	{ "the fourth in a row is waited for", { STREAM } },
	{ "an answer begins the row anew", {
		ONE_BY_ONE, { 1, GOAL, true, US, 1, 0 }, ONE_BY_ONE,
		{ 1, GOAL, false, US, GOAL, 96 * US } } },
	{ "an answer does not end the patience", {
		STREAM, { GOAL, GOAL, true, GOAL * US, GOAL, 96 * US } } },
	{ "the wait follows the pace", {
		STREAM, { 12, GOAL, false, 120 * US, GOAL, 960 * US } } },
	{ "but is not short", {
		STREAM, { 48, GOAL, false, US, GOAL, 20 * US } } },
	{ "nor long", {
		STREAM, { 12, GOAL, false, ~0ULL / 2, GOAL, 2000 * US } } },
	{ "little found ends it, and the row", {
		STREAM, { 11, GOAL, false, US, 1, 0 }, ONE_BY_ONE } },
	{ "nothing found ends it", {
		STREAM, { 0, GOAL, false, US, 1, 0 }, ONE } },
	{ "few large ones are not worth it", {
		ONE_BY_ONE, { 1, 3, false, US, 1, 0 },
		{ 1, 3, false, US, 1, 0 } } },
	{ "nor is a ring that is gone", {
		STREAM, { 20, 0, false, US, 1, 0 } } },
};

static bool check(const struct row *row)
{
	struct kage_pace pace = {};
	u64 now = 5 * US;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(row->turns) && row->turns[i].want; i++) {
		const struct turn *t = &row->turns[i];
		const struct kage_pace_turn turn = {
			.now = now += t->gap,
			.taken = t->taken,
			.goal = t->goal,
			.answered = t->answered,
		};
		const u32 got = kage_pace_next(&pace, &turn);

		if (got == t->want && pace.patient == (got > 1) &&
		    (got == 1 || pace.wait == t->wait))
			continue;
		ktap_diag("turn %u: %u after %llu ns", i, got,
			  (unsigned long long)pace.wait);
		return false;
	}
	return true;
}

static void check_brisk(void)
{
	struct kage_pace_turn turn = { .now = 5000 * US, .taken = 2, .goal = 1 };
	struct kage_pace pace = {};

	kage_pace_next(&pace, &turn);
	ktap_ok(!pace.brisk, "the first turn comes after a pause");
	turn.now += 100 * US;
	kage_pace_next(&pace, &turn);
	ktap_ok(pace.brisk && pace.wait == 100 * US,
		"one soon after it is brisk, and so is the wait");
	turn.now += KAGE_PACE_MAX_WAIT / 2;
	kage_pace_next(&pace, &turn);
	ktap_ok(!pace.brisk, "one late after it is not");
}

int main(void)
{
	unsigned int i;

	ktap_plan(ARRAY_SIZE(rows) + 3);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		ktap_ok(check(&rows[i]), "%s", rows[i].name);
	check_brisk();
	return ktap_done();
}
