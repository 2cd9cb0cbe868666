// SPDX-License-Identifier: GPL-2.0
/*
 * The ports that KVM leaves to its user: a UART whose lines are stdin and
 * stdout, a clock that stands still, power-off, reset. All others float.
 *
 * The guest hears of input when it looks, not by an interrupt.
 */
#include "kvm_run.h"
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define UART		0x3f8
#define UART_IRQ	4
#define CMOS_INDEX	0x70
#define CMOS_DATA	0x71
#define PM_CONTROL	0x604
#define RESET		0xcf9
#define KBD_CMD		0x64
#define KBD_PULSE_RESET	0xfe
#define SLP_EN		0x2000
#define RESET_CPU	4

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };
enum { IER_THRE = 2, IIR_NONE = 1, IIR_THRE = 2, LCR_DLAB = 0x80,
       LSR_DATA = 1, LSR_IDLE = 0x60, MSR_LINES = 0xb0 };

static struct {
	uint8_t ier, lcr, mcr, scr, divisor[2];
	uint8_t input;
	bool has_input;
	bool sent;		/* nobody has been told yet */
} uart;

static void update_irq(const struct machine *m)
{
	struct kvm_irq_level irq = {
		.irq = UART_IRQ,
		.level = (uart.ier & IER_THRE) && uart.sent,
	};

	ioctl(m->vm, KVM_IRQ_LINE, &irq);
}

static void look_for_input(void)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };

	if (uart.has_input || poll(&fd, 1, 0) != 1 || !(fd.revents & POLLIN))
		return;
	uart.has_input = read(STDIN_FILENO, &uart.input, 1) == 1;
}

static uint8_t uart_read(const struct machine *m, unsigned int reg)
{
	uint8_t val;

	if (reg < IIR && (uart.lcr & LCR_DLAB))
		return uart.divisor[reg];
	switch (reg) {
	case DATA:
		val = uart.has_input ? uart.input : 0;
		uart.has_input = false;
		return val;
	case IER:
		return uart.ier;
	case IIR:
		val = (uart.ier & IER_THRE) && uart.sent ? IIR_THRE : IIR_NONE;
		uart.sent = false;
		update_irq(m);
		return val;
	case LCR:
		return uart.lcr;
	case MCR:
		return uart.mcr;
	case LSR:
		look_for_input();
		return LSR_IDLE | (uart.has_input ? LSR_DATA : 0);
	case MSR:
		return MSR_LINES;
	default:
		return uart.scr;
	}
}

static void uart_write(const struct machine *m, unsigned int reg, uint8_t val)
{
	if (reg < IIR && (uart.lcr & LCR_DLAB)) {
		uart.divisor[reg] = val;
		return;
	}
	switch (reg) {
	case DATA:
		putchar(val);
		uart.sent = true;
		break;
	case IER:
		uart.sent |= val & ~uart.ier & IER_THRE;
		uart.ier = val & 0xf;
		break;
	case LCR:
		uart.lcr = val;
		break;
	case MCR:
		uart.mcr = val;
		break;
	case SCR:
		uart.scr = val;
		break;
	}
	update_irq(m);
}

static uint8_t cmos_index;

/* Linux waits for seconds where the clock is always about to change. */
static uint8_t cmos_read(void)
{
	static const uint8_t registers[128] = {
		[6] = 5, [7] = 1, [8] = 1, [9] = 0x26,	/* Thursday, 1 Jan 26 */
		[0xa] = 0x26, [0xb] = 0x02, [0xd] = 0x80, [0x32] = 0x20,
	};

	return registers[cmos_index & 0x7f];
}

static bool ends(uint16_t port, uint32_t val, enum stop *stop)
{
	*stop = port == PM_CONTROL ? STOP_NOT : STOP_RESET;
	switch (port) {
	case PM_CONTROL:
		return val & SLP_EN;
	case RESET:
		return val & RESET_CPU;
	case KBD_CMD:
		return val == KBD_PULSE_RESET;
	default:
		return false;
	}
}

bool ports_access(const struct machine *m, uint16_t port, void *data,
		  unsigned int len, bool out, enum stop *stop)
{
	bool is_uart = port >= UART && port < UART + 8;
	uint32_t val = 0;

	if (out) {
		memcpy(&val, data, len);
		if (is_uart)
			uart_write(m, port - UART, val);
		if (port == CMOS_INDEX)
			cmos_index = val;
		return ends(port, val, stop);
	}
	memset(data, 0xff, len);
	if (is_uart)
		*(uint8_t *)data = uart_read(m, port - UART);
	if (port == CMOS_DATA)
		*(uint8_t *)data = cmos_read();
	return false;
}
