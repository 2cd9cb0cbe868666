// SPDX-License-Identifier: GPL-2.0
/*
 * kagectl run: a machine made, loaded and started in one step. Everything
 * that can be checked without the module is checked first; what the module
 * did before something failed is undone by deleting the machine.
 */
#include "boot.h"
#include "kagectl.h"
#include "nl.h"
#include "out.h"
#include "parse.h"
#include "ram.h"
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEM_DEFAULT	(512ULL << 20)
#define PAGE		4096

struct run {
	const char *name, *kernel, *initrd, *append, *nic;
	uint64_t mem;
	uint32_t vcpus;
	uint32_t shadow_pages;		/* 0: as RAM has it */
	bool console;

	char note[KAGE_BOOT_MAX + 1];
	struct load_ram ram;
	struct load_plan plan;
	int low_fd, high_fd;		/* -1: none */
	char vm[16];			/* its id, once there is one */
	unsigned int tty;
};

static int check_run(const struct run *run)
{
	if (!run->kernel)
		return misuse("\"--kernel\" is missing");
	if (!run->mem || run->mem % PAGE)
		return misuse("\"--mem\" must be a multiple of %d", PAGE);
	if (!run->vcpus || run->vcpus > KAGE_MAX_VCPUS)
		return misuse("\"--vcpus\" must be from 1 to %d",
			      KAGE_MAX_VCPUS);
	return 0;
}

static int parse_run(struct run *run, int argc, char **argv)
{
	struct arg args[] = {
		{ "kernel", ARG_STRING, &run->kernel, false },
		{ "initrd", ARG_STRING, &run->initrd, false },
		{ "append", ARG_STRING, &run->append, false },
		{ "mem", ARG_SIZE, &run->mem, false },
		{ "vcpus", ARG_U32, &run->vcpus, false },
		{ "shadow-pages", ARG_U32, &run->shadow_pages, false },
		{ "nic", ARG_STRING, &run->nic, false },
		{ "console", ARG_FLAG, &run->console, false },
	};

	run->name = argv[0];
	if (parse_name(run->name) ||
	    parse_args(args, sizeof(args) / sizeof(args[0]), argc - 1,
		       argv + 1))
		return KAGECTL_USAGE;
	return check_run(run);
}

static int make_ram(struct run *run)
{
	struct load_ram *ram = &run->ram;

	ram->size = run->mem < RAM_LOW_MAX ? run->mem : RAM_LOW_MAX;
	ram->high = run->mem - ram->size;
	run->low_fd = ram_create(run->name, ram->size);
	if (run->low_fd < 0)
		return -1;
	if (ram->high) {
		run->high_fd = ram_create(run->name, ram->high);
		if (run->high_fd < 0)
			return -1;
	}
	ram->ram = ram_map(run->low_fd, 0, ram->size);
	return ram->ram ? 0 : -1;
}

static void release_ram(struct run *run)
{
	if (run->ram.ram)
		munmap(run->ram.ram, run->ram.size);
	if (run->low_fd >= 0)
		close(run->low_fd);
	if (run->high_fd >= 0)
		close(run->high_fd);
}

static int load_into(struct run *run, struct load_req *req)
{
	char err[LOAD_ERR_SIZE];

	req->vcpus = run->vcpus;
	if (make_ram(run))
		return -1;
	if (load_bzimage_plan(&run->ram, req, &run->plan, err))
		return complain("%s", err);
	load_bzimage_write(&run->ram, req, &run->plan);
	return 0;
}

/* RAM with the kernel in it, without asking the module for anything. */
static int load(struct run *run)
{
	struct boot_note note;
	struct load_req req;
	int ret = -1;

	if (boot_note_make(&note, run->kernel, run->initrd, run->append))
		return -1;
	if (!boot_note_print(&note, run->note) && !boot_read(&note, &req)) {
		ret = load_into(run, &req);
		boot_release(&req);
	}
	boot_note_free(&note);
	return ret;
}

/* Ctrl-C between two steps is a failure like any other and gets undone. */
static int interrupted(void)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, SIGINT) > 0 ||
	       sigismember(&set, SIGTERM) > 0 ||
	       sigismember(&set, SIGHUP) > 0;
}

static void block_signals(sigset_t *saved)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, saved);
}

static int add_vm(struct kage_nl *nl, struct run *run)
{
	struct json_object *list, *obj;
	struct kage_req req;

	kage_req_init(nl, &req, KAGE_CMD_VM_NEW);
	kage_req_string(&req, KAGE_A_VM_NAME, run->name);
	kage_req_u32(&req, KAGE_A_VM_VCPUS, run->vcpus);
	kage_req_u32(&req, KAGE_A_VM_SHADOW_PAGES, run->shadow_pages);
	kage_req_string(&req, KAGE_A_VM_BOOT, run->note);
	list = kage_nl_call(nl, &req);
	if (!list)
		return -1;
	obj = json_object_array_get_idx(list, 0);
	snprintf(run->vm, sizeof(run->vm), "%u",
		 (unsigned int)out_u64(obj, "vm-id"));
	run->tty = out_u64(obj, "vm-console");
	json_object_put(list);
	return 0;
}

static int give_ram(struct kage_nl *nl, struct run *run)
{
	struct json_object *list;

	list = ram_give(nl, run->vm, run->low_fd, 0, run->ram.size, 0);
	if (list && run->ram.high) {
		json_object_put(list);
		list = ram_give(nl, run->vm, run->high_fd, RAM_HIGH_BASE,
				run->ram.high, 0);
	}
	json_object_put(list);
	return list ? 0 : -1;
}

static int add_nic(struct kage_nl *nl, struct run *run)
{
	struct json_object *list;
	struct kage_req req;

	if (!run->nic)
		return 0;
	kage_req_init(nl, &req, KAGE_CMD_NIC_NEW);
	kage_req_vm(&req, run->vm);
	kage_req_nest(&req, KAGE_A_NIC);
	kage_req_string(&req, KAGE_NIC_A_NAME, run->nic);
	kage_req_nest_end(&req);
	list = kage_nl_call(nl, &req);
	json_object_put(list);
	return list ? 0 : -1;
}

static int set_cpus(struct kage_nl *nl, struct run *run)
{
	return boot_set_cpus(nl, run->vm, &run->plan, run->vcpus);
}

static int tell(struct kage_nl *nl, struct run *run, enum kage_cmd cmd)
{
	struct json_object *list;
	struct kage_req req;

	kage_req_init(nl, &req, cmd);
	kage_req_vm(&req, run->vm);
	list = kage_nl_call(nl, &req);
	json_object_put(list);
	return list ? 0 : -1;
}

static int start_vm(struct kage_nl *nl, struct run *run)
{
	return tell(nl, run, KAGE_CMD_VM_START);
}

static int create(struct kage_nl *nl, struct run *run)
{
	static int (*const steps[])(struct kage_nl *nl, struct run *run) = {
		add_vm, give_ram, add_nic, set_cpus, start_vm,
	};
	sigset_t saved;
	int ret = 0;
	size_t i;

	block_signals(&saved);
	for (i = 0; !ret && i < sizeof(steps) / sizeof(steps[0]); i++)
		ret = interrupted() ? complain("interrupted") :
				      steps[i](nl, run);
	if (ret && run->vm[0])
		tell(nl, run, KAGE_CMD_VM_DEL);
	sigprocmask(SIG_SETMASK, &saved, NULL);
	return ret;
}

static int start(const struct kage_ctx *ctx, struct run *run)
{
	struct kage_nl *nl = kage_nl_open();
	int ret;

	if (!nl)
		return KAGECTL_FAILED;
	ret = create(nl, run) ? KAGECTL_FAILED : KAGECTL_OK;
	if (!ret && !run->console)
		ret = vm_print(ctx, nl, run->vm);
	kage_nl_close(nl);
	return ret;
}

int cmd_run(const struct kage_ctx *ctx, int argc, char **argv)
{
	struct run run = {
		.append = "console=ttyS0",
		.mem = MEM_DEFAULT,
		.vcpus = 1,
		.low_fd = -1,
		.high_fd = -1,
	};
	int ret;

	ret = parse_run(&run, argc, argv);
	if (ret)
		return ret;
	ret = load(&run) ? KAGECTL_FAILED : start(ctx, &run);
	release_ram(&run);
	if (!ret && run.console)
		ret = console_attach(run.tty, run.name, false);
	return ret;
}
