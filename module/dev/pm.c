// SPDX-License-Identifier: GPL-2.0
/*
 * ACPI fixed hardware. ACPI: "ACPI Hardware Specification", "Fixed Hardware
 * Programming Model". The registers are bytes here, so that any width works.
 *
 * Deliberately absent: fixed buttons, the wake status and the timer's overflow
 * interrupt. The timer is 32 bits wide and the FADT says so; no SCI is raised.
 */
#include "pm.h"
#include "bus.h"
#include "../vcpu.h"
#include "../vm.h"
#include <linux/acpi_pmtmr.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/slab.h>

#define BLOCK_LEN	12
#define OFF_ENABLE	2
#define OFF_CONTROL	4
#define OFF_TIMER	8

/* The high byte of PM1 control. */
#define CNT_SLP_EN	BIT(5)
#define CNT_SLP_TYP(v)	((v) >> 2 & 7)
#define CNT_SCI_EN	BIT(0)		/* of the low byte; always on */

#define RESET_CPU	BIT(2)

#define KBD_PULSE_RESET	0xfe

struct kage_pm {
	struct kage_vm *vm;		/* I */
	u8 enable[2];			/* a PM1 enable */
	u8 control[2];			/* a PM1 control */
	struct kage_iodev block;	/* I */
	struct kage_iodev kbd_data;	/* I */
	struct kage_iodev kbd_cmd;	/* I */
	struct kage_iodev post;		/* I */
};

static u32 timer_now(void)
{
	return mul_u64_u32_div(ktime_get_ns(), PMTMR_TICKS_PER_SEC,
			       NSEC_PER_SEC);
}

static u8 read_byte(const struct kage_pm *pm, unsigned int off, u32 timer)
{
	switch (off) {
	case OFF_ENABLE ... OFF_ENABLE + 1:
		return READ_ONCE(pm->enable[off - OFF_ENABLE]);
	case OFF_CONTROL:
		return READ_ONCE(pm->control[0]) | CNT_SCI_EN;
	case OFF_CONTROL + 1:
		return READ_ONCE(pm->control[1]);
	case OFF_TIMER ... OFF_TIMER + 3:
		return timer >> ((off - OFF_TIMER) * 8);
	default:		/* status: no event ever happened */
		return 0;
	}
}

static u64 read_block(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
		      unsigned int len)
{
	const struct kage_pm *pm = container_of(dev, struct kage_pm, block);
	u32 timer = timer_now();	/* once, for all its bytes */
	unsigned int i;
	u64 val = 0;

	for (i = 0; i < len; i++)
		val |= (u64)read_byte(pm, off + i, timer) << (i * 8);
	return val;
}

static void write_byte(struct kage_pm *pm, unsigned int off, u8 val)
{
	switch (off) {
	case OFF_ENABLE ... OFF_ENABLE + 1:
		WRITE_ONCE(pm->enable[off - OFF_ENABLE], val);
		break;
	case OFF_CONTROL:
		WRITE_ONCE(pm->control[0], val);
		break;
	case OFF_CONTROL + 1:
		/* SLP_EN is write-only and reads as 0. */
		WRITE_ONCE(pm->control[1], val & ~CNT_SLP_EN);
		if ((val & CNT_SLP_EN) &&
		    CNT_SLP_TYP(val) == KAGE_PM_SLP_TYP_S5)
			kage_vm_shutdown(pm->vm, KAGE_EVENT_POWEROFF, NULL);
		break;
	}
}

static void write_block(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
			unsigned int len, u64 val)
{
	struct kage_pm *pm = container_of(dev, struct kage_pm, block);
	unsigned int i;

	for (i = 0; i < len; i++, val >>= 8)
		write_byte(pm, off + i, val);
}

bool kage_pm_reset_write(struct kage_vm *vm, u8 val)
{
	if (!(val & RESET_CPU))
		return false;
	kage_vm_shutdown(vm, KAGE_EVENT_REBOOT, NULL);
	return true;
}

static u64 read_zero(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
		     unsigned int len)
{
	return 0;
}

static void write_nothing(struct kage_iodev *dev, struct kage_vcpu *vcpu,
			  u64 off, unsigned int len, u64 val)
{
}

static void write_kbd_cmd(struct kage_iodev *dev, struct kage_vcpu *vcpu,
			  u64 off, unsigned int len, u64 val)
{
	if (val == KBD_PULSE_RESET)
		kage_vm_shutdown(vcpu->vm, KAGE_EVENT_REBOOT, NULL);
}

static const struct kage_iodev_ops block_ops = {
	.read = read_block,
	.write = write_block,
};

/* Status 0: nothing to read, ready for a command. */
static const struct kage_iodev_ops kbd_cmd_ops = {
	.read = read_zero,
	.write = write_kbd_cmd,
};

static const struct kage_iodev_ops null_ops = {
	.read = read_zero,
	.write = write_nothing,
};

static const struct {
	size_t dev;
	const struct kage_iodev_ops *ops;
	u16 port, len;
} pm_ports[] = {
	{ offsetof(struct kage_pm, block), &block_ops, KAGE_PM_EVENT,
	  BLOCK_LEN },
	{ offsetof(struct kage_pm, kbd_data), &null_ops, 0x60, 1 },
	{ offsetof(struct kage_pm, kbd_cmd), &kbd_cmd_ops, 0x64, 1 },
	{ offsetof(struct kage_pm, post), &null_ops, 0x80, 1 },
};

static struct kage_iodev *dev_of(struct kage_pm *pm, unsigned int i)
{
	return (void *)pm + pm_ports[i].dev;
}

int kage_pm_create(struct kage_vm *vm)
{
	struct kage_pm *pm;
	unsigned int i;
	int ret;

	pm = kzalloc(sizeof(*pm), GFP_KERNEL_ACCOUNT);
	if (!pm)
		return -ENOMEM;
	pm->vm = vm;
	vm->pm = pm;
	for (i = 0; i < ARRAY_SIZE(pm_ports); i++) {
		dev_of(pm, i)->ops = pm_ports[i].ops;
		ret = kage_bus_add(vm, KAGE_BUS_PIO, dev_of(pm, i),
				   pm_ports[i].port, pm_ports[i].len);
		if (ret)
			goto err_destroy;
	}
	return 0;

err_destroy:
	kage_pm_destroy(vm);
	return ret;
}

void kage_pm_destroy(struct kage_vm *vm)
{
	struct kage_pm *pm = vm->pm;
	unsigned int i;

	if (!pm)
		return;
	for (i = 0; i < ARRAY_SIZE(pm_ports); i++)
		kage_bus_remove(vm, KAGE_BUS_PIO, dev_of(pm, i));
	synchronize_rcu();
	vm->pm = NULL;
	kfree(pm);
}

void kage_pm_reset(struct kage_vm *vm)
{
	memset(vm->pm->enable, 0, sizeof(vm->pm->enable));
	memset(vm->pm->control, 0, sizeof(vm->pm->control));
}
