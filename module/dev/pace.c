// SPDX-License-Identifier: GPL-2.0
/* When to look into the ring of a driver that fills it. */
#include "pace.h"

/* Turns without an answer after which there will be more of them. */
#define PATIENT_AFTER	4

/* Less than this part of the goal was not worth the wait. */
#define WORTH		4

/* The time in which twice the goal would come at the pace seen last. */
static u64 wait_for(u64 gap, u32 taken, u32 goal)
{
	u64 wait;

	if (gap > KAGE_PACE_MAX_WAIT)
		gap = KAGE_PACE_MAX_WAIT;
	wait = gap * 2 * goal / taken;
	if (wait < KAGE_PACE_MIN_WAIT)
		return KAGE_PACE_MIN_WAIT;
	return wait < KAGE_PACE_MAX_WAIT ? wait : KAGE_PACE_MAX_WAIT;
}

u32 kage_pace_next(struct kage_pace *pace, const struct kage_pace_turn *turn)
{
	const u64 gap = turn->now - pace->then;

	pace->then = turn->now;
	pace->brisk = gap < KAGE_PACE_MAX_WAIT / 2;
	pace->wait = wait_for(gap, turn->taken ?: 1, 1);
	if (turn->goal < WORTH || !turn->taken ||
	    (pace->patient && turn->taken < turn->goal / WORTH)) {
		pace->patient = false;
		pace->row = 0;
		return 1;
	}
	if (!pace->patient) {
		pace->row = turn->answered ? 0 : pace->row + 1;
		if (pace->row < PATIENT_AFTER)
			return 1;
		pace->patient = true;
	}
	pace->wait = wait_for(gap, turn->taken, turn->goal);
	return turn->goal;
}
