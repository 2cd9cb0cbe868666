// SPDX-License-Identifier: GPL-2.0
/*
 * The attribute tables: one row per attribute of <linux/kage.h>, under the
 * names that the netlink specification gives them.
 */
#include "attr.h"
#include <linux/kage.h>
#include <stddef.h>

/* Value 0 is not in use: the enumerations start at 1. */
static const char *const state_words[] = {
	"none", "created", "running", "paused", "stopped", NULL
};

static const char *const event_words[] = {
	"none", "created", "deleted", "started", "paused", "resumed", "reset",
	"stopped", "poweroff", "reboot", "killed", NULL
};

static const char *const mem_flag_words[] = { "readonly", NULL };

static const struct attr_desc mem_desc[] = {
	[KAGE_MEM_A_SLOT]	= { "slot", ATTR_U32 },
	[KAGE_MEM_A_FD]		= { "fd", ATTR_S32 },
	[KAGE_MEM_A_FD_OFFSET]	= { "fd-offset", ATTR_ADDR },
	[KAGE_MEM_A_GPA]	= { "gpa", ATTR_ADDR },
	[KAGE_MEM_A_SIZE]	= { "size", ATTR_U64 },
	[KAGE_MEM_A_FLAGS]	= { "flags", ATTR_FLAGS,
				    .words = mem_flag_words },
};

static const struct attr_desc regs_desc[] = {
	[KAGE_REGS_A_RAX]	= { "rax", ATTR_ADDR },
	[KAGE_REGS_A_RCX]	= { "rcx", ATTR_ADDR },
	[KAGE_REGS_A_RDX]	= { "rdx", ATTR_ADDR },
	[KAGE_REGS_A_RBX]	= { "rbx", ATTR_ADDR },
	[KAGE_REGS_A_RSP]	= { "rsp", ATTR_ADDR },
	[KAGE_REGS_A_RBP]	= { "rbp", ATTR_ADDR },
	[KAGE_REGS_A_RSI]	= { "rsi", ATTR_ADDR },
	[KAGE_REGS_A_RDI]	= { "rdi", ATTR_ADDR },
	[KAGE_REGS_A_R8]	= { "r8", ATTR_ADDR },
	[KAGE_REGS_A_R9]	= { "r9", ATTR_ADDR },
	[KAGE_REGS_A_R10]	= { "r10", ATTR_ADDR },
	[KAGE_REGS_A_R11]	= { "r11", ATTR_ADDR },
	[KAGE_REGS_A_R12]	= { "r12", ATTR_ADDR },
	[KAGE_REGS_A_R13]	= { "r13", ATTR_ADDR },
	[KAGE_REGS_A_R14]	= { "r14", ATTR_ADDR },
	[KAGE_REGS_A_R15]	= { "r15", ATTR_ADDR },
	[KAGE_REGS_A_RIP]	= { "rip", ATTR_ADDR },
	[KAGE_REGS_A_RFLAGS]	= { "rflags", ATTR_ADDR },
	[KAGE_REGS_A_CR0]	= { "cr0", ATTR_ADDR },
	[KAGE_REGS_A_CR2]	= { "cr2", ATTR_ADDR },
	[KAGE_REGS_A_CR3]	= { "cr3", ATTR_ADDR },
	[KAGE_REGS_A_CR4]	= { "cr4", ATTR_ADDR },
	[KAGE_REGS_A_EFER]	= { "efer", ATTR_ADDR },
	[KAGE_REGS_A_GDT_BASE]	= { "gdt-base", ATTR_ADDR },
	[KAGE_REGS_A_GDT_LIMIT]	= { "gdt-limit", ATTR_ADDR },
	[KAGE_REGS_A_IDT_BASE]	= { "idt-base", ATTR_ADDR },
	[KAGE_REGS_A_IDT_LIMIT]	= { "idt-limit", ATTR_ADDR },
};

static const struct attr_desc nic_desc[] = {
	[KAGE_NIC_A_NAME]	= { "name", ATTR_STRING },
	[KAGE_NIC_A_IFINDEX]	= { "ifindex", ATTR_U32 },
	[KAGE_NIC_A_MAC]	= { "mac", ATTR_MAC },
	[KAGE_NIC_A_MTU]	= { "mtu", ATTR_U32 },
	[KAGE_NIC_A_SLOT]	= { "slot", ATTR_U32 },
};

static const struct attr_desc stat_desc[] = {
	[KAGE_STAT_A_NAME]	= { "name", ATTR_STRING },
	[KAGE_STAT_A_VALUE]	= { "value", ATTR_U64 },
};

#define SET(_desc) { _desc, sizeof(_desc) / sizeof((_desc)[0]) - 1 }

static const struct attr_set mem_set = SET(mem_desc);
static const struct attr_set regs_set = SET(regs_desc);
static const struct attr_set nic_set = SET(nic_desc);
static const struct attr_set stat_set = SET(stat_desc);

static const struct attr_desc top_desc[] = {
	[KAGE_A_VM_ID]		= { "vm-id", ATTR_U32 },
	[KAGE_A_VM_NAME]	= { "vm-name", ATTR_STRING },
	[KAGE_A_VM_STATE]	= { "vm-state", ATTR_ENUM,
				    .words = state_words },
	[KAGE_A_VM_VCPUS]	= { "vm-vcpus", ATTR_U32 },
	[KAGE_A_VM_CONSOLE]	= { "vm-console", ATTR_U32 },
	[KAGE_A_VM_SHADOW_PAGES] = { "vm-shadow-pages", ATTR_U32 },
	[KAGE_A_VM_REASON]	= { "vm-reason", ATTR_STRING },
	[KAGE_A_VM_BOOT]	= { "vm-boot", ATTR_STRING },
	[KAGE_A_EVENT]		= { "event", ATTR_ENUM,
				    .words = event_words },
	[KAGE_A_VCPU_ID]	= { "vcpu-id", ATTR_U32 },
	[KAGE_A_MEM]		= { "mem", ATTR_NEST, .nest = &mem_set },
	[KAGE_A_REGS]		= { "regs", ATTR_NEST, .nest = &regs_set },
	[KAGE_A_NIC]		= { "nic", ATTR_NEST, .nest = &nic_set },
	[KAGE_A_STATS_SOURCE]	= { "stats-source", ATTR_STRING },
	[KAGE_A_STAT]		= { "stat", ATTR_NEST, .multi = true,
				    .nest = &stat_set },
	[KAGE_A_AUDIT_ERRORS]	= { "audit-errors", ATTR_U32 },
};

const struct attr_set kage_attrs = SET(top_desc);

const struct attr_desc *attr_find(const struct attr_set *set, int type)
{
	if (type < 0 || type > set->max || !set->desc[type].name)
		return NULL;
	return &set->desc[type];
}

const char *attr_word(const char *const *words, unsigned int idx)
{
	while (*words && idx) {
		words++;
		idx--;
	}
	return *words;
}
