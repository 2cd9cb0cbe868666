/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interrupts of a machine: devices raise lines and messages here, vCPUs ask
 * here what to take. Behind it stand the two 8259s, the I/O APIC and the local
 * APICs, all under one lock (vm->irq->lock, irq-safe: hrtimers and softirqs
 * raise lines).
 */
#ifndef _KAGE_DEV_IRQCHIP_H
#define _KAGE_DEV_IRQCHIP_H

#include "../types.h"

/* Lines of the machine; below 16 they are ISA interrupts, GSI = I/O APIC pin. */
#define KAGE_NR_GSIS		24
#define KAGE_GSI_TIMER		2	/* ISA 0, as the MADT's override says */
#define KAGE_GSI_COM1		4
#define KAGE_GSI_RTC		8
#define KAGE_GSI_SCI		9
#define KAGE_GSI_PCI(slot)	(16 + ((slot) & 3))

/* What the local APIC timers count, and the crystal of CPUID leaf 0x15. */
#define KAGE_LAPIC_HZ		25000000U

#define KAGE_LAPIC_BASE		0xfee00000ULL
#define KAGE_IOAPIC_BASE	0xfec00000ULL

/** kage_irqchip_create() - make PICs, I/O APIC and one local APIC per vCPU */
int kage_irqchip_create(struct kage_vm *vm);
/** kage_irqchip_destroy() - the reverse; harmless if never created */
void kage_irqchip_destroy(struct kage_vm *vm);
/** kage_irqchip_reset() - all of them to their power-on state, timers off */
void kage_irqchip_reset(struct kage_vm *vm);

/**
 * kage_irq_set() - drive a line
 * @gsi: below KAGE_NR_GSIS; ISA 0 (the 8254) is GSI 2 at the I/O APIC and IRQ
 *       0 at the 8259, the others have one number at both
 * @level: 1 asserts, 0 releases; an edge is 1 then 0
 *
 * Context: any, hard interrupt included.
 */
void kage_irq_set(struct kage_vm *vm, unsigned int gsi, int level);

/**
 * kage_irq_msi() - deliver a message-signalled interrupt
 *
 * SDM: "Message Signalled Interrupts". Context: any.
 */
void kage_irq_msi(struct kage_vm *vm, u64 addr, u32 data);

/**
 * kage_irq_pending() - has this vCPU an interrupt to take now?
 *
 * Looks at the local APIC (priority above the processor's) and, on the
 * bootstrap processor, at the 8259 pair. Does not look at RFLAGS.IF.
 * Context: any; cheap when nothing is pending (no lock).
 */
bool kage_irq_pending(struct kage_vcpu *vcpu);

/**
 * kage_irq_ack() - acknowledge the highest pending interrupt
 *
 * Return: its vector, now in service; -1 if none.
 */
int kage_irq_ack(struct kage_vcpu *vcpu);

/* The local APIC as the vCPU's MSRs and CR8 see it. */

/** kage_lapic_get_base() - IA32_APIC_BASE */
u64 kage_lapic_get_base(struct kage_vcpu *vcpu);
/** kage_lapic_set_base() - 0, or -EINVAL where the SDM wants #GP */
int kage_lapic_set_base(struct kage_vcpu *vcpu, u64 val);
/** kage_lapic_msr_read() - x2APIC MSR 0x800-0x8ff; -EINVAL: #GP */
int kage_lapic_msr_read(struct kage_vcpu *vcpu, u32 msr, u64 *val);
/** kage_lapic_msr_write() - x2APIC MSR 0x800-0x8ff; -EINVAL: #GP */
int kage_lapic_msr_write(struct kage_vcpu *vcpu, u32 msr, u64 val);
/** kage_lapic_get_deadline() - IA32_TSC_DEADLINE, in guest TSC units */
u64 kage_lapic_get_deadline(struct kage_vcpu *vcpu);
/** kage_lapic_set_deadline() - arms the timer in TSC-deadline mode */
void kage_lapic_set_deadline(struct kage_vcpu *vcpu, u64 tsc);
/** kage_lapic_tsc_moved() - the guest has set its TSC: a deadline moves too */
void kage_lapic_tsc_moved(struct kage_vcpu *vcpu);
/** kage_lapic_get_cr8() - task priority class, 0 to 15 */
u64 kage_lapic_get_cr8(struct kage_vcpu *vcpu);
/** kage_lapic_set_cr8() - set the task priority class, 0 to 15 */
void kage_lapic_set_cr8(struct kage_vcpu *vcpu, u64 val);
/** kage_lapic_enabled() - is IA32_APIC_BASE.EN set (CPUID.1:EDX.APIC)? */
bool kage_lapic_enabled(struct kage_vcpu *vcpu);

#endif /* _KAGE_DEV_IRQCHIP_H */
