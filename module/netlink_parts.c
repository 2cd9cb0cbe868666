// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink requests on the parts of a machine: memory, vCPUs, interfaces.
 *
 * A handler that makes something takes the room for its reply first, and undoes
 * what it made if the reply cannot be sent: a request that fails has changed
 * nothing.
 */
#include "netlink_priv.h"
#include "vcpu.h"
#include "vm.h"
#include "dev/nic.h"
#include "mmu/mem.h"
#include <linux/fdtable.h>
#include <linux/if.h>
#include <linux/if_ether.h>

static const struct kage_nest mem_map_nest = {
	.attr = KAGE_A_MEM,
	.max = KAGE_MEM_A_MAX,
	.policy = kage_mem_map_policy,
	.why = "no memory described",
	.need = {
		{ KAGE_MEM_A_FD, "no descriptor of a memfd given" },
		{ KAGE_MEM_A_FD_OFFSET, "no offset into the memfd given" },
		{ KAGE_MEM_A_GPA, "no guest-physical address given" },
		{ KAGE_MEM_A_SIZE, "no size given" },
	},
};

static const struct kage_nest mem_slot_nest = {
	.attr = KAGE_A_MEM,
	.max = KAGE_MEM_A_MAX,
	.policy = kage_mem_slot_policy,
	.why = "no memory slot named",
	.need = { { KAGE_MEM_A_SLOT, "no memory slot named" } },
};

static const struct kage_nest regs_nest = {
	.attr = KAGE_A_REGS,
	.max = KAGE_REGS_A_MAX,
	.policy = kage_regs_policy,
	.why = "no registers given",
};

/* Everything in it has a default, and so has the nest. */
static const struct kage_nest nic_new_nest = {
	.attr = KAGE_A_NIC,
	.max = KAGE_NIC_A_MAX,
	.policy = kage_nic_new_policy,
};

static const struct kage_nest nic_ref_nest = {
	.attr = KAGE_A_NIC,
	.max = KAGE_NIC_A_MAX,
	.policy = kage_nic_ref_policy,
	.why = "no interface named",
	.need = { { KAGE_NIC_A_IFINDEX, "no interface index given" } },
};

/*
 * What the requests have in common.
 */

/* Return: the machine, locked, or ERR_PTR with the reason said. */
static struct kage_vm *parse_and_lock(struct genl_info *info,
				      const struct kage_nest *nest,
				      struct nlattr **tb)
{
	int ret = kage_netlink_parse_nest(info, nest, tb);

	return ret ? ERR_PTR(ret) : kage_netlink_lock_info(info);
}

/* @make adds to the machine and sends @reply, or frees it and adds nothing. */
static int make_part(struct genl_info *info, const struct kage_nest *nest,
		     struct nlattr **tb,
		     int (*make)(struct kage_vm *vm, struct genl_info *info,
				 struct nlattr **tb, struct sk_buff *reply))
{
	struct kage_vm *vm = parse_and_lock(info, nest, tb);
	struct sk_buff *reply;
	int ret = -ENOMEM;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	reply = kage_netlink_new_msg(info->extack);
	if (reply)
		ret = make(vm, info, tb, reply);
	mutex_unlock(&vm->lock);
	return ret;
}

/*
 * Memory.
 */

static int put_mem(struct sk_buff *skb, u32 slot,
		   const struct kage_mem_req *req)
{
	struct nlattr *nest = nla_nest_start(skb, KAGE_A_MEM);

	if (!nest || nla_put_u32(skb, KAGE_MEM_A_SLOT, slot) ||
	    nla_put_u64_64bit(skb, KAGE_MEM_A_FD_OFFSET, req->offset,
			      KAGE_MEM_A_PAD) ||
	    nla_put_u64_64bit(skb, KAGE_MEM_A_GPA, req->gpa,
			      KAGE_MEM_A_PAD) ||
	    nla_put_u64_64bit(skb, KAGE_MEM_A_SIZE, req->size,
			      KAGE_MEM_A_PAD) ||
	    nla_put_u32(skb, KAGE_MEM_A_FLAGS, req->flags))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int fill_mem(struct sk_buff *skb, const struct kage_netlink_to *to,
		    struct kage_vm *vm, u32 slot,
		    const struct kage_mem_req *req)
{
	void *hdr = kage_netlink_msg_start(skb, to, vm);

	if (!hdr)
		return -EMSGSIZE;
	return kage_netlink_msg_end(skb, hdr, put_mem(skb, slot, req));
}

static int map_and_reply(struct kage_vm *vm, struct genl_info *info,
			 struct nlattr **tb, struct sk_buff *reply)
{
	const struct kage_netlink_to to = kage_netlink_to_sender(info);
	const char *why = "the memory cannot be mapped";
	struct kage_mem_req req = {
		.fd = nla_get_s32(tb[KAGE_MEM_A_FD]),
		.offset = nla_get_u64(tb[KAGE_MEM_A_FD_OFFSET]),
		.gpa = nla_get_u64(tb[KAGE_MEM_A_GPA]),
		.size = nla_get_u64(tb[KAGE_MEM_A_SIZE]),
	};
	int slot, ret;

	if (tb[KAGE_MEM_A_FLAGS])
		req.flags = nla_get_u32(tb[KAGE_MEM_A_FLAGS]);
	slot = kage_mem_map(vm, &req, &why);
	if (slot < 0) {
		nlmsg_free(reply);
		return kage_netlink_refuse(info->extack,
					   slot == -EBADF ? tb[KAGE_MEM_A_FD] :
					   info->attrs[KAGE_A_MEM], slot, why);
	}
	kage_netlink_changed();
	ret = kage_netlink_reply(reply, info,
				 fill_mem(reply, &to, vm, slot, &req));
	if (ret) {
		kage_vm_unmap(vm, slot);
		kage_netlink_changed();
	}
	return ret;
}

int kage_netlink_mem_map(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[KAGE_MEM_A_MAX + 1];

	return make_part(info, &mem_map_nest, tb, map_and_reply);
}

static int refuse_slot(struct genl_info *info, const struct nlattr *attr,
		       int err)
{
	const char *why = "the slot cannot be used";

	if (err == -ENOENT)
		why = "the vm has no such memory slot";
	else if (err == -EBUSY)
		why = "the vm is running: pause or stop it first";
	return kage_netlink_refuse(info->extack, attr, err, why);
}

int kage_netlink_mem_unmap(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[KAGE_MEM_A_MAX + 1];
	struct kage_vm *vm = parse_and_lock(info, &mem_slot_nest, tb);
	int ret;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	ret = kage_mem_unmap(vm, nla_get_u32(tb[KAGE_MEM_A_SLOT]));
	mutex_unlock(&vm->lock);
	if (ret)
		return refuse_slot(info, tb[KAGE_MEM_A_SLOT], ret);
	kage_netlink_changed();
	return 0;
}

static int fill_fd(struct sk_buff *skb, struct genl_info *info, u32 slot,
		   int fd, u64 offset)
{
	const struct kage_netlink_to to = kage_netlink_to_sender(info);
	void *hdr = kage_netlink_msg_start(skb, &to, info->user_ptr[0]);
	struct nlattr *nest;

	if (!hdr)
		return -EMSGSIZE;
	nest = nla_nest_start(skb, KAGE_A_MEM);
	if (!nest || nla_put_u32(skb, KAGE_MEM_A_SLOT, slot) ||
	    nla_put_s32(skb, KAGE_MEM_A_FD, fd) ||
	    nla_put_u64_64bit(skb, KAGE_MEM_A_FD_OFFSET, offset,
			      KAGE_MEM_A_PAD))
		return kage_netlink_msg_end(skb, hdr, -EMSGSIZE);
	nla_nest_end(skb, nest);
	return kage_netlink_msg_end(skb, hdr, 0);
}

/* Requests run in their sender's context: the descriptor becomes its own. */
int kage_netlink_mem_open(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[KAGE_MEM_A_MAX + 1];
	struct sk_buff *reply;
	int ret, fd;
	u64 offset;
	u32 slot;

	ret = kage_netlink_parse_nest(info, &mem_slot_nest, tb);
	if (ret)
		return ret;
	slot = nla_get_u32(tb[KAGE_MEM_A_SLOT]);
	reply = kage_netlink_new_msg(info->extack);
	if (!reply)
		return -ENOMEM;
	fd = kage_mem_open(info->user_ptr[0], slot, &offset);
	if (fd < 0) {
		nlmsg_free(reply);
		return refuse_slot(info, tb[KAGE_MEM_A_SLOT], fd);
	}
	ret = fill_fd(reply, info, slot, fd, offset);
	ret = kage_netlink_reply(reply, info, ret);
	if (ret)
		close_fd(fd);
	return ret;
}

int kage_netlink_dump_mem(struct sk_buff *skb, const struct kage_netlink_to *to,
			  struct kage_vm *vm, u32 *pos)
{
	struct kage_mem_req req;
	int slot, ret;

	while ((slot = kage_mem_get(vm, *pos, &req)) >= 0) {
		ret = fill_mem(skb, to, vm, slot, &req);
		if (ret)
			return ret;
		*pos = slot;
	}
	return slot == -ENOENT ? 0 : slot;
}

/*
 * vCPUs.
 */

/* The vCPU that the request names, whose registers may be looked at. */
static struct kage_vcpu *find_idle_vcpu(struct kage_vm *vm,
					struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[KAGE_A_VCPU_ID];
	struct kage_vcpu *vcpu = NULL;
	u32 id;
	int ret;

	lockdep_assert_held(&vm->lock);
	if (!attr) {
		ret = kage_netlink_missing(info->extack, NULL, KAGE_A_VCPU_ID,
					   "no vcpu named");
		return ERR_PTR(ret);
	}
	id = nla_get_u32(attr);
	if (id < vm->nr_vcpus)
		vcpu = vm->vcpus[id];
	if (!vcpu) {
		ret = kage_netlink_refuse(info->extack, attr, -ENOENT,
					  "the vm has no such vcpu");
		return ERR_PTR(ret);
	}
	if (vm->state == KAGE_VM_RUNNING) {
		ret = kage_netlink_refuse(info->extack, attr, -EBUSY,
					  "the vm is running: pause or stop it first");
		return ERR_PTR(ret);
	}
	return vcpu;
}

static int set_regs(struct kage_vcpu *vcpu, struct genl_info *info,
		    struct nlattr **tb)
{
	u64 val[KAGE_REGS_A_MAX + 1] = {};
	const struct nlattr *attr = NULL;
	int i, ret, bad = 0;
	u64 mask = 0;

	for (i = 1; i <= KAGE_REGS_A_MAX; i++) {
		if (!tb[i])
			continue;
		val[i] = nla_get_u64(tb[i]);
		mask |= BIT_ULL(i);
	}
	ret = kage_vcpu_set_regs(vcpu, val, mask, &bad);
	if (!ret)
		return 0;
	if (bad > 0 && bad <= KAGE_REGS_A_MAX)
		attr = tb[bad];
	return kage_netlink_refuse(info->extack,
				   attr ?: info->attrs[KAGE_A_REGS], ret,
				   "not a state in which a vcpu can start");
}

int kage_netlink_vcpu_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[KAGE_REGS_A_MAX + 1];
	struct kage_vm *vm = parse_and_lock(info, &regs_nest, tb);
	struct kage_vcpu *vcpu;
	int ret;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	vcpu = find_idle_vcpu(vm, info);
	if (IS_ERR(vcpu))
		ret = PTR_ERR(vcpu);
	else if (vm->state != KAGE_VM_CREATED)
		/* It has state that these registers are not all of. */
		ret = kage_netlink_refuse(info->extack,
					  info->attrs[KAGE_A_VCPU_ID], -EBUSY,
					  "the vm has run: reset it first");
	else
		ret = set_regs(vcpu, info, tb);
	mutex_unlock(&vm->lock);
	return ret;
}

static int put_regs(struct sk_buff *skb, u32 id, const u64 *val)
{
	struct nlattr *nest;
	int i, ret;

	ret = nla_put_u32(skb, KAGE_A_VCPU_ID, id);
	if (ret)
		return ret;
	nest = nla_nest_start(skb, KAGE_A_REGS);
	if (!nest)
		return -EMSGSIZE;
	for (i = KAGE_REGS_A_RAX; i <= KAGE_REGS_A_IDT_LIMIT && !ret; i++)
		ret = nla_put_u64_64bit(skb, i, val[i], KAGE_REGS_A_PAD);
	nla_nest_end(skb, nest);
	return ret;
}

static int fill_regs(struct sk_buff *skb, struct genl_info *info, u32 id,
		     const u64 *val)
{
	const struct kage_netlink_to to = kage_netlink_to_sender(info);
	void *hdr = kage_netlink_msg_start(skb, &to, info->user_ptr[0]);

	if (!hdr)
		return -EMSGSIZE;
	return kage_netlink_msg_end(skb, hdr, put_regs(skb, id, val));
}

int kage_netlink_vcpu_get(struct sk_buff *skb, struct genl_info *info)
{
	u64 val[KAGE_REGS_A_MAX + 1] = {};
	struct kage_vcpu *vcpu;
	struct sk_buff *reply;
	struct kage_vm *vm;
	int ret = 0;

	vm = kage_netlink_lock_info(info);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	vcpu = find_idle_vcpu(vm, info);
	if (IS_ERR(vcpu))
		ret = PTR_ERR(vcpu);
	else
		kage_vcpu_get_regs(vcpu, val);
	mutex_unlock(&vm->lock);
	if (ret)
		return ret;

	reply = kage_netlink_new_msg(info->extack);
	if (!reply)
		return -ENOMEM;
	ret = fill_regs(reply, info, nla_get_u32(info->attrs[KAGE_A_VCPU_ID]),
			val);
	return kage_netlink_reply(reply, info, ret);
}

/*
 * Network interfaces.
 */

/* An index without its namespace could be taken for another interface's. */
static int put_nic(struct sk_buff *skb, const struct kage_netlink_to *to,
		   struct kage_nic *nic)
{
	struct nlattr *nest = nla_nest_start(skb, KAGE_A_NIC);
	const int ifindex = kage_nic_ifindex(nic, to->net);
	char name[IFNAMSIZ];

	kage_nic_name(nic, name);
	if (!nest || nla_put_string(skb, KAGE_NIC_A_NAME, name) ||
	    (ifindex && nla_put_u32(skb, KAGE_NIC_A_IFINDEX, ifindex)) ||
	    nla_put(skb, KAGE_NIC_A_MAC, ETH_ALEN, kage_nic_mac(nic)) ||
	    nla_put_u32(skb, KAGE_NIC_A_MTU, kage_nic_mtu(nic)) ||
	    nla_put_u32(skb, KAGE_NIC_A_SLOT, kage_nic_slot(nic)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int fill_nic(struct sk_buff *skb, const struct kage_netlink_to *to,
		    struct kage_vm *vm, struct kage_nic *nic)
{
	void *hdr;

	lockdep_assert_held(&vm->lock);
	hdr = kage_netlink_msg_start(skb, to, vm);
	if (!hdr)
		return -EMSGSIZE;
	return kage_netlink_msg_end(skb, hdr, put_nic(skb, to, nic));
}

static int create_and_reply(struct kage_vm *vm, struct genl_info *info,
			    struct nlattr **tb, struct sk_buff *reply)
{
	const struct kage_netlink_to to = kage_netlink_to_sender(info);
	const char *why = "the interface cannot be made";
	struct kage_nic_req req = {};
	struct kage_nic *nic;
	int ret;

	if (tb[KAGE_NIC_A_NAME])
		req.name = nla_data(tb[KAGE_NIC_A_NAME]);
	if (tb[KAGE_NIC_A_MAC])
		req.mac = nla_data(tb[KAGE_NIC_A_MAC]);
	if (tb[KAGE_NIC_A_MTU])
		req.mtu = nla_get_u32(tb[KAGE_NIC_A_MTU]);
	nic = kage_nic_create(vm, genl_info_net(info), &req, &why);
	if (IS_ERR(nic)) {
		nlmsg_free(reply);
		return kage_netlink_refuse(info->extack,
					   PTR_ERR(nic) == -EEXIST ?
					   tb[KAGE_NIC_A_NAME] :
					   info->attrs[KAGE_A_NIC],
					   PTR_ERR(nic), why);
	}
	kage_netlink_changed();
	ret = kage_netlink_reply(reply, info, fill_nic(reply, &to, vm, nic));
	if (ret) {
		kage_nic_destroy(nic);
		kage_netlink_changed();
	}
	return ret;
}

int kage_netlink_nic_new(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[KAGE_NIC_A_MAX + 1];

	return make_part(info, &nic_new_nest, tb, create_and_reply);
}

/* Guests are not prepared for a device that goes away. */
static int destroy_nic(struct kage_vm *vm, struct genl_info *info,
		       const struct nlattr *attr)
{
	const struct net *net = genl_info_net(info);
	const int ifindex = nla_get_u32(attr);
	unsigned int i;

	lockdep_assert_held(&vm->lock);
	if (vm->state == KAGE_VM_RUNNING || vm->state == KAGE_VM_PAUSED)
		return kage_netlink_refuse(info->extack, attr, -EBUSY,
					   "the vm is running or paused: stop it first");
	for (i = 0; i < KAGE_MAX_NICS; i++) {
		struct kage_nic *nic = vm->nics[i];

		if (nic && kage_nic_ifindex(nic, net) == ifindex) {
			kage_nic_destroy(nic);
			kage_netlink_changed();
			return 0;
		}
	}
	return kage_netlink_refuse(info->extack, attr, -ENOENT,
				   "the vm has no such interface");
}

int kage_netlink_nic_del(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[KAGE_NIC_A_MAX + 1];
	struct kage_vm *vm = parse_and_lock(info, &nic_ref_nest, tb);
	int ret;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	ret = destroy_nic(vm, info, tb[KAGE_NIC_A_IFINDEX]);
	mutex_unlock(&vm->lock);
	return ret;
}

int kage_netlink_dump_nics(struct sk_buff *skb,
			   const struct kage_netlink_to *to,
			   struct kage_vm *vm, u32 *pos)
{
	int ret;

	lockdep_assert_held(&vm->lock);
	for (; *pos < KAGE_MAX_NICS; (*pos)++) {
		if (!vm->nics[*pos])
			continue;
		ret = fill_nic(skb, to, vm, vm->nics[*pos]);
		if (ret)
			return ret;
	}
	return 0;
}
