// SPDX-License-Identifier: GPL-2.0
/*
 * The pair of 8259A interrupt controllers. Intel: "8259A Programmable Interrupt
 * Controller" data sheet; the edge/level registers are those of the PIIX.
 *
 * An edge stays latched when its line falls before the acknowledge, so that a
 * short pulse is enough. Input 2 of the master is wired to the slave's output
 * and follows its level.
 */
#include "pic.h"
#include "../vcpu.h"
#include "../vm.h"
#include "irqchip_priv.h"
#include <linux/bitops.h>

#define CASCADE		2
#define SPURIOUS	7

#define ICW1_INIT	BIT(4)
#define ICW1_SINGLE	BIT(1)
#define ICW1_ICW4	BIT(0)
#define ICW4_AUTO_EOI	BIT(1)
#define ICW4_NESTED	BIT(4)
#define OCW3_SELECT	BIT(3)

/* Inputs that may be level triggered: not the timer, cascade, clock or FPU. */
static const u8 elcr_mask[2] = { 0xf8, 0xde };

static u8 level_inputs(const struct kage_pic *pic, unsigned int n)
{
	return pic->chip[n].elcr | (n ? 0 : BIT(CASCADE));
}

/* Rank of the most urgent input in @mask, 0 highest; 8 if there is none. */
static unsigned int rank_of(const struct kage_pic_chip *chip, u8 mask)
{
	unsigned int rank;

	for (rank = 0; rank < 8; rank++)
		if (mask & BIT((chip->top + rank) & 7))
			break;
	return rank;
}

/* The input that the chip would present to INTA now, or -1. */
static int pending_input(const struct kage_pic *pic, unsigned int n)
{
	const struct kage_pic_chip *chip = &pic->chip[n];
	unsigned int rank = rank_of(chip, chip->irr & ~chip->imr);
	int input = (chip->top + rank) & 7;
	u8 blocking = chip->isr;

	if (rank == 8)
		return -1;
	if (chip->special_mask)
		blocking &= ~chip->imr;
	/* Special fully nested: the slave may interrupt its own interrupt. */
	if (chip->nested && n == 0 && input == CASCADE)
		blocking &= ~BIT(CASCADE);
	if (rank >= rank_of(chip, blocking))
		return -1;
	return input;
}

static void set_input(struct kage_pic *pic, unsigned int n, unsigned int input,
		      bool level)
{
	struct kage_pic_chip *chip = &pic->chip[n];
	u8 bit = BIT(input), was = chip->lines & bit;

	chip->lines = level ? chip->lines | bit : chip->lines & ~bit;
	if (level_inputs(pic, n) & bit)
		chip->irr = level ? chip->irr | bit : chip->irr & ~bit;
	else if (level && !was)
		chip->irr |= bit;
}

static void set_output(struct kage_irqchip *irq, bool level)
{
	if (irq->pic.intr == level)
		return;
	irq->pic.intr = level;
	kage_lapic_lint0_locked(irq, level);
	kage_ioapic_set_locked(irq, 0, level);
}

/* Carries a change of either chip through to the outputs. */
static void update(struct kage_irqchip *irq)
{
	set_input(&irq->pic, 0, CASCADE, pending_input(&irq->pic, 1) >= 0);
	set_output(irq, pending_input(&irq->pic, 0) >= 0);
}

void kage_pic_set_locked(struct kage_irqchip *irq, unsigned int n, int level)
{
	lockdep_assert_held(&irq->lock);
	set_input(&irq->pic, n >> 3 & 1, n & 7, level);
	update(irq);
}

/* INTA of one chip: the input now in service, or SPURIOUS. */
static int ack_chip(struct kage_pic *pic, unsigned int n)
{
	struct kage_pic_chip *chip = &pic->chip[n];
	int input = pending_input(pic, n);

	if (input < 0) {
		pic->spurious++;
		return SPURIOUS;
	}
	if (!(level_inputs(pic, n) & BIT(input)))
		chip->irr &= ~BIT(input);
	if (!chip->auto_eoi)
		chip->isr |= BIT(input);
	else if (chip->rotate_auto)
		chip->top = (input + 1) & 7;
	return input;
}

int kage_pic_ack_locked(struct kage_irqchip *irq)
{
	struct kage_pic *pic = &irq->pic;
	unsigned int n = 0;
	int input;

	lockdep_assert_held(&irq->lock);
	pic->acks++;
	input = ack_chip(pic, 0);
	if (input == CASCADE) {
		n = 1;
		input = ack_chip(pic, 1);
	}
	/* INT falls with INTA: another request makes a new edge. */
	set_output(irq, false);
	update(irq);
	return pic->chip[n].base + input;
}

static void write_icw1(struct kage_pic *pic, unsigned int n, u8 val)
{
	struct kage_pic_chip *chip = &pic->chip[n];

	/* Level or edge is the ELCR's business: bit 3 has no effect. */
	chip->irr = chip->lines & level_inputs(pic, n);
	chip->imr = 0;
	chip->isr = 0;
	chip->top = 0;
	chip->special_mask = false;
	chip->read_isr = false;
	chip->poll = false;
	chip->auto_eoi = false;
	chip->nested = false;
	chip->rotate_auto = false;
	chip->single = val & ICW1_SINGLE;
	chip->want_icw4 = val & ICW1_ICW4;
	chip->init_step = 2;
}

/* Ends the interrupt of @input, or of the most urgent one in service. */
static void end_input(struct kage_pic_chip *chip, int input, bool rotate)
{
	u8 isr = chip->isr;

	if (input < 0) {
		/* Unspecific: masked inputs do not count in special mask. */
		if (chip->special_mask)
			isr &= ~chip->imr;
		if (!isr)
			return;
		input = (chip->top + rank_of(chip, isr)) & 7;
	}
	chip->isr &= ~BIT(input);
	if (rotate)
		chip->top = (input + 1) & 7;
}

static void write_ocw2(struct kage_pic_chip *chip, u8 val)
{
	u8 input = val & 7;

	switch (val >> 5) {
	case 0:
		chip->rotate_auto = false;
		break;
	case 1:
		end_input(chip, -1, false);
		break;
	case 3:
		end_input(chip, input, false);
		break;
	case 4:
		chip->rotate_auto = true;
		break;
	case 5:
		end_input(chip, -1, true);
		break;
	case 6:
		chip->top = (input + 1) & 7;
		break;
	case 7:
		end_input(chip, input, true);
		break;
	}
}

static void write_ocw3(struct kage_pic_chip *chip, u8 val)
{
	if (val & BIT(6))
		chip->special_mask = val & BIT(5);
	if (val & BIT(2))
		chip->poll = true;
	else if (val & BIT(1))
		chip->read_isr = val & BIT(0);
}

static void write_command(struct kage_pic *pic, unsigned int n, u8 val)
{
	if (val & ICW1_INIT)
		write_icw1(pic, n, val);
	else if (val & OCW3_SELECT)
		write_ocw3(&pic->chip[n], val);
	else
		write_ocw2(&pic->chip[n], val);
}

static void write_data(struct kage_pic_chip *chip, u8 val)
{
	switch (chip->init_step) {
	case 2:
		chip->base = val & 0xf8;
		if (!chip->single)
			chip->init_step = 3;
		else
			chip->init_step = chip->want_icw4 ? 4 : 0;
		break;
	case 3:		/* the cascade is wired: nothing to choose */
		chip->init_step = chip->want_icw4 ? 4 : 0;
		break;
	case 4:
		chip->auto_eoi = val & ICW4_AUTO_EOI;
		chip->nested = val & ICW4_NESTED;
		chip->init_step = 0;
		break;
	default:
		chip->imr = val;
	}
}

/* Poll mode: a read that acknowledges. Data sheet: "Poll Command". */
static u8 poll_chip(struct kage_irqchip *irq, unsigned int n)
{
	struct kage_pic *pic = &irq->pic;
	u8 val = 0;

	pic->chip[n].poll = false;
	if (pending_input(pic, n) >= 0)
		val = 0x80 | ack_chip(pic, n);
	update(irq);
	return val;
}

static u8 read_chip(struct kage_irqchip *irq, unsigned int n, bool data)
{
	struct kage_pic_chip *chip = &irq->pic.chip[n];

	if (chip->poll)
		return poll_chip(irq, n);
	if (data)
		return chip->imr;
	return chip->read_isr ? chip->isr : chip->irr;
}

static u64 read_port(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
		     unsigned int len)
{
	struct kage_irqchip *irq = vcpu->vm->irq;
	unsigned int n = dev - irq->pic.dev, i;
	unsigned long flags;
	u64 val = 0;

	spin_lock_irqsave(&irq->lock, flags);
	for (i = 0; i < len; i++)
		val |= (u64)read_chip(irq, n, off + i) << (i * 8);
	spin_unlock_irqrestore(&irq->lock, flags);
	return val;
}

static void write_port(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
		       unsigned int len, u64 val)
{
	struct kage_irqchip *irq = vcpu->vm->irq;
	unsigned int n = dev - irq->pic.dev, i;
	unsigned long flags;

	spin_lock_irqsave(&irq->lock, flags);
	for (i = 0; i < len; i++, val >>= 8) {
		if (off + i)
			write_data(&irq->pic.chip[n], val);
		else
			write_command(&irq->pic, n, val);
	}
	update(irq);
	spin_unlock_irqrestore(&irq->lock, flags);
}

static u64 read_elcr(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
		     unsigned int len)
{
	const struct kage_pic *pic = &vcpu->vm->irq->pic;
	u16 both = READ_ONCE(pic->chip[0].elcr) |
		   READ_ONCE(pic->chip[1].elcr) << 8;

	return both >> (off * 8);
}

static void set_elcr(struct kage_pic *pic, unsigned int n, u8 val)
{
	struct kage_pic_chip *chip = &pic->chip[n];
	u8 changed;

	val &= elcr_mask[n];
	changed = chip->elcr ^ val;
	WRITE_ONCE(chip->elcr, val);
	/* An input that changes kind forgets its edge and shows its level. */
	chip->irr = (chip->irr & ~changed) | (chip->lines & changed & val);
}

static void write_elcr(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
		       unsigned int len, u64 val)
{
	struct kage_irqchip *irq = vcpu->vm->irq;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&irq->lock, flags);
	for (i = 0; i < len; i++, val >>= 8)
		set_elcr(&irq->pic, (off + i) & 1, val);
	update(irq);
	spin_unlock_irqrestore(&irq->lock, flags);
}

static const struct kage_iodev_ops chip_ops = {
	.read = read_port,
	.write = write_port,
};

static const struct kage_iodev_ops elcr_ops = {
	.read = read_elcr,
	.write = write_elcr,
};

static const struct {
	const struct kage_iodev_ops *ops;
	u16 port;
} pic_ports[] = {
	{ &chip_ops, 0x20 },
	{ &chip_ops, 0xa0 },
	{ &elcr_ops, 0x4d0 },
};

int kage_pic_create(struct kage_vm *vm)
{
	struct kage_pic *pic = &vm->irq->pic;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(pic_ports); i++) {
		pic->dev[i].ops = pic_ports[i].ops;
		ret = kage_bus_add(vm, KAGE_BUS_PIO, &pic->dev[i],
				   pic_ports[i].port, 2);
		if (ret)
			goto err_remove;
	}
	return 0;

err_remove:
	kage_pic_destroy(vm);
	return ret;
}

void kage_pic_destroy(struct kage_vm *vm)
{
	unsigned int i;

	if (!vm->irq)
		return;
	for (i = 0; i < ARRAY_SIZE(pic_ports); i++)
		kage_bus_remove(vm, KAGE_BUS_PIO, &vm->irq->pic.dev[i]);
}

void kage_pic_reset_locked(struct kage_irqchip *irq)
{
	lockdep_assert_held(&irq->lock);
	memset(irq->pic.chip, 0, sizeof(irq->pic.chip));
	/* Nothing is to come through before the guest sets the vectors. */
	irq->pic.chip[0].imr = 0xff;
	irq->pic.chip[1].imr = 0xff;
	set_output(irq, false);
}

int kage_pic_stats(struct kage_vm *vm, struct kage_stat_sink *sink)
{
	const struct kage_pic *pic = &vm->irq->pic;

	return sink->put(sink, "pic_acks", READ_ONCE(pic->acks)) ?:
	       sink->put(sink, "pic_spurious", READ_ONCE(pic->spurious));
}
