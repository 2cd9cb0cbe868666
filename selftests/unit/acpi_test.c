// SPDX-License-Identifier: GPL-2.0
/*
 * The ACPI tables as a guest finds them: from the RSDP on, checksums, bounds
 * and the numbers that have to agree with the module. With a directory as
 * argument it writes each table to a file for iasl (acpi_test.sh).
 */
#include "acpi.h"
#include "load.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t ram[LOAD_MIB];
static int failed;

static void check(bool ok, const char *what, unsigned int vcpus)
{
	if (ok)
		return;
	printf("%u CPUs: %s\n", vcpus, what);
	failed = 1;
}

static uint32_t get32(uint64_t at)
{
	uint32_t val;

	memcpy(&val, ram + at, sizeof(val));
	return val;
}

static uint16_t get16(uint64_t at)
{
	uint16_t val;

	memcpy(&val, ram + at, sizeof(val));
	return val;
}

static uint8_t sum(uint64_t at, uint32_t len)
{
	uint8_t ret = 0;

	while (len--)
		ret += ram[at++];
	return ret;
}

static void save(const char *dir, const char *name, uint64_t at, uint32_t len)
{
	char path[512];
	FILE *file;

	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/%s.dat", dir, name);
	file = fopen(path, "w");
	if (!file || fwrite(ram + at, 1, len, file) != len || fclose(file)) {
		perror(path);
		exit(1);
	}
}

static void check_table(const char *dir, const char *signature,
			const char *name, uint64_t at, unsigned int vcpus)
{
	uint32_t len = get32(at + 4);

	check(!memcmp(ram + at, signature, 4), signature, vcpus);
	check(at >= LOAD_ACPI && at + len <= LOAD_PARK, "inside the region",
	      vcpus);
	/* The FACS is the one table without a checksum. */
	check(at + len <= LOAD_MIB && (!strcmp(signature, "FACS") ||
				       !sum(at, len)), "checksum", vcpus);
	if (at + len <= LOAD_MIB)
		save(dir, name, at, len);
}

static void check_fadt(const char *dir, uint64_t fadt, unsigned int vcpus)
{
	check_table(dir, "FACS", "facs", get32(fadt + 36), vcpus);
	check(get32(fadt + 36) % 64 == 0, "FACS aligned", vcpus);
	check_table(dir, "DSDT", "dsdt", get32(fadt + 40), vcpus);
	check(get16(fadt + 46) == 9, "SCI 9", vcpus);
	check(get32(fadt + 56) == 0x600 && ram[fadt + 88] == 4, "PM1a_EVT",
	      vcpus);
	check(get32(fadt + 64) == 0x604 && ram[fadt + 89] == 2, "PM1a_CNT",
	      vcpus);
	check(get32(fadt + 76) == 0x608 && ram[fadt + 91] == 4, "PM_TMR",
	      vcpus);
	check(ram[fadt + 116] == 1 && get32(fadt + 120) == 0xcf9 &&
	      ram[fadt + 128] == 6 && get32(fadt + 112) & (1 << 10),
	      "reset register", vcpus);
	check(!(get32(fadt + 112) & (1 << 20)), "not hardware-reduced", vcpus);
	check((get16(fadt + 109) & 0x2b) == 1, "boot architecture", vcpus);
}

/* Entries of @type; the length of every entry has to lead to the end. */
static unsigned int count_entries(uint64_t madt, uint8_t type)
{
	uint64_t at = madt + 44, end = madt + get32(madt + 4);
	unsigned int nr = 0;

	while (at < end && ram[at + 1] >= 2) {
		nr += ram[at] == type;
		at += ram[at + 1];
	}
	return at == end ? nr : ~0U;
}

static uint64_t find_entry(uint64_t madt, uint8_t type, int skip)
{
	uint64_t at = madt + 44;

	while (ram[at] != type || skip--)
		at += ram[at + 1];
	return at;
}

static void check_madt(uint64_t madt, unsigned int vcpus)
{
	uint64_t timer, sci;

	check(count_entries(madt, 0) == vcpus, "local APICs", vcpus);
	check(count_entries(madt, 1) == 1, "one I/O APIC", vcpus);
	check(count_entries(madt, 2) == 2, "two overrides", vcpus);
	check(count_entries(madt, 4) == 1, "one NMI", vcpus);
	check(count_entries(madt, 0x10) == (vcpus > 1), "mailbox", vcpus);
	if (failed)
		return;
	check(get32(find_entry(madt, 1, 0) + 4) == 0xfec00000, "I/O APIC at",
	      vcpus);
	timer = find_entry(madt, 2, 0);
	check(ram[timer + 3] == 0 && get32(timer + 4) == 2 &&
	      get16(timer + 8) == 0x5, "ISA 0 is GSI 2, high, edge", vcpus);
	sci = find_entry(madt, 2, 1);
	check(ram[sci + 3] == 9 && get32(sci + 4) == 9 &&
	      get16(sci + 8) == 0xd, "SCI high, level", vcpus);
	if (vcpus > 1)
		check(get32(find_entry(madt, 0x10, 0) + 8) == LOAD_PARK,
		      "mailbox where the CPUs wait", vcpus);
}

static void check_all(const char *dir, unsigned int vcpus)
{
	uint64_t xsdt, fadt, madt;

	/* A reset writes over what the last guest left. */
	memset(ram, 0xa5, sizeof(ram));
	acpi_write(ram, vcpus);
	check(!memcmp(ram + LOAD_ACPI, "RSD PTR ", 8), "RSDP", vcpus);
	check(!sum(LOAD_ACPI, 20) && !sum(LOAD_ACPI, 36), "RSDP checksums",
	      vcpus);
	xsdt = get32(LOAD_ACPI + 24);
	check_table(dir, "XSDT", "xsdt", xsdt, vcpus);
	fadt = get32(xsdt + 36);
	madt = get32(xsdt + 44);
	check_table(dir, "FACP", "facp", fadt, vcpus);
	check_table(dir, "APIC", "apic", madt, vcpus);
	check_fadt(dir, fadt, vcpus);
	check_madt(madt, vcpus);
}

int main(int argc, char **argv)
{
	unsigned int vcpus;

	/* iasl of 2020 does not know the mailbox, so it gets one CPU. */
	check_all(argc > 1 ? argv[1] : NULL, 1);
	for (vcpus = 2; vcpus <= KAGE_MAX_VCPUS; vcpus++)
		check_all(NULL, vcpus);
	return failed;
}
