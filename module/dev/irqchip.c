// SPDX-License-Identifier: GPL-2.0
/*
 * Where interrupts enter and leave: lines and messages from devices, and the
 * questions of vCPUs. pic.c, ioapic.c and lapic.c do the work.
 */
#include "irqchip.h"
#include "../vcpu.h"
#include "../vm.h"
#include "irqchip_priv.h"
#include <linux/slab.h>

#define ISA_TIMER	0

static void reset_all(struct kage_irqchip *irq)
{
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&irq->lock, flags);
	for (i = 0; i < irq->nr_lapics; i++)
		kage_lapic_reset_locked(&irq->lapics[i]);
	kage_ioapic_reset_locked(irq);
	kage_pic_reset_locked(irq);
	irq->next_lowest = 0;
	spin_unlock_irqrestore(&irq->lock, flags);
}

int kage_irqchip_create(struct kage_vm *vm)
{
	struct kage_irqchip *irq;
	int ret;

	irq = kzalloc(struct_size(irq, lapics, vm->nr_vcpus),
		      GFP_KERNEL_ACCOUNT);
	if (!irq)
		return -ENOMEM;
	spin_lock_init(&irq->lock);
	irq->vm = vm;
	vm->irq = irq;
	ret = kage_lapic_create(vm);
	if (ret)
		goto err_destroy;
	ret = kage_ioapic_create(vm);
	if (ret)
		goto err_destroy;
	ret = kage_pic_create(vm);
	if (ret)
		goto err_destroy;
	reset_all(irq);
	return 0;

err_destroy:
	kage_irqchip_destroy(vm);
	return ret;
}

void kage_irqchip_destroy(struct kage_vm *vm)
{
	if (!vm->irq)
		return;
	kage_pic_destroy(vm);
	kage_ioapic_destroy(vm);
	kage_lapic_destroy(vm);
	kfree(vm->irq);
	vm->irq = NULL;
}

void kage_irqchip_reset(struct kage_vm *vm)
{
	struct kage_irqchip *irq = vm->irq;
	unsigned int i;

	for (i = 0; i < irq->nr_lapics; i++)
		kage_lapic_timer_cancel(&irq->lapics[i]);
	reset_all(irq);
}

void kage_irq_set(struct kage_vm *vm, unsigned int gsi, int level)
{
	struct kage_irqchip *irq = vm->irq;
	unsigned long flags;

	if (WARN_ON_ONCE(gsi >= KAGE_NR_GSIS))
		return;
	if (gsi == ISA_TIMER)
		gsi = KAGE_GSI_TIMER;
	spin_lock_irqsave(&irq->lock, flags);
	if (gsi == KAGE_GSI_TIMER)
		kage_pic_set_locked(irq, ISA_TIMER, level);
	else if (gsi < 16)
		kage_pic_set_locked(irq, gsi, level);
	kage_ioapic_set_locked(irq, gsi, level);
	spin_unlock_irqrestore(&irq->lock, flags);
}

void kage_irq_msi(struct kage_vm *vm, u64 addr, u32 data)
{
	struct kage_irqchip *irq = vm->irq;
	u8 dest = addr >> 12;
	/*
	 * The destination mode counts even where the redirection hint is 0:
	 * processors do so and systems rely on it, other than the SDM says.
	 */
	struct kage_apic_msg msg = {
		.dest = dest == 0xff ? ~0U : dest,
		.mode = data & APIC_DM_FIXED_MASK,
		.vector = data & APIC_VECTOR_MASK,
		.logical = addr & BIT(2),
		.level = data & APIC_INT_LEVELTRIG,
	};
	unsigned long flags;

	/* Elsewhere it is a store to memory that nobody watches. */
	if ((addr & ~0xfffffULL) != KAGE_LAPIC_BASE)
		return;
	spin_lock_irqsave(&irq->lock, flags);
	kage_lapic_deliver_locked(irq, &msg);
	spin_unlock_irqrestore(&irq->lock, flags);
}
