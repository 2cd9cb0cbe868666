// SPDX-License-Identifier: GPL-2.0
/*
 * Rows: descriptors, chains and rings that are not what they should be.
 */
#include "virtio_hostile.h"

#define APIC_PAGE	0xfee00000ULL
#define NOWHERE		0xa0000000ULL
#define WRAP		(0ULL - 16)
#define FRAME		((uint64_t)tx_buf(0))

/* Makes a frame of descriptor 0's buffer and shows the chain at @head. */
static void send(uint16_t head)
{
	offer(TX, head);
	kick(TX);
}

static uint32_t frame_len(void)
{
	return fill_frame(tx_buf(0));
}

/* One descriptor: address a, length b, flags c. */
static void one(const struct hostile_row *row)
{
	frame_len();
	set_desc(0, row->a ? row->a : FRAME, row->b, row->c, 0);
	send(0);
}

/* A good header, then the rest at address a, length b, flags c. */
static void second(const struct hostile_row *row)
{
	frame_len();
	set_desc(0, FRAME, 12, DESC_NEXT, 1);
	set_desc(1, row->a, row->b, row->c, 0);
	send(0);
}

/* A chain of a descriptors; the last is followed by descriptor b. */
static void chain(const struct hostile_row *row)
{
	unsigned int i;

	frame_len();
	for (i = 0; i < row->a; i++)
		set_desc(i, FRAME, 12, DESC_NEXT, i + 1);
	set_desc(row->a - 1, FRAME, 12, DESC_NEXT, row->b);
	send(0);
}

static void head(const struct hostile_row *row)
{
	send(row->a);
}

static struct desc *table(void)
{
	return (struct desc *)tx_buf(1);
}

/* Descriptor 0 names a table of b bytes at a, with more flags c. */
static void indirect(const struct hostile_row *row)
{
	const uint32_t len = frame_len();

	table()[0] = (struct desc){ FRAME, len, 0, 0 };
	set_desc(0, row->a ? row->a : (uint64_t)table(), row->b,
		 DESC_INDIRECT | row->c, 1);
	set_desc(1, FRAME, len, 0, 0);
	send(0);
}

/* A table of a entries, each followed by the next, the last by entry b. */
static void long_table(const struct hostile_row *row)
{
	struct desc *d = (struct desc *)tx_buf(8);
	unsigned int i;

	frame_len();
	for (i = 0; i < row->a; i++)
		d[i] = (struct desc){ FRAME, 12, DESC_NEXT, i + 1 };
	d[row->a - 1].next = row->b;
	if (row->c)
		d[row->a - 1].flags = 0;
	set_desc(0, (uint64_t)d, row->a * sizeof(*d), DESC_INDIRECT, 0);
	send(0);
}

static void inner_table(const struct hostile_row *row)
{
	(void)row;
	table()[0] = (struct desc){ (uint64_t)table(), 16, DESC_INDIRECT, 0 };
	set_desc(0, (uint64_t)table(), 16, DESC_INDIRECT, 0);
	send(0);
}

static void no_indirect(const struct hostile_row *row, struct setup *setup)
{
	(void)row;
	setup->features &= ~F_INDIRECT;
}

/* Readable after writable. */
static void wrong_order(const struct hostile_row *row)
{
	(void)row;
	frame_len();
	set_desc(0, FRAME, 12, DESC_NEXT | DESC_WRITE, 1);
	set_desc(1, FRAME, 60, 0, 0);
	send(0);
}

/* The index runs ahead of what is there by a. */
static void jump(const struct hostile_row *row)
{
	unsigned int i;

	set_desc(0, FRAME, frame_len(), 0, 0);
	for (i = 0; i < NR_DESCS; i++)
		queues[TX].avail->ring[i] = 0;
	queues[TX].avail->idx += row->a;
	kick(TX);
}

/* One frame is out; then the index goes back. */
static void jump_back(const struct hostile_row *row)
{
	ask_host();
	queues[TX].avail->idx -= row->a;
	kick(TX);
}

/* Queue c has its rings at other places: a and b as the row's name says. */
static void move_desc(const struct hostile_row *row, struct setup *setup)
{
	setup->queue[row->c].desc = row->a;
}

static void move_avail(const struct hostile_row *row, struct setup *setup)
{
	setup->queue[row->c].avail = row->a;
}

static void move_used(const struct hostile_row *row, struct setup *setup)
{
	setup->queue[row->c].used = row->a;
}

/* Rings of a queue that lie on each other: the device writes what it reads. */
static void used_is_desc(const struct hostile_row *row, struct setup *setup)
{
	setup->queue[row->c].used = setup->queue[row->c].desc;
}

static void used_is_avail(const struct hostile_row *row, struct setup *setup)
{
	setup->queue[row->c].used = setup->queue[row->c].avail & ~3ULL;
}

static void all_is_one(const struct hostile_row *row, struct setup *setup)
{
	used_is_desc(row, setup);
	setup->queue[row->c].avail = setup->queue[row->c].desc;
}

/* Rings that begin in the last page of RAM and end where there is none. */
static void past_the_end(const struct hostile_row *row, struct setup *setup)
{
	setup->queue[row->c].desc = ram_end() - 32;
	setup->queue[row->c].used = ram_end() - 8;
}

static void resize(const struct hostile_row *row, struct setup *setup)
{
	setup->queue[row->c].size = row->a;
}

static void ask(const struct hostile_row *row)
{
	(void)row;
	ask_host();
}

/* Several at once: the device finds itself among what it has returned. */
static void burst(const struct hostile_row *row)
{
	unsigned int i;

	for (i = 0; i < row->a; i++) {
		set_desc(i % NR_DESCS, (uint64_t)tx_buf(i % NR_DESCS),
			 fill_frame(tx_buf(i % NR_DESCS)), 0, 0);
		offer(TX, i % NR_DESCS);
	}
	kick(TX);
}

static void over_the_end(const struct hostile_row *row)
{
	frame_len();
	set_desc(0, ram_end() - row->a, 60, 0, 0);
	send(0);
}

/* The host's next frames go to address a, length b, flags c. */
static void receive(const struct hostile_row *row)
{
	unsigned int i;

	for (i = 0; i < NR_RX; i++) {
		queues[RX].desc[i].addr = row->a;
		queues[RX].desc[i].len = row->b;
		queues[RX].desc[i].flags = row->c;
	}
	ask_host();
	ask_host();
}

/* Into the device's own rings; a says which. */
static void receive_into_rings(const struct hostile_row *row)
{
	const uint64_t where[] = {
		(uint64_t)queues[RX].desc, (uint64_t)queues[RX].avail,
		(uint64_t)queues[RX].used, (uint64_t)queues[TX].desc,
		(uint64_t)queues[TX].avail, (uint64_t)queues[TX].used,
	};
	const struct hostile_row there = {
		.a = where[row->a], .b = BUF_LEN, .c = DESC_WRITE,
	};

	receive(&there);
}

/* Into a live page table: the processor must see what the device wrote. */
static void receive_into_tables(const struct hostile_row *row)
{
	uint64_t *root = new_root(), window = 1ULL << 39, old = read_cr3();
	uint64_t *pte = pte_of(root, window);
	const struct hostile_row there = {
		.a = (uint64_t)pte, .b = BUF_LEN, .c = DESC_WRITE,
	};

	(void)row;
	set_pte(pte, (uint64_t)pte | PTE_RW);
	write_cr3((uint64_t)root);
	touch(window);
	receive(&there);
	write_cr3(old);
}

/* The same place in a buffers of 30 bytes, by a table for each chain. */
static void receive_in_pieces(const struct hostile_row *row)
{
	unsigned int i, nr;

	for (nr = 0; nr < NR_RX; nr++) {
		struct desc *d = (struct desc *)tx_buf(8 + nr);

		for (i = 0; i < row->a; i++)
			d[i] = (struct desc){ queues[RX].desc[nr].addr + 30 * i,
					      30, DESC_WRITE | DESC_NEXT,
					      i + 1 };
		d[row->a - 1].flags = DESC_WRITE;
		queues[RX].desc[nr].addr = (uint64_t)d;
		queues[RX].desc[nr].len = row->a * sizeof(*d);
		queues[RX].desc[nr].flags = DESC_INDIRECT;
	}
	ask_host();
	ask_host();
}

static void receive_chain_circle(const struct hostile_row *row)
{
	unsigned int i;

	(void)row;
	for (i = 0; i < NR_RX; i++) {
		queues[RX].desc[i].flags = DESC_WRITE | DESC_NEXT;
		queues[RX].desc[i].next = i;
	}
	ask_host();
	ask_host();
}

const struct hostile_row ring_rows[] = {
	{ "nothing wrong", GOES_ON, NULL, ask },
	{ "64 frames at once", GOES_ON, NULL, burst, 64 },
	{ "length 0", BROKEN, NULL, one, 0, 0 },
	{ "length 11", GOES_ON, NULL, one, 0, 11 },
	{ "header alone", GOES_ON, NULL, one, 0, 12 },
	{ "header and 13 bytes", GOES_ON, NULL, one, 0, 25 },
	{ "one byte too long", GOES_ON, NULL, one, 0, 12 + 65554 },
	{ "length 4 GiB - 1", GOES_ON, NULL, one, 0, 0xffffffff },
	{ "length wraps at 2^64", BROKEN, NULL, one, WRAP, 60 },
	{ "ends at 2^64", GOES_ON, NULL, one, WRAP, 16 },
	{ "outside RAM", GOES_ON, NULL, one, NOWHERE, 60 },
	{ "above 2^40", GOES_ON, NULL, one, 1ULL << 45, 60 },
	{ "over the local APIC", GOES_ON, NULL, one, APIC_PAGE, 60 },
	{ "over its own BAR", GOES_ON, NULL, one, 0xfe010000, 60 },
	{ "header over the end of RAM", GOES_ON, NULL, over_the_end, 6 },
	{ "frame over the end of RAM", GOES_ON, NULL, over_the_end, 40 },
	{ "writable", GOES_ON, NULL, one, 0, 60, DESC_WRITE },
	{ "unknown flags", EITHER, NULL, one, 0, 60, 0xfff8 },
	{ "second outside RAM", GOES_ON, NULL, second, NOWHERE, 60 },
	{ "second over the local APIC", GOES_ON, NULL, second, APIC_PAGE, 60 },
	{ "second of 4 GiB - 1", GOES_ON, NULL, second, 4096, 0xffffffff },
	{ "second of length 0", BROKEN, NULL, second, 4096, 0 },
	{ "second writable", GOES_ON, NULL, second, 4096, 60, DESC_WRITE },
	{ "second wraps", BROKEN, NULL, second, WRAP, 17 },
	{ "readable after writable", BROKEN, NULL, wrong_order },
	{ "circle of 1", BROKEN, NULL, chain, 1, 0 },
	{ "circle of 2", BROKEN, NULL, chain, 2, 0 },
	{ "circle of all", BROKEN, NULL, chain, NR_DESCS, 0 },
	{ "next behind the table", BROKEN, NULL, chain, 1, NR_DESCS },
	{ "next far behind", BROKEN, NULL, chain, 3, 0xffff },
	{ "head behind the table", BROKEN, NULL, head, NR_DESCS },
	{ "head far behind", BROKEN, NULL, head, 0xffff },
	{ "table of one", GOES_ON, NULL, indirect, 0, 16 },
	{ "table of length 0", BROKEN, NULL, indirect, 0, 0 },
	{ "table of length 15", BROKEN, NULL, indirect, 0, 15 },
	{ "table of length 17", BROKEN, NULL, indirect, 0, 17 },
	{ "table of 4 GiB - 16", GOES_ON, NULL, indirect, 0, 0xfffffff0 },
	{ "table wraps", BROKEN, NULL, indirect, WRAP, 32 },
	{ "table outside RAM", BROKEN, NULL, indirect, NOWHERE, 16 },
	{ "table over the local APIC", BROKEN, NULL, indirect, APIC_PAGE, 16 },
	{ "table and next", BROKEN, NULL, indirect, 0, 16, DESC_NEXT },
	{ "writable table", GOES_ON, NULL, indirect, 0, 16, DESC_WRITE },
	{ "table in a table", BROKEN, NULL, inner_table },
	{ "table not negotiated", BROKEN, no_indirect, indirect, 0, 16 },
	{ "table longer than the queue", GOES_ON, NULL, long_table, 200, 0, 1 },
	{ "table longer than any chain", BROKEN, NULL, long_table, 600, 0, 1 },
	{ "circle in a table", BROKEN, NULL, long_table, 200, 0 },
	{ "next behind an inner table", BROKEN, NULL, long_table, 5, 5 },
	{ "index ahead by the size", GOES_ON, NULL, jump, NR_DESCS },
	{ "index ahead by one more", BROKEN, NULL, jump, NR_DESCS + 1 },
	{ "index ahead by 32768", BROKEN, NULL, jump, 32768 },
	{ "index ahead by 65535", BROKEN, NULL, jump, 65535 },
	{ "index back by 1", BROKEN, NULL, jump_back, 1 },
	{ "index back by 32767", BROKEN, NULL, jump_back, 32767 },
	{ "descriptors outside RAM", BROKEN, move_desc, ask, NOWHERE, 0, TX },
	{ "avail outside RAM", BROKEN, move_avail, ask, NOWHERE, 0, TX },
	{ "used outside RAM", BROKEN, move_used, ask, NOWHERE, 0, TX },
	{ "descriptors on a device", BROKEN, move_desc, ask, APIC_PAGE, 0, TX },
	{ "avail on a device", BROKEN, move_avail, ask, APIC_PAGE, 0, TX },
	{ "used on a device", BROKEN, move_used, ask, APIC_PAGE, 0, TX },
	{ "used on its BAR", BROKEN, move_used, ask, 0xfe010000, 0, TX },
	{ "descriptors at 2^64", BROKEN, move_desc, ask, WRAP, 0, TX },
	{ "avail at 2^64", EITHER, move_avail, ask, 0ULL - 2, 0, TX },
	{ "used at 2^64", EITHER, move_used, ask, 0ULL - 4, 0, TX },
	{ "descriptors not aligned", BROKEN, move_desc, ask, 8, 0, TX },
	{ "avail not aligned", BROKEN, move_avail, ask, 1, 0, TX },
	{ "used not aligned", BROKEN, move_used, ask, 2, 0, TX },
	{ "rings past the end of RAM", BROKEN, past_the_end, ask, .c = TX },
	{ "used on descriptors", EITHER, used_is_desc, burst, 64, .c = TX },
	{ "used on avail", EITHER, used_is_avail, burst, 64, .c = TX },
	{ "all rings are one", EITHER, all_is_one, burst, 64, .c = TX },
	{ "receive: avail outside RAM", EITHER, move_avail, ask, NOWHERE, 0,
	  RX },
	{ "receive: used outside RAM", EITHER, move_used, ask, NOWHERE, 0,
	  RX },
	{ "receive: used on descriptors", EITHER, used_is_desc, ask, .c = RX },
	{ "receive: all rings are one", EITHER, all_is_one, ask, .c = RX },
	{ "size 0", BROKEN, resize, ask, 0, 0, TX },
	{ "size 3", BROKEN, resize, ask, 3, 0, TX },
	{ "size 48", BROKEN, resize, ask, 48, 0, TX },
	{ "size 1024", BROKEN, resize, ask, 1024, 0, TX },
	{ "size 32768", BROKEN, resize, ask, 32768, 0, TX },
	{ "size 65535", BROKEN, resize, ask, 65535, 0, RX },
	{ "receive: outside RAM", BROKEN, NULL, receive, NOWHERE, BUF_LEN,
	  DESC_WRITE },
	{ "receive: over the local APIC", BROKEN, NULL, receive, APIC_PAGE,
	  BUF_LEN, DESC_WRITE },
	{ "receive: over its own BAR", BROKEN, NULL, receive, 0xfe010000,
	  BUF_LEN, DESC_WRITE },
	{ "receive: length 0", BROKEN, NULL, receive, 4096, 0, DESC_WRITE },
	{ "receive: length wraps", BROKEN, NULL, receive, WRAP, 100,
	  DESC_WRITE },
	{ "receive: readable", BROKEN, NULL, receive, 4096, BUF_LEN },
	{ "receive: less than a header", BROKEN, NULL, receive, 0x40000, 11,
	  DESC_WRITE },
	{ "receive: nothing but a header", EITHER, NULL, receive, 0x40000, 12,
	  DESC_WRITE },
	{ "receive: 4 GiB - 1", EITHER, NULL, receive, 0x40000, 0xffffffff,
	  DESC_WRITE },
	{ "receive: circle", BROKEN, NULL, receive_chain_circle },
	{ "receive: 64 buffers to a chain", GOES_ON, NULL, receive_in_pieces,
	  64 },
	{ "receive: 65 buffers to a chain", BROKEN, NULL, receive_in_pieces,
	  65 },
	{ "receive: into descriptors", EITHER, NULL, receive_into_rings, 0 },
	{ "receive: into avail", EITHER, NULL, receive_into_rings, 1 },
	{ "receive: into used", EITHER, NULL, receive_into_rings, 2 },
	{ "receive: into the other's descriptors", EITHER, NULL,
	  receive_into_rings, 3 },
	{ "receive: into the other's avail", EITHER, NULL, receive_into_rings,
	  4 },
	{ "receive: into the other's used", EITHER, NULL, receive_into_rings,
	  5 },
	{ "receive: into a live page table", EITHER, NULL,
	  receive_into_tables },
	{ }
};
