/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The kage generic netlink interface: everything that user space can say to
 * the module, and everything that the module says back.
 *
 * Every command but KAGE_CMD_VM_NEW and the dumps names its machine by
 * KAGE_A_VM_ID or KAGE_A_VM_NAME. Requests carry the attributes listed here;
 * anything else is refused. VM_GET, MEM_GET, NIC_GET and STATS_GET need no
 * privilege; every other command needs CAP_NET_ADMIN and CAP_SYS_ADMIN in the
 * initial user namespace.
 *
 *  VM_NEW     VM_NAME [VM_VCPUS] [VM_SHADOW_PAGES] [VM_BOOT]    -> a VM object
 *  VM_DEL     VM
 *  VM_GET     VM, or a dump                                     -> VM objects
 *  VM_START   VM            VM_STOP    VM
 *  VM_PAUSE   VM            VM_RESUME  VM
 *  VM_RESET   VM            back to power-on, memory kept, state "created"
 *  MEM_MAP    VM MEM{FD FD_OFFSET GPA SIZE [FLAGS]}             -> a MEM object
 *  MEM_UNMAP  VM MEM{SLOT}
 *  MEM_GET    a dump, VM optional                               -> MEM objects
 *  MEM_OPEN   VM MEM{SLOT}  -> MEM{SLOT FD FD_OFFSET}: a new descriptor of the
 *             caller's, and where in the file the slot begins
 *  VCPU_SET   VM VCPU_ID REGS{...}     only in the state "created"
 *  VCPU_GET   VM VCPU_ID               -> VCPU_ID REGS{...}
 *  NIC_NEW    VM NIC{[NAME] [MAC] [MTU]}                        -> a NIC object
 *  NIC_DEL    VM NIC{IFINDEX}
 *  NIC_GET    a dump, VM optional                               -> NIC objects
 *  STATS_GET  a dump, VM optional            -> one STATS object per source
 *  MMU_AUDIT  VM            -> AUDIT_ERRORS; checks every shadow entry
 *
 *  VM_EVENT   to the multicast group "events"     VM object + EVENT
 *
 * A VM object:    VM_ID VM_NAME VM_STATE VM_VCPUS VM_CONSOLE
 *                 VM_SHADOW_PAGES [VM_REASON] [VM_BOOT]
 * A MEM object:   VM_ID VM_NAME MEM{SLOT FD_OFFSET GPA SIZE FLAGS}
 * A NIC object:   VM_ID VM_NAME NIC{NAME IFINDEX MAC MTU SLOT}
 * A STATS object: VM_ID VM_NAME STATS_SOURCE STAT{NAME VALUE} ...
 */
#ifndef _UAPI_LINUX_KAGE_H
#define _UAPI_LINUX_KAGE_H

#define KAGE_GENL_NAME		"kage"
#define KAGE_GENL_VERSION	1
#define KAGE_MCGRP_EVENTS	"events"

#define KAGE_NAME_MAX		31	/* bytes in a VM's name */
#define KAGE_REASON_MAX		511	/* bytes in a stop reason */
#define KAGE_BOOT_MAX		4095	/* bytes in a boot note */
#define KAGE_MAX_VCPUS		8
#define KAGE_MAX_SLOTS		16
#define KAGE_MAX_NICS		4

enum kage_cmd {
	KAGE_CMD_VM_NEW = 1,
	KAGE_CMD_VM_DEL,
	KAGE_CMD_VM_GET,
	KAGE_CMD_VM_START,
	KAGE_CMD_VM_STOP,
	KAGE_CMD_VM_PAUSE,
	KAGE_CMD_VM_RESUME,
	KAGE_CMD_VM_RESET,
	KAGE_CMD_MEM_MAP,
	KAGE_CMD_MEM_UNMAP,
	KAGE_CMD_MEM_GET,
	KAGE_CMD_MEM_OPEN,
	KAGE_CMD_VCPU_SET,
	KAGE_CMD_VCPU_GET,
	KAGE_CMD_NIC_NEW,
	KAGE_CMD_NIC_DEL,
	KAGE_CMD_NIC_GET,
	KAGE_CMD_STATS_GET,
	KAGE_CMD_MMU_AUDIT,
	KAGE_CMD_VM_EVENT,

	__KAGE_CMD_MAX,
	KAGE_CMD_MAX = __KAGE_CMD_MAX - 1
};

/**
 * enum kage_attr - top-level attributes
 * @KAGE_A_VM_ID: u32, never 0, never reused while the module is loaded
 * @KAGE_A_VM_NAME: string, [A-Za-z][A-Za-z0-9._-]*, KAGE_NAME_MAX bytes
 * @KAGE_A_VM_STATE: u32, enum kage_vm_state
 * @KAGE_A_VM_VCPUS: u32, 1 to KAGE_MAX_VCPUS, default 1
 * @KAGE_A_VM_CONSOLE: u32, n of /dev/ttyKAGEn
 * @KAGE_A_VM_SHADOW_PAGES: u32, limit of live shadow pages, 0: 2 % of RAM
 * @KAGE_A_VM_REASON: string, why the VM stopped
 * @KAGE_A_VM_BOOT: string, kept for the tool and never read by the module
 * @KAGE_A_EVENT: u32, enum kage_event
 * @KAGE_A_VCPU_ID: u32
 * @KAGE_A_MEM: nest of enum kage_mem_attr
 * @KAGE_A_REGS: nest of enum kage_regs_attr
 * @KAGE_A_NIC: nest of enum kage_nic_attr
 * @KAGE_A_STATS_SOURCE: string: "vm", "mmu", "vcpu0", or a NIC's name
 * @KAGE_A_STAT: nest of enum kage_stat_attr, repeated
 * @KAGE_A_AUDIT_ERRORS: u32, entries that differ from what they must be
 * @KAGE_A_PAD: padding of 64-bit values
 */
enum kage_attr {
	KAGE_A_VM_ID = 1,
	KAGE_A_VM_NAME,
	KAGE_A_VM_STATE,
	KAGE_A_VM_VCPUS,
	KAGE_A_VM_CONSOLE,
	KAGE_A_VM_SHADOW_PAGES,
	KAGE_A_VM_REASON,
	KAGE_A_VM_BOOT,
	KAGE_A_EVENT,
	KAGE_A_VCPU_ID,
	KAGE_A_MEM,
	KAGE_A_REGS,
	KAGE_A_NIC,
	KAGE_A_STATS_SOURCE,
	KAGE_A_STAT,
	KAGE_A_AUDIT_ERRORS,
	KAGE_A_PAD,

	__KAGE_A_MAX,
	KAGE_A_MAX = __KAGE_A_MAX - 1
};

/**
 * enum kage_mem_attr - a slot of guest RAM
 * @KAGE_MEM_A_SLOT: u32, chosen by the module
 * @KAGE_MEM_A_FD: s32, a memfd of the caller's, or a file in a tmpfs
 * @KAGE_MEM_A_FD_OFFSET: u64, multiple of 4096
 * @KAGE_MEM_A_GPA: u64, multiple of 4096, below 2^40
 * @KAGE_MEM_A_SIZE: u64, multiple of 4096, not 0
 * @KAGE_MEM_A_FLAGS: u32, KAGE_MEM_F_*
 * @KAGE_MEM_A_PAD: padding
 */
enum kage_mem_attr {
	KAGE_MEM_A_SLOT = 1,
	KAGE_MEM_A_FD,
	KAGE_MEM_A_FD_OFFSET,
	KAGE_MEM_A_GPA,
	KAGE_MEM_A_SIZE,
	KAGE_MEM_A_FLAGS,
	KAGE_MEM_A_PAD,

	__KAGE_MEM_A_MAX,
	KAGE_MEM_A_MAX = __KAGE_MEM_A_MAX - 1
};

#define KAGE_MEM_F_READONLY	(1U << 0)	/* guest writes are dropped */

/**
 * enum kage_regs_attr - a vCPU's state, every value a u64
 *
 * RAX to R15 stand in the order in which instructions encode the registers.
 * GDT_BASE and what follows describe where a 64-bit guest starts: VCPU_SET
 * gives CS, SS, DS, ES, FS and GS the flat 64-bit state with selector 0x10
 * (CS) and 0x18 (the others).
 */
enum kage_regs_attr {
	KAGE_REGS_A_RAX = 1,
	KAGE_REGS_A_RCX,
	KAGE_REGS_A_RDX,
	KAGE_REGS_A_RBX,
	KAGE_REGS_A_RSP,
	KAGE_REGS_A_RBP,
	KAGE_REGS_A_RSI,
	KAGE_REGS_A_RDI,
	KAGE_REGS_A_R8,
	KAGE_REGS_A_R9,
	KAGE_REGS_A_R10,
	KAGE_REGS_A_R11,
	KAGE_REGS_A_R12,
	KAGE_REGS_A_R13,
	KAGE_REGS_A_R14,
	KAGE_REGS_A_R15,
	KAGE_REGS_A_RIP,
	KAGE_REGS_A_RFLAGS,
	KAGE_REGS_A_CR0,
	KAGE_REGS_A_CR2,
	KAGE_REGS_A_CR3,
	KAGE_REGS_A_CR4,
	KAGE_REGS_A_EFER,
	KAGE_REGS_A_GDT_BASE,
	KAGE_REGS_A_GDT_LIMIT,
	KAGE_REGS_A_IDT_BASE,
	KAGE_REGS_A_IDT_LIMIT,
	KAGE_REGS_A_PAD,

	__KAGE_REGS_A_MAX,
	KAGE_REGS_A_MAX = __KAGE_REGS_A_MAX - 1
};

/**
 * enum kage_nic_attr - a virtio-net device and its host interface
 * @KAGE_NIC_A_NAME: string, the host interface's name; default "kage%d"
 * @KAGE_NIC_A_IFINDEX: u32, in the sender's network namespace; absent from a
 *                      reply while the interface is in another one
 * @KAGE_NIC_A_MAC: 6 bytes, the guest's address; default random, local
 * @KAGE_NIC_A_MTU: u32, 68 to 65535, default 1500
 * @KAGE_NIC_A_SLOT: u32, device number on PCI bus 0
 */
enum kage_nic_attr {
	KAGE_NIC_A_NAME = 1,
	KAGE_NIC_A_IFINDEX,
	KAGE_NIC_A_MAC,
	KAGE_NIC_A_MTU,
	KAGE_NIC_A_SLOT,

	__KAGE_NIC_A_MAX,
	KAGE_NIC_A_MAX = __KAGE_NIC_A_MAX - 1
};

enum kage_stat_attr {
	KAGE_STAT_A_NAME = 1,	/* string */
	KAGE_STAT_A_VALUE,	/* u64 */
	KAGE_STAT_A_PAD,

	__KAGE_STAT_A_MAX,
	KAGE_STAT_A_MAX = __KAGE_STAT_A_MAX - 1
};

enum kage_vm_state {
	KAGE_VM_CREATED = 1,	/* never run, or reset */
	KAGE_VM_RUNNING,
	KAGE_VM_PAUSED,
	KAGE_VM_STOPPED,	/* by itself, by VM_STOP, or by an error: see the reason */
};

enum kage_event {
	KAGE_EVENT_CREATED = 1,
	KAGE_EVENT_DELETED,
	KAGE_EVENT_STARTED,
	KAGE_EVENT_PAUSED,
	KAGE_EVENT_RESUMED,
	KAGE_EVENT_RESET,
	KAGE_EVENT_STOPPED,	/* by VM_STOP */
	KAGE_EVENT_POWEROFF,	/* by the guest, ACPI S5 */
	KAGE_EVENT_REBOOT,	/* by the guest, reset register or triple fault */
	KAGE_EVENT_KILLED,	/* the guest did what kage does not serve */
};

#endif /* _UAPI_LINUX_KAGE_H */
