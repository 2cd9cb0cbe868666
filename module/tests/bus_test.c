// SPDX-License-Identifier: GPL-2.0
/*
 * The buses, row by row: which ranges may be claimed beside one that stands,
 * and which accesses find a device.
 */
#include "../dev/bus.c"
#include "fake_vm.h"

#define BASE	0x1000ULL
#define LEN	8ULL

/* A device that notes where it was hit. */
struct probe {
	struct kage_iodev dev;
	unsigned int hits;
	u64 off, val;
	unsigned int len;
};

struct ports {
	struct probe probe[3];
};

static u64 probe_read(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
		      unsigned int len)
{
	struct probe *probe = container_of(dev, struct probe, dev);

	probe->hits++;
	probe->off = off;
	probe->len = len;
	return ~0x5aULL;
}

static void probe_write(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
			unsigned int len, u64 val)
{
	struct probe *probe = container_of(dev, struct probe, dev);

	probe->hits++;
	probe->off = off;
	probe->len = len;
	probe->val = val;
}

static const struct kage_iodev_ops probe_ops = { probe_read, probe_write };

static int set_up(struct kunit *test)
{
	struct fake_vm *fake;
	struct ports *ports;
	unsigned int i;
	int ret = fake_vm_init(test, 1, 0);

	if (ret)
		return ret;
	ports = kunit_kzalloc(test, sizeof(*ports), GFP_KERNEL);
	if (!ports)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(ports->probe); i++)
		ports->probe[i].dev.ops = &probe_ops;
	fake = test->priv;
	fake->suite = ports;
	return kage_bus_add(&fake->vm, KAGE_BUS_PIO, &ports->probe[0].dev,
			    BASE, LEN);
}

static void tear_down(struct kunit *test)
{
	struct fake_vm *fake = test->priv;
	struct ports *ports = fake ? fake->suite : NULL;
	unsigned int i;

	for (i = 0; ports && i < ARRAY_SIZE(ports->probe); i++)
		kage_bus_remove(&fake->vm, KAGE_BUS_PIO, &ports->probe[i].dev);
	fake_vm_exit(test);
}

static const struct claim {
	const char *name;
	u64 base, len;
	int ret;
} claims[] = {
	{ "empty", BASE + 0x100, 0, -EINVAL },
	{ "wraps by one", ~0ULL, 2, -EINVAL },
	{ "wraps to the start", ~0ULL - 7, 9, -EINVAL },
	{ "wraps all round", BASE, ~0ULL, -EINVAL },
	{ "up to the last byte", ~0ULL - 7, 8, 0 },
	{ "the last byte", ~0ULL, 1, 0 },
	{ "the first byte", 0, 1, 0 },
	{ "all below", 0, BASE, 0 },
	{ "all above", BASE + LEN, ~0ULL - BASE - LEN, 0 },
	{ "all there is", 0, ~0ULL, -EBUSY },
	{ "the same", BASE, LEN, -EBUSY },
	{ "first byte inside", BASE, 1, -EBUSY },
	{ "last byte inside", BASE + LEN - 1, 1, -EBUSY },
	{ "the middle", BASE + 2, 4, -EBUSY },
	{ "over the lower end", BASE - 1, 2, -EBUSY },
	{ "over the upper end", BASE + LEN - 1, 2, -EBUSY },
	{ "around it", BASE - 1, LEN + 2, -EBUSY },
	{ "right below", BASE - 4, 4, 0 },
	{ "right above", BASE + LEN, 4, 0 },
};

static void claim_row(struct kunit *test)
{
	const struct claim *row = test->param_value;
	struct fake_vm *fake = test->priv;
	struct ports *ports = fake->suite;
	struct kage_iodev *dev = &ports->probe[1].dev;
	int ret = kage_bus_add(&fake->vm, KAGE_BUS_PIO, dev, row->base,
			       row->len);

	KUNIT_EXPECT_EQ(test, ret, row->ret);
	KUNIT_EXPECT_EQ(test, dev->len, ret ? 0 : row->len);
	kage_bus_read(&fake->vcpu[0], KAGE_BUS_PIO, row->base, 1);
	KUNIT_EXPECT_EQ(test, ports->probe[1].hits, !ret);
	kage_bus_read(&fake->vcpu[0], KAGE_BUS_PIO, BASE, 8);
	KUNIT_EXPECT_GE(test, ports->probe[0].hits, 1U);
}

static const struct access {
	const char *name;
	u64 addr;
	unsigned int len;
	bool hit;
} accesses[] = {
	{ "first byte", BASE, 1, true },
	{ "last byte", BASE + LEN - 1, 1, true },
	{ "last word", BASE + LEN - 2, 2, true },
	{ "last dword", BASE + LEN - 4, 4, true },
	{ "all of it", BASE, 8, true },
	{ "odd word", BASE + 3, 2, true },
	{ "odd dword", BASE + 1, 4, true },
	{ "byte below", BASE - 1, 1, false },
	{ "byte above", BASE + LEN, 1, false },
	{ "word over the lower end", BASE - 1, 2, false },
	{ "word over the upper end", BASE + LEN - 1, 2, false },
	{ "dword over the lower end", BASE - 3, 4, false },
	{ "dword over the upper end", BASE + LEN - 3, 4, false },
	{ "qword over the lower end", BASE - 7, 8, false },
	{ "qword over the upper end", BASE + 1, 8, false },
	{ "address 0", 0, 8, false },
	{ "the last byte there is", ~0ULL, 1, false },
	{ "over the last byte there is", ~0ULL, 8, false },
};

static u64 ones(unsigned int len)
{
	return ~0ULL >> (64 - 8 * len);
}

static void access_row(struct kunit *test)
{
	const struct access *row = test->param_value;
	struct fake_vm *fake = test->priv;
	struct ports *ports = fake->suite;
	struct probe *probe = &ports->probe[0];
	struct kage_vcpu *vcpu = &fake->vcpu[0];
	u64 val = kage_bus_read(vcpu, KAGE_BUS_PIO, row->addr, row->len);

	/* Bytes above the width are nobody's, whatever the device says. */
	KUNIT_EXPECT_EQ(test, val,
			(row->hit ? ~0x5aULL : ~0ULL) & ones(row->len));
	kage_bus_write(vcpu, KAGE_BUS_PIO, row->addr, row->len,
		       0x8899aabbccddeeffULL);
	KUNIT_EXPECT_EQ(test, probe->hits, row->hit ? 2U : 0U);
	if (!row->hit)
		return;
	KUNIT_EXPECT_EQ(test, probe->off, row->addr - BASE);
	KUNIT_EXPECT_EQ(test, probe->len, row->len);
	KUNIT_EXPECT_EQ(test, probe->val,
			0x8899aabbccddeeffULL & ones(row->len));
}

/* A device has one range at a time, and gives it back once. */
static void claim_and_give_back(struct kunit *test)
{
	struct fake_vm *fake = test->priv;
	struct ports *ports = fake->suite;
	struct kage_iodev *first = &ports->probe[0].dev;
	struct kage_iodev *second = &ports->probe[1].dev;
	struct kage_vm *vm = &fake->vm;

	KUNIT_EXPECT_EQ(test, kage_bus_add(vm, KAGE_BUS_PIO, first, 0, 1),
			-EBUSY);
	kage_bus_remove(vm, KAGE_BUS_PIO, second);
	kage_bus_remove(vm, KAGE_BUS_PIO, first);
	kage_bus_remove(vm, KAGE_BUS_PIO, first);
	KUNIT_EXPECT_EQ(test, kage_bus_read(&fake->vcpu[0], KAGE_BUS_PIO, BASE,
					    4), 0xffffffffULL);
	KUNIT_EXPECT_EQ(test, kage_bus_add(vm, KAGE_BUS_PIO, second, BASE, LEN),
			0);
	KUNIT_EXPECT_EQ(test, kage_bus_add(vm, KAGE_BUS_PIO, first, BASE, LEN),
			-EBUSY);
	KUNIT_EXPECT_EQ(test, kage_bus_add(vm, KAGE_BUS_PIO, first, BASE + LEN,
					   LEN), 0);
}

/* Ports and memory do not know of each other. */
static void kinds_are_apart(struct kunit *test)
{
	struct fake_vm *fake = test->priv;
	struct ports *ports = fake->suite;
	struct kage_iodev *dev = &ports->probe[1].dev;
	struct kage_vcpu *vcpu = &fake->vcpu[0];

	kage_bus_read(vcpu, KAGE_BUS_MMIO, BASE, 1);
	KUNIT_EXPECT_EQ(test, ports->probe[0].hits, 0U);
	KUNIT_EXPECT_EQ(test, kage_bus_add(&fake->vm, KAGE_BUS_MMIO, dev, BASE,
					   LEN), 0);
	kage_bus_read(vcpu, KAGE_BUS_MMIO, BASE, 1);
	KUNIT_EXPECT_EQ(test, ports->probe[0].hits, 0U);
	KUNIT_EXPECT_EQ(test, ports->probe[1].hits, 1U);
	kage_bus_remove(&fake->vm, KAGE_BUS_MMIO, dev);
}

/* Whatever the order in which they came, each is found; none in the gaps. */
static void order_does_not_matter(struct kunit *test)
{
	static const u64 at[2][2] = { { 0x10, 0x2000 }, { 0x2000, 0x10 } };
	struct fake_vm *fake = test->priv;
	struct ports *ports = fake->suite;
	struct kage_vm *vm = &fake->vm;
	unsigned int i, j;

	for (i = 0; i < 2; i++) {
		for (j = 0; j < 2; j++)
			kage_bus_add(vm, KAGE_BUS_PIO, &ports->probe[j + 1].dev,
				     at[i][j], 1);
		for (j = 0; j < 2; j++) {
			kage_bus_read(&fake->vcpu[0], KAGE_BUS_PIO, at[i][j], 1);
			KUNIT_EXPECT_EQ(test, ports->probe[j + 1].hits, i + 1);
			kage_bus_read(&fake->vcpu[0], KAGE_BUS_PIO,
				      at[i][j] + 1, 1);
			KUNIT_EXPECT_EQ(test, ports->probe[j + 1].hits, i + 1);
		}
		for (j = 0; j < 2; j++)
			kage_bus_remove(vm, KAGE_BUS_PIO,
					&ports->probe[j + 1].dev);
	}
	KUNIT_EXPECT_EQ(test, ports->probe[0].hits, 0U);
}

static void claim_name(const struct claim *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

static void access_name(const struct access *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(claim, claims, claim_name);
KUNIT_ARRAY_PARAM(access, accesses, access_name);

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(claim_row, claim_gen_params),
	KUNIT_CASE_PARAM(access_row, access_gen_params),
	KUNIT_CASE(claim_and_give_back),
	KUNIT_CASE(kinds_are_apart),
	KUNIT_CASE(order_does_not_matter),
	{}
};

static struct kunit_suite suite = {
	.name = "kage_bus",
	.init = set_up,
	.exit = tear_down,
	.test_cases = cases,
};

kunit_test_suite(suite);
