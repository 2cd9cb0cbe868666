// SPDX-License-Identifier: GPL-2.0
/*
 * What each netlink request may carry, and in which limits.
 *
 * Every array reaches to the end of its enum, so that handlers may look at any
 * attribute; what is not listed is refused. selftests/spec_test.py holds these
 * tables against the specification, and reads no more of C than they need.
 */
#include "netlink_priv.h"
#include <linux/etherdevice.h>
#include <linux/if.h>

/* Not const: the oldest kernel's struct nla_policy does not point to const. */

static struct netlink_range_validation gpa_range = {
	.max = (1ULL << KAGE_MAXPHYADDR) - KAGE_PAGE_SIZE,
};

static struct netlink_range_validation size_range = {
	.min = KAGE_PAGE_SIZE,
	.max = 1ULL << KAGE_MAXPHYADDR,
};

static struct netlink_range_validation offset_range = {
	.max = S64_MAX,
};

static struct netlink_range_validation mtu_range = {
	.min = 68,
	.max = 65535,
};

const struct nla_policy kage_mem_map_policy[KAGE_MEM_A_MAX + 1] = {
	[KAGE_MEM_A_FD] = NLA_POLICY_MIN(NLA_S32, 0),
	[KAGE_MEM_A_FD_OFFSET] = NLA_POLICY_FULL_RANGE(NLA_U64, &offset_range),
	[KAGE_MEM_A_GPA] = NLA_POLICY_FULL_RANGE(NLA_U64, &gpa_range),
	[KAGE_MEM_A_SIZE] = NLA_POLICY_FULL_RANGE(NLA_U64, &size_range),
	[KAGE_MEM_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, KAGE_MEM_F_READONLY),
};

const struct nla_policy kage_mem_slot_policy[KAGE_MEM_A_MAX + 1] = {
	[KAGE_MEM_A_SLOT] = { .type = NLA_U32 },
};

const struct nla_policy kage_regs_policy[KAGE_REGS_A_MAX + 1] = {
	[KAGE_REGS_A_RAX ... KAGE_REGS_A_IDT_LIMIT] = { .type = NLA_U64 },
};

const struct nla_policy kage_nic_new_policy[KAGE_NIC_A_MAX + 1] = {
	[KAGE_NIC_A_NAME] = { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[KAGE_NIC_A_MAC] = NLA_POLICY_EXACT_LEN(ETH_ALEN),
	[KAGE_NIC_A_MTU] = NLA_POLICY_FULL_RANGE(NLA_U32, &mtu_range),
};

const struct nla_policy kage_nic_ref_policy[KAGE_NIC_A_MAX + 1] = {
	[KAGE_NIC_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

const struct nla_policy kage_vm_new_policy[KAGE_A_MAX + 1] = {
	[KAGE_A_VM_NAME] = { .type = NLA_NUL_STRING, .len = KAGE_NAME_MAX },
	[KAGE_A_VM_VCPUS] = NLA_POLICY_RANGE(NLA_U32, 1, KAGE_MAX_VCPUS),
	[KAGE_A_VM_SHADOW_PAGES] = { .type = NLA_U32 },
	[KAGE_A_VM_BOOT] = { .type = NLA_NUL_STRING, .len = KAGE_BOOT_MAX },
};

const struct nla_policy kage_vm_policy[KAGE_A_MAX + 1] = {
	[KAGE_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KAGE_A_VM_NAME] = { .type = NLA_NUL_STRING, .len = KAGE_NAME_MAX },
};

const struct nla_policy kage_vm_mem_map_policy[KAGE_A_MAX + 1] = {
	[KAGE_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KAGE_A_VM_NAME] = { .type = NLA_NUL_STRING, .len = KAGE_NAME_MAX },
	[KAGE_A_MEM] = NLA_POLICY_NESTED(kage_mem_map_policy),
};

const struct nla_policy kage_vm_mem_slot_policy[KAGE_A_MAX + 1] = {
	[KAGE_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KAGE_A_VM_NAME] = { .type = NLA_NUL_STRING, .len = KAGE_NAME_MAX },
	[KAGE_A_MEM] = NLA_POLICY_NESTED(kage_mem_slot_policy),
};

const struct nla_policy kage_vcpu_set_policy[KAGE_A_MAX + 1] = {
	[KAGE_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KAGE_A_VM_NAME] = { .type = NLA_NUL_STRING, .len = KAGE_NAME_MAX },
	[KAGE_A_VCPU_ID] = NLA_POLICY_MAX(NLA_U32, KAGE_MAX_VCPUS - 1),
	[KAGE_A_REGS] = NLA_POLICY_NESTED(kage_regs_policy),
};

const struct nla_policy kage_vcpu_get_policy[KAGE_A_MAX + 1] = {
	[KAGE_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KAGE_A_VM_NAME] = { .type = NLA_NUL_STRING, .len = KAGE_NAME_MAX },
	[KAGE_A_VCPU_ID] = NLA_POLICY_MAX(NLA_U32, KAGE_MAX_VCPUS - 1),
};

const struct nla_policy kage_vm_nic_new_policy[KAGE_A_MAX + 1] = {
	[KAGE_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KAGE_A_VM_NAME] = { .type = NLA_NUL_STRING, .len = KAGE_NAME_MAX },
	[KAGE_A_NIC] = NLA_POLICY_NESTED(kage_nic_new_policy),
};

const struct nla_policy kage_vm_nic_ref_policy[KAGE_A_MAX + 1] = {
	[KAGE_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KAGE_A_VM_NAME] = { .type = NLA_NUL_STRING, .len = KAGE_NAME_MAX },
	[KAGE_A_NIC] = NLA_POLICY_NESTED(kage_nic_ref_policy),
};
