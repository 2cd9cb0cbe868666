// SPDX-License-Identifier: GPL-2.0
/* Split virtqueues: the used ring and both directions of notification. */
#include "vring_driver.h"

static void one_out(void)
{
	put_desc(DESC, 0, BUF, 16, 0, 0);
	offer(0);
}

/* The used ring. */

static void test_publish_order(void)
{
	unsigned int elem0, elem1, wmb, idx;

	fresh();
	vr.used_idx = 0xffff;
	kage_vring_push(&vr, 5, 100);
	kage_vring_push(&vr, 6, 200);
	ktap_ok(get16(USED + 2) == 0, "push alone does not move the index");
	kage_vring_publish(&vr);

	elem0 = find('W', USED + 4 + 8 * (0xffff % SIZE));
	elem1 = find('W', USED + 4);
	wmb = find('w', 0);
	idx = find('W', USED + 2);
	ktap_ok(elem0 < wmb && elem1 < wmb && wmb < idx && idx < nr_events &&
		events[idx].len == 2,
		"publish: entries, barrier, index in one access");
	ktap_ok(get16(USED + 2) == 1 && get16(USED + 4) == 6 &&
		get16(USED + 8) == 200 && get16(USED + 4 + 8 * 7) == 5,
		"publish: contents across the wrap");
}

static void test_used_outside_ram(void)
{
	fresh();
	vr.used = RAM_SIZE - 4;
	ktap_ok(kage_vring_push(&vr, 0, 0) == -EINVAL && vr.broken,
		"push: used ring outside RAM breaks");
	fresh();
	vr.used = RAM_SIZE;
	ktap_ok(kage_vring_publish(&vr) == -EINVAL && vr.broken,
		"publish: used ring outside RAM breaks");
	fresh();
	vr.used = RAM_SIZE;
	ktap_ok(kage_vring_enable_kick(&vr) && vr.broken &&
		kage_vring_pop(&vr, chain) == -EINVAL,
		"enable_kick: failure is left for pop to report");
	fresh();
	vr.event_idx = true;
	vr.avail = RAM_SIZE - 4 - 2 * SIZE;
	ktap_ok(!kage_vring_should_signal(&vr) && vr.broken,
		"should_signal: used_event outside RAM breaks");
}

/* Notifications. */

/* By counting, not by arithmetic: was @event among the entries just used? */
static bool must_signal(u16 event, u16 now, u16 old)
{
	for (; old != now; old++) {
		if (old == event)
			return true;
	}
	return false;
}

static bool check_signal(u16 event, u16 old, u16 now)
{
	put16(AVAIL + 4 + 2 * SIZE, event);
	vr.signalled = old;
	vr.used_idx = now;
	return kage_vring_should_signal(&vr) == must_signal(event, now, old) &&
	       vr.signalled == now;
}

static void test_event_windows(void)
{
	u32 base;
	int n, e;
	bool ok = true;

	fresh();
	vr.event_idx = true;
	vr.signalled_valid = true;
	/* Every place of the window on the circle, all around it. */
	for (base = 0; base < 0x10000; base += base == 64 ? 0xff80 : 1) {
		for (n = 0; n <= 12; n++) {
			for (e = -16; e <= 16; e++)
				ok &= check_signal(base + e, base, base + n);
			nr_events = 0;
		}
	}
	ktap_ok(ok, "used_event: every event around every small window");
}

static void test_event_all(void)
{
	static const u16 steps[] = { 0, 1, 2, 255, 256, 0x7fff, 0x8000,
				     0x8001, 0xffff };
	unsigned int i;
	u32 event;
	bool ok = true;

	fresh();
	vr.event_idx = true;
	vr.signalled_valid = true;
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		const u16 old = 0xff00, now = old + steps[i];

		for (event = 0; event < 0x10000; event++) {
			const bool want = (u16)(now - (u16)event - 1) <
					  (u16)(now - old);

			put16(AVAIL + 4 + 2 * SIZE, event);
			vr.signalled = old;
			vr.used_idx = now;
			ok &= kage_vring_should_signal(&vr) == want;
			nr_events = 0;
		}
	}
	ktap_ok(ok, "used_event: all 65536, as vring_need_event() has it");
}

static void test_signal(void)
{
	fresh();
	vr.event_idx = true;
	put16(AVAIL + 4 + 2 * SIZE, 100);
	vr.used_idx = 1;
	ktap_ok(kage_vring_should_signal(&vr),
		"should_signal: the first time, whatever used_event says");
	ktap_ok(find('m', 0) < find('R', AVAIL + 4 + 2 * SIZE),
		"should_signal: full barrier before used_event");
	vr.used_idx = 2;
	ktap_ok(!kage_vring_should_signal(&vr),
		"should_signal: not before used_event");

	fresh();
	ktap_ok(kage_vring_should_signal(&vr) &&
		find('m', 0) < find('R', AVAIL),
		"should_signal: flags allow it, read after a full barrier");
	put16(AVAIL, AVAIL_F_NO_INTERRUPT);
	ktap_ok(!kage_vring_should_signal(&vr),
		"should_signal: flags forbid it");
}

static void test_kick_flags(void)
{
	fresh();
	kage_vring_disable_kick(&vr);
	ktap_ok(get16(USED) == USED_F_NO_NOTIFY, "disable_kick sets the flag");
	ktap_ok(!kage_vring_enable_kick(&vr) && get16(USED) == 0,
		"enable_kick clears the flag");
	fresh();
	at_mb = one_out;
	ktap_ok(kage_vring_enable_kick(&vr) && find('W', USED) < find('m', 0),
		"enable_kick sees what arrives meanwhile");
}

static void test_kick_event(void)
{
	const gpa_t event = USED + 4 + 8 * SIZE;

	fresh();
	vr.event_idx = true;
	vr.last_avail = 0xfffd;
	put16(AVAIL + 2, 0xfffd);
	ktap_ok(!kage_vring_enable_kick(&vr) && get16(event) == 0xfffd,
		"enable_kick sets avail_event");
	nr_events = 0;
	kage_vring_disable_kick(&vr);
	ktap_ok(nr_events == 0, "disable_kick leaves avail_event");
	at_mb = one_out;
	ktap_ok(kage_vring_enable_kick(&vr) && find('W', event) < find('m', 0),
		"enable_kick sees what arrives meanwhile, with avail_event");
}

static void two_out(void)
{
	one_out();
	offer(0);
}

static void test_kick_after(void)
{
	const gpa_t event = USED + 4 + 8 * SIZE;

	fresh();
	vr.event_idx = true;
	vr.last_avail = 0xfffd;
	put16(AVAIL + 2, 0xfffd);
	at_mb = two_out;
	ktap_ok(!kage_vring_enable_kick_after(&vr, 5) && get16(event) == 1,
		"enable_kick_after sets avail_event ahead, across the wrap");
	ktap_ok(!kage_vring_enable_kick_after(&vr, 3) && get16(event) == 0xffff,
		"enable_kick_after waits while there are fewer");
	ktap_ok(kage_vring_enable_kick_after(&vr, 2) && get16(event) == 0xfffe,
		"enable_kick_after sees that there are as many already");
	fresh();
	at_mb = one_out;
	ktap_ok(kage_vring_enable_kick_after(&vr, 5) && get16(USED) == 0,
		"enable_kick_after: without avail_event the first one counts");
}

int main(void)
{
	harness_init();
	ktap_plan(24);
	test_publish_order();
	test_used_outside_ram();
	test_event_windows();
	test_event_all();
	test_signal();
	test_kick_flags();
	test_kick_event();
	test_kick_after();
	return harness_done();
}
