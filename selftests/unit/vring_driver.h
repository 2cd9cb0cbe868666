/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtqueue driver in a byte array, for the tests of module/dev/vring.c.
 * Every access and every barrier of the device is logged, so that order and
 * number can be tested too. The source is included, not linked, so that the
 * barriers are seen.
 */
#ifndef _KAGE_UNIT_VRING_DRIVER_H
#define _KAGE_UNIT_VRING_DRIVER_H

static void note_barrier(char kind);
#define KAGE_SHIM_BARRIER(kind)	note_barrier(kind)
#include "dev/vring.c"

#include "ktap.h"
#include <linux/kernel.h>
#include <stdlib.h>
#include <string.h>

#define RAM_SIZE	0x10000
#define SIZE		8
#define DESC		0x1000
#define AVAIL		0x2000
#define USED		0x3000
#define TABLE		0x4000
#define BUF		0x8000
#define LOG_MAX		4096

static u8 *ram;
static struct kage_vring vr;
static struct kage_vring_chain *chain;	/* on the heap: its end is watched */

struct event {
	char kind;	/* R read, W write, m r w barriers */
	gpa_t gpa;
	size_t len;
};

static struct event events[LOG_MAX];
static unsigned int nr_events;

/* What the driver does at the device's next full barrier. */
static void (*at_mb)(void);

static void note(char kind, gpa_t gpa, size_t len)
{
	if (nr_events < LOG_MAX)
		events[nr_events++] = (struct event){ kind, gpa, len };
}

static void note_barrier(char kind)
{
	void (*fn)(void) = at_mb;

	note(kind, 0, 0);
	if (kind == 'm' && fn) {
		at_mb = NULL;
		fn();
	}
}

static bool in_ram(gpa_t gpa, size_t len)
{
	return gpa < RAM_SIZE && len <= RAM_SIZE - gpa;
}

static int ram_read(void *ctx, gpa_t gpa, void *data, size_t len)
{
	note('R', gpa, len);
	if (!in_ram(gpa, len))
		return -EFAULT;
	memcpy(data, ram + gpa, len);
	return 0;
}

static int ram_write(void *ctx, gpa_t gpa, const void *data, size_t len)
{
	note('W', gpa, len);
	if (!in_ram(gpa, len))
		return -EFAULT;
	memcpy(ram + gpa, data, len);
	return 0;
}

/* The driver's side. */

static inline u16 get16(gpa_t gpa)
{
	u16 val;

	memcpy(&val, ram + gpa, sizeof(val));
	return val;
}

static inline void put16(gpa_t gpa, u16 val)
{
	memcpy(ram + gpa, &val, sizeof(val));
}

static inline void put_desc(gpa_t table, unsigned int i, u64 addr, u32 len,
			    u16 flags, u16 next)
{
	const struct desc d = {
		.addr = addr, .len = len, .flags = flags, .next = next,
	};

	memcpy(ram + table + 16 * i, &d, sizeof(d));
}

static inline void offer(u16 head)
{
	const u16 idx = get16(vr.avail + 2);

	put16(vr.avail + 4 + 2 * (idx & (vr.size - 1)), head);
	put16(vr.avail + 2, idx + 1);
}

static inline void fresh_sized(u16 size)
{
	memset(ram, 0, RAM_SIZE);
	nr_events = 0;
	at_mb = NULL;
	vr = (struct kage_vring){
		.mem = { .read = ram_read, .write = ram_write },
		.size = size,
		.desc = DESC,
		.avail = AVAIL,
		.used = USED,
		.indirect = true,
	};
}

static inline void fresh(void)
{
	fresh_sized(SIZE);
}

static inline unsigned int count_reads(gpa_t gpa)
{
	unsigned int i, n = 0;

	for (i = 0; i < nr_events; i++)
		n += events[i].kind == 'R' && events[i].gpa == gpa;
	return n;
}

/* Where in the log is the first such event? nr_events if there is none. */
static inline unsigned int find(char kind, gpa_t gpa)
{
	unsigned int i;

	for (i = 0; i < nr_events; i++) {
		if (events[i].kind == kind && events[i].gpa == gpa)
			break;
	}
	return i;
}

static inline void harness_init(void)
{
	ram = malloc(RAM_SIZE);
	chain = malloc(sizeof(*chain));
}

static inline int harness_done(void)
{
	free(chain);
	free(ram);
	return ktap_done();
}

#endif /* _KAGE_UNIT_VRING_DRIVER_H */
