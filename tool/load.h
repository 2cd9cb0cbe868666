/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loading a kernel into guest RAM and the state in which its CPUs start.
 *
 * The first mebibyte, as all of the loader sees it:
 *
 *   0x00500  GDT                       0x09000  page tables, to 0x0efff
 *   0x10000  boot_params               0x20000  command line, to 0x9fbff
 *   0xe0000  ACPI tables               0xf0000  what other CPUs wait in
 */
#ifndef _KAGECTL_LOAD_H
#define _KAGECTL_LOAD_H

#include <linux/kage.h>
#include <stdint.h>

#define LOAD_ERR_SIZE	200

#define LOAD_GDT	0x500
#define LOAD_STACK	0x8ff0
#define LOAD_TABLES	0x9000
#define LOAD_PARAMS	0x10000
#define LOAD_CMDLINE	0x20000
#define LOAD_LOW_END	0x9fc00
#define LOAD_ACPI	0xe0000
#define LOAD_PARK	0xf0000		/* the wakeup mailbox's page */
#define LOAD_MIB	0x100000

struct load_ram {
	uint8_t *ram;		/* RAM from guest-physical 0 */
	uint64_t size;		/* of it, at most 3 GiB */
	uint64_t high;		/* bytes of RAM above 4 GiB */
};

struct load_blob {
	const uint8_t *data;
	uint64_t size;		/* 0: there is none */
};

struct load_req {
	struct load_blob kernel;
	struct load_blob initrd;
	const char *append;	/* the command line */
	unsigned int vcpus;
};

/* Where everything goes; addresses are guest-physical. */
struct load_plan {
	uint64_t kernel_off;	/* of the 64-bit part within the file */
	uint64_t kernel_len;
	uint64_t kernel;
	uint64_t kernel_end;	/* behind what the kernel needs to unpack */
	uint64_t initrd;
	uint64_t header_end;	/* of the setup header within the file */
};

/**
 * load_bzimage_plan() - check everything and decide where it goes
 * @err: receives a sentence on failure
 *
 * Follows "64-bit Boot Protocol" of Linux' Documentation/arch/x86/boot.rst.
 * Reads nothing of @ram but the sizes and writes nothing.
 * Return: 0 or -1.
 */
int load_bzimage_plan(const struct load_ram *ram, const struct load_req *req,
		      struct load_plan *plan, char *err);

/** load_bzimage_write() - carry out a plan that load_bzimage_plan() made */
void load_bzimage_write(const struct load_ram *ram,
			const struct load_req *req,
			const struct load_plan *plan);

/** load_cpu_write() - GDT and page tables; with @vcpus > 1 the waiting room */
void load_cpu_write(const struct load_ram *ram, unsigned int vcpus);

/**
 * load_cpu_regs() - the registers that VCPU_SET is to give a CPU
 * @vcpu: 0 enters the kernel, the others wait for its call
 * @regs: by enum kage_regs_attr; every one but index 0 and the padding
 */
void load_cpu_regs(const struct load_plan *plan, unsigned int vcpu,
		   uint64_t regs[KAGE_REGS_A_MAX + 1]);

#endif /* _KAGECTL_LOAD_H */
