/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What makes kage fast can be left out, one by one, to see what it is worth:
 * insmod kage.ko without=NAME,... Everything is right without any of it.
 */
#ifndef _KAGE_FEATURE_H
#define _KAGE_FEATURE_H

#include "types.h"
#include <linux/bits.h>

enum kage_feature {
	KAGE_FEATURE_EXPRESS,	/* exits served in entry.S */
	KAGE_FEATURE_STORE,	/* stores to page tables without a walk */
	KAGE_FEATURE_AHEAD,	/* CR3 read and loaded in one exit */
	KAGE_FEATURE_DEVICE,	/* accesses to devices without a walk */
	KAGE_FEATURE_UNLINK,	/* tables unlinked while they change */
	KAGE_FEATURE_TEARDOWN,	/* upper tables given up where processes end */
	KAGE_FEATURE_WINDOW,	/* leaf tables filled where they are used */
	KAGE_FEATURE_PREFETCH,	/* leaf tables shadowed with their neighbours */
	KAGE_FEATURE_INVLPG,	/* INVLPG without an exit */
	KAGE_FEATURE_ROUTE,	/* page faults of the guest's own without one */
	KAGE_NR_FEATURES
};

extern unsigned long kage_features;

static inline bool kage_has(enum kage_feature feature)
{
	return kage_features & BIT(feature);
}

#endif /* _KAGE_FEATURE_H */
