// SPDX-License-Identifier: GPL-2.0
/*
 * What every netlink request needs: finding and locking its machine, saying
 * why not, taking nests apart, and making messages.
 */
#include "netlink_priv.h"
#include "vm.h"

/* Room for any object, a boot note and a reason of full length included. */
#define MSG_SIZE	6144

int kage_netlink_refuse(struct netlink_ext_ack *extack,
			const struct nlattr *attr, int err, const char *why)
{
	do_trace_netlink_extack(why);
	if (extack) {
		extack->_msg = why;
		NL_SET_BAD_ATTR(extack, attr);
	}
	return err;
}

int kage_netlink_missing(struct netlink_ext_ack *extack,
			 const struct nlattr *nest, int type, const char *why)
{
	NL_SET_ERR_ATTR_MISS(extack, nest, type);
	return kage_netlink_refuse(extack, NULL, -EINVAL, why);
}

struct kage_vm *kage_netlink_find(const struct nlattr *id,
				  const struct nlattr *name,
				  struct netlink_ext_ack *extack)
{
	struct kage_vm *vm;
	int ret;

	if (id && name) {
		ret = kage_netlink_refuse(extack, name, -EINVAL,
					  "give the vm's id or its name, not both");
		return ERR_PTR(ret);
	}
	vm = id ? kage_vm_find(nla_get_u32(id), NULL) :
		  kage_vm_find(0, nla_data(name));
	if (vm)
		return vm;
	ret = kage_netlink_refuse(extack, id ?: name, -ENOENT,
				  "there is no such vm");
	return ERR_PTR(ret);
}

/*
 * A machine that left the table has lost its parts, or waits for the lock to
 * lose them.
 */
int kage_netlink_lock(struct kage_vm *vm)
{
	struct kage_vm *found;

	if (mutex_lock_killable(&vm->lock))
		return -EINTR;
	found = kage_vm_find(vm->id, NULL);
	if (found) {
		kage_vm_put(found);
		return 0;
	}
	mutex_unlock(&vm->lock);
	return -ENOENT;
}

struct kage_vm *kage_netlink_lock_info(struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[KAGE_A_VM_ID] ?:
				    info->attrs[KAGE_A_VM_NAME];
	struct kage_vm *vm = info->user_ptr[0];
	int ret = kage_netlink_lock(vm);

	if (!ret)
		return vm;
	if (ret == -EINTR)
		return ERR_PTR(ret);
	return ERR_PTR(kage_netlink_refuse(info->extack, attr, ret,
					   "the vm was deleted meanwhile"));
}

static int check_needs(struct genl_info *info, const struct kage_nest *nest,
		       struct nlattr **tb)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nest->need) && nest->need[i].attr; i++)
		if (!tb[nest->need[i].attr])
			return kage_netlink_missing(info->extack,
						    info->attrs[nest->attr],
						    nest->need[i].attr,
						    nest->need[i].why);
	return 0;
}

int kage_netlink_parse_nest(struct genl_info *info,
			    const struct kage_nest *nest, struct nlattr **tb)
{
	const struct nlattr *attr = info->attrs[nest->attr];
	int ret;

	if (!attr && nest->why)
		return kage_netlink_missing(info->extack, NULL, nest->attr,
					    nest->why);
	if (!attr) {
		memset(tb, 0, (nest->max + 1) * sizeof(*tb));
		return 0;
	}
	ret = nla_parse_nested(tb, nest->max, attr, nest->policy, info->extack);
	return ret ?: check_needs(info, nest, tb);
}

void *kage_netlink_msg_start(struct sk_buff *skb,
			     const struct kage_netlink_to *to,
			     struct kage_vm *vm)
{
	void *hdr = genlmsg_put(skb, to->portid, to->seq, &kage_netlink_family,
				to->flags, to->cmd);

	if (!hdr)
		return NULL;
	if (to->cb)
		genl_dump_check_consistent(to->cb, hdr);
	if (nla_put_u32(skb, KAGE_A_VM_ID, vm->id) ||
	    nla_put_string(skb, KAGE_A_VM_NAME, vm->name)) {
		genlmsg_cancel(skb, hdr);
		return NULL;
	}
	return hdr;
}

int kage_netlink_msg_end(struct sk_buff *skb, void *hdr, int err)
{
	if (err) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

struct kage_netlink_to kage_netlink_to_sender(struct genl_info *info)
{
	return (struct kage_netlink_to) {
		.portid = info->snd_portid,
		.seq = info->snd_seq,
		.cmd = info->genlhdr->cmd,
		.net = genl_info_net(info),
	};
}

struct sk_buff *kage_netlink_new_msg(struct netlink_ext_ack *extack)
{
	struct sk_buff *skb = genlmsg_new(MSG_SIZE, GFP_KERNEL);

	if (!skb)
		kage_netlink_refuse(extack, NULL, -ENOMEM, "out of memory");
	return skb;
}

int kage_netlink_reply(struct sk_buff *skb, struct genl_info *info, int err)
{
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	return genlmsg_reply(skb, info);
}
