// SPDX-License-Identifier: GPL-2.0
/*
 * The bzImage loader over any image, RAM, initrd and command line. Input:
 * sizes, then the start of the image, which goes on with filling.
 *
 * The RAM lies between pages that cannot be accessed, and is given back after
 * each input, so that the pages which were written can be told.
 */
#include "fuzz.h"
#include "load.h"
#include <asm/bootparam.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE		0x1000ULL
#define HEAD		17	/* bytes of an input before the image */
#define HEADER		0x1f1
#define HEADER_ROOM	0x290
#define IMAGE_MAX	0x8000
#define RAM_PAGES	1024
#define RAM_MAX		(RAM_PAGES * PAGE)
#define INITRD_MAX	(RAM_MAX / 2)
#define PARK_END	(LOAD_PARK + 8 * PAGE)
#define TABLES_END	(LOAD_TABLES + 6 * PAGE)
#define FOUR_GIB	(1ULL << 32)

/* Read-write bytes whose first and last neighbours are not accessible. */
static uint8_t *fenced(uint64_t size)
{
	uint8_t *addr = mmap(NULL, size + 2 * PAGE, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			     0);

	FUZZ_CHECK(addr != MAP_FAILED);
	addr += PAGE;
	FUZZ_CHECK(!mprotect(addr, size, PROT_READ | PROT_WRITE));
	/* A page counts as written only if it was. */
	madvise(addr, size, MADV_NOHUGEPAGE);
	return addr;
}

struct guest {
	struct load_ram ram;
	struct load_req req;
	uint8_t *image;
	char *append;
};

static uint8_t *ram_area, *initrd_area;

/* What the header says, if there is one: 0 where the image ends before it. */
static struct setup_header peek(const struct feed *feed)
{
	struct setup_header hdr = { 0 };

	if (feed->left >= HEADER + sizeof(hdr))
		memcpy(&hdr, feed->data + HEADER, sizeof(hdr));
	return hdr;
}

static uint64_t clamp(int64_t val, uint64_t max)
{
	if (val < 0)
		return 0;
	return (uint64_t)val > max ? max : (uint64_t)val;
}

/*
 * A size is any, or as near to the limit that the image's header sets as one
 * byte goes: chance would hardly ever meet the limit.
 */
static uint64_t take_size(struct feed *feed, uint64_t max, int64_t limit)
{
	const uint64_t near = feed_take(feed, 1);
	const uint64_t val = feed_take(feed, 3);

	if (near & 1)
		return clamp(limit + (int8_t)val, max);
	return val % (max + 1);
}

static void take_image(struct guest *guest, struct feed *feed, size_t size)
{
	const size_t given = size < feed->left ? size : feed->left;

	/* Of the exact size, so that a read behind it is seen. */
	guest->image = malloc(size + !size);
	FUZZ_CHECK(guest->image);
	memcpy(guest->image, feed->data, given);
	memset(guest->image + given, 0x5a, size - given);
	guest->req.kernel.data = guest->image;
	guest->req.kernel.size = size;
}

static void take_append(struct guest *guest, size_t size)
{
	guest->append = malloc(size + 1);
	FUZZ_CHECK(guest->append);
	memset(guest->append, 'a', size);
	guest->append[size] = '\0';
	guest->req.append = guest->append;
}

/* Cuts the first @size bytes off, or what there is. */
static struct feed cut(struct feed *feed, size_t size)
{
	struct feed head = { feed->data,
			     size < feed->left ? size : feed->left };

	feed->data += head.left;
	feed->left -= head.left;
	return head;
}

static void take_sizes(struct guest *guest, struct feed *sizes,
		       struct feed *image)
{
	const struct setup_header hdr = peek(image);
	const uint64_t low = LOAD_LOW_END - LOAD_CMDLINE;
	const unsigned int sectors = hdr.setup_sects ? hdr.setup_sects : 4;

	take_append(guest, take_size(sizes, low + 1, hdr.cmdline_size < low ?
						     hdr.cmdline_size : low));
	guest->req.initrd.size =
		take_size(sizes, INITRD_MAX,
			  (int64_t)(guest->ram.size - hdr.init_size) -
			  (int64_t)clamp(hdr.pref_address, RAM_MAX));
	guest->req.initrd.data = initrd_area + INITRD_MAX -
				 guest->req.initrd.size;
	take_image(guest, image,
		   take_size(sizes, IMAGE_MAX, (sectors + 1) * 512 +
					       hdr.syssize * 16LL));
}

static void take_guest(struct guest *guest, struct feed *feed)
{
	struct feed head = cut(feed, HEAD);

	guest->ram.size = feed_take(&head, 2) % (RAM_PAGES + 1) * PAGE;
	guest->ram.high = feed_take(&head, 2) * PAGE;
	guest->ram.ram = ram_area + RAM_MAX - guest->ram.size;
	guest->req.vcpus = 1 + feed_take(&head, 1) % KAGE_MAX_VCPUS;
	take_sizes(guest, &head, feed);
}

static void check_plan(const struct guest *guest, const struct load_plan *plan)
{
	const uint64_t initrd_size = guest->req.initrd.size;

	FUZZ_CHECK(plan->kernel_off <= guest->req.kernel.size);
	FUZZ_CHECK(plan->kernel_len <=
		   guest->req.kernel.size - plan->kernel_off);
	FUZZ_CHECK(plan->header_end <= plan->kernel_off);
	FUZZ_CHECK(plan->header_end <= HEADER_ROOM);
	FUZZ_CHECK(plan->kernel >= LOAD_MIB);
	FUZZ_CHECK(plan->kernel_end <= guest->ram.size);
	FUZZ_CHECK(plan->kernel < plan->kernel_end);
	FUZZ_CHECK(plan->kernel_len <= plan->kernel_end - plan->kernel);
	if (!initrd_size)
		return;
	FUZZ_CHECK(plan->initrd >= LOAD_MIB && plan->initrd % PAGE == 0);
	FUZZ_CHECK(initrd_size <= guest->ram.size);
	FUZZ_CHECK(plan->initrd <= guest->ram.size - initrd_size);
	FUZZ_CHECK(plan->initrd >= plan->kernel_end ||
		   plan->initrd + initrd_size <= plan->kernel);
}

/* What the header wishes, of a kernel that was accepted. */
static void check_wishes(const struct guest *guest,
			 const struct load_plan *plan)
{
	struct setup_header hdr;

	FUZZ_CHECK(guest->req.kernel.size >= HEADER + sizeof(hdr));
	memcpy(&hdr, guest->image + HEADER, sizeof(hdr));
	FUZZ_CHECK(plan->kernel >= hdr.pref_address);
	FUZZ_CHECK(plan->kernel_end - plan->kernel >= hdr.init_size);
	if (hdr.relocatable_kernel)
		FUZZ_CHECK(plan->kernel % hdr.kernel_alignment == 0);
	else
		FUZZ_CHECK(plan->kernel == hdr.pref_address);
	FUZZ_CHECK(strlen(guest->append) <= hdr.cmdline_size);
	FUZZ_CHECK(strlen(guest->append) < LOAD_LOW_END - LOAD_CMDLINE);
	FUZZ_CHECK(!guest->req.initrd.size ||
		   plan->initrd + guest->req.initrd.size - 1 <=
		   hdr.initrd_addr_max);
}

/* Does the page lie in [@start, @start + @size), in part at least? */
static bool touches(uint64_t page, uint64_t start, uint64_t size)
{
	return size && page + PAGE > start && page < start + size;
}

static bool may_write(const struct guest *guest, const struct load_plan *plan,
		      uint64_t page)
{
	return touches(page, LOAD_GDT, 1) ||
	       touches(page, LOAD_TABLES, TABLES_END - LOAD_TABLES) ||
	       touches(page, LOAD_PARAMS, sizeof(struct boot_params)) ||
	       touches(page, LOAD_CMDLINE, strlen(guest->append) + 1) ||
	       touches(page, LOAD_ACPI, LOAD_PARK - LOAD_ACPI) ||
	       (guest->req.vcpus > 1 &&
		touches(page, LOAD_PARK, PARK_END - LOAD_PARK)) ||
	       touches(page, plan->kernel, plan->kernel_len) ||
	       touches(page, plan->initrd, guest->req.initrd.size);
}

static void check_pages(const struct guest *guest,
			const struct load_plan *plan)
{
	static unsigned char there[RAM_PAGES];
	uint64_t page;

	FUZZ_CHECK(!mincore(guest->ram.ram, guest->ram.size, there));
	for (page = 0; page < guest->ram.size; page += PAGE)
		FUZZ_CHECK(!(there[page / PAGE] & 1) ||
			   may_write(guest, plan, page));
}

static void check_map(const struct guest *guest,
		      const struct boot_params *params)
{
	uint64_t start, end, before = 0;
	int i;

	FUZZ_CHECK(params->e820_entries <= E820_MAX_ENTRIES_ZEROPAGE);
	for (i = 0; i < params->e820_entries; i++) {
		start = params->e820_table[i].addr;
		end = start + params->e820_table[i].size;
		FUZZ_CHECK(start >= before && end > start);
		FUZZ_CHECK(end <= guest->ram.size ||
			   (start >= FOUR_GIB &&
			    end <= FOUR_GIB + guest->ram.high));
		before = end;
	}
}

static void check_zero(const uint8_t *bytes, size_t start, size_t end)
{
	for (; start < end; start++)
		FUZZ_CHECK(!bytes[start]);
}

/* The zero page is zero but for the header and what the loader has to say. */
static void check_rest(struct boot_params params)
{
	params.acpi_rsdp_addr = 0;
	memset(params.e820_table, 0,
	       params.e820_entries * sizeof(params.e820_table[0]));
	params.e820_entries = 0;
	check_zero((uint8_t *)&params, 0, HEADER);
	check_zero((uint8_t *)&params, HEADER_ROOM, sizeof(params));
}

static void check_memory(const struct guest *guest,
			 const struct load_plan *plan)
{
	const uint8_t *ram = guest->ram.ram;
	struct boot_params params;

	FUZZ_CHECK(!memcmp(ram + plan->kernel,
			   guest->image + plan->kernel_off, plan->kernel_len));
	FUZZ_CHECK(!memcmp(ram + plan->initrd, guest->req.initrd.data,
			   guest->req.initrd.size));
	memcpy(&params, ram + LOAD_PARAMS, sizeof(params));
	FUZZ_CHECK(params.hdr.ramdisk_size == guest->req.initrd.size);
	FUZZ_CHECK(params.hdr.ramdisk_image == plan->initrd);
	FUZZ_CHECK(params.hdr.cmd_line_ptr == LOAD_CMDLINE);
	FUZZ_CHECK(!params.hdr.setup_data);
	FUZZ_CHECK(!strcmp((const char *)ram + LOAD_CMDLINE, guest->append));
	check_map(guest, &params);
	check_rest(params);
}

static void check_cpus(const struct guest *guest, const struct load_plan *plan)
{
	uint64_t *regs = malloc((KAGE_REGS_A_MAX + 1) * sizeof(*regs));
	unsigned int i;

	FUZZ_CHECK(regs);
	for (i = 0; i < guest->req.vcpus; i++) {
		load_cpu_regs(plan, i, regs);
		FUZZ_CHECK(regs[KAGE_REGS_A_RIP] < guest->ram.size);
		FUZZ_CHECK(regs[KAGE_REGS_A_RSP] < LOAD_MIB);
		FUZZ_CHECK(regs[KAGE_REGS_A_CR3] < LOAD_MIB);
		FUZZ_CHECK(regs[KAGE_REGS_A_GDT_BASE] +
			   regs[KAGE_REGS_A_GDT_LIMIT] < LOAD_MIB);
	}
	free(regs);
}

static void load(const struct guest *guest)
{
	/* Planning gets no RAM to write to. */
	const struct load_ram sizes = { NULL, guest->ram.size,
					guest->ram.high };
	char *err = calloc(1, LOAD_ERR_SIZE);
	struct load_plan plan;

	FUZZ_CHECK(err);
	if (load_bzimage_plan(&sizes, &guest->req, &plan, err)) {
		FUZZ_CHECK(*err && memchr(err, '\0', LOAD_ERR_SIZE));
	} else {
		check_plan(guest, &plan);
		check_wishes(guest, &plan);
		load_bzimage_write(&guest->ram, &guest->req, &plan);
		check_pages(guest, &plan);
		check_memory(guest, &plan);
		check_cpus(guest, &plan);
	}
	free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed feed = { data, size };
	struct guest guest;

	if (!ram_area) {
		ram_area = fenced(RAM_MAX);
		initrd_area = fenced(INITRD_MAX);
		memset(initrd_area, 0xa5, INITRD_MAX);
	}
	take_guest(&guest, &feed);
	load(&guest);
	FUZZ_CHECK(!madvise(ram_area, RAM_MAX, MADV_DONTNEED));
	free(guest.image);
	free(guest.append);
	return 0;
}
