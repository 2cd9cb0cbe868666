/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ACPI tables of a machine, in the region at LOAD_ACPI: RSDP first, behind
 * it XSDT, FADT, FACS, MADT, and the DSDT that iasl made from dsdt.asl.
 */
#ifndef _KAGECTL_ACPI_H
#define _KAGECTL_ACPI_H

#include <stdint.h>

/**
 * acpi_write() - put the tables for @vcpus CPUs into RAM
 * @ram: guest RAM from guest-physical 0, at least 1 MiB
 */
void acpi_write(uint8_t *ram, unsigned int vcpus);

#endif /* _KAGECTL_ACPI_H */
