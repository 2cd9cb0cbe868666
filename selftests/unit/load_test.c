// SPDX-License-Identifier: GPL-2.0
/*
 * The bzImage loader against images that are broken in every way it has to
 * notice, on a plain buffer. A refused image must leave the RAM alone. With a
 * file as argument it loads that instead and prints where it went.
 */
#include "load.h"
#include <asm/bootparam.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB		(1ULL << 20)
#define RAM_SIZE	(64 * MIB)
#define SETUP_SECTS	4
#define SETUP_SIZE	((SETUP_SECTS + 1) * 512)
#define KERNEL_SIZE	0x10000
#define IMAGE_SIZE	(SETUP_SIZE + KERNEL_SIZE)
#define PREF		(16 * MIB)
#define INIT_SIZE	(8 * MIB)
#define BEFORE		0x5a

/* The value comes next. */
#define HDR(_field)	.at = 0x1f1 + offsetof(struct setup_header, _field), \
			.width = sizeof(((struct setup_header *)0)->_field)

struct row {
	const char *name;
	const char *want;	/* in the sentence; NULL: it loads */
	size_t at, width;	/* a header field and what it becomes */
	uint64_t val;
	uint64_t size;		/* of the image; 0: all of it */
	uint64_t ram;		/* 0: RAM_SIZE */
	uint64_t initrd;
	uint64_t append;	/* length of the command line */
	uint64_t kernel;	/* where it must go, 0: PREF */
	uint64_t initrd_at;
};

static const struct row rows[] = {
	{ .name = "good" },
	{ .name = "a longer file, signed", .size = IMAGE_SIZE + 512 },
	{ .name = "exactly enough RAM", .ram = PREF + INIT_SIZE },

	{ .name = "empty", .want = "not a bzImage", .size = 1 },
	{ .name = "ends before the magic", .want = "not a bzImage",
	  .size = 0x201 },
	{ .name = "ends within the magic", .want = "not a bzImage",
	  .size = 0x204 },
	{ .name = "ends after the magic", .want = "truncated", .size = 0x206 },
	{ .name = "ends within the header", .want = "truncated",
	  .size = 0x250 },
	{ .name = "ends after the header", .want = "truncated",
	  .size = 0x26c },
	{ .name = "ends within the setup", .want = "truncated",
	  .size = SETUP_SIZE - 1 },
	{ .name = "ends after the setup", .want = "truncated",
	  .size = SETUP_SIZE },
	{ .name = "ends at the entry", .want = "truncated",
	  .size = SETUP_SIZE + 0x200 },
	{ .name = "one byte short", .want = "truncated",
	  .size = IMAGE_SIZE - 1 },

	{ .name = "magic", .want = "not a bzImage", HDR(header), 0x53726449 },
	{ .name = "boot flag", .want = "not a bzImage", HDR(boot_flag), 0 },
	{ .name = "version 2.11", .want = "too old", HDR(version), 0x20b },
	{ .name = "version 2.12", HDR(version), 0x20c },
	{ .name = "no 64-bit entry", .want = "64-bit", HDR(xloadflags), 0x7e },
	{ .name = "zImage", .want = "zImage", HDR(loadflags), 0 },
	{ .name = "no alignment", .want = "damaged", HDR(kernel_alignment),
	  0 },
	{ .name = "odd alignment", .want = "damaged", HDR(kernel_alignment),
	  0x300000 },
	{ .name = "short header", .want = "damaged", .at = 0x201, .width = 1,
	  .val = 0x10 },
	{ .name = "long header", .at = 0x201, .width = 1, .val = 0xff },
	{ .name = "no kernel", .want = "damaged", HDR(syssize), 0 },
	{ .name = "kernel ends at the entry", .want = "damaged", HDR(syssize),
	  0x20 },
	{ .name = "kernel larger than the file", .want = "truncated",
	  HDR(syssize), 0xffffffff },
	{ .name = "setup larger than the file", .want = "truncated",
	  HDR(setup_sects), 255 },
	{ .name = "no setup sectors means four", HDR(setup_sects), 0 },

	{ .name = "pref_address over 4 GiB", .want = "damaged",
	  HDR(pref_address), 1ULL << 32 },
	{ .name = "pref_address wraps", .want = "damaged", HDR(pref_address),
	  ~0ULL },
	{ .name = "pref_address at the end of RAM", .want = "does not fit",
	  HDR(pref_address), RAM_SIZE },
	{ .name = "low pref_address", HDR(pref_address), 0,
	  .kernel = 2 * MIB },
	{ .name = "unaligned pref_address", HDR(pref_address), PREF + 0x1000,
	  .kernel = PREF + 2 * MIB },
	{ .name = "init_size over the end", .want = "does not fit",
	  HDR(init_size), RAM_SIZE - PREF + 1 },
	{ .name = "largest init_size", .want = "does not fit", HDR(init_size),
	  0xffffffff },
	{ .name = "init_size smaller than the kernel", HDR(init_size), 0 },
	{ .name = "one byte of RAM too little", .want = "24 MiB",
	  .ram = PREF + INIT_SIZE - 1 },
	{ .name = "half a MiB", .want = "does not fit", .ram = MIB / 2 },

	{ .name = "initrd", .initrd = 0x1234,
	  .initrd_at = RAM_SIZE - 0x2000 },
	{ .name = "initrd below initrd_addr_max", HDR(initrd_addr_max),
	  0x2ffffff, .initrd = 0x1000, .initrd_at = 48 * MIB - 0x1000 },
	{ .name = "initrd fills what is behind the kernel",
	  .initrd = RAM_SIZE - PREF - INIT_SIZE,
	  .initrd_at = PREF + INIT_SIZE },
	{ .name = "initrd under the kernel", .ram = PREF + INIT_SIZE,
	  .initrd = 0x1000, .initrd_at = PREF - 0x1000 },
	{ .name = "initrd fills what is under the kernel",
	  .ram = PREF + INIT_SIZE, .initrd = 15 * MIB, .initrd_at = MIB },
	{ .name = "initrd over the end", .want = "initrd does not fit",
	  .initrd = RAM_SIZE - PREF - INIT_SIZE + 1 },
	{ .name = "initrd larger than the RAM", .want = "initrd does not fit",
	  .initrd = RAM_SIZE + 1 },
	{ .name = "initrd_addr_max 0", .want = "initrd does not fit",
	  HDR(initrd_addr_max), 0, .initrd = 0x1000 },

	{ .name = "longest command line", .append = 2047 },
	{ .name = "command line too long", .want = "command line",
	  .append = 2048 },
	{ .name = "long command line for a kernel that takes it",
	  HDR(cmdline_size), 0xffffffff, .append = 0x9fc00 - 0x20000 - 1 },
	{ .name = "command line up to the end of low memory",
	  .want = "command line", HDR(cmdline_size), 0xffffffff,
	  .append = 0x9fc00 - 0x20000 },
};

static int fails;

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	printf("# %s\n", what);
	fails++;
}

static void make_image(uint8_t *image)
{
	struct setup_header hdr = {
		.setup_sects = SETUP_SECTS,
		.syssize = KERNEL_SIZE / 16,
		.boot_flag = 0xaa55,
		.jump = 0x6aeb,
		.header = 0x53726448,
		.version = 0x20f,
		.loadflags = LOADED_HIGH,
		.initrd_addr_max = 0x7fffffff,
		.kernel_alignment = 2 * MIB,
		.relocatable_kernel = 1,
		.xloadflags = 0x7f,
		.cmdline_size = 2047,
		.pref_address = PREF,
		.init_size = INIT_SIZE,
		.setup_data = 0x1000,	/* not a loader's to leave there */
	};

	memset(image, 0x11, SETUP_SIZE);
	memset(image + SETUP_SIZE, 0x22, KERNEL_SIZE);
	memcpy(image + 0x1f1, &hdr, sizeof(hdr));
}

static bool untouched(const uint8_t *ram)
{
	size_t i;

	for (i = 0; i < RAM_SIZE; i++)
		if (ram[i] != BEFORE)
			return false;
	return true;
}

static bool is_ram(const struct boot_params *params, uint64_t start,
		   uint64_t end)
{
	int i;

	for (i = 0; i < params->e820_entries; i++)
		if (params->e820_table[i].type == 1 &&
		    params->e820_table[i].addr == start &&
		    params->e820_table[i].size == end - start)
			return true;
	return false;
}

static void check_params(const struct load_ram *ram,
			 const struct load_req *req,
			 const struct load_plan *plan)
{
	struct boot_params params;
	int i;

	memcpy(&params, ram->ram + LOAD_PARAMS, sizeof(params));
	expect(params.hdr.header == 0x53726448, "header copied");
	expect(params.hdr.type_of_loader == 0xff, "type of loader");
	expect(params.hdr.setup_data == 0, "no setup data");
	expect(params.sentinel == 0, "sentinel");
	expect(params.hdr.ramdisk_image == plan->initrd &&
	       params.hdr.ramdisk_size == req->initrd.size, "ramdisk");
	expect(params.acpi_rsdp_addr == LOAD_ACPI &&
	       !memcmp(ram->ram + LOAD_ACPI, "RSD PTR ", 8), "RSDP");
	expect(!strcmp((char *)ram->ram + params.hdr.cmd_line_ptr,
		       req->append), "command line");
	expect(is_ram(&params, 0, LOAD_LOW_END), "low RAM");
	expect(is_ram(&params, LOAD_MIB, ram->size), "RAM");
	expect(is_ram(&params, 1ULL << 32, (1ULL << 32) + ram->high),
	       "high RAM");
	for (i = 1; i < params.e820_entries; i++)
		expect(params.e820_table[i - 1].addr +
		       params.e820_table[i - 1].size <=
		       params.e820_table[i].addr, "e820 sorted, no overlap");
}

static uint64_t entry(const struct load_ram *ram, uint64_t table,
		      unsigned int idx)
{
	uint64_t ret;

	memcpy(&ret, ram->ram + table + idx * 8, sizeof(ret));
	return ret;
}

/* Every CPU sees each of the first 4 GiB at its own address. */
static void check_cpu(const struct load_ram *ram, const struct load_plan *plan,
		      unsigned int vcpu)
{
	uint64_t regs[KAGE_REGS_A_MAX + 1];
	uint64_t at, pml4e, pdpte, pde;

	load_cpu_regs(plan, vcpu, regs);
	for (at = 0; at < 1ULL << 32; at += 2 * MIB) {
		pml4e = entry(ram, regs[KAGE_REGS_A_CR3], 0);
		pdpte = entry(ram, pml4e & ~0xfffULL, at >> 30);
		pde = entry(ram, pdpte & ~0xfffULL, (at >> 21) & 511);
		if ((pml4e & 0xfff) != 0x23 || (pdpte & 0xfff) != 0x23 ||
		    pde != (at | 0xe3))
			expect(false, "identity map");
	}
	expect(entry(ram, regs[KAGE_REGS_A_GDT_BASE], 2) ==
	       0x00af9b000000ffff, "code segment");
	expect(entry(ram, regs[KAGE_REGS_A_GDT_BASE], 3) ==
	       0x00cf93000000ffff, "data segment");
	expect(regs[KAGE_REGS_A_CR0] == 0x80010031 &&
	       regs[KAGE_REGS_A_CR4] == 0x20 &&
	       regs[KAGE_REGS_A_EFER] == 0x500 &&
	       regs[KAGE_REGS_A_RFLAGS] == 2, "64-bit mode");
	if (!vcpu)
		expect(regs[KAGE_REGS_A_RIP] == plan->kernel + 0x200 &&
		       regs[KAGE_REGS_A_RSI] == LOAD_PARAMS, "entry");
	else
		expect(regs[KAGE_REGS_A_RBX] == vcpu &&
		       regs[KAGE_REGS_A_RDI] == LOAD_PARK &&
		       regs[KAGE_REGS_A_RIP] >> 16 == LOAD_PARK >> 16,
		       "waits in reserved memory");
}

static void check_loaded(const struct row *row, const struct load_ram *ram,
			 const struct load_req *req,
			 const struct load_plan *plan)
{
	expect(plan->kernel == (row->kernel ? row->kernel : PREF),
	       "place of the kernel");
	expect(plan->initrd == row->initrd_at, "place of the initrd");
	expect(!memcmp(ram->ram + plan->kernel,
		       req->kernel.data + plan->kernel_off, plan->kernel_len),
	       "kernel copied");
	expect(!req->initrd.size ||
	       !memcmp(ram->ram + plan->initrd, req->initrd.data,
		       req->initrd.size), "initrd copied");
	check_params(ram, req, plan);
	check_cpu(ram, plan, 0);
	check_cpu(ram, plan, 1);
}

/* The sanitizer sees a read behind a buffer of the exact size. */
static uint8_t *exact(const uint8_t *from, size_t len)
{
	uint8_t *ret = malloc(len ? len : 1);

	if (!ret)
		exit(1);
	memcpy(ret, from, len);
	return ret;
}

static void run_row(const struct row *row, uint8_t *buf, uint8_t *image,
		    const uint8_t *initrd)
{
	struct load_ram ram = { buf, row->ram ? row->ram : RAM_SIZE,
				4 * MIB };
	uint64_t size = row->size ? row->size : IMAGE_SIZE;
	char *append = calloc(1, row->append + 1);
	char err[LOAD_ERR_SIZE] = "";
	struct load_plan plan;
	struct load_req req;
	int ret;

	memset(append, 'a', row->append);
	memset(buf, BEFORE, RAM_SIZE);
	make_image(image);
	memcpy(image + row->at, &row->val, row->width);
	req = (struct load_req){ { exact(image, size), size },
				 { initrd, row->initrd }, append, 2 };
	ret = load_bzimage_plan(&ram, &req, &plan, err);
	expect(untouched(buf), "planning wrote to the RAM");
	expect(!ret == !row->want, err[0] ? err : "not refused");
	if (ret && row->want)
		expect(strstr(err, row->want), err);
	if (!ret && !row->want) {
		load_bzimage_write(&ram, &req, &plan);
		check_loaded(row, &ram, &req, &plan);
	}
	free((void *)req.kernel.data);
	free(append);
}

/* Any image at any length, any byte of the header changed: no bad access. */
static void run_fuzz(uint8_t *buf, uint8_t *image)
{
	struct load_ram ram = { buf, RAM_SIZE, 0 };
	char err[LOAD_ERR_SIZE];
	struct load_plan plan;
	unsigned int at, val;

	for (at = 0x1f1; at < 0x270; at++) {
		for (val = 0; val < 256; val++) {
			struct load_req req = { { image, IMAGE_SIZE },
						{ NULL, 0 }, "", 1 };

			make_image(image);
			image[at] = val;
			if (!load_bzimage_plan(&ram, &req, &plan, err))
				load_bzimage_write(&ram, &req, &plan);
		}
	}
}

static int load_file(const char *path, uint8_t *buf)
{
	struct load_ram ram = { buf, RAM_SIZE * 4, 0 };
	struct load_req req = { .append = "", .vcpus = 1 };
	static uint8_t image[64 << 20];
	char err[LOAD_ERR_SIZE];
	struct load_plan plan;
	FILE *file = fopen(path, "r");

	if (!file) {
		perror(path);
		return 1;
	}
	req.kernel.size = fread(image, 1, sizeof(image), file);
	req.kernel.data = image;
	fclose(file);
	if (load_bzimage_plan(&ram, &req, &plan, err)) {
		printf("%s\n", err);
		return 1;
	}
	load_bzimage_write(&ram, &req, &plan);
	printf("%llu bytes at 0x%llx, in use to 0x%llx\n",
	       (unsigned long long)plan.kernel_len,
	       (unsigned long long)plan.kernel,
	       (unsigned long long)plan.kernel_end);
	return 0;
}

int main(int argc, char **argv)
{
	size_t i, nr = sizeof(rows) / sizeof(rows[0]);
	uint8_t *image = malloc(IMAGE_SIZE + 512);
	uint8_t *buf = malloc(RAM_SIZE * 4);
	uint8_t *initrd = calloc(1, RAM_SIZE + 1);
	int ret, bad = 0;

	if (!image || !buf || !initrd)
		return 1;
	if (argc > 1) {
		ret = load_file(argv[1], buf);
		goto out;
	}
	memset(initrd, 0x33, RAM_SIZE + 1);
	printf("TAP version 13\n1..%zu\n", nr + 1);
	for (i = 0; i < nr; i++) {
		fails = 0;
		memset(image, 0, IMAGE_SIZE + 512);
		run_row(&rows[i], buf, image, initrd);
		printf("%sok %zu %s\n", fails ? "not " : "", i + 1,
		       rows[i].name);
		bad |= fails;
	}
	run_fuzz(buf, image);
	printf("ok %zu every byte of the header\n", nr + 1);
	ret = !!bad;
out:
	free(initrd);
	free(buf);
	free(image);
	return ret;
}
