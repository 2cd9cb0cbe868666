// SPDX-License-Identifier: GPL-2.0
/*
 * A machine without VMX for the suites of the devices: the devices are real,
 * what is below them is here.
 */
#include "fake_vm.h"
#include "../dev/console.h"
#include "../dev/irqchip_priv.h"
#include "../dev/pci.h"
#include "../dev/pit.h"
#include "../dev/pm.h"
#include "../dev/rtc.h"
#include "../dev/uart.h"
#include "fake_time.h"

/* What the devices call. */

void kage_vcpu_request(struct kage_vcpu *vcpu, enum kage_req req)
{
	__set_bit(req, &vcpu->requests);
}

u64 kage_vcpu_tsc(const struct kage_vcpu *vcpu)
{
	return fake_ktime_get_ns() + vcpu->tsc_offset;
}

void kage_console_put(struct kage_console *con, u8 byte)
{
	if (con->nr_sent < sizeof(con->sent))
		con->sent[con->nr_sent] = byte;
	con->nr_sent++;
}

void kage_console_drained(struct kage_console *con)
{
	con->drained++;
}

bool kage_pm_reset_write(struct kage_vm *vm, u8 val)
{
	container_of(vm, struct fake_vm, vm)->reset_port = val;
	return false;
}

/* Steps. */

static struct kage_vcpu *vcpu_of(struct fake_vm *fake,
				 const struct fake_step *step)
{
	return &fake->vcpu[step->cpu];
}

u64 fake_in(struct fake_vm *fake, const struct fake_step *step)
{
	return kage_bus_read(vcpu_of(fake, step), KAGE_BUS_PIO, step->addr,
			     step->len);
}

u64 fake_out(struct fake_vm *fake, const struct fake_step *step)
{
	kage_bus_write(vcpu_of(fake, step), KAGE_BUS_PIO, step->addr,
		       step->len, step->val);
	return step->val;
}

u64 fake_load(struct fake_vm *fake, const struct fake_step *step)
{
	return kage_bus_read(vcpu_of(fake, step), KAGE_BUS_MMIO, step->addr,
			     step->len);
}

u64 fake_store(struct fake_vm *fake, const struct fake_step *step)
{
	kage_bus_write(vcpu_of(fake, step), KAGE_BUS_MMIO, step->addr,
		       step->len, step->val);
	return step->val;
}

u64 fake_line(struct fake_vm *fake, const struct fake_step *step)
{
	kage_irq_set(&fake->vm, step->addr, step->val);
	return step->val;
}

u64 fake_pulse(struct fake_vm *fake, const struct fake_step *step)
{
	kage_irq_set(&fake->vm, step->addr, 1);
	kage_irq_set(&fake->vm, step->addr, 0);
	return step->val;
}

u64 fake_line_is(struct fake_vm *fake, const struct fake_step *step)
{
	return fake->vm.irq->ioapic.lines >> step->addr & 1;
}

u64 fake_msi(struct fake_vm *fake, const struct fake_step *step)
{
	kage_irq_msi(&fake->vm, step->addr, step->val);
	return step->val;
}

u64 fake_pending(struct fake_vm *fake, const struct fake_step *step)
{
	return kage_irq_pending(vcpu_of(fake, step));
}

u64 fake_ack(struct fake_vm *fake, const struct fake_step *step)
{
	return (s64)kage_irq_ack(vcpu_of(fake, step));
}

/* Was the vCPU told to look? It no longer is, after. */
u64 fake_event(struct fake_vm *fake, const struct fake_step *step)
{
	return __test_and_clear_bit(KAGE_REQ_EVENT,
				    &vcpu_of(fake, step)->requests);
}

/* Values that no register has, where the access goes the wrong way. */
u64 fake_rdmsr(struct fake_vm *fake, const struct fake_step *step)
{
	u64 val;

	if (kage_lapic_msr_read(vcpu_of(fake, step), step->addr, &val))
		return ~step->val;
	return val;
}

u64 fake_wrmsr(struct fake_vm *fake, const struct fake_step *step)
{
	int ret = kage_lapic_msr_write(vcpu_of(fake, step), step->addr,
				       step->val);

	return ret ? ~step->val : step->val;
}

u64 fake_rdmsr_gp(struct fake_vm *fake, const struct fake_step *step)
{
	u64 val;
	int ret = kage_lapic_msr_read(vcpu_of(fake, step), step->addr, &val);

	return ret == -EINVAL ? step->val : ~step->val;
}

u64 fake_wrmsr_gp(struct fake_vm *fake, const struct fake_step *step)
{
	int ret = kage_lapic_msr_write(vcpu_of(fake, step), step->addr,
				       step->val);

	return ret == -EINVAL ? step->val : ~step->val;
}

u64 fake_base_is(struct fake_vm *fake, const struct fake_step *step)
{
	return kage_lapic_get_base(vcpu_of(fake, step));
}

u64 fake_set_base(struct fake_vm *fake, const struct fake_step *step)
{
	int ret = kage_lapic_set_base(vcpu_of(fake, step), step->val);

	return ret ? ~step->val : step->val;
}

u64 fake_set_base_gp(struct fake_vm *fake, const struct fake_step *step)
{
	int ret = kage_lapic_set_base(vcpu_of(fake, step), step->val);

	return ret == -EINVAL ? step->val : ~step->val;
}

u64 fake_nmi(struct fake_vm *fake, const struct fake_step *step)
{
	return kage_lapic_take_nmi(vcpu_of(fake, step));
}

u64 fake_wait(struct fake_vm *fake, const struct fake_step *step)
{
	fake_time_wait(step->addr);
	return step->val;
}

/* The machine. */

static const struct {
	unsigned int part;
	int (*create)(struct kage_vm *vm);
	void (*destroy)(struct kage_vm *vm);
} parts_table[] = {
	{ FAKE_IRQCHIP, kage_irqchip_create, kage_irqchip_destroy },
	{ FAKE_PIT, kage_pit_create, kage_pit_destroy },
	{ FAKE_RTC, kage_rtc_create, kage_rtc_destroy },
	{ FAKE_UART, kage_uart_create, kage_uart_destroy },
	{ FAKE_PCI, kage_pci_create, kage_pci_destroy },
};

static void init_vm(struct fake_vm *fake, unsigned int nr_vcpus)
{
	struct kage_vm *vm = &fake->vm;
	unsigned int i;

	mutex_init(&vm->lock);
	kage_bus_init(vm);
	vm->console = &fake->console;
	vm->nr_vcpus = nr_vcpus;
	for (i = 0; i < nr_vcpus; i++) {
		fake->vcpu[i].vm = vm;
		fake->vcpu[i].id = i;
		vm->vcpus[i] = &fake->vcpu[i];
	}
}

int fake_vm_init(struct kunit *test, unsigned int nr_vcpus, unsigned int parts)
{
	struct fake_vm *fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);
	unsigned int i;
	int ret;

	if (!fake)
		return -ENOMEM;
	test->priv = fake;
	fake_time_reset();
	init_vm(fake, nr_vcpus);
	for (i = 0; i < ARRAY_SIZE(parts_table); i++) {
		if (!(parts & parts_table[i].part))
			continue;
		ret = parts_table[i].create(&fake->vm);
		if (ret)
			return ret;
	}
	return 0;
}

void fake_vm_exit(struct kunit *test)
{
	struct fake_vm *fake = test->priv;
	unsigned int i = ARRAY_SIZE(parts_table);

	if (!fake)
		return;
	while (i--)
		parts_table[i].destroy(&fake->vm);
	for (i = 0; i < KAGE_NR_BUSES; i++)
		KUNIT_EXPECT_TRUE(test, list_empty(&fake->vm.bus[i].devs));
	KUNIT_EXPECT_EQ(test, fake_time_armed(), 0U);
}

void fake_vm_run(struct kunit *test)
{
	const struct fake_row *row = test->param_value;
	const struct fake_step *step;

	for (step = row->steps; step->run; step++) {
		u64 mask = step->mask ?: ~0ULL;
		u64 seen = step->run(test->priv, step);

		KUNIT_ASSERT_EQ_MSG(test, seen & mask, step->val & mask,
				    "step %td, at 0x%llx: 0x%llx, not 0x%llx",
				    step - row->steps, step->addr, seen,
				    step->val);
	}
}

void fake_row_name(const struct fake_row *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}
