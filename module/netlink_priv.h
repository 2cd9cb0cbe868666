/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the netlink family share:
 *
 *   netlink.c         the family, the requests on a machine as a whole, events
 *   netlink_policy.c  what each request may carry
 *   netlink_msg.c     refusing, finding and locking the machine, messages
 *   netlink_parts.c   memory, vCPUs and network interfaces of a machine
 *   netlink_stats.c   counters
 */
#ifndef _KAGE_NETLINK_PRIV_H
#define _KAGE_NETLINK_PRIV_H

#include "types.h"
#include <net/genetlink.h>
#include <net/netlink.h>
#include <uapi/linux/kage.h>

extern struct genl_family kage_netlink_family;

/* Policies of nests. */
extern const struct nla_policy kage_mem_map_policy[KAGE_MEM_A_MAX + 1];
extern const struct nla_policy kage_mem_slot_policy[KAGE_MEM_A_MAX + 1];
extern const struct nla_policy kage_regs_policy[KAGE_REGS_A_MAX + 1];
extern const struct nla_policy kage_nic_new_policy[KAGE_NIC_A_MAX + 1];
extern const struct nla_policy kage_nic_ref_policy[KAGE_NIC_A_MAX + 1];

/* Policies of requests. */
extern const struct nla_policy kage_vm_new_policy[KAGE_A_MAX + 1];
extern const struct nla_policy kage_vm_policy[KAGE_A_MAX + 1];
extern const struct nla_policy kage_vm_mem_map_policy[KAGE_A_MAX + 1];
extern const struct nla_policy kage_vm_mem_slot_policy[KAGE_A_MAX + 1];
extern const struct nla_policy kage_vcpu_set_policy[KAGE_A_MAX + 1];
extern const struct nla_policy kage_vcpu_get_policy[KAGE_A_MAX + 1];
extern const struct nla_policy kage_vm_nic_new_policy[KAGE_A_MAX + 1];
extern const struct nla_policy kage_vm_nic_ref_policy[KAGE_A_MAX + 1];

/**
 * struct kage_nest - a nest and what it must hold
 * @attr: its type at the top level
 * @max: the largest type inside
 * @policy: of @max + 1 entries
 * @why: what to say when it is missing; NULL if it may be
 * @need: attributes that must be inside; the first without a type ends them
 */
struct kage_nest {
	int attr;
	int max;
	const struct nla_policy *policy;
	const char *why;
	struct {
		int attr;
		const char *why;
	} need[5];
};

/* Where a message goes and what it is. */
struct kage_netlink_to {
	u32 portid, seq;
	int flags;
	u8 cmd;
	struct netlink_callback *cb;	/* of a dump, or NULL */
	const struct net *net;		/* the sender's; NULL for events */
};

/**
 * kage_netlink_changed() - a dump would show something else from now on
 *
 * Dumps under way are marked as interrupted.
 */
void kage_netlink_changed(void);

/**
 * kage_netlink_refuse() - say why a request fails
 * @attr: the attribute at fault, or NULL
 * @why: a constant sentence: it is read after the handler returned
 *
 * Return: @err.
 */
int kage_netlink_refuse(struct netlink_ext_ack *extack,
			const struct nlattr *attr, int err, const char *why);

/**
 * kage_netlink_missing() - say which attribute a request lacks
 * @nest: where it is missing, or NULL for the top level
 *
 * Return: -EINVAL.
 */
int kage_netlink_missing(struct netlink_ext_ack *extack,
			 const struct nlattr *nest, int type, const char *why);

/**
 * kage_netlink_find() - the machine that a request names
 *
 * Return: the machine with a reference for the caller, or ERR_PTR with the
 * reason in @extack: -EINVAL, -ENOENT.
 */
struct kage_vm *kage_netlink_find(const struct nlattr *id,
				  const struct nlattr *name,
				  struct netlink_ext_ack *extack);

/**
 * kage_netlink_lock() - take vm->lock to use parts of a machine
 *
 * Whoever has it may be at something that takes long: a fatal signal ends the wait.
 *
 * Return: 0; without the lock -ENOENT if the machine was deleted, or -EINTR.
 */
int kage_netlink_lock(struct kage_vm *vm);

/**
 * kage_netlink_lock_info() - the same for the machine of a request
 *
 * Return: the machine, locked, or ERR_PTR(-ENOENT) with the reason said.
 */
struct kage_vm *kage_netlink_lock_info(struct genl_info *info);

/**
 * kage_netlink_parse_nest() - take a nest apart
 * @tb: @nest->max + 1 entries; all NULL if the nest is missing and may be
 *
 * Return: 0, or a negative errno with the reason said.
 */
int kage_netlink_parse_nest(struct genl_info *info,
			    const struct kage_nest *nest, struct nlattr **tb);

/**
 * kage_netlink_msg_start() - begin a message with VM_ID and VM_NAME
 *
 * Return: what kage_netlink_msg_end() wants, or NULL if @skb is full.
 */
void *kage_netlink_msg_start(struct sk_buff *skb,
			     const struct kage_netlink_to *to,
			     struct kage_vm *vm);

/**
 * kage_netlink_msg_end() - end a message, or take it back where @err is not 0
 *
 * Return: 0, or -EMSGSIZE for any @err.
 */
int kage_netlink_msg_end(struct sk_buff *skb, void *hdr, int err);

/** kage_netlink_to_sender() - a reply to this request */
struct kage_netlink_to kage_netlink_to_sender(struct genl_info *info);

/**
 * kage_netlink_new_msg() - room for any object
 *
 * To be taken before anything is done, so that nothing need be undone when
 * there is none. Return: NULL when out of memory; @extack, if any, says so.
 */
struct sk_buff *kage_netlink_new_msg(struct netlink_ext_ack *extack);

/**
 * kage_netlink_reply() - send or drop a reply
 * @err: what filling it returned
 *
 * Takes @skb. Return: 0, or a negative errno when nothing was sent.
 */
int kage_netlink_reply(struct sk_buff *skb, struct genl_info *info, int err);

/* Requests on parts of a machine: doit of their commands. */
int kage_netlink_mem_map(struct sk_buff *skb, struct genl_info *info);
int kage_netlink_mem_unmap(struct sk_buff *skb, struct genl_info *info);
int kage_netlink_mem_open(struct sk_buff *skb, struct genl_info *info);
int kage_netlink_vcpu_set(struct sk_buff *skb, struct genl_info *info);
int kage_netlink_vcpu_get(struct sk_buff *skb, struct genl_info *info);
int kage_netlink_nic_new(struct sk_buff *skb, struct genl_info *info);
int kage_netlink_nic_del(struct sk_buff *skb, struct genl_info *info);

/*
 * One machine's share of a dump. @pos is where to start, 0 at first; on return
 * it names the object that found no room.
 *
 * Return: 0, or -EMSGSIZE if @skb is full.
 */
int kage_netlink_dump_mem(struct sk_buff *skb, const struct kage_netlink_to *to,
			  struct kage_vm *vm, u32 *pos);
int kage_netlink_dump_nics(struct sk_buff *skb,
			   const struct kage_netlink_to *to,
			   struct kage_vm *vm, u32 *pos);
int kage_netlink_dump_stats(struct sk_buff *skb,
			    const struct kage_netlink_to *to,
			    struct kage_vm *vm, u32 *pos);

#endif /* _KAGE_NETLINK_PRIV_H */
