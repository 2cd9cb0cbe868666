/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Local APICs: one per vCPU, as registers in a page (xAPIC) and as MSRs
 * (x2APIC). What the vCPU calls is in irqchip.h; here is what the other
 * interrupt controllers see, and the events that are not interrupts.
 */
#ifndef _KAGE_DEV_LAPIC_H
#define _KAGE_DEV_LAPIC_H

#include "../types.h"
#include "bus.h"
#include <linux/hrtimer.h>
#include <asm/apicdef.h>
#include <asm/msr-index.h>

struct kage_irqchip;

#define KAGE_APIC_FIRST_VECTOR	16	/* those below are illegal */

/* Local vectors in the order of their registers. */
enum kage_lvt {
	KAGE_LVT_TIMER,
	KAGE_LVT_THERMAL,
	KAGE_LVT_PERF,
	KAGE_LVT_LINT0,
	KAGE_LVT_LINT1,
	KAGE_LVT_ERROR,
	KAGE_NR_LVTS
};

struct kage_lapic_timer {
	struct hrtimer hrt;
	bool armed;		/* @expires counts */
	u64 expires;		/* ktime, ns */
	u64 period;		/* ns, 0 in one-shot and deadline mode */
	u64 deadline;		/* guest TSC, 0: none */
	u32 initial;		/* TMICT */
	u32 divide;		/* TDCR */
};

/* Everything without a tag is under irq->lock; a read without it. */
struct kage_lapic {
	struct kage_vcpu *vcpu;		/* I */
	u32 id;				/* I */
	u64 base;			/* a IA32_APIC_BASE */
	bool intr;			/* a an interrupt can be taken */
	bool nmi;			/* a an NMI waits */
	bool extint;			/* an ExtINT message waits */
	bool init;			/* an INIT waits for its start-up */
	u32 tpr;			/* a */
	u32 svr, ldr, dfr;
	u32 esr, errors;		/* shown, and gathered since */
	u32 icr, icr2;
	u32 lvt[KAGE_NR_LVTS];
	DECLARE_BITMAP(irr, 256);
	DECLARE_BITMAP(isr, 256);
	DECLARE_BITMAP(tmr, 256);
	struct kage_lapic_timer timer;
	int sipi;			/* a vector of a start-up, or -1 */
	u64 accepted, eois, ipis, nmis, timer_irqs;
};

/**
 * struct kage_apic_msg - an interrupt on its way to local APICs
 * @src: the sender, NULL if it is not a local APIC
 * @dest: physical or logical destination; ~0 is everyone. Senders with
 *        eight-bit destinations translate 0xff.
 * @shorthand: 0, or APIC_DEST_SELF, _ALLINC, _ALLBUT; needs @src
 * @mode: delivery mode, APIC_DM_*
 * @logical: @dest is logical
 * @level: level triggered
 */
struct kage_apic_msg {
	const struct kage_lapic *src;
	u32 dest;
	u32 shorthand;
	u32 mode;
	u8 vector;
	bool logical;
	bool level;
};

/**
 * kage_lapic_take_nmi() - is an NMI waiting? It no longer is, after
 *
 * KAGE_REQ_EVENT tells of it. Context: any; cheap when there is none.
 */
bool kage_lapic_take_nmi(struct kage_vcpu *vcpu);

/**
 * kage_lapic_take_sipi() - did another vCPU send INIT and a start-up?
 *
 * Return: the start-up vector, once; -1 if there is none. KAGE_REQ_EVENT tells
 * of it. A vCPU that started through the wake-up mailbox need not ask.
 */
int kage_lapic_take_sipi(struct kage_vcpu *vcpu);

/** kage_lapic_create() - bind the local APICs to vm->vcpus; vm->irq exists */
int kage_lapic_create(struct kage_vm *vm);
/** kage_lapic_destroy() - the reverse, with timers cancelled */
void kage_lapic_destroy(struct kage_vm *vm);
/** kage_lapic_reset_locked() - power-on state of one; its timer stops */
void kage_lapic_reset_locked(struct kage_lapic *lapic);

/**
 * kage_lapic_deliver_locked() - hand a message to those it is for
 *
 * Return: whether any local APIC accepted it.
 */
bool kage_lapic_deliver_locked(struct kage_irqchip *irq,
			       const struct kage_apic_msg *msg);

/** kage_lapic_local_locked() - a local source interrupts */
void kage_lapic_local_locked(struct kage_lapic *lapic, enum kage_lvt source);

/** kage_lapic_lint0_locked() - the 8259 pair's output changed to @level */
void kage_lapic_lint0_locked(struct kage_irqchip *irq, bool level);

/** kage_lapic_stats() - report the counters of one local APIC */
int kage_lapic_stats(struct kage_vcpu *vcpu, struct kage_stat_sink *sink);

/* Between lapic.c and the registers, in lapic_regs.c. */

extern const struct kage_iodev_ops kage_lapic_page_ops;

/** kage_lapic_clear_locked() - registers as after reset; the mode stays */
void kage_lapic_clear_locked(struct kage_lapic *lapic);
/** kage_lapic_update_locked() - derive lapic->intr anew */
void kage_lapic_update_locked(struct kage_lapic *lapic);
/** kage_lapic_error_locked() - note APIC_ESR_* and interrupt if wanted */
void kage_lapic_error_locked(struct kage_lapic *lapic, u32 error);
/** kage_lapic_eoi_locked() - write of EOI */
void kage_lapic_eoi_locked(struct kage_irqchip *irq, struct kage_lapic *lapic);
/** kage_lapic_ppr() - PPR. SDM: "Task and Processor Priorities" */
u32 kage_lapic_ppr(const struct kage_lapic *lapic);
/** kage_lapic_logical_id() - LDR */
u32 kage_lapic_logical_id(const struct kage_lapic *lapic);

static inline bool kage_lapic_hw_enabled(const struct kage_lapic *lapic)
{
	return READ_ONCE(lapic->base) & MSR_IA32_APICBASE_ENABLE;
}

static inline bool kage_lapic_is_x2apic(const struct kage_lapic *lapic)
{
	return READ_ONCE(lapic->base) & X2APIC_ENABLE;
}

static inline bool kage_lapic_sw_enabled(const struct kage_lapic *lapic)
{
	return lapic->svr & APIC_SPIV_APIC_ENABLED;
}

/* The timer, in lapic_timer.c. It counts KAGE_LAPIC_HZ through the divider. */

void kage_lapic_timer_init(struct kage_lapic *lapic);
/** kage_lapic_timer_cancel() - stop and wait; process context, no lock */
void kage_lapic_timer_cancel(struct kage_lapic *lapic);
/** kage_lapic_timer_stop_locked() - stop without waiting */
void kage_lapic_timer_stop_locked(struct kage_lapic *lapic);
/** kage_lapic_timer_start_locked() - write of TMICT, the initial count */
void kage_lapic_timer_start_locked(struct kage_lapic *lapic, u32 count);
/** kage_lapic_timer_count_locked() - read of TMCCT, the current count */
u32 kage_lapic_timer_count_locked(struct kage_lapic *lapic);
/** kage_lapic_timer_divide_locked() - write of TDCR, the divider */
void kage_lapic_timer_divide_locked(struct kage_lapic *lapic, u32 val);
/** kage_lapic_timer_mode_locked() - the timer's LVT is to become @lvt */
void kage_lapic_timer_mode_locked(struct kage_lapic *lapic, u32 lvt);

#endif /* _KAGE_DEV_LAPIC_H */
