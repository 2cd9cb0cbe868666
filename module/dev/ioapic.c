// SPDX-License-Identifier: GPL-2.0
/*
 * The I/O APIC. Intel: "82093AA I/O Advanced Programmable Interrupt
 * Controller", with the EOI register of its successors.
 *
 * A line is "asserted" or not, whatever polarity an entry names: nothing in
 * this machine has a voltage. An edge that comes while its pin is masked is
 * lost, as the data sheet has it.
 */
#include "ioapic.h"
#include "../vcpu.h"
#include "../vm.h"
#include "irqchip_priv.h"
#include <linux/nospec.h>

#define REG_SELECT	0x00
#define REG_WINDOW	0x10
#define REG_EOI		0x40

#define IND_ID		0x00
#define IND_VERSION	0x01
#define IND_ARB		0x02
#define IND_RTE		0x10

#define VERSION		(0x20 | (KAGE_NR_GSIS - 1) << 16)
#define ID_MASK		0x0f000000U

#define RTE_VECTOR	0xffULL
#define RTE_MODE	0x700ULL
#define RTE_LOGICAL	BIT_ULL(11)
#define RTE_STATUS	BIT_ULL(12)
#define RTE_REMOTE_IRR	BIT_ULL(14)
#define RTE_LEVEL	BIT_ULL(15)
#define RTE_MASKED	BIT_ULL(16)
#define RTE_WRITABLE	0xff0000000001afffULL
#define RTE_DEST_SHIFT	56

/* Only these modes stay in service until an EOI. */
static bool waits_for_eoi(u64 rte)
{
	return (rte & RTE_LEVEL) && (rte & RTE_MODE) <= APIC_DM_LOWEST;
}

static void service(struct kage_irqchip *irq, unsigned int pin)
{
	u64 *rte = &irq->ioapic.rte[pin];
	u8 dest = *rte >> RTE_DEST_SHIFT;
	struct kage_apic_msg msg = {
		.dest = dest == 0xff ? ~0U : dest,
		.mode = *rte & RTE_MODE,
		.vector = *rte & RTE_VECTOR,
		.logical = *rte & RTE_LOGICAL,
		.level = waits_for_eoi(*rte),
	};

	if (*rte & (RTE_MASKED | RTE_REMOTE_IRR))
		return;
	irq->ioapic.interrupts++;
	/* What nobody accepted gets no EOI: it must not block the pin. */
	if (kage_lapic_deliver_locked(irq, &msg) && msg.level)
		*rte |= RTE_REMOTE_IRR;
}

void kage_ioapic_set_locked(struct kage_irqchip *irq, unsigned int pin,
			    int level)
{
	struct kage_ioapic *ioapic = &irq->ioapic;
	bool was = ioapic->lines & BIT(pin);

	lockdep_assert_held(&irq->lock);
	if (!level) {
		ioapic->lines &= ~BIT(pin);
		return;
	}
	ioapic->lines |= BIT(pin);
	if (!was || (ioapic->rte[pin] & RTE_LEVEL))
		service(irq, pin);
}

/* A level pin whose state changed: does it interrupt (again)? */
static void resample(struct kage_irqchip *irq, unsigned int pin)
{
	if ((irq->ioapic.lines & BIT(pin)) &&
	    (irq->ioapic.rte[pin] & RTE_LEVEL))
		service(irq, pin);
}

void kage_ioapic_eoi_locked(struct kage_irqchip *irq, u8 vector)
{
	struct kage_ioapic *ioapic = &irq->ioapic;
	unsigned int pin;

	lockdep_assert_held(&irq->lock);
	for (pin = 0; pin < KAGE_NR_GSIS; pin++) {
		u64 *rte = &ioapic->rte[pin];

		if (!(*rte & RTE_REMOTE_IRR) || (*rte & RTE_VECTOR) != vector)
			continue;
		ioapic->eois++;
		*rte &= ~RTE_REMOTE_IRR;
		resample(irq, pin);
	}
}

/* The entry that the register @index is one half of, or NULL. */
static u64 *find_rte(struct kage_ioapic *ioapic, u8 index)
{
	unsigned int pin = (index - IND_RTE) >> 1;

	if (index < IND_RTE || pin >= KAGE_NR_GSIS)
		return NULL;
	return &ioapic->rte[array_index_nospec(pin, KAGE_NR_GSIS)];
}

static u32 read_indirect(struct kage_ioapic *ioapic)
{
	const u64 *rte = find_rte(ioapic, ioapic->select);

	if (rte)
		return ioapic->select & 1 ? *rte >> 32 : *rte;
	switch (ioapic->select) {
	case IND_ID:
	case IND_ARB:
		return ioapic->id;
	case IND_VERSION:
		return VERSION;
	default:
		return 0;
	}
}

static void write_rte(struct kage_irqchip *irq, u64 *rte, bool high, u32 val)
{
	u64 new = high ? (*rte & 0xffffffffULL) | (u64)val << 32 :
			 (*rte & ~0xffffffffULL) | val;

	new = (new & RTE_WRITABLE) | (*rte & RTE_REMOTE_IRR);
	/* Systems without the EOI register clear it by a trip to edge mode. */
	if (!waits_for_eoi(new))
		new &= ~RTE_REMOTE_IRR;
	*rte = new;
	resample(irq, rte - irq->ioapic.rte);
}

static void write_indirect(struct kage_irqchip *irq, u32 val)
{
	struct kage_ioapic *ioapic = &irq->ioapic;
	u64 *rte = find_rte(ioapic, ioapic->select);

	if (rte)
		write_rte(irq, rte, ioapic->select & 1, val);
	else if (ioapic->select == IND_ID)
		ioapic->id = val & ID_MASK;
}

static u64 handle_read(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
		       unsigned int len)
{
	struct kage_irqchip *irq = vcpu->vm->irq;
	unsigned long flags;
	u64 val = 0;

	spin_lock_irqsave(&irq->lock, flags);
	if (off == REG_SELECT)
		val = irq->ioapic.select;
	else if (off == REG_WINDOW)
		val = read_indirect(&irq->ioapic);
	spin_unlock_irqrestore(&irq->lock, flags);
	return val;
}

/* Registers are 32 bits wide; only the one-byte index takes less. */
static void handle_write(struct kage_iodev *dev, struct kage_vcpu *vcpu,
			 u64 off, unsigned int len, u64 val)
{
	struct kage_irqchip *irq = vcpu->vm->irq;
	unsigned long flags;

	spin_lock_irqsave(&irq->lock, flags);
	if (off == REG_SELECT)
		irq->ioapic.select = val;
	else if (off == REG_WINDOW && len >= 4)
		write_indirect(irq, val);
	else if (off == REG_EOI && len >= 4)
		kage_ioapic_eoi_locked(irq, val);
	spin_unlock_irqrestore(&irq->lock, flags);
}

static const struct kage_iodev_ops ioapic_ops = {
	.read = handle_read,
	.write = handle_write,
};

int kage_ioapic_create(struct kage_vm *vm)
{
	struct kage_iodev *dev = &vm->irq->ioapic.dev;

	dev->ops = &ioapic_ops;
	return kage_bus_add(vm, KAGE_BUS_MMIO, dev, KAGE_IOAPIC_BASE,
			    KAGE_PAGE_SIZE);
}

void kage_ioapic_destroy(struct kage_vm *vm)
{
	if (vm->irq)
		kage_bus_remove(vm, KAGE_BUS_MMIO, &vm->irq->ioapic.dev);
}

void kage_ioapic_reset_locked(struct kage_irqchip *irq)
{
	struct kage_ioapic *ioapic = &irq->ioapic;
	unsigned int pin;

	lockdep_assert_held(&irq->lock);
	ioapic->select = 0;
	ioapic->id = 0;
	ioapic->lines = 0;
	for (pin = 0; pin < KAGE_NR_GSIS; pin++)
		ioapic->rte[pin] = RTE_MASKED;
}

int kage_ioapic_stats(struct kage_vm *vm, struct kage_stat_sink *sink)
{
	const struct kage_ioapic *ioapic = &vm->irq->ioapic;

	return sink->put(sink, "ioapic_interrupts",
			 READ_ONCE(ioapic->interrupts)) ?:
	       sink->put(sink, "ioapic_eois", READ_ONCE(ioapic->eois));
}
