// SPDX-License-Identifier: GPL-2.0
/*
 * ACPI tables, laid out as the ACPI specification 6.3 has them. What they say
 * of ports and interrupts is what module/dev implements.
 */
#include "acpi.h"
#include "load.h"
#include "dsdt.h"
#include <stddef.h>
#include <string.h>

#define PORT_PM1_EVENT	0x600
#define PORT_PM1_CONTROL 0x604
#define PORT_PM_TIMER	0x608
#define PORT_RESET	0xcf9
#define RESET_VALUE	6

#define IRQ_SCI		9
#define GSI_TIMER	2
#define LAPIC_BASE	0xfee00000
#define IOAPIC_BASE	0xfec00000

struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} __attribute__((packed));

/* "Root System Description Pointer" */
struct rsdp {
	char signature[8];
	uint8_t checksum;	/* of what stands before length */
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t all_checksum;
	uint8_t reserved[3];
} __attribute__((packed));

struct xsdt {
	struct header h;
	uint64_t entry[2];
} __attribute__((packed));

/* "Generic Address Structure" */
struct address {
	uint8_t space;
	uint8_t bits;
	uint8_t offset;
	uint8_t access;
	uint64_t address;
} __attribute__((packed));

#define SPACE_IO 1

/* "Fixed ACPI Description Table", revision 6 */
struct fadt {
	struct header h;
	uint32_t facs;
	uint32_t dsdt;
	uint8_t reserved1;
	uint8_t profile;
	uint16_t sci_int;
	uint32_t smi_cmd;
	uint8_t acpi_enable, acpi_disable, s4bios_req, pstate_cnt;
	uint32_t pm1a_evt, pm1b_evt, pm1a_cnt, pm1b_cnt;
	uint32_t pm2_cnt, pm_tmr, gpe0, gpe1;
	uint8_t pm1_evt_len, pm1_cnt_len, pm2_cnt_len, pm_tmr_len;
	uint8_t gpe0_len, gpe1_len, gpe1_base, cst_cnt;
	uint16_t c2_latency, c3_latency, flush_size, flush_stride;
	uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
	uint16_t boot_arch;
	uint8_t reserved2;
	uint32_t flags;
	struct address reset;
	uint8_t reset_value;
	uint16_t arm_boot_arch;
	uint8_t minor;
	uint64_t x_facs, x_dsdt;
	struct address x_pm1a_evt, x_pm1b_evt, x_pm1a_cnt, x_pm1b_cnt;
	struct address x_pm2_cnt, x_pm_tmr, x_gpe0, x_gpe1;
	struct address sleep_control, sleep_status;
	uint64_t hypervisor;
} __attribute__((packed));

_Static_assert(sizeof(struct fadt) == 276, "FADT 6");

/* The buttons and the RTC have no bits among the fixed registers. */
#define FADT_WBINVD		(1U << 0)
#define FADT_PROC_C1		(1U << 2)
#define FADT_PWR_BUTTON		(1U << 4)
#define FADT_SLP_BUTTON		(1U << 5)
#define FADT_FIX_RTC		(1U << 6)
#define FADT_TMR_VAL_EXT	(1U << 8)	/* 32 bits wide */
#define FADT_RESET_REG_SUP	(1U << 10)
#define FADT_HEADLESS		(1U << 12)

/* Legacy devices, no 8042, no VGA; MSI and the CMOS clock by silence. */
#define BOOT_LEGACY_DEVICES	(1U << 0)
#define BOOT_NO_VGA		(1U << 2)

struct facs {
	char signature[4];
	uint32_t length;
	uint32_t hardware_signature, waking_vector, global_lock, flags;
	uint64_t x_waking_vector;
	uint8_t version;
	uint8_t reserved[31];
} __attribute__((packed));

_Static_assert(sizeof(struct facs) == 64, "FACS");

/* "Multiple APIC Description Table" */
struct madt {
	struct header h;
	uint32_t lapic;
	uint32_t flags;
} __attribute__((packed));

#define MADT_PCAT_COMPAT 1	/* there is a pair of 8259s as well */

struct madt_lapic {
	uint8_t type, length, uid, apic_id;
	uint32_t flags;
} __attribute__((packed));

struct madt_ioapic {
	uint8_t type, length, id, reserved;
	uint32_t address;
	uint32_t gsi_base;
} __attribute__((packed));

struct madt_override {
	uint8_t type, length, bus, source;
	uint32_t gsi;
	uint16_t flags;
} __attribute__((packed));

#define HIGH_EDGE	0x05
#define HIGH_LEVEL	0x0d

struct madt_nmi {
	uint8_t type, length, uid;
	uint16_t flags;
	uint8_t lint;
} __attribute__((packed));

struct madt_wakeup {
	uint8_t type, length;
	uint16_t version;
	uint32_t reserved;
	uint64_t mailbox;
} __attribute__((packed));

/* A place in RAM that moves on as tables are put there. */
struct cursor {
	uint8_t *ram;
	uint64_t at;
};

static void *take(struct cursor *cur, size_t size, uint64_t align)
{
	void *place;

	cur->at = (cur->at + align - 1) & ~(align - 1);
	place = cur->ram + cur->at;
	memset(place, 0, size);
	cur->at += size;
	return place;
}

static uint32_t address_of(const struct cursor *cur, const void *place)
{
	return (const uint8_t *)place - cur->ram;
}

static uint8_t checksum(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint8_t sum = 0;

	while (len--)
		sum += *p++;
	return -sum;
}

static void seal(struct header *h, const char *signature, size_t length,
		 uint8_t revision)
{
	memcpy(h->signature, signature, sizeof(h->signature));
	h->length = length;
	h->revision = revision;
	memcpy(h->oem_id, "KAGE  ", sizeof(h->oem_id));
	memcpy(h->oem_table_id, "KAGEVM  ", sizeof(h->oem_table_id));
	h->oem_revision = 1;
	memcpy(h->creator_id, "KAGE", sizeof(h->creator_id));
	h->creator_revision = 1;
	h->checksum = checksum(h, length);
}

static uint32_t put_facs(struct cursor *cur)
{
	struct facs *facs = take(cur, sizeof(*facs), 64);

	memcpy(facs->signature, "FACS", sizeof(facs->signature));
	facs->length = sizeof(*facs);
	facs->version = 2;
	return address_of(cur, facs);
}

static uint32_t put_dsdt(struct cursor *cur)
{
	void *dsdt = take(cur, sizeof(dsdt_aml_code), 16);

	memcpy(dsdt, dsdt_aml_code, sizeof(dsdt_aml_code));
	return address_of(cur, dsdt);
}

static struct address io_port(uint16_t port, uint8_t bits, uint8_t access)
{
	return (struct address){ SPACE_IO, bits, 0, access, port };
}

static void fill_registers(struct fadt *fadt)
{
	fadt->sci_int = IRQ_SCI;
	fadt->pm1a_evt = PORT_PM1_EVENT;
	fadt->pm1_evt_len = 4;
	fadt->x_pm1a_evt = io_port(PORT_PM1_EVENT, 32, 2);
	fadt->pm1a_cnt = PORT_PM1_CONTROL;
	fadt->pm1_cnt_len = 2;
	fadt->x_pm1a_cnt = io_port(PORT_PM1_CONTROL, 16, 2);
	fadt->pm_tmr = PORT_PM_TIMER;
	fadt->pm_tmr_len = 4;
	fadt->x_pm_tmr = io_port(PORT_PM_TIMER, 32, 3);
	fadt->reset = io_port(PORT_RESET, 8, 1);
	fadt->reset_value = RESET_VALUE;
}

static uint32_t put_fadt(struct cursor *cur, uint32_t facs, uint32_t dsdt)
{
	struct fadt *fadt = take(cur, sizeof(*fadt), 16);

	fadt->facs = facs;
	fadt->dsdt = dsdt;
	fadt->x_dsdt = dsdt;
	fill_registers(fadt);
	/* Larger than 100 and 1000 microseconds: no C2, no C3. */
	fadt->c2_latency = 0xffff;
	fadt->c3_latency = 0xffff;
	fadt->boot_arch = BOOT_LEGACY_DEVICES | BOOT_NO_VGA;
	fadt->flags = FADT_WBINVD | FADT_PROC_C1 | FADT_PWR_BUTTON |
		      FADT_SLP_BUTTON | FADT_FIX_RTC | FADT_TMR_VAL_EXT |
		      FADT_RESET_REG_SUP | FADT_HEADLESS;
	fadt->minor = 3;
	seal(&fadt->h, "FACP", sizeof(*fadt), 6);
	return address_of(cur, fadt);
}

static void put_override(struct cursor *cur, uint8_t source, uint32_t gsi,
			 uint16_t flags)
{
	struct madt_override *over = take(cur, sizeof(*over), 1);

	*over = (struct madt_override){ 2, sizeof(*over), 0, source, gsi,
					flags };
}

static void put_cpus(struct cursor *cur, unsigned int vcpus)
{
	unsigned int i;

	for (i = 0; i < vcpus; i++) {
		struct madt_lapic *lapic = take(cur, sizeof(*lapic), 1);

		*lapic = (struct madt_lapic){ 0, sizeof(*lapic), i, i, 1 };
	}
}

static uint32_t put_madt(struct cursor *cur, unsigned int vcpus)
{
	struct madt *madt = take(cur, sizeof(*madt), 16);
	struct madt_ioapic *ioapic;
	struct madt_nmi *nmi;

	madt->lapic = LAPIC_BASE;
	madt->flags = MADT_PCAT_COMPAT;
	put_cpus(cur, vcpus);
	ioapic = take(cur, sizeof(*ioapic), 1);
	*ioapic = (struct madt_ioapic){ 1, sizeof(*ioapic), 0, 0, IOAPIC_BASE,
					0 };
	put_override(cur, 0, GSI_TIMER, HIGH_EDGE);
	put_override(cur, IRQ_SCI, IRQ_SCI, HIGH_LEVEL);
	nmi = take(cur, sizeof(*nmi), 1);
	*nmi = (struct madt_nmi){ 4, sizeof(*nmi), 0xff, 0, 1 };
	if (vcpus > 1) {
		struct madt_wakeup *wakeup = take(cur, sizeof(*wakeup), 1);

		*wakeup = (struct madt_wakeup){ 0x10, sizeof(*wakeup), 0, 0,
						LOAD_PARK };
	}
	seal(&madt->h, "APIC", cur->ram + cur->at - (uint8_t *)madt, 5);
	return address_of(cur, madt);
}

static uint32_t put_xsdt(struct cursor *cur, uint32_t fadt, uint32_t madt)
{
	struct xsdt *xsdt = take(cur, sizeof(*xsdt), 16);

	xsdt->entry[0] = fadt;
	xsdt->entry[1] = madt;
	seal(&xsdt->h, "XSDT", sizeof(*xsdt), 1);
	return address_of(cur, xsdt);
}

static void fill_rsdp(struct rsdp *rsdp, uint32_t xsdt)
{
	memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
	memcpy(rsdp->oem_id, "KAGE  ", sizeof(rsdp->oem_id));
	rsdp->revision = 2;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt = xsdt;
	rsdp->checksum = checksum(rsdp, offsetof(struct rsdp, length));
	rsdp->all_checksum = checksum(rsdp, sizeof(*rsdp));
}

void acpi_write(uint8_t *ram, unsigned int vcpus)
{
	struct cursor cur = { ram, LOAD_ACPI };
	struct rsdp *rsdp = take(&cur, sizeof(*rsdp), 16);
	uint32_t facs = put_facs(&cur);
	uint32_t dsdt = put_dsdt(&cur);
	uint32_t fadt = put_fadt(&cur, facs, dsdt);
	uint32_t madt = put_madt(&cur, vcpus);

	fill_rsdp(rsdp, put_xsdt(&cur, fadt, madt));
}
