// SPDX-License-Identifier: GPL-2.0
/*
 * The registers of the local APICs: the page of xAPIC mode, the MSRs of x2APIC
 * mode, CR8 and IA32_APIC_BASE. SDM: "Local APIC Block Diagram", "x2APIC
 * Register Address Space".
 *
 * Deliberately absent: relocation of the page (IA32_APIC_BASE refuses it), a
 * writable BSP flag and a writable xAPIC ID.
 */
#include "lapic.h"
#include "../vcpu.h"
#include "../vm.h"
#include "irqchip_priv.h"
#include <linux/nospec.h>

#define VERSION		(0x14 | (KAGE_NR_LVTS - 1) << 16)
#define MSR_FIRST	0x800
#define MSR_LAST	0x83f
#define SVR_WRITABLE	0x1ffU
#define ICR_WRITABLE	0xccfffU
#define ICR_SHORTHAND	0xc0000U
#define TDCR_WRITABLE	0xbU
#define BASE_MODE	(MSR_IA32_APICBASE_ENABLE | X2APIC_ENABLE)

static const u32 lvt_writable[KAGE_NR_LVTS] = {
	[KAGE_LVT_TIMER] = 0x700ff,
	[KAGE_LVT_THERMAL] = 0x107ff,
	[KAGE_LVT_PERF] = 0x107ff,
	[KAGE_LVT_LINT0] = 0x1a7ff,
	[KAGE_LVT_LINT1] = 0x1a7ff,
	[KAGE_LVT_ERROR] = 0x100ff,
};

static void send(struct kage_irqchip *irq, struct kage_lapic *lapic, u32 icr,
		 u32 dest)
{
	struct kage_apic_msg msg = {
		.src = lapic,
		.dest = dest,
		.shorthand = icr & ICR_SHORTHAND,
		.mode = icr & APIC_DM_FIXED_MASK,
		.vector = icr & APIC_VECTOR_MASK,
		.logical = icr & APIC_DEST_LOGICAL,
	};

	lapic->ipis++;
	/* An INIT that is not asserted only ever set arbitration IDs. */
	if (msg.mode == APIC_DM_INIT && !(icr & APIC_INT_ASSERT))
		return;
	/* A processor cannot send ExtINT. */
	if (msg.mode == APIC_DM_EXTINT)
		return;
	if (msg.mode <= APIC_DM_LOWEST && msg.vector < KAGE_APIC_FIRST_VECTOR) {
		kage_lapic_error_locked(lapic, APIC_ESR_SENDILL);
		return;
	}
	kage_lapic_deliver_locked(irq, &msg);
}

static u32 xapic_dest(const struct kage_lapic *lapic)
{
	u32 dest = GET_XAPIC_DEST_FIELD(lapic->icr2);

	return dest == APIC_ALL_CPUS ? ~0U : dest;
}

static void write_lvt(struct kage_lapic *lapic, enum kage_lvt n, u32 val)
{
	val &= lvt_writable[n];
	if (!kage_lapic_sw_enabled(lapic))
		val |= APIC_LVT_MASKED;
	if (n == KAGE_LVT_TIMER)
		kage_lapic_timer_mode_locked(lapic, val);
	lapic->lvt[n] = val;
	kage_lapic_update_locked(lapic);
}

static void write_svr(struct kage_lapic *lapic, u32 val)
{
	unsigned int i;

	lapic->svr = val & SVR_WRITABLE;
	if (!kage_lapic_sw_enabled(lapic))
		for (i = 0; i < KAGE_NR_LVTS; i++)
			lapic->lvt[i] |= APIC_LVT_MASKED;
	kage_lapic_update_locked(lapic);
}

static void write_tpr(struct kage_lapic *lapic, u32 val)
{
	WRITE_ONCE(lapic->tpr, val & 0xff);
	kage_lapic_update_locked(lapic);
}

static u32 read_bits(const unsigned long *bits, u32 off)
{
	unsigned int n = array_index_nospec(off >> 4 & 7, 8);

	return bits[n / 2] >> (32 * (n & 1));
}

/* Registers that both modes have, by offset in the page; -EINVAL: none. */
static int read_common(struct kage_lapic *lapic, u32 off, u32 *val)
{
	switch (off) {
	case APIC_LVR:
		*val = VERSION;
		return 0;
	case APIC_TASKPRI:
		*val = lapic->tpr;
		return 0;
	case APIC_PROCPRI:
		*val = kage_lapic_ppr(lapic);
		return 0;
	case APIC_LDR:
		*val = kage_lapic_logical_id(lapic);
		return 0;
	case APIC_SPIV:
		*val = lapic->svr;
		return 0;
	case APIC_ISR ... APIC_ISR + 0x70:
		*val = read_bits(lapic->isr, off);
		return 0;
	case APIC_TMR ... APIC_TMR + 0x70:
		*val = read_bits(lapic->tmr, off);
		return 0;
	case APIC_IRR ... APIC_IRR + 0x70:
		*val = read_bits(lapic->irr, off);
		return 0;
	case APIC_ESR:
		*val = lapic->esr;
		return 0;
	case APIC_LVTT ... APIC_LVTERR:
		*val = lapic->lvt[array_index_nospec((off - APIC_LVTT) >> 4,
						     KAGE_NR_LVTS)];
		return 0;
	case APIC_TMICT:
		*val = lapic->timer.initial;
		return 0;
	case APIC_TMCCT:
		*val = kage_lapic_timer_count_locked(lapic);
		return 0;
	case APIC_TDCR:
		*val = lapic->timer.divide;
		return 0;
	default:
		return -EINVAL;
	}
}

static int write_common(struct kage_irqchip *irq, struct kage_lapic *lapic,
			u32 off, u32 val)
{
	switch (off) {
	case APIC_TASKPRI:
		write_tpr(lapic, val);
		return 0;
	case APIC_EOI:
		kage_lapic_eoi_locked(irq, lapic);
		return 0;
	case APIC_SPIV:
		write_svr(lapic, val);
		return 0;
	case APIC_ESR:
		lapic->esr = lapic->errors;
		lapic->errors = 0;
		return 0;
	case APIC_LVTT ... APIC_LVTERR:
		write_lvt(lapic, array_index_nospec((off - APIC_LVTT) >> 4,
						    KAGE_NR_LVTS), val);
		return 0;
	case APIC_TMICT:
		kage_lapic_timer_start_locked(lapic, val);
		return 0;
	case APIC_TDCR:
		kage_lapic_timer_divide_locked(lapic, val & TDCR_WRITABLE);
		return 0;
	default:
		return -EINVAL;
	}
}

static u32 read_page(struct kage_lapic *lapic, u32 off)
{
	u32 val = 0;

	switch (off) {
	case APIC_ID:
		return lapic->id << 24;
	case APIC_DFR:
		return lapic->dfr;
	case APIC_ICR:
		return lapic->icr;
	case APIC_ICR2:
		return lapic->icr2;
	case APIC_ARBPRI:	/* of older processors: read as 0 */
	case APIC_RRR:
		return 0;
	}
	if (read_common(lapic, off, &val))
		kage_lapic_error_locked(lapic, APIC_ESR_ILLREGA);
	return val;
}

/* A store to one of these is lost; it is no illegal register address. */
static bool is_read_only(u32 off)
{
	switch (off) {
	case APIC_LVR:
	case APIC_PROCPRI:
	case APIC_ISR ... APIC_IRR + 0x70:
	case APIC_TMCCT:
		return true;
	default:
		return false;
	}
}

static void write_page(struct kage_irqchip *irq, struct kage_lapic *lapic,
		       u32 off, u32 val)
{
	switch (off) {
	case APIC_ID:		/* hard-wired to the vCPU's number */
		return;
	case APIC_LDR:
		lapic->ldr = val & APIC_LDR_MASK;
		return;
	case APIC_DFR:
		lapic->dfr = val | (u32)APIC_DFR_CLUSTER;
		return;
	case APIC_ICR2:
		lapic->icr2 = val & 0xff000000;
		return;
	case APIC_ICR:
		lapic->icr = val & ICR_WRITABLE;
		send(irq, lapic, lapic->icr, xapic_dest(lapic));
		return;
	}
	if (write_common(irq, lapic, off, val) && !is_read_only(off))
		kage_lapic_error_locked(lapic, APIC_ESR_ILLREGA);
}

/* Only in xAPIC mode is there a page; else the access finds nothing. */
static bool has_page(const struct kage_lapic *lapic)
{
	return kage_lapic_hw_enabled(lapic) && !kage_lapic_is_x2apic(lapic);
}

static u64 handle_read(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
		       unsigned int len)
{
	struct kage_irqchip *irq = vcpu->vm->irq;
	unsigned long flags;
	u64 val = ~0ULL;

	spin_lock_irqsave(&irq->lock, flags);
	if (has_page(vcpu->lapic))
		val = off & 0xf ? 0 : read_page(vcpu->lapic, off);
	spin_unlock_irqrestore(&irq->lock, flags);
	return val;
}

/* SDM: registers take aligned 32-bit stores; others are undefined: dropped. */
static void handle_write(struct kage_iodev *dev, struct kage_vcpu *vcpu,
			 u64 off, unsigned int len, u64 val)
{
	struct kage_irqchip *irq = vcpu->vm->irq;
	unsigned long flags;

	if ((off & 0xf) || len < 4)
		return;
	spin_lock_irqsave(&irq->lock, flags);
	if (has_page(vcpu->lapic))
		write_page(irq, vcpu->lapic, off, val);
	spin_unlock_irqrestore(&irq->lock, flags);
}

static int read_x2apic(struct kage_lapic *lapic, u32 off, u64 *val)
{
	u32 low = 0;
	int ret = 0;

	if (off == APIC_ID)
		low = lapic->id;
	else if (off == APIC_ICR)
		low = lapic->icr;
	else
		ret = read_common(lapic, off, &low);
	if (ret)
		return ret;
	*val = low;
	if (off == APIC_ICR)
		*val |= (u64)lapic->icr2 << 32;
	return 0;
}

/* Bits that a WRMSR may set. SDM: "x2APIC Register Address Space". */
static u64 x2apic_writable(u32 off)
{
	switch (off) {
	case APIC_TASKPRI:
	case APIC_SELF_IPI:
		return 0xff;
	case APIC_SPIV:
		return SVR_WRITABLE;
	case APIC_ICR:
		return ~0ULL << 32 | ICR_WRITABLE;
	case APIC_LVTT ... APIC_LVTERR:
		/* Status bits are read-only, not reserved. */
		return lvt_writable[array_index_nospec((off - APIC_LVTT) >> 4,
						       KAGE_NR_LVTS)] |
		       APIC_SEND_PENDING |
		       (off == APIC_LVT0 || off == APIC_LVT1 ?
			APIC_LVT_REMOTE_IRR : 0);
	case APIC_TMICT:
		return ~0U;
	case APIC_TDCR:
		return TDCR_WRITABLE;
	default:
		return 0;
	}
}

static int write_x2apic(struct kage_irqchip *irq, struct kage_lapic *lapic,
			u32 off, u64 val)
{
	if (val & ~x2apic_writable(off))
		return -EINVAL;
	switch (off) {
	case APIC_ICR:
		lapic->icr = val;
		lapic->icr2 = val >> 32;
		send(irq, lapic, lapic->icr, lapic->icr2);
		return 0;
	case APIC_SELF_IPI:
		send(irq, lapic, APIC_DEST_SELF | (u32)val, 0);
		return 0;
	default:
		return write_common(irq, lapic, off, val);
	}
}

const struct kage_iodev_ops kage_lapic_page_ops = {
	.read = handle_read,
	.write = handle_write,
};

/* The register of an MSR, or -1 where there is none in this mode. */
static int msr_offset(const struct kage_lapic *lapic, u32 msr)
{
	if (!kage_lapic_is_x2apic(lapic) || msr < MSR_FIRST || msr > MSR_LAST)
		return -1;
	return (msr - MSR_FIRST) << 4;
}

int kage_lapic_msr_read(struct kage_vcpu *vcpu, u32 msr, u64 *val)
{
	int off = msr_offset(vcpu->lapic, msr), ret;
	struct kage_irqchip *irq = vcpu->vm->irq;
	unsigned long flags;

	if (off < 0)
		return -EINVAL;
	spin_lock_irqsave(&irq->lock, flags);
	ret = read_x2apic(vcpu->lapic, off, val);
	spin_unlock_irqrestore(&irq->lock, flags);
	return ret;
}

int kage_lapic_msr_write(struct kage_vcpu *vcpu, u32 msr, u64 val)
{
	int off = msr_offset(vcpu->lapic, msr), ret;
	struct kage_irqchip *irq = vcpu->vm->irq;
	unsigned long flags;

	if (off < 0)
		return -EINVAL;
	spin_lock_irqsave(&irq->lock, flags);
	ret = write_x2apic(irq, vcpu->lapic, off, val);
	spin_unlock_irqrestore(&irq->lock, flags);
	return ret;
}

u64 kage_lapic_get_base(struct kage_vcpu *vcpu)
{
	return READ_ONCE(vcpu->lapic->base);
}

/* SDM: "x2APIC State Transitions". */
static bool may_change(u64 old, u64 new)
{
	if (new == X2APIC_ENABLE)
		return false;
	if (old == BASE_MODE)
		return new != MSR_IA32_APICBASE_ENABLE;
	return old || new != BASE_MODE;
}

static void set_mode_locked(struct kage_lapic *lapic, u64 mode)
{
	u64 old = lapic->base & BASE_MODE;

	WRITE_ONCE(lapic->base, (lapic->base & ~BASE_MODE) | mode);
	if (!mode)
		kage_lapic_clear_locked(lapic);
	else if (mode != old)
		lapic->icr2 = 0;
	kage_lapic_update_locked(lapic);
}

int kage_lapic_set_base(struct kage_vcpu *vcpu, u64 val)
{
	struct kage_irqchip *irq = vcpu->vm->irq;
	struct kage_lapic *lapic = vcpu->lapic;
	unsigned long flags;

	/* Reserved bits, and any page but the one there is. */
	if ((val & ~(u64)(BASE_MODE | MSR_IA32_APICBASE_BSP)) !=
	    KAGE_LAPIC_BASE)
		return -EINVAL;
	if (!may_change(lapic->base & BASE_MODE, val & BASE_MODE))
		return -EINVAL;
	spin_lock_irqsave(&irq->lock, flags);
	set_mode_locked(lapic, val & BASE_MODE);
	spin_unlock_irqrestore(&irq->lock, flags);
	return 0;
}

u64 kage_lapic_get_cr8(struct kage_vcpu *vcpu)
{
	return READ_ONCE(vcpu->lapic->tpr) >> 4;
}

void kage_lapic_set_cr8(struct kage_vcpu *vcpu, u64 val)
{
	struct kage_irqchip *irq = vcpu->vm->irq;
	unsigned long flags;

	spin_lock_irqsave(&irq->lock, flags);
	write_tpr(vcpu->lapic, (val & 0xf) << 4);
	spin_unlock_irqrestore(&irq->lock, flags);
}

bool kage_lapic_enabled(struct kage_vcpu *vcpu)
{
	return kage_lapic_hw_enabled(vcpu->lapic);
}
