/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rows of the hostile driver: what it does wrong, and what the device may do
 * about it.
 */
#ifndef _VIRTIO_HOSTILE_H
#define _VIRTIO_HOSTILE_H

#include "virtio_driver.h"

enum expect {
	GOES_ON,	/* works at once, without a reset */
	BROKEN,		/* says that it needs a reset */
	REFUSED,	/* does not take the features */
	EITHER,		/* works after a reset, as all of them must */
};

struct hostile_row {
	const char *name;
	enum expect expect;
	/* Before bring_up(), and after it; either may be NULL. */
	void (*prepare)(const struct hostile_row *row, struct setup *setup);
	void (*act)(const struct hostile_row *row);
	uint64_t a, b, c;
};

extern const struct hostile_row ring_rows[], device_rows[];

#endif /* _VIRTIO_HOSTILE_H */
