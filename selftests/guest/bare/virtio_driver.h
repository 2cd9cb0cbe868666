/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A driver of kage's network device that keeps to the rules, with everything
 * open to those that do not. Virtio 1.1: "Split Virtqueues", "Virtio Over PCI
 * Bus", "Network Device".
 */
#ifndef _VIRTIO_DRIVER_H
#define _VIRTIO_DRIVER_H

#include "bare.h"

#define NR_DESCS	64
#define NR_RX		16		/* buffers posted */
#define BUF_LEN		2048

enum { RX, TX, NR_QUEUES };
enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };
enum {
	ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8,
	NEEDS_RESET = 0x40, FAILED = 0x80,
};

#define F_CSUM		(1ULL << 0)
#define F_HOST_TSO4	(1ULL << 11)
#define F_INDIRECT	(1ULL << 28)
#define F_EVENT_IDX	(1ULL << 29)
#define F_VERSION_1	(1ULL << 32)

/* Registers of the common configuration. */
enum {
	DF_SELECT = 0, DF = 4, GF_SELECT = 8, GF = 12, MSIX_CONFIG = 16,
	STATUS = 20, Q_SELECT = 22, Q_SIZE = 24, Q_MSIX = 26, Q_ENABLE = 28,
	Q_DESC = 32, Q_AVAIL = 40, Q_USED = 48,
};

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

struct net_hdr {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};

struct queue {
	volatile struct desc *desc;
	volatile struct {
		uint16_t flags, idx, ring[NR_DESCS + 1];
	} *avail;
	volatile struct {
		uint16_t flags, idx;
		struct {
			uint32_t id, len;
		} ring[NR_DESCS];
	} *used;
	uint16_t seen;			/* of the used ring */
};

/* What bring_up() tells the device. */
struct setup {
	uint64_t features;
	struct {
		uint16_t size;
		uint64_t desc, avail, used;
	} queue[NR_QUEUES];
};

extern struct queue queues[NR_QUEUES];
extern uint64_t common, msix_table;	/* where the registers are */
extern uint16_t doorbell;		/* port of queue 0; 1's is 4 above */
extern uint32_t pci_slot, msix_cap;	/* offsets into configuration space */
extern uint64_t good_frames;

uint32_t pci_read(uint32_t off);
void pci_write(uint32_t off, uint32_t val);
void pci_write8(uint32_t off, uint8_t val);

uint8_t get_status(void);
void set_status(uint8_t status);
void write16(uint32_t reg, uint16_t val);
void write32(uint32_t reg, uint32_t val);
void write64(uint32_t reg, uint64_t val);

/** find_device() - true if there is one; its registers are mapped then */
bool find_device(void);
/** wait_for_link() - until the host's interface is up */
void wait_for_link(void);
/** fresh_setup() - rings cleared, and where they are */
void fresh_setup(struct setup *setup);
/** set_queue() - tell the device of one, and enable it */
void set_queue(const struct setup *setup, unsigned int nr);
/** bring_up() - from reset to DRIVER_OK, by the book; true if it is taken */
bool bring_up(const struct setup *setup);
void reset(void);
void kick(unsigned int queue);
/** offer() - one more entry of the avail ring, shown to the device */
void offer(unsigned int queue, uint16_t head);
/** post_rx() - buffers for what the host sends */
void post_rx(void);
/** fill_frame() - a header and an ARP request to the host; its length */
uint32_t fill_frame(uint8_t *buf);
/** tx_buf() - where TX descriptor @nr has its own buffer */
uint8_t *tx_buf(unsigned int nr);
/** set_desc() - of the transmit queue */
void set_desc(unsigned int nr, uint64_t addr, uint32_t len, uint16_t flags,
	      uint16_t next);
/** ask_host() - send an ARP request; true if it was taken */
bool ask_host(void);
/** exchange() - a frame goes out, and the host's answer comes in */
bool exchange(void);

#endif /* _VIRTIO_DRIVER_H */
