// SPDX-License-Identifier: GPL-2.0
/*
 * The part of the driver that keeps to the rules.
 */
#include "virtio_driver.h"

#define CONFIG_ADDR	0xcf8
#define CONFIG_DATA	0xcfc
#define VIRTIO_NET	0x10411af4
#define NO_VECTOR	0xffff
#define POST_PORT	0x80
#define PATIENCE	2000		/* exits until a device is given up */
#define TRIES		50
#define ETH_HDR		14
#define ARP_LEN		28
#define HDR_LEN		sizeof(struct net_hdr)
#define LINK_UP		1

enum { CAP_VENDOR = 9, CAP_MSIX = 0x11 };
enum { CFG_COMMON = 1, CFG_NOTIFY, CFG_ISR, CFG_DEVICE };

struct queue queues[NR_QUEUES];
uint64_t common, msix_table, good_frames;
uint16_t doorbell;
uint32_t pci_slot, msix_cap;
static uint64_t device;			/* its own configuration */
static uint8_t *rx_bufs, *tx_bufs;

static void pci_select(uint32_t off)
{
	outl(CONFIG_ADDR, 1U << 31 | pci_slot << 11 | (off & 0xfc));
}

uint32_t pci_read(uint32_t off)
{
	pci_select(off);
	return inl(CONFIG_DATA);
}

void pci_write(uint32_t off, uint32_t val)
{
	pci_select(off);
	outl(CONFIG_DATA, val);
}

void pci_write8(uint32_t off, uint8_t val)
{
	pci_select(off);
	outb(CONFIG_DATA + (off & 3), val);
}

uint8_t get_status(void)
{
	return *(volatile uint8_t *)(common + STATUS);
}

void set_status(uint8_t status)
{
	*(volatile uint8_t *)(common + STATUS) = status;
}

void write16(uint32_t reg, uint16_t val)
{
	*(volatile uint16_t *)(common + reg) = val;
}

void write32(uint32_t reg, uint32_t val)
{
	*(volatile uint32_t *)(common + reg) = val;
}

void write64(uint32_t reg, uint64_t val)
{
	write32(reg, val);
	write32(reg + 4, val >> 32);
}

static uint64_t bar_base(unsigned int bar)
{
	uint32_t val = pci_read(0x10 + 4 * bar);

	return val & 1 ? val & ~3U : val & ~15U;
}

static void take_cap(uint32_t cap, uint32_t head)
{
	uint64_t where = bar_base(pci_read(cap + 4) & 0xff) +
			 pci_read(cap + 8);

	switch (head >> 24) {
	case CFG_COMMON:
		common = where;
		break;
	case CFG_NOTIFY:
		doorbell = where;
		break;
	case CFG_DEVICE:
		device = where;
		break;
	}
}

static void take_caps(void)
{
	uint32_t cap, head, table;

	for (cap = pci_read(0x34) & 0xff; cap; cap = head >> 8 & 0xff) {
		head = pci_read(cap);
		if ((head & 0xff) == CAP_VENDOR)
			take_cap(cap, head);
		if ((head & 0xff) != CAP_MSIX)
			continue;
		msix_cap = cap;
		table = pci_read(cap + 4);
		msix_table = bar_base(table & 7) + (table & ~7U);
	}
}

bool find_device(void)
{
	unsigned int i;

	for (pci_slot = 0; pci_slot < 32; pci_slot++)
		if (pci_read(0) == VIRTIO_NET)
			break;
	if (pci_slot == 32)
		return false;
	pci_write(4, 7);
	take_caps();
	for (i = 0; i < NR_QUEUES; i++) {
		queues[i].desc = page_alloc();
		queues[i].avail = page_alloc();
		queues[i].used = page_alloc();
	}
	rx_bufs = page_alloc();
	for (i = 1; i < NR_RX * BUF_LEN / PAGE; i++)
		page_alloc();
	tx_bufs = page_alloc();
	for (i = 1; i < NR_DESCS * BUF_LEN / PAGE; i++)
		page_alloc();
	return common && device && doorbell && msix_table;
}

void wait_for_link(void)
{
	while (!(*(volatile uint16_t *)(device + 6) & LINK_UP))
		outb(POST_PORT, 0);
}

static void clear(volatile void *mem, size_t len)
{
	volatile uint8_t *byte = mem;

	while (len--)
		*byte++ = 0;
}

void fresh_setup(struct setup *setup)
{
	unsigned int i;

	*setup = (struct setup){
		.features = F_VERSION_1 | F_INDIRECT | F_CSUM | F_HOST_TSO4,
	};
	for (i = 0; i < NR_QUEUES; i++) {
		clear(queues[i].desc, NR_DESCS * sizeof(struct desc));
		clear(queues[i].avail, sizeof(*queues[i].avail));
		clear(queues[i].used, sizeof(*queues[i].used));
		queues[i].seen = 0;
		setup->queue[i].size = NR_DESCS;
		setup->queue[i].desc = (uint64_t)queues[i].desc;
		setup->queue[i].avail = (uint64_t)queues[i].avail;
		setup->queue[i].used = (uint64_t)queues[i].used;
	}
}

void reset(void)
{
	set_status(0);
	while (get_status())
		outb(POST_PORT, 0);
}

void set_queue(const struct setup *setup, unsigned int nr)
{
	write16(Q_SELECT, nr);
	write16(Q_SIZE, setup->queue[nr].size);
	write64(Q_DESC, setup->queue[nr].desc);
	write64(Q_AVAIL, setup->queue[nr].avail);
	write64(Q_USED, setup->queue[nr].used);
	write16(Q_ENABLE, 1);
}

bool bring_up(const struct setup *setup)
{
	unsigned int i;

	reset();
	set_status(ACKNOWLEDGE | DRIVER);
	for (i = 0; i < 2; i++) {
		write32(GF_SELECT, i);
		write32(GF, setup->features >> (32 * i));
	}
	set_status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
	if (!(get_status() & FEATURES_OK))
		return false;
	for (i = 0; i < NR_QUEUES; i++)
		set_queue(setup, i);
	set_status(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
	return true;
}

void kick(unsigned int queue)
{
	outw(doorbell + 4 * queue, queue);
}

void offer(unsigned int queue, uint16_t head)
{
	struct queue *q = &queues[queue];

	q->avail->ring[q->avail->idx % NR_DESCS] = head;
	asm volatile("" : : : "memory");
	q->avail->idx++;
}

static void post_one(unsigned int nr)
{
	volatile struct desc *d = &queues[RX].desc[nr];

	d->addr = (uint64_t)rx_bufs + nr * BUF_LEN;
	d->len = BUF_LEN;
	d->flags = DESC_WRITE;
	offer(RX, nr);
}

void post_rx(void)
{
	unsigned int i;

	for (i = 0; i < NR_RX; i++)
		post_one(i);
	kick(RX);
}

uint32_t fill_frame(uint8_t *buf)
{
	static const uint8_t arp[ETH_HDR + ARP_LEN] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0x02, 0x6b, 0x61, 0x67, 0x65, 0x01, 0x08, 0x06,
		0x00, 0x01, 0x08, 0x00, 6, 4, 0, 1,
		0x02, 0x6b, 0x61, 0x67, 0x65, 0x01, 10, 0, 3, 2,
		0, 0, 0, 0, 0, 0, 10, 0, 3, 1,
	};
	unsigned int i;

	for (i = 0; i < HDR_LEN; i++)
		buf[i] = 0;
	for (i = 0; i < sizeof(arp); i++)
		buf[HDR_LEN + i] = arp[i];
	return HDR_LEN + sizeof(arp);
}

uint8_t *tx_buf(unsigned int nr)
{
	return tx_bufs + nr * BUF_LEN;
}

void set_desc(unsigned int nr, uint64_t addr, uint32_t len, uint16_t flags,
	      uint16_t next)
{
	volatile struct desc *d = &queues[TX].desc[nr];

	d->addr = addr;
	d->len = len;
	d->flags = flags;
	d->next = next;
}

static bool is_answer(const uint8_t *buf)
{
	const uint8_t *eth = buf + HDR_LEN;

	return eth[12] == 0x08 && eth[13] == 0x06 && eth[21] == 2;
}

/* Takes what the host sent; true if the answer is in it. */
static bool take_answers(void)
{
	struct queue *q = &queues[RX];
	bool found = false;
	uint32_t nr;

	while (q->seen != q->used->idx) {
		nr = q->used->ring[q->seen++ % NR_DESCS].id;
		if (nr >= NR_RX)
			continue;
		found |= is_answer(rx_bufs + nr * BUF_LEN);
		rx_bufs[nr * BUF_LEN + HDR_LEN + 21] = 0;
		post_one(nr);
	}
	kick(RX);
	return found;
}

bool ask_host(void)
{
	struct queue *q = &queues[TX];
	unsigned int nr = q->avail->idx % NR_DESCS, left = PATIENCE;

	set_desc(nr, (uint64_t)tx_buf(nr), fill_frame(tx_buf(nr)), 0, 0);
	offer(TX, nr);
	kick(TX);
	while (q->used->idx != q->avail->idx && --left)
		outb(POST_PORT, 0);
	return left;
}

static bool wait_for_answer(void)
{
	unsigned int left = PATIENCE;

	while (!take_answers() && --left)
		outb(POST_PORT, 0);
	return left;
}

/* What the host sends before it has noticed that the carrier is on is lost. */
bool exchange(void)
{
	unsigned int tries;

	take_answers();
	for (tries = 0; tries < TRIES; tries++) {
		if (!ask_host())
			return false;
		if (wait_for_answer()) {
			good_frames++;
			return true;
		}
	}
	return false;
}
