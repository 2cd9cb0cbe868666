// SPDX-License-Identifier: GPL-2.0
/*
 * A Linux bzImage by the 64-bit boot protocol. The file is not trusted: every
 * number of its header is checked against the file and the RAM before a byte
 * of guest RAM changes.
 */
#include "load.h"
#include "acpi.h"
#include <asm/bootparam.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define PAGE		0x1000ULL
#define SECTOR		512
#define HEADER_START	0x1f1
#define HEADER_JUMP	0x201	/* its operand: the header's end from 0x202 */
#define HEADER_ENOUGH	0x264	/* the end of init_size */
#define HEADER_ROOM	0x290	/* boot_params has other things from here */
#define HEADER_MAGIC	0x53726448	/* "HdrS" */
#define VERSION_MIN	0x020c
#define ENTRY_64	0x200
#define LOADER_OTHER	0xff

enum e820_type { E820_IS_RAM = 1, E820_IS_RESERVED = 2, E820_IS_ACPI = 3 };

_Static_assert(offsetof(struct boot_params, hdr) == HEADER_START, "ABI");
_Static_assert(offsetof(struct setup_header, init_size) + HEADER_START + 4 ==
	       HEADER_ENOUGH, "ABI");

static int fail(char *err, const char *sentence)
{
	snprintf(err, LOAD_ERR_SIZE, "%s", sentence);
	return -1;
}

static uint64_t align_up(uint64_t val, uint64_t align)
{
	return (val + align - 1) & ~(align - 1);
}

/* What a file that is no bzImage looks like, to say more than "no". */
static int fail_foreign(const struct load_blob *file, char *err)
{
	static const struct { const char *magic, *what; } known[] = {
		{ "\177ELF", "an ELF file (vmlinux?)" },
		{ "\037\213", "a gzip file" },
		{ "\3757zXZ", "an xz file" },
		{ "(\265/\375", "a zstd file" },
		{ "07070", "a cpio archive (initrd?)" },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t len = strlen(known[i].magic);

		if (file->size < len ||
		    memcmp(file->data, known[i].magic, len))
			continue;
		snprintf(err, LOAD_ERR_SIZE,
			 "the kernel file is not a bzImage but %s",
			 known[i].what);
		return -1;
	}
	return fail(err, "the kernel file is not a bzImage");
}

static int check_header(const struct setup_header *hdr, char *err)
{
	if (hdr->version < VERSION_MIN)
		return fail(err, "the kernel is too old: its boot protocol is older than 2.12");
	if (!(hdr->xloadflags & XLF_KERNEL_64))
		return fail(err, "the kernel has no 64-bit entry");
	if (!(hdr->loadflags & LOADED_HIGH))
		return fail(err, "the kernel is a zImage, not a bzImage");
	if (!hdr->kernel_alignment ||
	    hdr->kernel_alignment & (hdr->kernel_alignment - 1) ||
	    hdr->pref_address > UINT32_MAX)
		return fail(err, "the kernel's setup header is damaged");
	return 0;
}

static int read_header(const struct load_blob *file, struct load_plan *plan,
		       struct setup_header *hdr, char *err)
{
	if (file->size < HEADER_START + sizeof(*hdr)) {
		/* Short, but perhaps recognisably something. */
		if (file->size >= 0x206 && !memcmp(file->data + 0x202, "HdrS", 4))
			return fail(err, "the kernel file is truncated");
		return fail_foreign(file, err);
	}
	memcpy(hdr, file->data + HEADER_START, sizeof(*hdr));
	if (hdr->boot_flag != 0xaa55 || hdr->header != HEADER_MAGIC)
		return fail_foreign(file, err);
	if (check_header(hdr, err))
		return -1;
	plan->header_end = 0x202 + file->data[HEADER_JUMP];
	if (plan->header_end < HEADER_ENOUGH)
		return fail(err, "the kernel's setup header is damaged");
	if (plan->header_end > HEADER_ROOM)
		plan->header_end = HEADER_ROOM;
	return 0;
}

static int find_kernel(const struct load_blob *file, struct load_plan *plan,
		       const struct setup_header *hdr, char *err)
{
	/* 0 sectors means 4, from the days before the field. */
	unsigned int sectors = hdr->setup_sects ? hdr->setup_sects : 4;

	plan->kernel_off = (sectors + 1) * SECTOR;
	plan->kernel_len = hdr->syssize * 16ULL;
	if (plan->header_end > plan->kernel_off ||
	    plan->kernel_len <= ENTRY_64)
		return fail(err, "the kernel's setup header is damaged");
	if (plan->kernel_off > file->size ||
	    plan->kernel_len > file->size - plan->kernel_off)
		return fail(err, "the kernel file is truncated");
	return 0;
}

/*
 * A kernel that finds itself below its preferred address moves there anyway,
 * so it is no use to try lower when that does not fit.
 */
static int place_kernel(const struct load_ram *ram, struct load_plan *plan,
			const struct setup_header *hdr, char *err)
{
	uint64_t need = plan->kernel_len;

	if (need < hdr->init_size)
		need = hdr->init_size;
	plan->kernel = hdr->pref_address;
	if (hdr->relocatable_kernel)
		plan->kernel = align_up(plan->kernel < LOAD_MIB ? LOAD_MIB :
					plan->kernel, hdr->kernel_alignment);
	if (plan->kernel < LOAD_MIB)
		return fail(err, "the kernel's setup header is damaged");
	plan->kernel_end = plan->kernel + need;
	if (plan->kernel_end <= ram->size)
		return 0;
	snprintf(err, LOAD_ERR_SIZE,
		 "the kernel does not fit in the memory: it needs %llu MiB below 3 GiB",
		 (unsigned long long)(align_up(plan->kernel_end, LOAD_MIB) >>
				      20));
	return -1;
}

/* As high as it goes: behind the kernel, else between 1 MiB and the kernel. */
static int place_initrd(const struct load_ram *ram,
			const struct load_blob *file, struct load_plan *plan,
			const struct setup_header *hdr, char *err)
{
	uint64_t top = (uint64_t)hdr->initrd_addr_max + 1;

	plan->initrd = 0;
	if (!file->size)
		return 0;
	if (top > ram->size)
		top = ram->size;
	if (top >= file->size) {
		plan->initrd = (top - file->size) & ~(PAGE - 1);
		if (plan->initrd >= align_up(plan->kernel_end, PAGE))
			return 0;
	}
	if (top > plan->kernel)
		top = plan->kernel;
	if (top >= file->size + LOAD_MIB) {
		plan->initrd = (top - file->size) & ~(PAGE - 1);
		if (plan->initrd >= LOAD_MIB)
			return 0;
	}
	return fail(err, "the initrd does not fit in the memory beside the kernel");
}

static int check_append(const char *append, const struct setup_header *hdr,
			char *err)
{
	uint64_t most = LOAD_LOW_END - LOAD_CMDLINE - 1;

	if (most > hdr->cmdline_size)
		most = hdr->cmdline_size;
	if (strlen(append) <= most)
		return 0;
	snprintf(err, LOAD_ERR_SIZE,
		 "the command line is longer than the kernel's %llu bytes",
		 (unsigned long long)most);
	return -1;
}

int load_bzimage_plan(const struct load_ram *ram, const struct load_req *req,
		      struct load_plan *plan, char *err)
{
	struct setup_header hdr = { 0 };

	memset(plan, 0, sizeof(*plan));
	if (read_header(&req->kernel, plan, &hdr, err) ||
	    find_kernel(&req->kernel, plan, &hdr, err) ||
	    place_kernel(ram, plan, &hdr, err) ||
	    place_initrd(ram, &req->initrd, plan, &hdr, err))
		return -1;
	return check_append(req->append, &hdr, err);
}

static void add_range(struct boot_params *params, uint64_t start, uint64_t end,
		      enum e820_type type)
{
	struct boot_e820_entry *entry =
		&params->e820_table[params->e820_entries];

	if (end <= start)
		return;
	entry->addr = start;
	entry->size = end - start;
	entry->type = type;
	params->e820_entries++;
}

static void fill_e820(struct boot_params *params, const struct load_ram *ram)
{
	const uint64_t four_gib = 1ULL << 32;

	add_range(params, 0, LOAD_LOW_END, E820_IS_RAM);
	add_range(params, LOAD_LOW_END, LOAD_ACPI, E820_IS_RESERVED);
	add_range(params, LOAD_ACPI, LOAD_PARK, E820_IS_ACPI);
	add_range(params, LOAD_PARK, LOAD_MIB, E820_IS_RESERVED);
	add_range(params, LOAD_MIB, ram->size, E820_IS_RAM);
	add_range(params, four_gib, four_gib + ram->high, E820_IS_RAM);
}

static void fill_params(struct boot_params *params,
			const struct load_ram *ram,
			const struct load_req *req,
			const struct load_plan *plan)
{
	memset(params, 0, sizeof(*params));
	memcpy((uint8_t *)params + HEADER_START,
	       req->kernel.data + HEADER_START,
	       plan->header_end - HEADER_START);
	params->hdr.type_of_loader = LOADER_OTHER;
	params->hdr.code32_start = plan->kernel;
	params->hdr.cmd_line_ptr = LOAD_CMDLINE;
	params->hdr.ramdisk_image = plan->initrd;
	params->hdr.ramdisk_size = req->initrd.size;
	params->hdr.setup_data = 0;
	params->acpi_rsdp_addr = LOAD_ACPI;
	fill_e820(params, ram);
}

void load_bzimage_write(const struct load_ram *ram, const struct load_req *req,
			const struct load_plan *plan)
{
	struct boot_params params;

	fill_params(&params, ram, req, plan);
	memcpy(ram->ram + LOAD_PARAMS, &params, sizeof(params));
	memcpy(ram->ram + LOAD_CMDLINE, req->append, strlen(req->append) + 1);
	memcpy(ram->ram + plan->kernel, req->kernel.data + plan->kernel_off,
	       plan->kernel_len);
	if (req->initrd.size)
		memcpy(ram->ram + plan->initrd, req->initrd.data,
		       req->initrd.size);
	acpi_write(ram->ram, req->vcpus);
	load_cpu_write(ram, req->vcpus);
}
