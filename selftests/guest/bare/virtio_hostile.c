// SPDX-License-Identifier: GPL-2.0
/*
 * A driver of the network device that misbehaves, row by row. Whatever it did,
 * the device is there: at once or after a reset a frame goes out again and the
 * host's answer comes in.
 */
#include "virtio_hostile.h"

static uint64_t rows, wrong;

/* What a message or a register made: interrupts are never turned on here. */
static bool ignore_nmi(struct frame *frame)
{
	return frame->vector == 2;
}

static bool as_expected(const struct hostile_row *row, bool taken)
{
	const bool broken = get_status() & NEEDS_RESET;

	switch (row->expect) {
	case REFUSED:
		return !taken;
	case BROKEN:
		return taken && broken;
	case GOES_ON:
		return taken && !broken && exchange();
	default:
		return true;
	}
}

/* By the book, from a reset on. */
static bool works(void)
{
	struct setup setup;

	fresh_setup(&setup);
	if (!bring_up(&setup))
		return false;
	post_rx();
	return exchange();
}

static void run_row(const struct hostile_row *row)
{
	struct setup setup;
	bool taken, right, back;

	fresh_setup(&setup);
	if (row->prepare)
		row->prepare(row, &setup);
	taken = bring_up(&setup);
	post_rx();
	if (row->act)
		row->act(row);
	right = as_expected(row, taken);
	back = works();
	rows++;
	wrong += !right || !back;
	if (!right || !back)
		print("virtio: not ok: %s%s%s\n", row->name,
		      right ? "" : ": not as expected",
		      back ? "" : ": no frame after a reset");
}

int guest_main(void)
{
	const struct hostile_row *row;

	on_exception = ignore_nmi;
	if (!find_device()) {
		print("virtio: no device\n");
		return 1;
	}
	print("virtio: waiting for the link\n");
	wait_for_link();
	if (!works()) {
		print("virtio: the host does not answer\n");
		return 1;
	}
	for (row = ring_rows; row->name; row++)
		run_row(row);
	for (row = device_rows; row->name; row++)
		run_row(row);
	reset();
	print("virtio: %u frames answered\n", good_frames);
	print("virtio: %u rows, %u wrong\n", rows, wrong);
	return wrong != 0;
}
