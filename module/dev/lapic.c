// SPDX-License-Identifier: GPL-2.0
/*
 * Local APICs: what arrives, what may be taken, what ends. Their registers as
 * the guest sees them are in lapic_regs.c, the timer in lapic_timer.c. SDM:
 * "Advanced Programmable Interrupt Controller (APIC)".
 *
 * Invariant: lapic->intr says, whenever irq->lock is free, whether an interrupt
 * can be taken now; every change of a register it follows from ends in
 * kage_lapic_update_locked(). It is stored before KAGE_REQ_EVENT is raised and
 * read after that request was taken, so a vCPU that sees false gets a request
 * later.
 *
 * Not built: SMI, CMCI, suppression of EOI broadcasts. LINT1, thermal and
 * performance entries are storage without a source.
 */
#include "lapic.h"
#include "../vcpu.h"
#include "../vm.h"
#include "irqchip_priv.h"
#include <linux/bitmap.h>

#define DEFAULT_BASE	(KAGE_LAPIC_BASE | MSR_IA32_APICBASE_ENABLE)
#define DEFAULT_SVR	0xffU
#define NR_VECTORS	256

/* Highest vector of a register, or -1. */
static int highest(const unsigned long *bits)
{
	unsigned long vector = find_last_bit(bits, NR_VECTORS);

	return vector < NR_VECTORS ? vector : -1;
}

u32 kage_lapic_ppr(const struct kage_lapic *lapic)
{
	int vector = highest(lapic->isr);
	u32 served = vector < 0 ? 0 : vector & 0xf0;

	return (lapic->tpr & 0xf0) >= served ? lapic->tpr : served;
}

/* SDM: "Logical x2APIC ID"; in xAPIC mode the guest chooses. */
u32 kage_lapic_logical_id(const struct kage_lapic *lapic)
{
	if (!kage_lapic_is_x2apic(lapic))
		return lapic->ldr;
	return (lapic->id >> 4) << 16 | BIT(lapic->id & 0xf);
}

/* The fixed interrupt that the processor's priority lets through, or -1. */
static int fixed_ready(const struct kage_lapic *lapic)
{
	int vector = highest(lapic->irr);

	if (vector < 0 || !kage_lapic_hw_enabled(lapic))
		return -1;
	return (vector & 0xf0) > (int)(kage_lapic_ppr(lapic) & 0xf0) ? vector : -1;
}

/* Is the 8259 pair's output the processor's INTR line? */
static bool lint0_is_intr(const struct kage_lapic *lapic)
{
	u32 lvt = lapic->lvt[KAGE_LVT_LINT0];

	if (lapic->id)
		return false;
	if (!kage_lapic_hw_enabled(lapic) || !kage_lapic_sw_enabled(lapic))
		return true;
	return !(lvt & APIC_LVT_MASKED) &&
	       (lvt & APIC_MODE_MASK) == APIC_DM_EXTINT;
}

static bool extint_ready(const struct kage_lapic *lapic)
{
	return lapic->extint ||
	       (lapic->vcpu->vm->irq->pic.intr && lint0_is_intr(lapic));
}

void kage_lapic_update_locked(struct kage_lapic *lapic)
{
	bool was = lapic->intr;
	bool now = extint_ready(lapic) || fixed_ready(lapic) >= 0;

	WRITE_ONCE(lapic->intr, now);
	if (now && !was)
		kage_vcpu_request(lapic->vcpu, KAGE_REQ_EVENT);
}

/* A bad vector in the error entry itself is dropped: no error of an error. */
void kage_lapic_error_locked(struct kage_lapic *lapic, u32 error)
{
	u32 lvt = lapic->lvt[KAGE_LVT_ERROR];
	u8 vector = lvt & APIC_VECTOR_MASK;

	lapic->errors |= error;
	if ((lvt & APIC_LVT_MASKED) || vector < KAGE_APIC_FIRST_VECTOR)
		return;
	__set_bit(vector, lapic->irr);
	__clear_bit(vector, lapic->tmr);
	kage_lapic_update_locked(lapic);
}

static bool accept_fixed(struct kage_lapic *lapic, u8 vector, bool level)
{
	if (!kage_lapic_sw_enabled(lapic))
		return false;
	if (vector < KAGE_APIC_FIRST_VECTOR) {
		kage_lapic_error_locked(lapic, APIC_ESR_RECVILL);
		return false;
	}
	lapic->accepted++;
	__set_bit(vector, lapic->irr);
	__assign_bit(vector, lapic->tmr, level);
	kage_lapic_update_locked(lapic);
	return true;
}

static void accept_nmi(struct kage_lapic *lapic)
{
	lapic->nmis++;
	WRITE_ONCE(lapic->nmi, true);
	kage_vcpu_request(lapic->vcpu, KAGE_REQ_EVENT);
}

/* A start-up counts only after an INIT, and neither from oneself. */
static void accept_startup(struct kage_lapic *lapic,
			   const struct kage_apic_msg *msg)
{
	if (msg->src == lapic)
		return;
	if (msg->mode == APIC_DM_INIT) {
		lapic->init = true;
	} else if (lapic->init) {
		lapic->init = false;
		WRITE_ONCE(lapic->sipi, msg->vector);
		kage_vcpu_request(lapic->vcpu, KAGE_REQ_EVENT);
	}
}

static bool accept(struct kage_lapic *lapic, const struct kage_apic_msg *msg)
{
	if (!kage_lapic_hw_enabled(lapic))
		return false;
	switch (msg->mode) {
	case APIC_DM_FIXED:
	case APIC_DM_LOWEST:
		return accept_fixed(lapic, msg->vector, msg->level);
	case APIC_DM_NMI:
		accept_nmi(lapic);
		return true;
	case APIC_DM_INIT:
	case APIC_DM_STARTUP:
		accept_startup(lapic, msg);
		return true;
	case APIC_DM_EXTINT:
		lapic->extint = true;
		kage_lapic_update_locked(lapic);
		return true;
	default:
		return false;
	}
}

/* SDM: "Logical Destination Mode"; x2APIC, then flat, then cluster model. */
static bool match_logical(const struct kage_lapic *lapic, u32 dest)
{
	u32 id = kage_lapic_logical_id(lapic);

	if (kage_lapic_is_x2apic(lapic))
		return dest >> 16 == id >> 16 && (dest & id & 0xffff);
	id >>= 24;
	if (lapic->dfr == APIC_DFR_FLAT)
		return dest & id;
	return dest >> 4 == id >> 4 && (dest & id & 0xf);
}

static bool match(const struct kage_lapic *lapic,
		  const struct kage_apic_msg *msg)
{
	switch (msg->shorthand) {
	case APIC_DEST_SELF:
		return lapic == msg->src;
	case APIC_DEST_ALLINC:
		return true;
	case APIC_DEST_ALLBUT:
		return lapic != msg->src;
	}
	if (msg->dest == ~0U)
		return true;
	return msg->logical ? match_logical(lapic, msg->dest) :
			      msg->dest == lapic->id;
}

/* SDM: "Lowest Priority Delivery Mode"; equals take turns. */
static struct kage_lapic *arbitrate(struct kage_irqchip *irq,
				    const struct kage_apic_msg *msg)
{
	struct kage_lapic *best = NULL, *lapic;
	unsigned int i;

	for (i = 0; i < irq->nr_lapics; i++) {
		lapic = &irq->lapics[(irq->next_lowest + i) % irq->nr_lapics];
		if (!kage_lapic_hw_enabled(lapic) || !kage_lapic_sw_enabled(lapic) ||
		    !match(lapic, msg))
			continue;
		if (!best || kage_lapic_ppr(lapic) < kage_lapic_ppr(best))
			best = lapic;
	}
	if (best)
		irq->next_lowest = best->id + 1;
	return best;
}

bool kage_lapic_deliver_locked(struct kage_irqchip *irq,
			       const struct kage_apic_msg *msg)
{
	struct kage_lapic *lapic;
	bool accepted = false;
	unsigned int i;

	lockdep_assert_held(&irq->lock);
	if (msg->mode == APIC_DM_LOWEST) {
		lapic = arbitrate(irq, msg);
		return lapic && accept(lapic, msg);
	}
	for (i = 0; i < irq->nr_lapics; i++)
		if (match(&irq->lapics[i], msg))
			accepted |= accept(&irq->lapics[i], msg);
	return accepted;
}

void kage_lapic_local_locked(struct kage_lapic *lapic, enum kage_lvt source)
{
	u32 lvt = lapic->lvt[source];

	lockdep_assert_held(&lapic->vcpu->vm->irq->lock);
	if ((lvt & APIC_LVT_MASKED) || !kage_lapic_hw_enabled(lapic))
		return;
	if ((lvt & APIC_MODE_MASK) == APIC_DM_NMI)
		accept_nmi(lapic);
	else if ((lvt & APIC_MODE_MASK) == APIC_DM_FIXED)
		accept_fixed(lapic, lvt & APIC_VECTOR_MASK, false);
}

void kage_lapic_lint0_locked(struct kage_irqchip *irq, bool level)
{
	struct kage_lapic *lapic = &irq->lapics[0];

	if (level)
		kage_lapic_local_locked(lapic, KAGE_LVT_LINT0);
	kage_lapic_update_locked(lapic);
}

bool kage_irq_pending(struct kage_vcpu *vcpu)
{
	return READ_ONCE(vcpu->lapic->intr);
}

/* The 8259 pair has no priority to compare: it goes first. */
static int ack_locked(struct kage_irqchip *irq, struct kage_lapic *lapic)
{
	int vector;

	if (extint_ready(lapic)) {
		lapic->extint = false;
		return kage_pic_ack_locked(irq);
	}
	vector = fixed_ready(lapic);
	if (vector >= 0) {
		__clear_bit(vector, lapic->irr);
		__set_bit(vector, lapic->isr);
	}
	return vector;
}

int kage_irq_ack(struct kage_vcpu *vcpu)
{
	struct kage_irqchip *irq = vcpu->vm->irq;
	struct kage_lapic *lapic = vcpu->lapic;
	unsigned long flags;
	int vector;

	if (!kage_irq_pending(vcpu))
		return -1;
	spin_lock_irqsave(&irq->lock, flags);
	vector = ack_locked(irq, lapic);
	/* If another one can be taken already, the vCPU is to hear of it. */
	WRITE_ONCE(lapic->intr, false);
	kage_lapic_update_locked(lapic);
	spin_unlock_irqrestore(&irq->lock, flags);
	return vector;
}

bool kage_lapic_take_nmi(struct kage_vcpu *vcpu)
{
	return READ_ONCE(vcpu->lapic->nmi) && xchg(&vcpu->lapic->nmi, false);
}

int kage_lapic_take_sipi(struct kage_vcpu *vcpu)
{
	if (READ_ONCE(vcpu->lapic->sipi) < 0)
		return -1;
	return xchg(&vcpu->lapic->sipi, -1);
}

void kage_lapic_eoi_locked(struct kage_irqchip *irq, struct kage_lapic *lapic)
{
	int vector = highest(lapic->isr);

	if (vector < 0)
		return;
	lapic->eois++;
	__clear_bit(vector, lapic->isr);
	if (test_bit(vector, lapic->tmr))
		kage_ioapic_eoi_locked(irq, vector);
	kage_lapic_update_locked(lapic);
}

/* Registers of a local APIC that was reset or enabled again. */
void kage_lapic_clear_locked(struct kage_lapic *lapic)
{
	unsigned int i;

	lockdep_assert_held(&lapic->vcpu->vm->irq->lock);
	kage_lapic_timer_stop_locked(lapic);
	lapic->timer.initial = 0;
	lapic->timer.divide = 0;
	lapic->extint = false;
	lapic->tpr = 0;
	lapic->svr = DEFAULT_SVR;
	lapic->ldr = 0;
	lapic->dfr = (u32)APIC_DFR_FLAT;
	lapic->esr = 0;
	lapic->errors = 0;
	lapic->icr = 0;
	lapic->icr2 = 0;
	for (i = 0; i < KAGE_NR_LVTS; i++)
		lapic->lvt[i] = APIC_LVT_MASKED;
	bitmap_zero(lapic->irr, NR_VECTORS);
	bitmap_zero(lapic->isr, NR_VECTORS);
	bitmap_zero(lapic->tmr, NR_VECTORS);
	kage_lapic_update_locked(lapic);
}

void kage_lapic_reset_locked(struct kage_lapic *lapic)
{
	u64 bsp = lapic->id ? 0 : MSR_IA32_APICBASE_BSP;

	WRITE_ONCE(lapic->base, DEFAULT_BASE | bsp);
	WRITE_ONCE(lapic->nmi, false);
	WRITE_ONCE(lapic->sipi, -1);
	lapic->init = false;
	kage_lapic_clear_locked(lapic);
}

int kage_lapic_create(struct kage_vm *vm)
{
	struct kage_irqchip *irq = vm->irq;
	struct kage_lapic *lapic;
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus; i++) {
		lapic = &irq->lapics[i];
		lapic->vcpu = vm->vcpus[i];
		lapic->id = i;
		kage_lapic_timer_init(lapic);
		lapic->vcpu->lapic = lapic;
	}
	irq->nr_lapics = vm->nr_vcpus;
	irq->lapic_page.ops = &kage_lapic_page_ops;
	return kage_bus_add(vm, KAGE_BUS_MMIO, &irq->lapic_page,
			    KAGE_LAPIC_BASE, KAGE_PAGE_SIZE);
}

void kage_lapic_destroy(struct kage_vm *vm)
{
	struct kage_irqchip *irq = vm->irq;
	unsigned int i;

	if (!irq)
		return;
	kage_bus_remove(vm, KAGE_BUS_MMIO, &irq->lapic_page);
	/* After that no access is under way that could start a timer. */
	synchronize_rcu();
	for (i = 0; i < irq->nr_lapics; i++) {
		kage_lapic_timer_cancel(&irq->lapics[i]);
		irq->lapics[i].vcpu->lapic = NULL;
	}
}

int kage_lapic_stats(struct kage_vcpu *vcpu, struct kage_stat_sink *sink)
{
	const struct kage_lapic *lapic = vcpu->lapic;

	return sink->put(sink, "apic_accepted", READ_ONCE(lapic->accepted)) ?:
	       sink->put(sink, "apic_eois", READ_ONCE(lapic->eois)) ?:
	       sink->put(sink, "apic_ipis", READ_ONCE(lapic->ipis)) ?:
	       sink->put(sink, "apic_nmis", READ_ONCE(lapic->nmis)) ?:
	       sink->put(sink, "apic_timer", READ_ONCE(lapic->timer_irqs));
}
