/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The console of a machine: the far end of its serial line, as the terminal
 * /dev/ttyKAGE<n> of the host.
 *
 * What the guest prints while nobody has the terminal open is kept (the last
 * 64 KiB) and given to whoever opens it next.
 */
#ifndef _KAGE_DEV_CONSOLE_H
#define _KAGE_DEV_CONSOLE_H

#include "../types.h"

struct kage_console;

/** kage_console_init() - register the terminal driver; at module load */
int kage_console_init(void);
/** kage_console_uninit() - the reverse; every console is destroyed */
void kage_console_uninit(void);

/**
 * kage_console_create() - give a machine its terminal
 *
 * Context: process; after kage_uart_create(), for the host may write to the
 * terminal at once.
 * Return: 0 with vm->console set, -ENOSPC if every terminal is taken, -ENOMEM,
 * or what registering the device returns.
 */
int kage_console_create(struct kage_vm *vm);

/**
 * kage_console_destroy() - hang up and take the terminal away
 *
 * Harmless if never created. The terminal may be open: its readers see the end
 * of the file. The number is free again when the last of them has closed it.
 * Context: process, sleeps; no vCPU runs, but vCPUs and interrupt controllers
 * still exist, for input raises interrupts; before kage_uart_destroy().
 */
void kage_console_destroy(struct kage_vm *vm);

/**
 * kage_console_index() - n of /dev/ttyKAGEn
 *
 * Context: any, also while another task destroys the console.
 * Return: 0 or above, or -ENOENT when there is none (any more).
 */
int kage_console_index(struct kage_vm *vm);

/**
 * kage_console_put() - the guest sent a byte
 *
 * Never waits: when the reader is slow the oldest bytes are lost. @con may be
 * NULL. Context: any, but not under the lock of the serial port.
 */
void kage_console_put(struct kage_console *con, u8 byte);

/**
 * kage_console_drained() - the guest read all that had arrived
 *
 * Writers that found no room are woken. @con may be NULL. Context: as
 * kage_console_put().
 */
void kage_console_drained(struct kage_console *con);

#endif /* _KAGE_DEV_CONSOLE_H */
