// SPDX-License-Identifier: GPL-2.0
/*
 * How virtqueues reach guest memory: what is remembered of where it is, and when
 * shadow entries follow what was stored.
 */
#include "dev/vring_mem.h"
#include "dev/vring.h"
#include "vm.h"
#include "ktap.h"
#include <linux/kernel.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NR_PAGES	40
#define READ_ONLY	3	/* the only page that is */
#define GPA(page, off)	((page) * KAGE_PAGE_SIZE + (off))

/* The guest: its pages lie at @offset of an array, in one slot. */
static u8 *ram;
static unsigned int nr_pages, offset, lookups, copies, barriers;
static unsigned long tracked[1];
static struct kage_slot slot = { .npages = NR_PAGES, .tracked = tracked };
static struct kage_vm *vm;
static struct kage_vring_mem *mem;

/* Pieces that shadow entries were derived anew for. */
static unsigned int nr_followed;
static struct {
	gpa_t gpa;
	size_t len;
	u16 idx;		/* at that time */
} followed[NR_PAGES];

static u8 *page_of(gpa_t gpa)
{
	return ram + (gpa >> KAGE_PAGE_SHIFT) * KAGE_PAGE_SIZE + offset;
}

/* What the module does for it. */

void *kage_mem_host(struct kage_vm *of, gpa_t gpa, size_t len, bool write)
{
	const gfn_t gfn = gpa >> KAGE_PAGE_SHIFT;

	lookups++;
	if (gfn >= nr_pages || (write && gfn == READ_ONLY))
		return NULL;
	return page_of(gpa) + (gpa & ~KAGE_PAGE_MASK);
}

struct kage_slot *kage_mem_slot(struct kage_vm *of, gfn_t gfn)
{
	return gfn < nr_pages ? &slot : NULL;
}

int kage_mem_read(struct kage_vm *of, gpa_t gpa, void *data, size_t len)
{
	copies++;
	return -EFAULT;
}

int kage_mem_write(struct kage_vm *of, gpa_t gpa, const void *data, size_t len)
{
	copies++;
	return -EFAULT;
}

void kage_mmu_resync(struct kage_vm *of, gpa_t gpa, size_t len)
{
	followed[nr_followed].gpa = gpa;
	followed[nr_followed].len = len;
	memcpy(&followed[nr_followed++].idx, ram + offset, sizeof(u16));
}

void kage_shim_barrier(int kind)
{
	barriers += kind == 'm';
}

void kage_shim_warn(const char *file, int line)
{
	abort();
}

static void fresh(void)
{
	memset(ram, 0, (NR_PAGES + 1) * KAGE_PAGE_SIZE);
	memset(mem, 0, sizeof(*mem));
	vm->mem.generation = 1;
	mem->vm = vm;
	nr_pages = NR_PAGES;
	offset = 0;
	lookups = 0;
	copies = 0;
	barriers = 0;
	nr_followed = 0;
	tracked[0] = 0;
}

static u16 read16(gpa_t gpa)
{
	u16 val = 0xdead;

	kage_vring_read(mem, gpa, &val, sizeof(val));
	return val;
}

static void put16(gpa_t gpa, u16 val)
{
	memcpy(page_of(gpa) + (gpa & ~KAGE_PAGE_MASK), &val, sizeof(val));
}

static int write16(gpa_t gpa, u16 val)
{
	return kage_vring_write(mem, gpa, &val, sizeof(val));
}

static int write64(gpa_t gpa, u64 val)
{
	return kage_vring_write(mem, gpa, &val, sizeof(val));
}

static void test_remembers(void)
{
	unsigned int once;

	fresh();
	put16(GPA(1, 2), 7);
	put16(GPA(17, 2), 8);
	ktap_ok(read16(GPA(1, 2)) == 7, "a first access");
	once = lookups;
	ktap_ok(read16(GPA(1, 2)) == 7 && !write16(GPA(1, 4), 9) &&
		read16(GPA(1, 4)) == 9 && lookups == once,
		"a page is looked up once");
	ktap_ok(read16(GPA(17, 2)) == 8 && read16(GPA(1, 2)) == 7 &&
		read16(GPA(17, 2)) == 8, "two pages that share a place");
	put16(GPA(0, 0), 5);
	ktap_ok(read16(GPA(0, 0)) == 5, "page 0 is not what is not there");
}

static void test_forgets(void)
{
	fresh();
	put16(GPA(1, 0), 7);
	put16(GPA(2, 0), 8);
	read16(GPA(1, 0));
	read16(GPA(2, 0));
	offset = 64;
	put16(GPA(1, 0), 17);
	put16(GPA(2, 0), 18);
	ktap_ok(read16(GPA(1, 0)) == 7, "until slots change");
	vm->mem.generation++;
	ktap_ok(read16(GPA(1, 0)) == 17 && read16(GPA(2, 0)) == 18,
		"then all of them are looked up anew");
	vm->mem.generation++;
	nr_pages = 2;
	ktap_ok(read16(GPA(1, 0)) == 17 && read16(GPA(2, 0)) == 0xdead &&
		copies == 1, "what is gone is not found");
	vm->mem.generation++;
	nr_pages = 3;
	ktap_ok(read16(GPA(2, 0)) == 18, "what came is");
}

static void test_refuses(void)
{
	u64 val;

	fresh();
	put16(GPA(READ_ONLY, 0), 7);
	ktap_ok(read16(GPA(READ_ONLY, 0)) == 7 &&
		write16(GPA(READ_ONLY, 0), 8) == -EFAULT && copies == 1 &&
		read16(GPA(READ_ONLY, 0)) == 7, "a read-only page is read only");
	ktap_ok(kage_vring_read(mem, GPA(1, 4092), &val, 8) == -EFAULT &&
		write64(GPA(1, 4089), 0) == -EFAULT && copies == 3,
		"what leaves a page is for others");
	ktap_ok(!write64(GPA(1, 4088), ~0ULL), "what ends with it is not");
	ktap_ok(read16(GPA(1ULL << 40, 0)) == 0xdead &&
		read16(~0ULL - 1) == 0xdead && write64(~0ULL - 7, 0) == -EFAULT,
		"nor is what no slot has");
}

static void test_settles(void)
{
	fresh();
	tracked[0] = BIT(1);
	write64(GPA(1, 8), 1);
	write64(GPA(1, 16), 2);
	write64(GPA(2, 0), 3);
	write64(GPA(1, 64), 4);
	ktap_ok(!nr_followed && !barriers, "stores are put off");
	write16(GPA(0, 0), 5);
	ktap_ok(nr_followed == 2 && barriers == 1 &&
		followed[0].gpa == GPA(1, 8) && followed[0].len == 16 &&
		followed[1].gpa == GPA(1, 64) && followed[1].len == 8,
		"an index settles them, page tables alone, neighbours as one");
	ktap_ok(followed[0].idx == 0 && read16(GPA(0, 0)) == 5,
		"before it is stored");
	tracked[0] = BIT(0);
	kage_mem_settle(vm, &mem->late);
	ktap_ok(nr_followed == 3 && followed[2].gpa == 0 &&
		followed[2].len == 2 && followed[2].idx == 5 && barriers == 2,
		"the index itself follows");
	kage_mem_settle(vm, &mem->late);
	ktap_ok(nr_followed == 3 && barriers == 2, "once");
}

static void test_settles_many(void)
{
	unsigned int i;

	fresh();
	tracked[0] = ~0UL;
	for (i = 0; i < KAGE_MEM_LATE; i++)
		kage_mem_put_off(vm, &mem->late, GPA(1, 16 * i), 8);
	ktap_ok(!nr_followed, "as many pieces as there is room for");
	kage_mem_put_off(vm, &mem->late, GPA(2, 4090), 8);
	ktap_ok(nr_followed == KAGE_MEM_LATE && barriers == 1 &&
		mem->late.nr == 1, "one more settles those before it");
	kage_mem_settle(vm, &mem->late);
	ktap_ok(nr_followed == KAGE_MEM_LATE + 2 &&
		followed[KAGE_MEM_LATE].gpa == GPA(2, 4090) &&
		followed[KAGE_MEM_LATE].len == 6 &&
		followed[KAGE_MEM_LATE + 1].gpa == GPA(3, 0) &&
		followed[KAGE_MEM_LATE + 1].len == 2,
		"a piece over the end of a page is two");
}

int main(void)
{
	ram = malloc((NR_PAGES + 1) * KAGE_PAGE_SIZE);
	vm = calloc(1, sizeof(*vm));
	mem = malloc(sizeof(*mem));
	ktap_plan(20);
	test_remembers();
	test_forgets();
	test_refuses();
	test_settles();
	test_settles_many();
	free(mem);
	free(vm);
	free(ram);
	return ktap_done();
}
