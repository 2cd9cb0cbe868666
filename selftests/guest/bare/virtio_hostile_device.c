// SPDX-License-Identifier: GPL-2.0
/*
 * Rows: headers, features, status, doorbells, interrupts, resets, and a second
 * processor that rewrites descriptors while the device reads them.
 */
#include "virtio_hostile.h"

#define NEEDS_CSUM	1
#define TCPV4		1
#define LONG_FRAME	4000
#define MAILBOX		0xf0000UL	/* where kagectl lets CPUs wait */
#define RACES		200
#define COMMAND		4
#define INTX_OFF	0x400
#define MSIX_ON		0x80000000U
#define MSIX_VECTORS	64
#define WINDOW_CAP	0x40

/* A header: a is flags and gso_type, b hdr_len and gso_size, c the rest. */
#define HDR(_flags, _type, _len, _size, _start, _off, _nr) \
	.a = (_flags) | (_type) << 8, .b = (_len) | (uint64_t)(_size) << 16, \
	.c = (_start) | (uint64_t)(_off) << 16 | (uint64_t)(_nr) << 32

static void send_len(uint32_t len)
{
	set_desc(0, (uint64_t)tx_buf(0), len, 0, 0);
	offer(TX, 0);
	kick(TX);
}

static void set_hdr(const struct hostile_row *row)
{
	*(volatile struct net_hdr *)tx_buf(0) = (struct net_hdr){
		.flags = row->a, .gso_type = row->a >> 8,
		.hdr_len = row->b, .gso_size = row->b >> 16,
		.csum_start = row->c, .csum_offset = row->c >> 16,
		.num_buffers = row->c >> 32,
	};
}

static void short_frame(const struct hostile_row *row)
{
	const uint32_t len = fill_frame(tx_buf(0));

	set_hdr(row);
	send_len(len);
}

/* TCP over IPv4 to the host, with nothing but zeros behind the headers. */
static void tcp_frame(const struct hostile_row *row)
{
	static const uint8_t ip[20] = {
		0x45, 0, (LONG_FRAME - 14) >> 8, (LONG_FRAME - 14) & 0xff,
		0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 3, 2, 10, 0, 3, 1,
	};
	uint8_t *buf = tx_buf(0);
	unsigned int i;

	fill_frame(buf);
	for (i = 14; i < LONG_FRAME; i++)
		buf[12 + i] = i < 34 ? ip[i - 14] : 0;
	buf[12 + 13] = 0;
	buf[12 + 46] = 0x50;
	set_hdr(row);
	send_len(12 + LONG_FRAME);
}

static void features(const struct hostile_row *row, struct setup *setup)
{
	setup->features = row->a;
}

/* In spite of the refusal. */
static void go_on(const struct hostile_row *row)
{
	(void)row;
	set_status(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
	ask_host();
}

/* One status after the other, from reset: the bytes of a. */
static void statuses(const struct hostile_row *row)
{
	struct setup setup;
	uint64_t left;

	reset();
	fresh_setup(&setup);
	for (left = row->a; left; left >>= 8) {
		set_status(left);
		set_queue(&setup, TX);
		set_queue(&setup, RX);
		kick(TX);
		kick(RX);
	}
	fill_frame(tx_buf(0));
	send_len(60);
}

static void more_status(const struct hostile_row *row)
{
	set_status(row->a);
}

/* Queues that are in use move, grow and are enabled again. */
static void change_live_queue(const struct hostile_row *row)
{
	(void)row;
	write16(Q_SELECT, TX);
	write16(Q_SIZE, 3);
	write64(Q_DESC, 0xfee00000);
	write64(Q_AVAIL, 1);
	write64(Q_USED, ~0ULL);
	write16(Q_ENABLE, 0);
	write16(Q_ENABLE, 1);
	write16(Q_ENABLE, 0xffff);
}

static void no_such_queue(const struct hostile_row *row)
{
	unsigned int nr;

	(void)row;
	for (nr = 2; nr < 65536; nr = nr * 3 + 1) {
		write16(Q_SELECT, nr);
		write16(Q_SIZE, 64);
		write64(Q_DESC, (uint64_t)queues[TX].desc);
		write16(Q_ENABLE, 1);
	}
	write16(Q_SELECT, 0xffff);
	write16(Q_ENABLE, 1);
}

/* The whole of the doorbells' BAR and a little more, in every width. */
static void doorbells(const struct hostile_row *row)
{
	unsigned int off;

	(void)row;
	for (off = 0; off < 20; off++) {
		outb(doorbell + off, 0xff);
		outw(doorbell + off, 0xffff);
		asm volatile("outl %0, %w1" : : "a" (~0U),
			     "Nd" (doorbell + off));
		inb(doorbell + off);
	}
}

static void many_kicks(const struct hostile_row *row)
{
	unsigned int i;

	for (i = 0; i < row->a; i++)
		kick(i & 1);
}

/* Every register of the BAR, in every width, with all ones. */
static void registers(const struct hostile_row *row)
{
	uint64_t at, step;

	(void)row;
	for (at = common; at < common + 0x4000; at += step) {
		step = at < common + 64 ? 1 : 52;
		*(volatile uint8_t *)at = 0xff;
		*(volatile uint16_t *)at = 0xffff;
		*(volatile uint32_t *)at = ~0U;
		*(volatile uint64_t *)at = ~0ULL;
		touch(at);
	}
}

/* Vectors for both queues, with address a and data b in every entry. */
static void messages(const struct hostile_row *row)
{
	volatile uint32_t *entry = (volatile uint32_t *)msix_table;
	unsigned int i;

	pci_write(msix_cap, pci_read(msix_cap) | MSIX_ON);
	for (i = 0; i < MSIX_VECTORS; i++, entry += 4) {
		entry[0] = row->a;
		entry[1] = row->a >> 32;
		entry[2] = row->b;
		entry[3] = row->c ? ~0U : 0;
	}
	write16(MSIX_CONFIG, 0);
	for (i = 0; i < NR_QUEUES; i++) {
		write16(Q_SELECT, i);
		write16(Q_MSIX, i ? 0xfffe : 2);
		write16(Q_MSIX, i);
	}
	ask_host();
	ask_host();
	/* What waited behind the masks goes now. */
	for (i = 0; i < MSIX_VECTORS; i++)
		((volatile uint32_t *)msix_table)[4 * i + 3] = 0;
	pci_write(msix_cap, pci_read(msix_cap) & ~MSIX_ON);
}

/* The window of configuration space onto the BARs: BAR a, offset b, length c */
static void window(const struct hostile_row *row)
{
	pci_write8(WINDOW_CAP + 4, row->a);
	pci_write(WINDOW_CAP + 8, row->b);
	pci_write(WINDOW_CAP + 12, row->c);
	pci_write(WINDOW_CAP + 16, ~0U);
	pci_read(WINDOW_CAP + 16);
}

/* All ones into all of configuration space; only the BARs are put back. */
static void config_space(const struct hostile_row *row)
{
	uint32_t bar[6], off, command = pci_read(COMMAND);
	unsigned int i;

	(void)row;
	for (i = 0; i < 6; i++)
		bar[i] = pci_read(0x10 + 4 * i);
	for (off = 0; off < 256; off += 4)
		if (off != COMMAND)
			pci_write(off, ~0U);
	pci_write(msix_cap, 0);
	for (i = 0; i < 6; i++)
		pci_write(0x10 + 4 * i, bar[i]);
	pci_write(COMMAND, command & 0xffff);
}

/* The BAR moves over what is there already, and back; c is which of them. */
static void move_bar(const struct hostile_row *row)
{
	const uint32_t reg = 0x10 + 4 * row->c, old = pci_read(reg);

	pci_write(reg, row->a);
	ask_host();
	touch(row->a & ~15ULL);
	pci_write(reg, old);
}

static void decode_off(const struct hostile_row *row)
{
	const uint32_t command = pci_read(COMMAND) & 0xffff;

	(void)row;
	pci_write(COMMAND, INTX_OFF);
	touch(common);
	kick(TX);
	pci_write(COMMAND, command);
}

static void fill_ring(void)
{
	unsigned int i;

	for (i = 0; i < NR_DESCS; i++) {
		set_desc(i, (uint64_t)tx_buf(i), fill_frame(tx_buf(i)), 0, 0);
		offer(TX, i);
	}
}

/* a times: a full ring, a kick or not, and the reset right behind. */
static void reset_busy(const struct hostile_row *row)
{
	struct setup setup;
	unsigned int i;

	for (i = 0; i < row->a; i++) {
		fresh_setup(&setup);
		bring_up(&setup);
		post_rx();
		fill_ring();
		if (row->b)
			kick(TX);
		set_status(0);
		kick(TX);
		kick(RX);
	}
}

/*
 * The second processor: descriptors 0 to 3 of the transmit queue, at random,
 * for as long as it is wanted.
 */
static volatile bool racing;
static uint8_t race_stack[4096] __attribute__((aligned(16)));

static void __attribute__((noreturn, used)) race(void)
{
	const uint64_t addrs[] = { (uint64_t)tx_buf(0), 0xfee00000, ~0ULL, 0 };
	const uint32_t lens[] = { 12, 60, 0, 0xffffffff };
	uint32_t n = 1;

	while (racing) {
		n = n * 1664525 + 1013904223;
		set_desc(n >> 28 & 3, addrs[n >> 24 & 3], lens[n >> 20 & 3],
			 n >> 16 & 7, n >> 12 & 3);
		/* Lets the host in where it needs that (quirk_irq_timer). */
		if (!(n >> 24))
			asm volatile("pause");
	}
	for (;;)
		asm volatile("cli; hlt");
}

static void __attribute__((naked)) race_start(void)
{
	asm volatile("lea %c0+%c1(%%rip), %%rsp; call race" : :
		     "i" (race_stack), "i" (sizeof(race_stack)));
}

/*
 * As ACPI's multiprocessor wakeup has it. Without a second processor nobody
 * listens, and the races are none.
 */
static void races(const struct hostile_row *row)
{
	struct setup setup;
	unsigned int i;

	(void)row;
	racing = true;
	*(volatile uint32_t *)(MAILBOX + 4) = 1;
	*(volatile uint64_t *)(MAILBOX + 8) = (uint64_t)race_start;
	asm volatile("" : : : "memory");
	*(volatile uint16_t *)MAILBOX = 1;
	for (i = 0; i < RACES; i++) {
		if (i % 4 == 0) {
			fresh_setup(&setup);
			bring_up(&setup);
			post_rx();
		}
		offer(TX, i & 3);
		offer(TX, i >> 1 & 3);
		kick(TX);
	}
	racing = false;
}

#define ALL_GOOD (F_VERSION_1 | F_INDIRECT | F_CSUM | F_HOST_TSO4)

const struct hostile_row device_rows[] = {
	{ "hdr: hdr_len", GOES_ON, NULL, short_frame,
	  HDR(0, 0, 0xffff, 0, 0, 0, 0) },
	{ "hdr: num_buffers", GOES_ON, NULL, short_frame,
	  HDR(0, 0, 0, 0, 0, 0, 0xffff) },
	{ "hdr: flags", GOES_ON, NULL, short_frame,
	  HDR(0xff, 0, 0, 0, 0xffff, 0xffff, 0) },
	{ "hdr: csum_start", GOES_ON, NULL, short_frame,
	  HDR(NEEDS_CSUM, 0, 0, 0, 0xffff, 0, 0) },
	{ "hdr: csum_offset", GOES_ON, NULL, short_frame,
	  HDR(NEEDS_CSUM, 0, 0, 0, 14, 0xffff, 0) },
	{ "hdr: checksum in the Ethernet header", GOES_ON, NULL, short_frame,
	  HDR(NEEDS_CSUM, 0, 0, 0, 2, 0, 0) },
	{ "hdr: checksum in the IP header", GOES_ON, NULL, short_frame,
	  HDR(NEEDS_CSUM, 0, 0, 0, 20, 0, 0) },
	{ "hdr: checksum in the last bytes", GOES_ON, NULL, short_frame,
	  HDR(NEEDS_CSUM, 0, 0, 0, 40, 0, 0) },
	{ "hdr: unknown gso_type", GOES_ON, NULL, tcp_frame,
	  HDR(NEEDS_CSUM, 0x7f, 54, 1460, 34, 16, 0) },
	{ "hdr: segments not negotiated", GOES_ON, NULL, tcp_frame,
	  HDR(NEEDS_CSUM, 4, 74, 1440, 34, 16, 0) },
	{ "hdr: segments without checksum", GOES_ON, NULL, tcp_frame,
	  HDR(0, TCPV4, 54, 1460, 0, 0, 0) },
	{ "hdr: right segments", GOES_ON, NULL, tcp_frame,
	  HDR(NEEDS_CSUM, TCPV4, 54, 1460, 34, 16, 0) },
	{ "hdr: segments of 0", GOES_ON, NULL, tcp_frame,
	  HDR(NEEDS_CSUM, TCPV4, 54, 0, 34, 16, 0) },
	{ "hdr: segments of 1", GOES_ON, NULL, tcp_frame,
	  HDR(NEEDS_CSUM, TCPV4, 54, 1, 34, 16, 0) },
	{ "hdr: segments of 65535", GOES_ON, NULL, tcp_frame,
	  HDR(NEEDS_CSUM, TCPV4, 54, 0xffff, 34, 16, 0) },
	{ "hdr: segments of an ARP frame", GOES_ON, NULL, short_frame,
	  HDR(NEEDS_CSUM, TCPV4, 54, 8, 34, 6, 0) },
	{ "hdr: all ones", GOES_ON, NULL, tcp_frame,
	  HDR(0xff, 0xff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff) },
	{ "features: none", REFUSED, features, go_on, 0 },
	{ "features: all", REFUSED, features, go_on, ~0ULL },
	{ "features: not version 1", REFUSED, features, go_on,
	  ALL_GOOD & ~F_VERSION_1 },
	{ "features: one not offered", REFUSED, features, go_on,
	  ALL_GOOD | 1ULL << 63 },
	{ "features: packed rings", REFUSED, features, go_on,
	  ALL_GOOD | 1ULL << 34 },
	{ "features: control queue", REFUSED, features, go_on,
	  ALL_GOOD | 1ULL << 17 },
	{ "features: segments without checksum", REFUSED, features, go_on,
	  F_VERSION_1 | F_HOST_TSO4 },
	{ "features: just version 1", GOES_ON, features, NULL, F_VERSION_1 },
	{ "features: event indexes", GOES_ON, features, NULL,
	  ALL_GOOD | F_EVENT_IDX },
	{ "status: DRIVER_OK at once", EITHER, NULL, statuses, DRIVER_OK },
	{ "status: all bits at once", EITHER, NULL, statuses, 0xff },
	{ "status: backwards", EITHER, NULL, statuses, 0x01020408 },
	{ "status: twice", EITHER, NULL, statuses, 0x0f0f0f0b0b03 },
	{ "status: its own bit", EITHER, NULL, statuses, NEEDS_RESET },
	{ "status: bits taken back", GOES_ON, NULL, more_status, ACKNOWLEDGE },
	{ "status: failed", EITHER, NULL, more_status, FAILED | 0xf },
	{ "queue changed while it is live", GOES_ON, NULL, change_live_queue },
	{ "queues that do not exist", GOES_ON, NULL, no_such_queue },
	{ "doorbells that do not exist", GOES_ON, NULL, doorbells },
	{ "a thousand kicks for nothing", GOES_ON, NULL, many_kicks, 1000 },
	{ "all ones into all registers", EITHER, NULL, registers },
	{ "message to nowhere", GOES_ON, NULL, messages, ~0ULL, 0xffffffff },
	{ "message to address 0", GOES_ON, NULL, messages, 0, 0 },
	{ "message with a low vector", GOES_ON, NULL, messages, 0xfee00000, 3 },
	{ "message of unknown kind", GOES_ON, NULL, messages, 0xfee00000,
	  0x3ff },
	{ "message: NMI", GOES_ON, NULL, messages, 0xfee00000, 0x400 },
	{ "message: SMI", GOES_ON, NULL, messages, 0xfee00000, 0x200 },
	{ "message: INIT", GOES_ON, NULL, messages, 0xfee00000, 0x500 },
	{ "message: start-up", GOES_ON, NULL, messages, 0xfee00000, 0x610 },
	{ "message: external", GOES_ON, NULL, messages, 0xfee00000, 0x700 },
	{ "message: level, to all", GOES_ON, NULL, messages, 0xfeeff00c,
	  0xc0ff },
	{ "message: masked, then not", GOES_ON, NULL, messages, 0xfee00000,
	  0x41, 1 },
	{ "window: no such BAR", GOES_ON, NULL, window, 7, 0, 4 },
	{ "window: length 3", GOES_ON, NULL, window, 1, 0, 3 },
	{ "window: length 0", GOES_ON, NULL, window, 1, 0, 0 },
	{ "window: at the end", GOES_ON, NULL, window, 1, 0x3ffe, 4 },
	{ "window: behind the end", GOES_ON, NULL, window, 1, 0x4000, 4 },
	{ "window: at 4 GiB - 4", GOES_ON, NULL, window, 1, 0xfffffffc, 4 },
	{ "window: the doorbell", GOES_ON, NULL, window, 0, 4, 2 },
	{ "all ones into configuration space", EITHER, NULL, config_space },
	{ "registers over the local APIC", GOES_ON, NULL, move_bar, 0xfee00000,
	  .c = 1 },
	{ "registers over RAM", GOES_ON, NULL, move_bar, 0x100000, .c = 1 },
	{ "registers at the top", GOES_ON, NULL, move_bar, 0xffffc000,
	  .c = 1 },
	{ "registers at 0", GOES_ON, NULL, move_bar, 0, .c = 1 },
	{ "doorbells over the serial port", GOES_ON, NULL, move_bar, 0x3f1,
	  .c = 0 },
	{ "doorbells over the address port", GOES_ON, NULL, move_bar, 0xcf1,
	  .c = 0 },
	{ "decoding off and on", GOES_ON, NULL, decode_off },
	{ "reset before the kick", EITHER, NULL, reset_busy, 8, 0 },
	{ "reset right after the kick", EITHER, NULL, reset_busy, 8, 1 },
	{ "descriptors rewritten meanwhile", EITHER, NULL, races },
	{ }
};
