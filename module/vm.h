/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtual machine: its memory, its shadow MMU, its vCPUs and its devices.
 *
 * Field tags: I immutable after create, V vm->lock, a atomic; parts with a
 * lock of their own say so in their headers.
 */
#ifndef _KAGE_VM_H
#define _KAGE_VM_H

#include "types.h"
#include "dev/bus.h"
#include "mmu/mem.h"
#include "mmu/shadow.h"
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <uapi/linux/kage.h>

struct kage_console;
struct kage_irqchip;
struct kage_nic;
struct kage_pci;
struct kage_pit;
struct kage_pm;
struct kage_rtc;
struct kage_uart;
struct net;

struct kage_vm {
	char name[KAGE_NAME_MAX + 1];	/* I */
	u32 id;				/* I */
	struct kref ref;
	struct mutex lock;		/* state changes, devices, VCPU_SET */
	enum kage_vm_state state;	/* V, read by anyone */
	char *boot;			/* V the tool's note */

	/* The first reason to stop wins; reason_work turns it into a state. */
	spinlock_t reason_lock;
	char reason[KAGE_REASON_MAX + 1];	/* reason_lock */
	enum kage_event reason_event;		/* reason_lock; 0: none */
	struct work_struct reason_work;

	struct kage_mem mem;
	struct kage_mmu mmu;
	struct kage_bus bus[KAGE_NR_BUSES];

	unsigned int nr_vcpus;		/* I */
	struct kage_vcpu *vcpus[KAGE_MAX_VCPUS];	/* I */
	bool run;			/* a vCPUs may enter the guest */
	bool broken;			/* a machine check: never to run again */
	wait_queue_head_t parked_wq;	/* vCPUs that parked wake this */

	struct kage_irqchip *irq;	/* I */
	struct kage_console *console;	/* I */
	struct kage_uart *uart;		/* I */
	struct kage_pit *pit;		/* I */
	struct kage_rtc *rtc;		/* I */
	struct kage_pm *pm;		/* I */
	struct kage_pci *pci;		/* I */
	struct kage_nic *nics[KAGE_MAX_NICS];	/* V */
};

/**
 * kage_vm_shutdown() - stop the machine from within
 * @event: KAGE_EVENT_POWEROFF, _REBOOT or _KILLED
 * @reason: one sentence without a full stop, or NULL
 *
 * The first call since the last start wins. Context: any. The state change
 * and its event follow from a work item.
 */
void kage_vm_shutdown(struct kage_vm *vm, enum kage_event event,
		      const char *reason);

/**
 * kage_vm_event() - tell the multicast group
 *
 * Context: process, may sleep.
 */
void kage_vm_event(struct kage_vm *vm, enum kage_event event);

/** kage_vm_set_event_sink() - who tells the world; NULL: nobody */
void kage_vm_set_event_sink(void (*sink)(struct kage_vm *vm,
					 enum kage_event event));

/**
 * kage_vm_create() - make a machine and enter it in the table
 * @name: valid by kage_vm_name_valid()
 * @nr_vcpus: 1 to KAGE_MAX_VCPUS
 * @shadow_pages: limit of shadow pages, 0 for 2 % of RAM
 * @boot: the tool's note, or NULL
 *
 * Return: the machine with a reference for the caller, or ERR_PTR: -EEXIST
 * for a name in use, -ENOMEM, -ENOSPC when every console is taken.
 */
struct kage_vm *kage_vm_create(const char *name, unsigned int nr_vcpus,
			       u32 shadow_pages, const char *boot);
bool kage_vm_name_valid(const char *name);
/** kage_vm_find() - by id, or by name where @id is 0; takes a reference */
struct kage_vm *kage_vm_find(u32 id, const char *name);
/** kage_vm_next() - the machine with the smallest id above @id, referenced */
struct kage_vm *kage_vm_next(u32 id);
void kage_vm_put(struct kage_vm *vm);

/*
 * State changes; vm->lock is taken inside. -EINVAL: not in this state.
 * start: created -> running. stop: running, paused -> stopped. pause, resume:
 * running <-> paused. reset: any but running and paused -> created.
 * -EIO: the hardware failed under it, and it can only be deleted.
 * delete: stops it if needed, takes it out of the table and gives up its parts;
 * -ENOENT if another caller was first.
 */
int kage_vm_start(struct kage_vm *vm);
int kage_vm_stop(struct kage_vm *vm);
int kage_vm_pause(struct kage_vm *vm);
int kage_vm_resume(struct kage_vm *vm);
int kage_vm_reset(struct kage_vm *vm);
int kage_vm_delete(struct kage_vm *vm);

/**
 * kage_vm_unmap() - kage_mem_unmap() whatever the state
 *
 * The vCPUs of a running machine are held meanwhile. Context: vm->lock held.
 */
int kage_vm_unmap(struct kage_vm *vm, u32 slot);

/** kage_vm_stats() - report the machine's own counters */
int kage_vm_stats(struct kage_vm *vm, struct kage_stat_sink *sink);

/** kage_vm_uninit() - the table is empty: every machine pins the module */
void kage_vm_uninit(void);

#endif /* _KAGE_VM_H */
