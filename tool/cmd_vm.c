// SPDX-License-Identifier: GPL-2.0
/*
 * kagectl vm: machines and their state.
 */
#include "boot.h"
#include "kagectl.h"
#include "nl.h"
#include "out.h"
#include "parse.h"
#include <json-c/json.h>
#include <stdio.h>

static const struct out_col vm_cols[] = {
	{ "ID", "vm-id", OUT_NUMBER },
	{ "NAME", "vm-name", OUT_TEXT },
	{ "STATE", "vm-state", OUT_TEXT },
	{ "VCPUS", "vm-vcpus", OUT_NUMBER },
	{ "CONSOLE", "vm-console", OUT_NUMBER },
	{ "SHADOW-PAGES", "vm-shadow-pages", OUT_NUMBER },
	{ "REASON", "vm-reason", OUT_TEXT },
	{ NULL }
};

int cmd_vm_add(const struct kage_ctx *ctx, int argc, char **argv)
{
	uint32_t vcpus = 1, shadow_pages = 0;
	struct arg args[] = {
		{ "vcpus", ARG_U32, &vcpus, false },
		{ "shadow-pages", ARG_U32, &shadow_pages, false },
	};
	struct json_object *list;
	struct kage_req req;
	struct kage_nl *nl;

	if (parse_name(argv[0]) || parse_args(args, 2, argc - 1, argv + 1))
		return KAGECTL_USAGE;
	nl = kage_nl_open();
	if (!nl)
		return KAGECTL_FAILED;
	kage_req_init(nl, &req, KAGE_CMD_VM_NEW);
	kage_req_string(&req, KAGE_A_VM_NAME, argv[0]);
	if (args[0].seen)
		kage_req_u32(&req, KAGE_A_VM_VCPUS, vcpus);
	if (args[1].seen)
		kage_req_u32(&req, KAGE_A_VM_SHADOW_PAGES, shadow_pages);
	list = kage_nl_call(nl, &req);
	if (list)
		out_list(ctx, list, vm_cols);
	json_object_put(list);
	kage_nl_close(nl);
	return list ? KAGECTL_OK : KAGECTL_FAILED;
}

/* The verbs that need nothing but the machine and answer nothing. */
static int simple(enum kage_cmd cmd, int argc, char **argv)
{
	struct json_object *list;
	struct kage_req req;
	struct kage_nl *nl;

	if (parse_vm(argv[0]) || parse_none(argc - 1, argv + 1))
		return KAGECTL_USAGE;
	nl = kage_nl_open();
	if (!nl)
		return KAGECTL_FAILED;
	kage_req_init(nl, &req, cmd);
	kage_req_vm(&req, argv[0]);
	list = kage_nl_call(nl, &req);
	json_object_put(list);
	kage_nl_close(nl);
	return list ? KAGECTL_OK : KAGECTL_FAILED;
}

int cmd_vm_del(const struct kage_ctx *ctx, int argc, char **argv)
{
	(void)ctx;
	return simple(KAGE_CMD_VM_DEL, argc, argv);
}

int cmd_vm_start(const struct kage_ctx *ctx, int argc, char **argv)
{
	(void)ctx;
	return simple(KAGE_CMD_VM_START, argc, argv);
}

int cmd_vm_stop(const struct kage_ctx *ctx, int argc, char **argv)
{
	(void)ctx;
	return simple(KAGE_CMD_VM_STOP, argc, argv);
}

int cmd_vm_pause(const struct kage_ctx *ctx, int argc, char **argv)
{
	(void)ctx;
	return simple(KAGE_CMD_VM_PAUSE, argc, argv);
}

int cmd_vm_resume(const struct kage_ctx *ctx, int argc, char **argv)
{
	(void)ctx;
	return simple(KAGE_CMD_VM_RESUME, argc, argv);
}

int cmd_vm_reset(const struct kage_ctx *ctx, int argc, char **argv)
{
	struct kage_nl *nl;
	int ret;

	(void)ctx;
	if (parse_vm(argv[0]) || parse_none(argc - 1, argv + 1))
		return KAGECTL_USAGE;
	nl = kage_nl_open();
	if (!nl)
		return KAGECTL_FAILED;
	ret = boot_reset(nl, argv[0]);
	kage_nl_close(nl);
	return ret ? KAGECTL_FAILED : KAGECTL_OK;
}

int vm_print(const struct kage_ctx *ctx, struct kage_nl *nl, const char *vm)
{
	struct json_object *list;
	struct kage_req req;

	if (vm) {
		kage_req_init(nl, &req, KAGE_CMD_VM_GET);
		kage_req_vm(&req, vm);
	} else {
		kage_req_init_dump(nl, &req, KAGE_CMD_VM_GET);
	}
	list = kage_nl_call(nl, &req);
	if (list)
		out_list(ctx, list, vm_cols);
	json_object_put(list);
	return list ? KAGECTL_OK : KAGECTL_FAILED;
}

int cmd_vm_show(const struct kage_ctx *ctx, int argc, char **argv)
{
	struct kage_nl *nl;
	int ret;

	if (argc && (parse_vm(argv[0]) || parse_none(argc - 1, argv + 1)))
		return KAGECTL_USAGE;
	nl = kage_nl_open();
	if (!nl)
		return KAGECTL_FAILED;
	ret = vm_print(ctx, nl, argc ? argv[0] : NULL);
	kage_nl_close(nl);
	return ret;
}

static void print_regs(struct json_object *list)
{
	struct json_object *regs = out_get(json_object_array_get_idx(list, 0),
					   "regs");
	int i = 0;

	if (!regs)
		return;
	json_object_object_foreach(regs, name, val)
		printf("%-9s %18s%s", name, json_object_get_string(val),
		       ++i % 3 ? "   " : "\n");
	if (i % 3)
		putchar('\n');
}

int cmd_vm_regs(const struct kage_ctx *ctx, int argc, char **argv)
{
	uint32_t vcpu = 0;
	struct arg args[] = { { "vcpu", ARG_U32, &vcpu, false } };
	struct json_object *list;
	struct kage_req req;
	struct kage_nl *nl;

	if (parse_vm(argv[0]) || parse_args(args, 1, argc - 1, argv + 1))
		return KAGECTL_USAGE;
	nl = kage_nl_open();
	if (!nl)
		return KAGECTL_FAILED;
	kage_req_init(nl, &req, KAGE_CMD_VCPU_GET);
	kage_req_vm(&req, argv[0]);
	kage_req_u32(&req, KAGE_A_VCPU_ID, vcpu);
	list = kage_nl_call(nl, &req);
	if (list && ctx->json)
		out_json(ctx, list);
	else if (list)
		print_regs(list);
	json_object_put(list);
	kage_nl_close(nl);
	return list ? KAGECTL_OK : KAGECTL_FAILED;
}
