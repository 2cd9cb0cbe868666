// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: its operations, the requests on a machine as a
 * whole, dumps and events.
 *
 * A request finds its machine in pre_doit, which takes a reference, and loses
 * it in post_doit. Requests run in parallel. What touches parts of the machine
 * holds vm->lock by kage_netlink_lock(), which fails once the machine is
 * deleted.
 */
#include "netlink.h"
#include "netlink_priv.h"
#include "compat.h"
#include "vm.h"
#include "dev/console.h"
#include "mmu/audit.h"
#include <linux/capability.h>
#include <linux/module.h>
#include <net/sock.h>

/* Room for one object, of which a vCPU's counters are the largest. */
#define DUMP_SIZE	SKB_WITH_OVERHEAD(16384)

/* genl_ops.internal_flags: the request names a machine. */
#define NEEDS_VM	1

#define GROUP_EVENTS	0

/*
 * Counts what changes the contents of a dump. A dump whose parts saw different
 * values is marked as interrupted. Never 0, which would mean "not in use".
 */
static atomic_t generation = ATOMIC_INIT(1);

/* Keeps events in order, and keeps them off a family that is gone. */
static DEFINE_MUTEX(event_lock);
static bool registered;			/* under event_lock */

void kage_netlink_changed(void)
{
	if (!atomic_inc_return(&generation))
		atomic_inc(&generation);
}

/*
 * VM objects.
 */

static int put_reason(struct sk_buff *skb, struct kage_vm *vm)
{
	char reason[KAGE_REASON_MAX + 1];
	unsigned long flags;

	spin_lock_irqsave(&vm->reason_lock, flags);
	strscpy(reason, vm->reason, sizeof(reason));
	spin_unlock_irqrestore(&vm->reason_lock, flags);

	return reason[0] ? nla_put_string(skb, KAGE_A_VM_REASON, reason) : 0;
}

static int put_vm(struct sk_buff *skb, struct kage_vm *vm)
{
	int console = kage_console_index(vm);

	/* vm->boot is set before anyone can find the VM and freed with it. */
	if (nla_put_u32(skb, KAGE_A_VM_STATE, READ_ONCE(vm->state)) ||
	    nla_put_u32(skb, KAGE_A_VM_VCPUS, vm->nr_vcpus) ||
	    (console >= 0 &&
	     nla_put_u32(skb, KAGE_A_VM_CONSOLE, console)) ||
	    nla_put_u32(skb, KAGE_A_VM_SHADOW_PAGES,
			READ_ONCE(vm->mmu.limit)) ||
	    put_reason(skb, vm) ||
	    (vm->boot && nla_put_string(skb, KAGE_A_VM_BOOT, vm->boot)))
		return -EMSGSIZE;
	return 0;
}

static int fill_vm(struct sk_buff *skb, const struct kage_netlink_to *to,
		   struct kage_vm *vm)
{
	void *hdr = kage_netlink_msg_start(skb, to, vm);

	if (!hdr)
		return -EMSGSIZE;
	return kage_netlink_msg_end(skb, hdr, put_vm(skb, vm));
}

static int fill_event(struct sk_buff *skb, struct kage_vm *vm,
		      enum kage_event event)
{
	const struct kage_netlink_to to = { .cmd = KAGE_CMD_VM_EVENT };
	void *hdr = kage_netlink_msg_start(skb, &to, vm);
	int ret;

	if (!hdr)
		return -EMSGSIZE;
	ret = nla_put_u32(skb, KAGE_A_EVENT, event);
	return kage_netlink_msg_end(skb, hdr, ret ?: put_vm(skb, vm));
}

/* Listeners who miss an event for want of memory read ENOBUFS instead. */
static void send_event(struct kage_vm *vm, enum kage_event event)
{
	struct sk_buff *skb;

	if (!genl_has_listeners(&kage_netlink_family, &init_net, GROUP_EVENTS))
		return;
	skb = kage_netlink_new_msg(NULL);
	if (!skb) {
		genl_set_err(&kage_netlink_family, &init_net, 0, GROUP_EVENTS,
			     -ENOBUFS);
		return;
	}
	if (WARN_ON_ONCE(fill_event(skb, vm, event)))
		nlmsg_free(skb);
	else
		genlmsg_multicast(&kage_netlink_family, skb, 0, GROUP_EVENTS,
				  GFP_KERNEL);
}

static void handle_event(struct kage_vm *vm, enum kage_event event)
{
	kage_netlink_changed();
	mutex_lock(&event_lock);
	if (registered)
		send_event(vm, event);
	mutex_unlock(&event_lock);
}

/*
 * Before and after a request.
 */

static int check_privilege(struct sk_buff *skb, struct genl_info *info,
			   u8 op_flags)
{
	/* CAP_NET_ADMIN was checked by the caller: GENL_ADMIN_PERM. */
	if (!(op_flags & GENL_ADMIN_PERM) ||
	    netlink_capable(skb, CAP_SYS_ADMIN))
		return 0;
	return kage_netlink_refuse(info->extack, NULL, -EPERM,
				   "this needs CAP_SYS_ADMIN");
}

static int handle_pre(KAGE_GENL_OPS_PTR ops, struct sk_buff *skb,
		      struct genl_info *info)
{
	const struct nlattr *id = info->attrs[KAGE_A_VM_ID];
	const struct nlattr *name = info->attrs[KAGE_A_VM_NAME];
	struct kage_vm *vm;
	int ret;

	ret = check_privilege(skb, info, ops->flags);
	if (ret || !(ops->internal_flags & NEEDS_VM))
		return ret;
	if (!id && !name)
		return kage_netlink_missing(info->extack, NULL, KAGE_A_VM_ID,
					    "name the vm by its id or its name");
	vm = kage_netlink_find(id, name, info->extack);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	info->user_ptr[0] = vm;
	return 0;
}

static void handle_post(KAGE_GENL_OPS_PTR ops, struct sk_buff *skb,
			struct genl_info *info)
{
	if (ops->internal_flags & NEEDS_VM)
		kage_vm_put(info->user_ptr[0]);
}

/*
 * Requests on a machine as a whole.
 */

static int refuse_create(struct genl_info *info, int err)
{
	const struct nlattr *name = info->attrs[KAGE_A_VM_NAME];

	if (err == -EEXIST)
		return kage_netlink_refuse(info->extack, name, err,
					   "a vm of this name exists already");
	if (err == -ENOSPC)
		return kage_netlink_refuse(info->extack, NULL, err,
					   "every console is taken: delete a vm first");
	return kage_netlink_refuse(info->extack, NULL, err,
				   "the host cannot provide the vm");
}

static struct kage_vm *create_vm(struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	const char *name, *boot = NULL;
	u32 vcpus = 1, pages = 0;
	struct kage_vm *vm;
	int ret;

	if (!attrs[KAGE_A_VM_NAME]) {
		ret = kage_netlink_missing(info->extack, NULL, KAGE_A_VM_NAME,
					   "the vm needs a name");
		return ERR_PTR(ret);
	}
	name = nla_data(attrs[KAGE_A_VM_NAME]);
	if (!kage_vm_name_valid(name)) {
		ret = kage_netlink_refuse(info->extack, attrs[KAGE_A_VM_NAME],
					  -EINVAL,
					  "a vm's name is a letter, then letters, digits, '.', '_' or '-'");
		return ERR_PTR(ret);
	}
	if (attrs[KAGE_A_VM_VCPUS])
		vcpus = nla_get_u32(attrs[KAGE_A_VM_VCPUS]);
	if (attrs[KAGE_A_VM_SHADOW_PAGES])
		pages = nla_get_u32(attrs[KAGE_A_VM_SHADOW_PAGES]);
	if (attrs[KAGE_A_VM_BOOT])
		boot = nla_data(attrs[KAGE_A_VM_BOOT]);

	vm = kage_vm_create(name, vcpus, pages, boot);
	if (IS_ERR(vm))
		return ERR_PTR(refuse_create(info, PTR_ERR(vm)));
	return vm;
}

static int do_vm_new(struct sk_buff *skb, struct genl_info *info)
{
	const struct kage_netlink_to to = kage_netlink_to_sender(info);
	struct sk_buff *reply = kage_netlink_new_msg(info->extack);
	struct kage_vm *vm;
	int ret;

	if (!reply)
		return -ENOMEM;
	vm = create_vm(info);
	if (IS_ERR(vm)) {
		nlmsg_free(reply);
		return PTR_ERR(vm);
	}
	ret = kage_netlink_reply(reply, info, fill_vm(reply, &to, vm));
	if (ret)
		kage_vm_delete(vm);
	kage_vm_put(vm);
	return ret;
}

static int do_vm_get(struct sk_buff *skb, struct genl_info *info)
{
	const struct kage_netlink_to to = kage_netlink_to_sender(info);
	struct sk_buff *reply = kage_netlink_new_msg(info->extack);

	if (!reply)
		return -ENOMEM;
	return kage_netlink_reply(reply, info,
				  fill_vm(reply, &to, info->user_ptr[0]));
}

/* What changes the state of a machine, and what -EINVAL from it means. */
static const struct {
	int (*change)(struct kage_vm *vm);
	const char *why;
} changes[] = {
	[KAGE_CMD_VM_DEL] = { kage_vm_delete,
		"the vm cannot be deleted now" },
	[KAGE_CMD_VM_START] = { kage_vm_start,
		"only a vm that is created or reset can be started" },
	[KAGE_CMD_VM_STOP] = { kage_vm_stop,
		"only a running or paused vm can be stopped" },
	[KAGE_CMD_VM_PAUSE] = { kage_vm_pause,
		"only a running vm can be paused" },
	[KAGE_CMD_VM_RESUME] = { kage_vm_resume,
		"only a paused vm can be resumed" },
	[KAGE_CMD_VM_RESET] = { kage_vm_reset,
		"a running or paused vm must be stopped before it is reset" },
};

static int do_vm_change(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[KAGE_A_VM_ID] ?:
				    info->attrs[KAGE_A_VM_NAME];
	const u8 cmd = info->genlhdr->cmd;
	const char *why;
	int ret;

	ret = changes[cmd].change(info->user_ptr[0]);
	if (!ret)
		return 0;
	if (ret == -EINVAL)
		why = changes[cmd].why;
	else if (ret == -ENOENT)
		why = "the vm was deleted meanwhile";
	else if (ret == -EIO)
		why = "the hardware failed under the vm: it can only be deleted";
	else
		why = "the host cannot do it now";
	return kage_netlink_refuse(info->extack, attr, ret, why);
}

static int fill_audit(struct sk_buff *skb, struct genl_info *info, u32 errors)
{
	const struct kage_netlink_to to = kage_netlink_to_sender(info);
	void *hdr = kage_netlink_msg_start(skb, &to, info->user_ptr[0]);

	if (!hdr)
		return -EMSGSIZE;
	return kage_netlink_msg_end(skb, hdr,
				    nla_put_u32(skb, KAGE_A_AUDIT_ERRORS,
						errors));
}

static int do_mmu_audit(struct sk_buff *skb, struct genl_info *info)
{
	struct kage_vm *vm = kage_netlink_lock_info(info);
	struct sk_buff *reply;
	u32 errors = 0;
	int ret;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	ret = kage_mmu_audit(vm, &errors);
	mutex_unlock(&vm->lock);
	if (ret)
		return kage_netlink_refuse(info->extack, NULL, ret,
					   "the audit could not be made");
	reply = kage_netlink_new_msg(info->extack);
	if (!reply)
		return -ENOMEM;
	return kage_netlink_reply(reply, info,
				  fill_audit(reply, info, errors));
}

/*
 * Dumps. They go by id, never by pointer: machines come and go between the
 * parts of a dump.
 */

struct dump {
	bool started;
	u32 only;		/* id of the one machine wanted, 0: all */
	u32 last;		/* machines up to this id are done */
	u32 pos;		/* within the next one */
};

static int handle_dump_start(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct dump) > sizeof(cb->ctx));
	cb->min_dump_alloc = DUMP_SIZE;
	return 0;
}

/* Not in the start handler, which cannot give a reason on every kernel. */
static int start_dump(struct netlink_callback *cb, struct dump *dump)
{
	const struct nlattr *id, *name;
	struct kage_vm *vm;

	id = nlmsg_find_attr(cb->nlh, GENL_HDRLEN, KAGE_A_VM_ID);
	name = nlmsg_find_attr(cb->nlh, GENL_HDRLEN, KAGE_A_VM_NAME);
	if (id || name) {
		vm = kage_netlink_find(id, name, cb->extack);
		if (IS_ERR(vm))
			return PTR_ERR(vm);
		dump->only = vm->id;
		kage_vm_put(vm);
	}
	dump->started = true;
	return 0;
}

static struct kage_vm *next_vm(const struct dump *dump)
{
	if (!dump->only)
		return kage_vm_next(dump->last);
	return dump->last < dump->only ? kage_vm_find(dump->only, NULL) : NULL;
}

static int dump_vms(struct sk_buff *skb, struct netlink_callback *cb,
		    int (*fn)(struct sk_buff *skb,
			      const struct kage_netlink_to *to,
			      struct kage_vm *vm, u32 *pos))
{
	struct dump *dump = (struct dump *)cb->ctx;
	const struct kage_netlink_to to = {
		.portid = NETLINK_CB(cb->skb).portid,
		.seq = cb->nlh->nlmsg_seq,
		.flags = NLM_F_MULTI,
		.cmd = ((struct genlmsghdr *)nlmsg_data(cb->nlh))->cmd,
		.cb = cb,
		.net = sock_net(cb->skb->sk),
	};
	struct kage_vm *vm;
	int ret = 0;

	if (!dump->started)
		ret = start_dump(cb, dump);
	cb->seq = atomic_read(&generation);
	while (!ret && (vm = next_vm(dump))) {
		ret = fn(skb, &to, vm, &dump->pos);
		if (!ret) {
			dump->last = vm->id;
			dump->pos = 0;
		}
		kage_vm_put(vm);
	}
	/* Full is the reason to come again; nothing but full is an error. */
	if (ret == -EMSGSIZE && skb->len)
		return skb->len;
	return ret ?: skb->len;
}

static int dump_vm(struct sk_buff *skb, const struct kage_netlink_to *to,
		   struct kage_vm *vm, u32 *pos)
{
	return fill_vm(skb, to, vm);
}

/* A machine that was deleted meanwhile has nothing left to show. */
static int dump_nics(struct sk_buff *skb, const struct kage_netlink_to *to,
		     struct kage_vm *vm, u32 *pos)
{
	int ret;

	ret = kage_netlink_lock(vm);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	ret = kage_netlink_dump_nics(skb, to, vm, pos);
	mutex_unlock(&vm->lock);
	return ret;
}

static int dump_stats(struct sk_buff *skb, const struct kage_netlink_to *to,
		      struct kage_vm *vm, u32 *pos)
{
	int ret;

	ret = kage_netlink_lock(vm);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	ret = kage_netlink_dump_stats(skb, to, vm, pos);
	mutex_unlock(&vm->lock);
	return ret;
}

static int handle_dump_vms(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_vms(skb, cb, dump_vm);
}

static int handle_dump_mem(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_vms(skb, cb, kage_netlink_dump_mem);
}

static int handle_dump_nics(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_vms(skb, cb, dump_nics);
}

static int handle_dump_stats(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_vms(skb, cb, dump_stats);
}

/*
 * The family. Reading needs no privilege.
 */

#define OP(_cmd, _set)							\
	.cmd = KAGE_CMD_##_cmd,						\
	.policy = kage_##_set##_policy,					\
	.maxattr = ARRAY_SIZE(kage_##_set##_policy) - 1

#define VM_OP(_cmd, _set, _doit)					\
	OP(_cmd, _set), .doit = _doit, .internal_flags = NEEDS_VM

#define DUMP_OP(_dumpit)						\
	.start = handle_dump_start, .dumpit = _dumpit

static const struct genl_ops ops[] = {
	{ OP(VM_NEW, vm_new), .doit = do_vm_new, .flags = GENL_ADMIN_PERM },
	{ VM_OP(VM_DEL, vm, do_vm_change), .flags = GENL_ADMIN_PERM },
	{ VM_OP(VM_GET, vm, do_vm_get), DUMP_OP(handle_dump_vms) },
	{ VM_OP(VM_START, vm, do_vm_change), .flags = GENL_ADMIN_PERM },
	{ VM_OP(VM_STOP, vm, do_vm_change), .flags = GENL_ADMIN_PERM },
	{ VM_OP(VM_PAUSE, vm, do_vm_change), .flags = GENL_ADMIN_PERM },
	{ VM_OP(VM_RESUME, vm, do_vm_change), .flags = GENL_ADMIN_PERM },
	{ VM_OP(VM_RESET, vm, do_vm_change), .flags = GENL_ADMIN_PERM },
	{ VM_OP(MEM_MAP, vm_mem_map, kage_netlink_mem_map),
	  .flags = GENL_ADMIN_PERM },
	{ VM_OP(MEM_UNMAP, vm_mem_slot, kage_netlink_mem_unmap),
	  .flags = GENL_ADMIN_PERM },
	{ OP(MEM_GET, vm), DUMP_OP(handle_dump_mem) },
	{ VM_OP(MEM_OPEN, vm_mem_slot, kage_netlink_mem_open),
	  .flags = GENL_ADMIN_PERM },
	{ VM_OP(VCPU_SET, vcpu_set, kage_netlink_vcpu_set),
	  .flags = GENL_ADMIN_PERM },
	{ VM_OP(VCPU_GET, vcpu_get, kage_netlink_vcpu_get),
	  .flags = GENL_ADMIN_PERM },
	{ VM_OP(NIC_NEW, vm_nic_new, kage_netlink_nic_new),
	  .flags = GENL_ADMIN_PERM },
	{ VM_OP(NIC_DEL, vm_nic_ref, kage_netlink_nic_del),
	  .flags = GENL_ADMIN_PERM },
	{ OP(NIC_GET, vm), DUMP_OP(handle_dump_nics) },
	{ OP(STATS_GET, vm), DUMP_OP(handle_dump_stats) },
	{ VM_OP(MMU_AUDIT, vm, do_mmu_audit), .flags = GENL_ADMIN_PERM },
};

static const struct genl_multicast_group groups[] = {
	[GROUP_EVENTS] = { .name = KAGE_MCGRP_EVENTS },
};

struct genl_family kage_netlink_family __ro_after_init = {
	.name = KAGE_GENL_NAME,
	.version = KAGE_GENL_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.pre_doit = handle_pre,
	.post_doit = handle_post,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

int kage_netlink_init(void)
{
	int ret = genl_register_family(&kage_netlink_family);

	if (ret)
		return ret;
	mutex_lock(&event_lock);
	registered = true;
	mutex_unlock(&event_lock);
	kage_vm_set_event_sink(handle_event);
	return 0;
}

void kage_netlink_uninit(void)
{
	kage_vm_set_event_sink(NULL);
	mutex_lock(&event_lock);
	registered = false;
	mutex_unlock(&event_lock);
	genl_unregister_family(&kage_netlink_family);
}
