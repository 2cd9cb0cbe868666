/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The serial port of a machine: a 16550A at I/O port 0x3f8, interrupt 4, whose
 * line goes to the console (dev/console.h).
 */
#ifndef _KAGE_DEV_UART_H
#define _KAGE_DEV_UART_H

#include "../types.h"

/**
 * kage_uart_create() - make the port and claim its I/O range
 *
 * Context: process; after kage_irqchip_create(). Return: 0 with vm->uart set, -ENOMEM, or what
 * kage_bus_add() returns.
 */
int kage_uart_create(struct kage_vm *vm);

/**
 * kage_uart_destroy() - the reverse; harmless if never created
 *
 * Context: process, may sleep. No vCPU runs and the console is gone already.
 */
void kage_uart_destroy(struct kage_vm *vm);

/**
 * kage_uart_reset() - power-on state; what was received is lost
 *
 * Context: any. No vCPU runs.
 */
void kage_uart_reset(struct kage_vm *vm);

/**
 * kage_uart_room() - how many bytes kage_uart_receive() would take now
 *
 * Context: any. Return: 0 to 16.
 */
unsigned int kage_uart_room(struct kage_vm *vm);

/**
 * kage_uart_receive() - bytes arrive on the line
 *
 * Never overruns the receiver: what it has no room for stays with the caller,
 * whom kage_console_drained() tells when the guest has read. Context: any.
 * Return: how many bytes were taken, 0 to @n.
 */
size_t kage_uart_receive(struct kage_vm *vm, const u8 *buf, size_t n);

#endif /* _KAGE_DEV_UART_H */
