// SPDX-License-Identifier: GPL-2.0
/*
 * kagectl mem: guest RAM, one memfd to a slot.
 */
#include "kagectl.h"
#include "nl.h"
#include "out.h"
#include "parse.h"
#include "ram.h"
#include <json-c/json.h>
#include <unistd.h>

static const struct out_col mem_cols[] = {
	{ "NAME", "vm-name", OUT_TEXT },
	{ "SLOT", "mem.slot", OUT_NUMBER },
	{ "GPA", "mem.gpa", OUT_NUMBER },
	{ "SIZE", "mem.size", OUT_SIZE },
	{ "FLAGS", "mem.flags", OUT_TEXT },
	{ NULL }
};

static struct json_object *map_new(const char *vm, uint64_t gpa, uint64_t size,
				   uint32_t flags)
{
	struct json_object *list = NULL;
	struct kage_nl *nl;
	int fd;

	nl = kage_nl_open();
	if (!nl)
		return NULL;
	fd = ram_create(vm, size);
	if (fd >= 0) {
		list = ram_give(nl, vm, fd, gpa, size, flags);
		close(fd);
	}
	kage_nl_close(nl);
	return list;
}

int cmd_mem_map(const struct kage_ctx *ctx, int argc, char **argv)
{
	uint64_t size = 0, gpa = 0;
	bool readonly = false;
	struct arg args[] = {
		{ "size", ARG_SIZE, &size, false },
		{ "gpa", ARG_SIZE, &gpa, false },
		{ "readonly", ARG_FLAG, &readonly, false },
	};
	struct json_object *list;

	if (parse_vm(argv[0]) || parse_args(args, 3, argc - 1, argv + 1))
		return KAGECTL_USAGE;
	if (!args[0].seen)
		return misuse("\"size\" is missing");
	list = map_new(argv[0], gpa, size, readonly ? KAGE_MEM_F_READONLY : 0);
	if (list)
		out_list(ctx, list, mem_cols);
	json_object_put(list);
	return list ? KAGECTL_OK : KAGECTL_FAILED;
}

int cmd_mem_unmap(const struct kage_ctx *ctx, int argc, char **argv)
{
	uint32_t slot = 0;
	struct arg args[] = { { "slot", ARG_U32, &slot, false } };
	struct json_object *list;
	struct kage_req req;
	struct kage_nl *nl;

	(void)ctx;
	if (parse_vm(argv[0]) || parse_args(args, 1, argc - 1, argv + 1))
		return KAGECTL_USAGE;
	if (!args[0].seen)
		return misuse("\"slot\" is missing");
	nl = kage_nl_open();
	if (!nl)
		return KAGECTL_FAILED;
	kage_req_init(nl, &req, KAGE_CMD_MEM_UNMAP);
	kage_req_vm(&req, argv[0]);
	kage_req_nest(&req, KAGE_A_MEM);
	kage_req_u32(&req, KAGE_MEM_A_SLOT, slot);
	kage_req_nest_end(&req);
	list = kage_nl_call(nl, &req);
	json_object_put(list);
	kage_nl_close(nl);
	return list ? KAGECTL_OK : KAGECTL_FAILED;
}

int cmd_mem_show(const struct kage_ctx *ctx, int argc, char **argv)
{
	struct json_object *list;
	struct kage_req req;
	struct kage_nl *nl;

	if (argc && (parse_vm(argv[0]) || parse_none(argc - 1, argv + 1)))
		return KAGECTL_USAGE;
	nl = kage_nl_open();
	if (!nl)
		return KAGECTL_FAILED;
	kage_req_init_dump(nl, &req, KAGE_CMD_MEM_GET);
	if (argc)
		kage_req_vm(&req, argv[0]);
	list = kage_nl_call(nl, &req);
	if (list)
		out_list(ctx, list, mem_cols);
	json_object_put(list);
	kage_nl_close(nl);
	return list ? KAGECTL_OK : KAGECTL_FAILED;
}
