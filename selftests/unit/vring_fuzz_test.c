// SPDX-License-Identifier: GPL-2.0
/*
 * Split virtqueues: honest and hostile drivers by chance.
 *
 *   vring_fuzz_test [SEED]
 */
#include "vring_driver.h"
#include <time.h>

static u64 rng_state;

static u64 rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state;
}

static u32 below(u32 n)
{
	return (rng() >> 16) % n;
}

struct expect {
	u16 head;
	unsigned int nr_out, nr_in;
	struct kage_vring_buf buf[SIZE];
};

/* A chain in free descriptors [@first, SIZE), normal or by a table. */
static void build(struct expect *want, unsigned int first)
{
	const unsigned int nr = 1 + below(SIZE - first);
	const bool table = below(2);
	const gpa_t base = table ? TABLE + 256 * first : DESC;
	const unsigned int start = table ? 0 : first;
	unsigned int i;

	want->head = first;
	want->nr_out = below(nr + 1);
	want->nr_in = nr - want->nr_out;
	for (i = 0; i < nr; i++) {
		const bool last = i + 1 == nr;

		want->buf[i].gpa = rng() >> 1;
		want->buf[i].len = 1 + below(~0U);
		put_desc(base, start + i, want->buf[i].gpa, want->buf[i].len,
			 (last ? 0 : DESC_F_NEXT) |
			 (i < want->nr_out ? 0 : DESC_F_WRITE), start + i + 1);
	}
	if (table)
		put_desc(DESC, first, base, 16 * nr, DESC_F_INDIRECT, 0);
	offer(first);
}

static bool same(const struct expect *want)
{
	const unsigned int nr = want->nr_out + want->nr_in;
	unsigned int i;

	if (chain->head != want->head || chain->nr_out != want->nr_out ||
	    chain->nr_in != want->nr_in)
		return false;
	for (i = 0; i < nr; i++) {
		if (chain->buf[i].gpa != want->buf[i].gpa ||
		    chain->buf[i].len != want->buf[i].len)
			return false;
	}
	return true;
}

/* An honest driver for long enough that the indexes wrap. */
static void test_round_trips(void)
{
	struct expect want;
	bool ok = true;
	u32 i;

	fresh();
	for (i = 0; ok && i < 140000; i++) {
		build(&want, below(SIZE));
		ok = kage_vring_pop(&vr, chain) == 1 && same(&want) &&
		     !kage_vring_push(&vr, chain->head, i) &&
		     !kage_vring_publish(&vr);
		ok = ok && get16(USED + 2) == (u16)(i + 1) &&
		     get16(USED + 4 + 8 * (i % SIZE)) == want.head &&
		     kage_vring_pop(&vr, chain) == 0;
		nr_events = 0;
	}
	ktap_ok(ok, "fuzz: honest chains come out as they went in");
}

/* Values that bring a hostile driver past the first check. */
static u64 tricky(void)
{
	static const u64 vals[] = { 0, 1, 2, 8, 15, 16, 17, 32, 0x7fff, 0x8000,
				    0xffff, 0xffffffff, 1ULL << 63, ~0ULL,
				    ~0ULL - 15, RAM_SIZE - 16, RAM_SIZE,
				    DESC, AVAIL, USED, TABLE, BUF };

	return below(4) ? vals[below(ARRAY_SIZE(vals))] : rng();
}

static void scribble(void)
{
	unsigned int i;

	for (i = 0; i < SIZE; i++) {
		put_desc(DESC, i, tricky(), below(4) ? 16 * below(9) : tricky(),
			 below(8), below(SIZE + 1));
		put_desc(TABLE, i, tricky(), tricky(), below(8),
			 below(SIZE + 1));
		put16(AVAIL + 4 + 2 * i, below(SIZE + 1));
	}
	put16(AVAIL + 2, vr.last_avail + below(SIZE + 2));
	put16(AVAIL, below(2));
	put16(AVAIL + 4 + 2 * SIZE, tricky());
}

static bool sane(void)
{
	const unsigned int nr = chain->nr_out + chain->nr_in;
	u64 out = 0, in = 0;
	unsigned int i;

	if (!nr || nr > KAGE_VRING_MAX_CHAIN || chain->head >= SIZE)
		return false;
	for (i = 0; i < nr; i++) {
		const struct kage_vring_buf *buf = &chain->buf[i];

		if (!buf->len || buf->gpa + (buf->len - 1) < buf->gpa)
			return false;
		*(i < chain->nr_out ? &out : &in) += buf->len;
	}
	return out == chain->out_len && in == chain->in_len;
}

/* Any driver at all: results are sane, and every loop ends. */
static bool hostile_round(void)
{
	unsigned int pops = 0;
	int ret;

	fresh();
	vr.indirect = below(4);
	vr.event_idx = below(2);
	vr.last_avail = rng();
	vr.used_idx = rng();
	if (!below(16))
		vr.desc = tricky() & ~15ULL;
	if (!below(16))
		vr.used = tricky() & ~3ULL;
	scribble();
	while ((ret = kage_vring_pop(&vr, chain)) == 1) {
		if (++pops > SIZE || !sane())
			return false;
		if (below(2))
			kage_vring_push(&vr, chain->head, rng());
	}
	kage_vring_publish(&vr);
	kage_vring_should_signal(&vr);
	if (kage_vring_enable_kick(&vr) && vr.broken)
		ret = kage_vring_pop(&vr, chain);
	kage_vring_disable_kick(&vr);
	return vr.broken ? kage_vring_pop(&vr, chain) == -EINVAL : ret == 0;
}

static void test_hostile(void)
{
	unsigned int i;
	bool ok = true;

	for (i = 0; ok && i < 200000; i++)
		ok = hostile_round();
	if (!ok)
		ktap_diag("round %u", i - 1);
	ktap_ok(ok, "fuzz: hostile rings end, and end sane");
}

int main(int argc, char **argv)
{
	const u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) :
				    (u64)time(NULL);

	rng_state = seed * 2 + 1;
	harness_init();
	ktap_plan(2);
	ktap_diag("seed %llu", seed);
	test_round_trips();
	test_hostile();
	return harness_done();
}
