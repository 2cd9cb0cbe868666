// SPDX-License-Identifier: GPL-2.0
/*
 * The counters of a machine as netlink messages: one per source.
 */
#include "netlink_priv.h"
#include "vcpu.h"
#include "vm.h"
#include "dev/nic.h"
#include "mmu/shadow.h"
#include <linux/if.h>

/* The sources of a machine in the order of the dump. */
enum {
	SOURCE_VM,
	SOURCE_MMU,
	SOURCE_VCPU,
	SOURCE_NIC = SOURCE_VCPU + KAGE_MAX_VCPUS,
	NR_SOURCES = SOURCE_NIC + KAGE_MAX_NICS
};

struct stat_writer {
	struct kage_stat_sink sink;
	struct sk_buff *skb;
};

static int put_stat(struct kage_stat_sink *sink, const char *name, u64 value)
{
	struct sk_buff *skb = container_of(sink, struct stat_writer, sink)->skb;
	struct nlattr *nest = nla_nest_start(skb, KAGE_A_STAT);

	/* The whole message is taken back if it does not fit. */
	if (!nest || nla_put_string(skb, KAGE_STAT_A_NAME, name) ||
	    nla_put_u64_64bit(skb, KAGE_STAT_A_VALUE, value, KAGE_STAT_A_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static bool exists(const struct kage_vm *vm, u32 source)
{
	if (source >= SOURCE_NIC)
		return vm->nics[source - SOURCE_NIC];
	if (source >= SOURCE_VCPU)
		return vm->vcpus[source - SOURCE_VCPU];
	return true;
}

static void name_source(struct kage_vm *vm, u32 source, char *name)
{
	if (source == SOURCE_VM)
		strscpy(name, "vm", IFNAMSIZ);
	else if (source == SOURCE_MMU)
		strscpy(name, "mmu", IFNAMSIZ);
	else if (source < SOURCE_NIC)
		snprintf(name, IFNAMSIZ, "vcpu%u", source - SOURCE_VCPU);
	else
		kage_nic_name(vm->nics[source - SOURCE_NIC], name);
}

static int report(struct kage_vm *vm, u32 source, struct kage_stat_sink *sink)
{
	if (source == SOURCE_VM)
		return kage_vm_stats(vm, sink);
	if (source == SOURCE_MMU)
		return kage_mmu_stats(vm, sink);
	if (source < SOURCE_NIC)
		return kage_vcpu_stats(vm->vcpus[source - SOURCE_VCPU], sink);
	return kage_nic_stats(vm->nics[source - SOURCE_NIC], sink);
}

static int fill_stats(struct sk_buff *skb, const struct kage_netlink_to *to,
		      struct kage_vm *vm, u32 source)
{
	struct stat_writer writer = { .sink.put = put_stat, .skb = skb };
	char name[IFNAMSIZ];
	void *hdr;
	int ret;

	name_source(vm, source, name);
	hdr = kage_netlink_msg_start(skb, to, vm);
	if (!hdr)
		return -EMSGSIZE;
	ret = nla_put_string(skb, KAGE_A_STATS_SOURCE, name);
	if (!ret)
		ret = report(vm, source, &writer.sink);
	return kage_netlink_msg_end(skb, hdr, ret);
}

int kage_netlink_dump_stats(struct sk_buff *skb,
			    const struct kage_netlink_to *to,
			    struct kage_vm *vm, u32 *pos)
{
	int ret;

	lockdep_assert_held(&vm->lock);
	for (; *pos < NR_SOURCES; (*pos)++) {
		if (!exists(vm, *pos))
			continue;
		ret = fill_stats(skb, to, vm, *pos);
		if (ret)
			return ret;
	}
	return 0;
}
