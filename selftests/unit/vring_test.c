// SPDX-License-Identifier: GPL-2.0
/* Split virtqueues: what kage_vring_pop() takes, and every rule it enforces. */
#include "vring_driver.h"

/* Rules that a driver can break in what kage_vring_pop() reads. */

static void one_out(void)
{
	put_desc(DESC, 0, BUF, 16, 0, 0);
	offer(0);
}

static void idx_jumped(void)
{
	put16(AVAIL + 2, SIZE + 1);
}

static void idx_went_back(void)
{
	put16(AVAIL + 2, 0xffff);
}

static void head_is_size(void)
{
	offer(SIZE);
}

static void head_is_max(void)
{
	offer(0xffff);
}

static void next_is_size(void)
{
	put_desc(DESC, 0, BUF, 16, DESC_F_NEXT, SIZE);
	offer(0);
}

static void next_is_max(void)
{
	put_desc(DESC, 0, BUF, 16, DESC_F_NEXT, 0xffff);
	offer(0);
}

static void loop_of_one(void)
{
	put_desc(DESC, 0, BUF, 16, DESC_F_NEXT, 0);
	offer(0);
}

static void loop_of_two(void)
{
	put_desc(DESC, 3, BUF, 16, DESC_F_NEXT, 5);
	put_desc(DESC, 5, BUF, 16, DESC_F_NEXT, 3);
	offer(3);
}

static void loop_of_all(void)
{
	unsigned int i;

	for (i = 0; i < SIZE; i++)
		put_desc(DESC, i, BUF, 16, DESC_F_NEXT, (i + 1) % SIZE);
	offer(0);
}

static void zero_length(void)
{
	put_desc(DESC, 0, BUF, 0, 0, 0);
	offer(0);
}

static void zero_length_in(void)
{
	put_desc(DESC, 0, BUF, 8, DESC_F_NEXT, 1);
	put_desc(DESC, 1, BUF, 0, DESC_F_WRITE, 0);
	offer(0);
}

static void buffer_wraps(void)
{
	put_desc(DESC, 0, ~0ULL, 2, 0, 0);
	offer(0);
}

static void out_after_in(void)
{
	put_desc(DESC, 0, BUF, 8, DESC_F_NEXT | DESC_F_WRITE, 1);
	put_desc(DESC, 1, BUF, 8, 0, 0);
	offer(0);
}

static void indirect_not_negotiated(void)
{
	vr.indirect = false;
	put_desc(TABLE, 0, BUF, 8, 0, 0);
	put_desc(DESC, 0, TABLE, 16, DESC_F_INDIRECT, 0);
	offer(0);
}

static void indirect_in_indirect(void)
{
	put_desc(TABLE, 0, TABLE + 64, 16, DESC_F_INDIRECT, 0);
	put_desc(TABLE + 64, 0, BUF, 8, 0, 0);
	put_desc(DESC, 0, TABLE, 16, DESC_F_INDIRECT, 0);
	offer(0);
}

static void indirect_names_itself(void)
{
	put_desc(TABLE, 0, TABLE, 16, DESC_F_INDIRECT, 0);
	put_desc(DESC, 0, TABLE, 16, DESC_F_INDIRECT, 0);
	offer(0);
}

static void indirect_and_next(void)
{
	put_desc(TABLE, 0, BUF, 8, 0, 0);
	put_desc(DESC, 0, TABLE, 16, DESC_F_INDIRECT | DESC_F_NEXT, 1);
	put_desc(DESC, 1, BUF, 8, 0, 0);
	offer(0);
}

static void table_empty(void)
{
	put_desc(DESC, 0, TABLE, 0, DESC_F_INDIRECT, 0);
	offer(0);
}

static void table_length_odd(void)
{
	put_desc(TABLE, 0, BUF, 8, 0, 0);
	put_desc(DESC, 0, TABLE, 24, DESC_F_INDIRECT, 0);
	offer(0);
}

static void table_outside_ram(void)
{
	put_desc(DESC, 0, RAM_SIZE, 16, DESC_F_INDIRECT, 0);
	offer(0);
}

static void table_leaves_ram(void)
{
	put_desc(RAM_SIZE - 16, 0, BUF, 8, DESC_F_NEXT, 1);
	put_desc(DESC, 0, RAM_SIZE - 16, 32, DESC_F_INDIRECT, 0);
	offer(0);
}

static void table_wraps(void)
{
	put_desc(DESC, 0, ~0ULL - 15, 32, DESC_F_INDIRECT, 0);
	offer(0);
}

static void table_next_past_end(void)
{
	put_desc(TABLE, 0, BUF, 8, DESC_F_NEXT, 2);
	put_desc(TABLE, 2, BUF, 8, 0, 0);
	put_desc(DESC, 0, TABLE, 32, DESC_F_INDIRECT, 0);
	offer(0);
}

static void table_loop(void)
{
	put_desc(TABLE, 0, BUF, 8, DESC_F_NEXT, 1);
	put_desc(TABLE, 1, BUF, 8, DESC_F_NEXT, 0);
	put_desc(DESC, 0, TABLE, 32, DESC_F_INDIRECT, 0);
	offer(0);
}

static void table_zero_length(void)
{
	put_desc(TABLE, 0, BUF, 0, 0, 0);
	put_desc(DESC, 0, TABLE, 16, DESC_F_INDIRECT, 0);
	offer(0);
}

static void table_out_after_in(void)
{
	put_desc(DESC, 0, BUF, 8, DESC_F_WRITE | DESC_F_NEXT, 1);
	put_desc(DESC, 1, TABLE, 16, DESC_F_INDIRECT, 0);
	put_desc(TABLE, 0, BUF, 8, 0, 0);
	offer(0);
}

static void fill_table(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		put_desc(TABLE, i, BUF + i, 1, i + 1 < n ? DESC_F_NEXT : 0,
			 i + 1);
	put_desc(DESC, 0, TABLE, 16 * n, DESC_F_INDIRECT, 0);
	offer(0);
}

static void too_many_buffers(void)
{
	fill_table(KAGE_VRING_MAX_CHAIN + 1);
}

static void desc_outside_ram(void)
{
	offer(0);
	vr.desc = RAM_SIZE;
}

static void desc_wraps(void)
{
	offer(1);
	vr.desc = ~0ULL - 15;
	/* Entry 1 lies at 0, and is not to be trusted for that. */
	put_desc(0, 0, BUF, 0, 0, 0);
}

static void avail_outside_ram(void)
{
	vr.avail = RAM_SIZE;
}

static void avail_entry_outside_ram(void)
{
	vr.avail = RAM_SIZE - 4;
	put16(vr.avail + 2, 1);
}

static const struct {
	const char *name;
	void (*setup)(void);
} break_rows[] = {
	{ "avail index jumped by more than the ring", idx_jumped },
	{ "avail index went back", idx_went_back },
	{ "head is the ring's size", head_is_size },
	{ "head is 65535", head_is_max },
	{ "next is the ring's size", next_is_size },
	{ "next is 65535", next_is_max },
	{ "loop of one", loop_of_one },
	{ "loop of two", loop_of_two },
	{ "loop of the whole ring", loop_of_all },
	{ "zero length", zero_length },
	{ "zero length, in buffer", zero_length_in },
	{ "buffer wraps the address space", buffer_wraps },
	{ "out buffer after in buffer", out_after_in },
	{ "indirect, not negotiated", indirect_not_negotiated },
	{ "indirect inside indirect", indirect_in_indirect },
	{ "indirect names itself", indirect_names_itself },
	{ "indirect with next", indirect_and_next },
	{ "indirect table is empty", table_empty },
	{ "indirect table of one and a half", table_length_odd },
	{ "indirect table outside RAM", table_outside_ram },
	{ "indirect table leaves RAM", table_leaves_ram },
	{ "indirect table wraps the address space", table_wraps },
	{ "next past the indirect table", table_next_past_end },
	{ "loop in the indirect table", table_loop },
	{ "zero length in the indirect table", table_zero_length },
	{ "out after in, across the indirect table", table_out_after_in },
	{ "one buffer more than a chain may have", too_many_buffers },
	{ "descriptors outside RAM", desc_outside_ram },
	{ "descriptors wrap the address space", desc_wraps },
	{ "avail ring outside RAM", avail_outside_ram },
	{ "avail entry outside RAM", avail_entry_outside_ram },
};

/* Broken stays broken, whatever the driver does then. */
static bool stays_broken(void)
{
	vr.avail = AVAIL;
	vr.desc = DESC;
	put16(AVAIL + 2, vr.last_avail);
	one_out();
	return vr.broken && kage_vring_pop(&vr, chain) == -EINVAL &&
	       kage_vring_push(&vr, 0, 0) == -EINVAL &&
	       kage_vring_publish(&vr) == -EINVAL &&
	       !kage_vring_should_signal(&vr) && !kage_vring_enable_kick(&vr);
}

static void test_breaks(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(break_rows); i++) {
		bool ok;

		fresh();
		break_rows[i].setup();
		ok = kage_vring_pop(&vr, chain) == -EINVAL;
		ok &= vr.last_avail == 0;
		ktap_ok(ok && stays_broken(), "breaks: %s",
			break_rows[i].name);
	}
}

/* What a driver may do. */

static void out_and_in(void)
{
	put_desc(DESC, 6, BUF, 10, DESC_F_NEXT, 2);
	put_desc(DESC, 2, BUF + 16, 20, DESC_F_NEXT, 7);
	put_desc(DESC, 7, BUF + 64, 30, DESC_F_WRITE, 0);
	offer(6);
}

static void whole_ring(void)
{
	unsigned int i;

	for (i = 0; i < SIZE; i++)
		put_desc(DESC, i, BUF, 1, i + 1 < SIZE ? DESC_F_NEXT : 0,
			 i + 1);
	offer(0);
}

static void last_byte_of_space(void)
{
	put_desc(DESC, 0, ~0ULL, 1, 0, 0);
	offer(0);
}

static void longest_sum(void)
{
	put_desc(DESC, 0, BUF, ~0U, DESC_F_NEXT, 1);
	put_desc(DESC, 1, BUF, ~0U, 0, 0);
	offer(0);
}

static void table_alone(void)
{
	put_desc(TABLE, 0, BUF, 10, DESC_F_NEXT, 2);
	put_desc(TABLE, 2, BUF + 32, 5, DESC_F_WRITE, 0);
	put_desc(DESC, 4, TABLE, 48, DESC_F_INDIRECT | DESC_F_WRITE, 0);
	offer(4);
}

static void table_after_normal(void)
{
	put_desc(DESC, 0, BUF, 3, DESC_F_NEXT, 1);
	put_desc(DESC, 1, TABLE, 32, DESC_F_INDIRECT, 0);
	put_desc(TABLE, 0, BUF + 8, 4, DESC_F_NEXT, 1);
	put_desc(TABLE, 1, BUF + 16, 9, DESC_F_WRITE, 0);
	offer(0);
}

static void most_buffers(void)
{
	fill_table(KAGE_VRING_MAX_CHAIN);
}

static const struct {
	const char *name;
	void (*setup)(void);
	u16 head, nr_out, nr_in;
	u64 out_len, in_len;
} good_rows[] = {
	{ "one buffer", one_out, 0, 1, 0, 16, 0 },
	{ "out, out, in", out_and_in, 6, 2, 1, 30, 30 },
	{ "as long as the ring", whole_ring, 0, SIZE, 0, SIZE, 0 },
	{ "last byte of the address space", last_byte_of_space, 0, 1, 0, 1,
	  0 },
	{ "sum above 32 bits", longest_sum, 0, 2, 0, 2 * 0xffffffffULL, 0 },
	{ "indirect, its WRITE flag ignored", table_alone, 4, 1, 1, 10, 5 },
	{ "normal, then indirect", table_after_normal, 0, 2, 1, 7, 9 },
	{ "as many buffers as there may be", most_buffers, 0,
	  KAGE_VRING_MAX_CHAIN, 0, KAGE_VRING_MAX_CHAIN, 0 },
};

static void test_good(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good_rows); i++) {
		bool ok;

		fresh();
		good_rows[i].setup();
		ok = kage_vring_pop(&vr, chain) == 1 && !vr.broken;
		ok = ok && chain->head == good_rows[i].head &&
		     chain->nr_out == good_rows[i].nr_out &&
		     chain->nr_in == good_rows[i].nr_in &&
		     chain->out_len == good_rows[i].out_len &&
		     chain->in_len == good_rows[i].in_len;
		ok = ok && kage_vring_pop(&vr, chain) == 0;
		ktap_ok(ok, "pop: %s", good_rows[i].name);
	}
}

static void test_pop_reads_once(void)
{
	bool ok;

	fresh();
	out_and_in();
	ok = kage_vring_pop(&vr, chain) == 1;
	ok &= count_reads(AVAIL + 2) == 1 && count_reads(AVAIL + 4) == 1;
	ok &= count_reads(DESC + 16 * 6) == 1 &&
	      count_reads(DESC + 16 * 2) == 1 &&
	      count_reads(DESC + 16 * 7) == 1;
	ok &= nr_events == 6;
	ktap_ok(ok, "pop: index, entry and descriptors read once");
	ok = find('R', AVAIL + 2) < find('r', 0) &&
	     find('r', 0) < find('R', AVAIL + 4);
	ktap_ok(ok, "pop: barrier between index and entry");

	fresh();
	loop_of_all();
	ok = kage_vring_pop(&vr, chain) == -EINVAL && count_reads(DESC) == 1;
	fresh();
	table_loop();
	ok &= kage_vring_pop(&vr, chain) == -EINVAL && count_reads(TABLE) == 1;
	ktap_ok(ok, "pop: no descriptor of a loop read twice");
}

static void test_disabled(void)
{
	fresh_sized(0);
	ktap_ok(kage_vring_pop(&vr, chain) == 0 &&
		!kage_vring_should_signal(&vr) &&
		!kage_vring_enable_kick(&vr) && !nr_events,
		"a disabled queue touches nothing");
}

static void test_unpop(void)
{
	unsigned int i;
	bool ok = true;

	fresh();
	vr.last_avail = 0xfffe;
	put16(AVAIL + 2, 0xfffe);
	for (i = 0; i < 4; i++) {
		put_desc(DESC, i, BUF + i, 1 + i, 0, 0);
		offer(i);
	}
	for (i = 0; i < 4; i++)
		ok &= kage_vring_pop(&vr, chain) == 1 && chain->head == i;
	for (i = 0; i < 3; i++)
		kage_vring_unpop(&vr);
	for (i = 1; i < 4; i++)
		ok &= kage_vring_pop(&vr, chain) == 1 && chain->head == i &&
		      chain->out_len == 1 + i;
	ok &= kage_vring_pop(&vr, chain) == 0 && vr.last_avail == 2;
	ktap_ok(ok, "unpop gives back the last chains, across the wrap");
}

int main(void)
{
	harness_init();
	ktap_plan(ARRAY_SIZE(break_rows) + ARRAY_SIZE(good_rows) + 5);
	test_breaks();
	test_good();
	test_pop_reads_once();
	test_disabled();
	test_unpop();
	return harness_done();
}
