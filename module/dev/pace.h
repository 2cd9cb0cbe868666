/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When to look into the ring of a driver that fills it. PURE.
 *
 * Whoever takes each buffer at its kick costs the guest an exit and an interrupt
 * each. A driver that has gone on for a while without an answer is let go on
 * until there is more: until a number of buffers, the end of a time, or a
 * processor with nothing else to do. If one of the latter finds little, it was
 * not worth the wait, and every buffer is taken at once again.
 */
#ifndef _KAGE_DEV_PACE_H
#define _KAGE_DEV_PACE_H

#include "../types.h"

/* Bounds of the time, in ns, whatever the driver's own pace is. */
#define KAGE_PACE_MIN_WAIT	20000
#define KAGE_PACE_MAX_WAIT	2000000

struct kage_pace {
	bool patient;
	bool brisk;	/* the last two turns came soon after each other */
	u8 row;		/* turns since the last answer */
	u64 then;	/* ns: the last turn */
	u64 wait;	/* ns: to look at the latest, for what was put off */
};

/**
 * struct kage_pace_turn - the ring was emptied
 * @now: when, in ns
 * @taken: buffers found since the last turn
 * @goal: buffers that are worth a kick, 1 if every one is
 * @answered: the other direction moved since the last turn
 */
struct kage_pace_turn {
	u64 now;
	u32 taken;
	u32 goal;
	bool answered;
};

/**
 * kage_pace_next() - how many buffers is the driver to kick for?
 *
 * Return: 1 for the next one; else @turn->goal, and the ring is to be looked at
 * after pace->wait, and when the guest has nothing else to do.
 */
u32 kage_pace_next(struct kage_pace *pace, const struct kage_pace_turn *turn);

#endif /* _KAGE_DEV_PACE_H */
