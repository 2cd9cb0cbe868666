// SPDX-License-Identifier: GPL-2.0
/*
 * kagectl nic: virtio-net devices, each of them a network interface here.
 */
#include "kagectl.h"
#include "nl.h"
#include "out.h"
#include "parse.h"
#include <json-c/json.h>
#include <string.h>

static const struct out_col nic_cols[] = {
	{ "NAME", "vm-name", OUT_TEXT },
	{ "INTERFACE", "nic.name", OUT_TEXT },
	{ "IFINDEX", "nic.ifindex", OUT_NUMBER },
	{ "MAC", "nic.mac", OUT_TEXT },
	{ "MTU", "nic.mtu", OUT_NUMBER },
	{ "SLOT", "nic.slot", OUT_NUMBER },
	{ NULL }
};

int cmd_nic_add(const struct kage_ctx *ctx, int argc, char **argv)
{
	const char *name = NULL;
	unsigned char mac[6];
	uint32_t mtu = 0;
	struct arg args[] = {
		{ "name", ARG_STRING, &name, false },
		{ "mac", ARG_MAC, mac, false },
		{ "mtu", ARG_U32, &mtu, false },
	};
	struct json_object *list;
	struct kage_req req;
	struct kage_nl *nl;

	if (parse_vm(argv[0]) || parse_args(args, 3, argc - 1, argv + 1))
		return KAGECTL_USAGE;
	nl = kage_nl_open();
	if (!nl)
		return KAGECTL_FAILED;
	kage_req_init(nl, &req, KAGE_CMD_NIC_NEW);
	kage_req_vm(&req, argv[0]);
	kage_req_nest(&req, KAGE_A_NIC);
	if (name)
		kage_req_string(&req, KAGE_NIC_A_NAME, name);
	if (args[1].seen)
		kage_req_data(&req, KAGE_NIC_A_MAC, mac, sizeof(mac));
	if (args[2].seen)
		kage_req_u32(&req, KAGE_NIC_A_MTU, mtu);
	kage_req_nest_end(&req);
	list = kage_nl_call(nl, &req);
	if (list)
		out_list(ctx, list, nic_cols);
	json_object_put(list);
	kage_nl_close(nl);
	return list ? KAGECTL_OK : KAGECTL_FAILED;
}

static struct json_object *dump_nics(struct kage_nl *nl, const char *vm)
{
	struct kage_req req;

	kage_req_init_dump(nl, &req, KAGE_CMD_NIC_GET);
	if (vm)
		kage_req_vm(&req, vm);
	return kage_nl_call(nl, &req);
}

/*
 * Interfaces change their names, so the module wants the number. One that has
 * none is in another network namespace, whose names are not ours.
 */
static int find_nic(struct kage_nl *nl, const char *vm, const char *name,
		    uint32_t *ifindex)
{
	struct json_object *list = dump_nics(nl, vm);
	size_t i;

	if (!list)
		return KAGECTL_FAILED;
	for (i = 0; i < json_object_array_length(list); i++) {
		struct json_object *nic = json_object_array_get_idx(list, i);

		if (strcmp(out_string(nic, "nic.name"), name))
			continue;
		*ifindex = out_u64(nic, "nic.ifindex");
		if (*ifindex)
			break;
	}
	json_object_put(list);
	return *ifindex ? KAGECTL_OK :
	       complain("machine \"%s\" has no interface \"%s\" in this network namespace",
			vm, name);
}

static int delete_nic(struct kage_nl *nl, const char *vm, uint32_t ifindex)
{
	struct json_object *list;
	struct kage_req req;

	kage_req_init(nl, &req, KAGE_CMD_NIC_DEL);
	kage_req_vm(&req, vm);
	kage_req_nest(&req, KAGE_A_NIC);
	kage_req_u32(&req, KAGE_NIC_A_IFINDEX, ifindex);
	kage_req_nest_end(&req);
	list = kage_nl_call(nl, &req);
	json_object_put(list);
	return list ? KAGECTL_OK : KAGECTL_FAILED;
}

int cmd_nic_del(const struct kage_ctx *ctx, int argc, char **argv)
{
	uint32_t ifindex = 0;
	struct kage_nl *nl;
	int ret;

	(void)ctx;
	if (parse_vm(argv[0]) || parse_none(argc - 2, argv + 2))
		return KAGECTL_USAGE;
	nl = kage_nl_open();
	if (!nl)
		return KAGECTL_FAILED;
	ret = find_nic(nl, argv[0], argv[1], &ifindex);
	if (!ret)
		ret = delete_nic(nl, argv[0], ifindex);
	kage_nl_close(nl);
	return ret;
}

int cmd_nic_show(const struct kage_ctx *ctx, int argc, char **argv)
{
	struct json_object *list;
	struct kage_nl *nl;

	if (argc && (parse_vm(argv[0]) || parse_none(argc - 1, argv + 1)))
		return KAGECTL_USAGE;
	nl = kage_nl_open();
	if (!nl)
		return KAGECTL_FAILED;
	list = dump_nics(nl, argc ? argv[0] : NULL);
	if (list)
		out_list(ctx, list, nic_cols);
	json_object_put(list);
	kage_nl_close(nl);
	return list ? KAGECTL_OK : KAGECTL_FAILED;
}
