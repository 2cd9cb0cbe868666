// SPDX-License-Identifier: GPL-2.0
/*
 * The serial port of a machine: a 16550A whose transmitter takes no time.
 *
 * The lock of the port is inside that of the console: the console calls us
 * under its own, so we call the console only after having released ours.
 */
#include "uart.h"
#include "bus.h"
#include "console.h"
#include "irqchip.h"
#include "../vm.h"
#include <linux/serial_reg.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#define COM1_BASE	0x3f8
#define COM1_LEN	8
#define FIFO_DEPTH	16

/* IIR of a 16550A with its FIFOs on; 6.1's serial_reg.h has no name for it. */
#define IIR_FIFOS_ON	0xc0

/* The transmitter is always empty. */
#define LSR_IDLE	(UART_LSR_THRE | UART_LSR_TEMT)
/* The modem lines of a peer that is always there. */
#define MSR_CONNECTED	(UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS)
/* 9600 baud; what the divisor says changes nothing. */
#define DIVISOR_LOW	12

/* Field tags: I immutable after create, L under lock. */
struct kage_uart {
	struct kage_iodev dev;		/* I */
	struct kage_vm *vm;		/* I */
	spinlock_t lock;		/* any context */
	u8 ier, fcr, lcr, mcr, msr, scr, dll, dlm;	/* L */
	bool overrun;			/* L LSR.OE */
	bool thre;			/* L the THRE interrupt is latched */
	bool line;			/* L level last driven on the GSI */
	u8 rx[FIFO_DEPTH];		/* L */
	unsigned int rx_first, rx_count;	/* L */
};

static const u8 trigger_levels[] = { 1, 4, 8, 14 };

static unsigned int depth(const struct kage_uart *uart)
{
	return uart->fcr & UART_FCR_ENABLE_FIFO ? FIFO_DEPTH : 1;
}

/* In loopback the receiver is cut off from the line: no room. */
static unsigned int room_locked(const struct kage_uart *uart)
{
	if (uart->mcr & UART_MCR_LOOP)
		return 0;
	return depth(uart) - uart->rx_count;
}

/*
 * The most urgent interrupt. A FIFO below its trigger level reports a time-out
 * at once: what the host had to say is there already.
 */
static u8 pending_locked(const struct kage_uart *uart)
{
	u8 level = trigger_levels[uart->fcr >> UART_FCR_R_TRIG_SHIFT];

	if ((uart->ier & UART_IER_RLSI) && uart->overrun)
		return UART_IIR_RLSI;
	if ((uart->ier & UART_IER_RDI) && uart->rx_count)
		return uart->rx_count >= level ? UART_IIR_RDI :
						 UART_IIR_RX_TIMEOUT;
	if ((uart->ier & UART_IER_THRI) && uart->thre)
		return UART_IIR_THRI;
	if ((uart->ier & UART_IER_MSI) && (uart->msr & UART_MSR_ANY_DELTA))
		return UART_IIR_MSI;
	return UART_IIR_NO_INT;
}

/* On a PC the pin OUT2 gates the interrupt; loopback holds it inactive. */
static void update_line_locked(struct kage_uart *uart)
{
	bool gate = (uart->mcr & (UART_MCR_OUT2 | UART_MCR_LOOP)) ==
		    UART_MCR_OUT2;
	bool line = gate && pending_locked(uart) != UART_IIR_NO_INT;

	lockdep_assert_held(&uart->lock);
	if (line == uart->line)
		return;
	uart->line = line;
	kage_irq_set(uart->vm, KAGE_GSI_COM1, line);
}

static void push_locked(struct kage_uart *uart, u8 byte)
{
	unsigned int at = (uart->rx_first + uart->rx_count) % FIFO_DEPTH;

	uart->rx[at] = byte;
	uart->rx_count++;
}

static u8 pop_locked(struct kage_uart *uart)
{
	u8 byte;

	if (!uart->rx_count)
		return 0;
	byte = uart->rx[uart->rx_first];
	uart->rx_first = (uart->rx_first + 1) % FIFO_DEPTH;
	uart->rx_count--;
	return byte;
}

/*
 * The transmitter feeds the receiver. A full FIFO drops what arrives; without
 * the FIFO the new byte takes the place of the old one.
 */
static void loop_back_locked(struct kage_uart *uart, u8 byte)
{
	unsigned int bits = 5 + (uart->lcr & UART_LCR_WLEN8);

	if (uart->rx_count == depth(uart)) {
		uart->overrun = true;
		if (uart->fcr & UART_FCR_ENABLE_FIFO)
			return;
		pop_locked(uart);
	}
	push_locked(uart, byte & ((1U << bits) - 1));
}

/*
 * A write ends the THRE interrupt and, the byte being gone at once, starts the
 * next one: the line must be seen to fall in between, for it is edge-triggered.
 */
static void write_thr_locked(struct kage_uart *uart, u8 val)
{
	if (uart->mcr & UART_MCR_LOOP)
		loop_back_locked(uart, val);
	uart->thre = false;
	update_line_locked(uart);
	uart->thre = true;
}

/* Enabling the THRE interrupt raises it if the transmitter is empty. */
static void write_ier_locked(struct kage_uart *uart, u8 val)
{
	if (val & ~uart->ier & UART_IER_THRI)
		uart->thre = true;
	uart->ier = val & (UART_IER_RDI | UART_IER_THRI | UART_IER_RLSI |
			   UART_IER_MSI);
}

/* Switching the FIFOs empties them; without bit 0 no other bit counts. */
static void write_fcr_locked(struct kage_uart *uart, u8 val)
{
	if (!(val & UART_FCR_ENABLE_FIFO))
		val = 0;
	if (((val ^ uart->fcr) & UART_FCR_ENABLE_FIFO) ||
	    (val & UART_FCR_CLEAR_RCVR))
		uart->rx_count = 0;
	uart->fcr = val & (UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_MASK);
}

static u8 modem_lines(u8 mcr)
{
	u8 lines = 0;

	if (!(mcr & UART_MCR_LOOP))
		return MSR_CONNECTED;
	if (mcr & UART_MCR_RTS)
		lines |= UART_MSR_CTS;
	if (mcr & UART_MCR_DTR)
		lines |= UART_MSR_DSR;
	if (mcr & UART_MCR_OUT1)
		lines |= UART_MSR_RI;
	if (mcr & UART_MCR_OUT2)
		lines |= UART_MSR_DCD;
	return lines;
}

/* Changes of the modem lines stay noted; of RI only its end counts. */
static void write_mcr_locked(struct kage_uart *uart, u8 val)
{
	u8 lines = modem_lines(val);
	u8 deltas = ((uart->msr ^ lines) >> 4) & UART_MSR_ANY_DELTA;

	if (lines & UART_MSR_RI)
		deltas &= ~UART_MSR_TERI;
	uart->msr = lines | (uart->msr & UART_MSR_ANY_DELTA) | deltas;
	uart->mcr = val & (UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT1 |
			   UART_MCR_OUT2 | UART_MCR_LOOP);
}

/* LSR and MSR are for reading: writes are for the factory. */
static void set_locked(struct kage_uart *uart, u64 reg, u8 val)
{
	const bool dlab = uart->lcr & UART_LCR_DLAB;

	switch (reg) {
	case UART_TX:
		if (dlab)
			uart->dll = val;
		else
			write_thr_locked(uart, val);
		break;
	case UART_IER:
		if (dlab)
			uart->dlm = val;
		else
			write_ier_locked(uart, val);
		break;
	case UART_FCR:
		write_fcr_locked(uart, val);
		break;
	case UART_LCR:
		uart->lcr = val;
		break;
	case UART_MCR:
		write_mcr_locked(uart, val);
		break;
	case UART_SCR:
		uart->scr = val;
		break;
	}
}

/* Being read ends the THRE interrupt, if it is the one that is shown. */
static u8 read_iir_locked(struct kage_uart *uart)
{
	u8 iir = pending_locked(uart);

	if (iir == UART_IIR_THRI)
		uart->thre = false;
	if (uart->fcr & UART_FCR_ENABLE_FIFO)
		iir |= IIR_FIFOS_ON;
	return iir;
}

static u8 read_lsr_locked(struct kage_uart *uart)
{
	u8 lsr = LSR_IDLE;

	if (uart->rx_count)
		lsr |= UART_LSR_DR;
	if (uart->overrun)
		lsr |= UART_LSR_OE;
	uart->overrun = false;
	return lsr;
}

static u8 read_msr_locked(struct kage_uart *uart)
{
	u8 msr = uart->msr;

	uart->msr &= ~UART_MSR_ANY_DELTA;
	return msr;
}

static u8 get_locked(struct kage_uart *uart, u64 reg)
{
	const bool dlab = uart->lcr & UART_LCR_DLAB;

	switch (reg) {
	case UART_RX:
		return dlab ? uart->dll : pop_locked(uart);
	case UART_IER:
		return dlab ? uart->dlm : uart->ier;
	case UART_IIR:
		return read_iir_locked(uart);
	case UART_LCR:
		return uart->lcr;
	case UART_MCR:
		return uart->mcr;
	case UART_LSR:
		return read_lsr_locked(uart);
	case UART_MSR:
		return read_msr_locked(uart);
	case UART_SCR:
		return uart->scr;
	}
	return 0xff;
}

/*
 * Writers are told when the receiver is empty, not for every byte: they then
 * have a whole FIFO to fill.
 */
static bool drained_locked(const struct kage_uart *uart, unsigned int before)
{
	return !uart->rx_count && room_locked(uart) > before;
}

static u8 read_reg(struct kage_uart *uart, u64 reg)
{
	unsigned int before;
	unsigned long flags;
	bool drained;
	u8 val;

	spin_lock_irqsave(&uart->lock, flags);
	before = room_locked(uart);
	val = get_locked(uart, reg);
	update_line_locked(uart);
	drained = drained_locked(uart, before);
	spin_unlock_irqrestore(&uart->lock, flags);

	if (drained)
		kage_console_drained(uart->vm->console);
	return val;
}

static void write_reg(struct kage_uart *uart, u64 reg, u8 val)
{
	unsigned int before;
	unsigned long flags;
	bool drained, sent;

	spin_lock_irqsave(&uart->lock, flags);
	before = room_locked(uart);
	sent = reg == UART_TX && !(uart->lcr & UART_LCR_DLAB) &&
	       !(uart->mcr & UART_MCR_LOOP);
	set_locked(uart, reg, val);
	update_line_locked(uart);
	drained = drained_locked(uart, before);
	spin_unlock_irqrestore(&uart->lock, flags);

	if (sent)
		kage_console_put(uart->vm->console, val);
	if (drained)
		kage_console_drained(uart->vm->console);
}

/* An 8-bit device: a wider access is one access per byte, in order. */
static u64 handle_read(struct kage_iodev *dev, struct kage_vcpu *vcpu, u64 off,
		       unsigned int len)
{
	struct kage_uart *uart = container_of(dev, struct kage_uart, dev);
	unsigned int i;
	u64 val = 0;

	for (i = 0; i < len; i++)
		val |= (u64)read_reg(uart, off + i) << (8 * i);
	return val;
}

static void handle_write(struct kage_iodev *dev, struct kage_vcpu *vcpu,
			 u64 off, unsigned int len, u64 val)
{
	struct kage_uart *uart = container_of(dev, struct kage_uart, dev);
	unsigned int i;

	for (i = 0; i < len; i++)
		write_reg(uart, off + i, val >> (8 * i));
}

static const struct kage_iodev_ops uart_ops = {
	.read = handle_read,
	.write = handle_write,
};

unsigned int kage_uart_room(struct kage_vm *vm)
{
	struct kage_uart *uart = vm->uart;
	unsigned long flags;
	unsigned int room;

	spin_lock_irqsave(&uart->lock, flags);
	room = room_locked(uart);
	spin_unlock_irqrestore(&uart->lock, flags);
	return room;
}

size_t kage_uart_receive(struct kage_vm *vm, const u8 *buf, size_t n)
{
	struct kage_uart *uart = vm->uart;
	unsigned long flags;
	size_t i;

	spin_lock_irqsave(&uart->lock, flags);
	n = min_t(size_t, n, room_locked(uart));
	for (i = 0; i < n; i++)
		push_locked(uart, buf[i]);
	update_line_locked(uart);
	spin_unlock_irqrestore(&uart->lock, flags);
	return n;
}

/* The line is driven whatever we think it is: the far end was reset as well. */
void kage_uart_reset(struct kage_vm *vm)
{
	struct kage_uart *uart = vm->uart;
	unsigned long flags;

	spin_lock_irqsave(&uart->lock, flags);
	uart->ier = 0;
	uart->fcr = 0;
	uart->lcr = 0;
	uart->mcr = 0;
	uart->msr = MSR_CONNECTED;
	uart->scr = 0;
	uart->dll = DIVISOR_LOW;
	uart->dlm = 0;
	uart->overrun = false;
	uart->thre = false;
	uart->rx_count = 0;
	uart->line = false;
	kage_irq_set(vm, KAGE_GSI_COM1, 0);
	spin_unlock_irqrestore(&uart->lock, flags);

	kage_console_drained(vm->console);
}

int kage_uart_create(struct kage_vm *vm)
{
	struct kage_uart *uart;
	int ret;

	uart = kzalloc(sizeof(*uart), GFP_KERNEL_ACCOUNT);
	if (!uart)
		return -ENOMEM;
	uart->dev.ops = &uart_ops;
	uart->vm = vm;
	uart->msr = MSR_CONNECTED;
	uart->dll = DIVISOR_LOW;
	spin_lock_init(&uart->lock);

	ret = kage_bus_add(vm, KAGE_BUS_PIO, &uart->dev, COM1_BASE, COM1_LEN);
	if (ret) {
		kfree(uart);
		return ret;
	}
	vm->uart = uart;
	return 0;
}

void kage_uart_destroy(struct kage_vm *vm)
{
	struct kage_uart *uart = vm->uart;

	if (!uart)
		return;
	kage_bus_remove(vm, KAGE_BUS_PIO, &uart->dev);
	synchronize_rcu();
	vm->uart = NULL;
	kfree(uart);
}
