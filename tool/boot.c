// SPDX-License-Identifier: GPL-2.0
/*
 * Notes, files and registers: what starting and resetting a machine share.
 */
#include "boot.h"
#include "kagectl.h"
#include "nl.h"
#include "out.h"
#include "ram.h"
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FILE_MAX	RAM_LOW_MAX	/* nothing larger could be loaded */

static char *copy(const char *text, size_t len)
{
	char *ret = strndup(text, len);

	if (!ret)
		complain("out of memory");
	return ret;
}

static int copy_path(char **to, const char *path)
{
	*to = realpath(path, NULL);
	if (*to)
		return 0;
	return complain("cannot open %s: %s", path, strerror(errno));
}

static int check_line(const char *text)
{
	if (!text || !strchr(text, '\n'))
		return 0;
	return complain("a path or the command line has a line break in it");
}

int boot_note_make(struct boot_note *note, const char *kernel,
		   const char *initrd, const char *append)
{
	memset(note, 0, sizeof(*note));
	if (copy_path(&note->kernel, kernel) ||
	    (initrd && copy_path(&note->initrd, initrd)))
		goto err_free;
	note->append = copy(append, strlen(append));
	if (note->append && !check_line(note->kernel) &&
	    !check_line(note->initrd) && !check_line(note->append))
		return 0;

err_free:
	boot_note_free(note);
	return -1;
}

/* If the line has the key, and it is the first such, copy what follows. */
static int take_line(char **field, const char *key, const char *line,
		     size_t len)
{
	size_t skip = strlen(key);
	char *val;

	if (*field || strncmp(line, key, skip))
		return 0;
	val = copy(line + skip, len - skip);
	if (!val)
		return -1;
	*field = val;
	return 0;
}

/* Lines of other tools are none of ours and skipped. */
int boot_note_parse(struct boot_note *note, const char *text)
{
	memset(note, 0, sizeof(*note));
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (take_line(&note->kernel, "kernel=", text, len) ||
		    take_line(&note->initrd, "initrd=", text, len) ||
		    take_line(&note->append, "append=", text, len))
			goto err_free;
		text += len + (text[len] == '\n');
	}
	if (take_line(&note->append, "", "", 0))
		goto err_free;
	return 0;

err_free:
	boot_note_free(note);
	return -1;
}

int boot_note_print(const struct boot_note *note,
		    char text[KAGE_BOOT_MAX + 1])
{
	const char *initrd = note->initrd ? note->initrd : "";
	int len;

	len = snprintf(text, KAGE_BOOT_MAX + 1, "kernel=%s\n%s%s%sappend=%s\n",
		       note->kernel, *initrd ? "initrd=" : "", initrd,
		       *initrd ? "\n" : "", note->append);
	if (len <= KAGE_BOOT_MAX)
		return 0;
	return complain("paths and command line are too long: %d bytes of %d",
			len, KAGE_BOOT_MAX);
}

void boot_note_free(struct boot_note *note)
{
	free(note->kernel);
	free(note->initrd);
	free(note->append);
	memset(note, 0, sizeof(*note));
}

/* Read to the end, whatever the file says of its size: it may be a pipe. */
static uint8_t *read_all(int fd, uint64_t *size)
{
	uint64_t room = 1 << 20, len = 0;
	uint8_t *data = malloc(room), *more;
	ssize_t ret;

	while (data) {
		ret = read(fd, data + len, room - len);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret <= 0)
			break;
		len += ret;
		if (len < room)
			continue;
		more = len < FILE_MAX ? realloc(data, room * 2) : NULL;
		if (!more) {
			errno = EFBIG;
			ret = -1;
			break;
		}
		data = more;
		room *= 2;
	}
	if (data && !ret) {
		*size = len;
		return data;
	}
	free(data);
	return NULL;
}

static int read_file(const char *path, struct load_blob *blob)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error;

	if (fd < 0)
		return complain("cannot open %s: %s", path, strerror(errno));
	blob->data = read_all(fd, &blob->size);
	error = errno;
	close(fd);
	if (!blob->data)
		return complain("cannot read %s: %s", path, strerror(error));
	if (!blob->size)
		return complain("%s is empty", path);
	return 0;
}

int boot_read(const struct boot_note *note, struct load_req *req)
{
	memset(req, 0, sizeof(*req));
	req->append = note->append;
	if (!read_file(note->kernel, &req->kernel) &&
	    (!note->initrd || !read_file(note->initrd, &req->initrd)))
		return 0;
	boot_release(req);
	return -1;
}

void boot_release(struct load_req *req)
{
	free((void *)req->kernel.data);
	free((void *)req->initrd.data);
	memset(req, 0, sizeof(*req));
}

static int set_cpu(struct kage_nl *nl, const char *vm, unsigned int vcpu,
		   const uint64_t *regs)
{
	struct json_object *list;
	struct kage_req req;
	int i;

	kage_req_init(nl, &req, KAGE_CMD_VCPU_SET);
	kage_req_vm(&req, vm);
	kage_req_u32(&req, KAGE_A_VCPU_ID, vcpu);
	kage_req_nest(&req, KAGE_A_REGS);
	for (i = KAGE_REGS_A_RAX; i < KAGE_REGS_A_PAD; i++)
		kage_req_u64(&req, i, regs[i]);
	kage_req_nest_end(&req);
	list = kage_nl_call(nl, &req);
	json_object_put(list);
	return list ? 0 : -1;
}

int boot_set_cpus(struct kage_nl *nl, const char *vm,
		  const struct load_plan *plan, unsigned int vcpus)
{
	uint64_t regs[KAGE_REGS_A_MAX + 1];
	unsigned int i;

	for (i = 0; i < vcpus; i++) {
		load_cpu_regs(plan, i, regs);
		if (set_cpu(nl, vm, i, regs))
			return -1;
	}
	return 0;
}

static struct json_object *get_vm(struct kage_nl *nl, const char *vm)
{
	struct kage_req req;

	kage_req_init(nl, &req, KAGE_CMD_VM_GET);
	kage_req_vm(&req, vm);
	return kage_nl_call(nl, &req);
}

static int power_on_state(struct kage_nl *nl, const char *vm)
{
	struct json_object *list;
	struct kage_req req;

	kage_req_init(nl, &req, KAGE_CMD_VM_RESET);
	kage_req_vm(&req, vm);
	list = kage_nl_call(nl, &req);
	json_object_put(list);
	return list ? 0 : -1;
}

/* A descriptor of the slot's memfd, and where in it the slot begins; or -1. */
static int open_slot(struct kage_nl *nl, const char *vm, uint32_t slot,
		     uint64_t *offset)
{
	struct json_object *list, *fd_obj;
	struct kage_req req;
	int fd;

	kage_req_init(nl, &req, KAGE_CMD_MEM_OPEN);
	kage_req_vm(&req, vm);
	kage_req_nest(&req, KAGE_A_MEM);
	kage_req_u32(&req, KAGE_MEM_A_SLOT, slot);
	kage_req_nest_end(&req);
	list = kage_nl_call(nl, &req);
	if (!list)
		return -1;
	fd_obj = out_get(json_object_array_get_idx(list, 0), "mem.fd");
	*offset = out_u64(json_object_array_get_idx(list, 0), "mem.fd-offset");
	fd = fd_obj ? json_object_get_int(fd_obj) : -1;
	json_object_put(list);
	if (fd < 0)
		complain("the module gave no descriptor for slot %u", slot);
	return fd;
}

/* Find low and high RAM among the slots; 0 or -1. */
static int find_ram(struct kage_nl *nl, const char *vm, struct load_ram *ram,
		    uint32_t *slot)
{
	struct json_object *list;
	struct kage_req req;
	size_t i;

	kage_req_init_dump(nl, &req, KAGE_CMD_MEM_GET);
	kage_req_vm(&req, vm);
	list = kage_nl_call(nl, &req);
	if (!list)
		return -1;
	for (i = 0; i < json_object_array_length(list); i++) {
		struct json_object *mem = json_object_array_get_idx(list, i);
		uint64_t gpa = out_u64(mem, "mem.gpa");
		uint64_t size = out_u64(mem, "mem.size");

		if (gpa == 0) {
			ram->size = size < RAM_LOW_MAX ? size : RAM_LOW_MAX;
			*slot = out_u64(mem, "mem.slot");
		} else if (gpa == RAM_HIGH_BASE) {
			ram->high = size;
		}
	}
	json_object_put(list);
	return ram->size ? 0 : complain("machine \"%s\" has no RAM at 0", vm);
}

static int map_low(struct kage_nl *nl, const char *vm, struct load_ram *ram)
{
	uint32_t slot = 0;
	uint64_t offset;
	int fd;

	if (find_ram(nl, vm, ram, &slot))
		return -1;
	fd = open_slot(nl, vm, slot, &offset);
	if (fd < 0)
		return -1;
	ram->ram = ram_map(fd, offset, ram->size);
	close(fd);
	return ram->ram ? 0 : -1;
}

static int reload(struct kage_nl *nl, const char *vm,
		  const struct load_req *req)
{
	struct load_ram ram = { 0 };
	struct load_plan plan;
	char err[LOAD_ERR_SIZE];
	int ret = -1;

	if (map_low(nl, vm, &ram))
		return -1;
	if (load_bzimage_plan(&ram, req, &plan, err)) {
		complain("%s", err);
	} else if (!power_on_state(nl, vm)) {
		load_bzimage_write(&ram, req, &plan);
		ret = boot_set_cpus(nl, vm, &plan, req->vcpus);
	}
	munmap(ram.ram, ram.size);
	return ret;
}

static int reset_by_note(struct kage_nl *nl, const char *vm, const char *text,
			 unsigned int vcpus)
{
	struct boot_note note;
	struct load_req req;
	int ret = -1;

	if (boot_note_parse(&note, text))
		return -1;
	if (!note.kernel) {
		ret = power_on_state(nl, vm);
	} else if (!boot_read(&note, &req)) {
		req.vcpus = vcpus;
		ret = reload(nl, vm, &req);
		boot_release(&req);
	}
	boot_note_free(&note);
	return ret;
}

int boot_reset(struct kage_nl *nl, const char *vm)
{
	struct json_object *list = get_vm(nl, vm), *obj;
	int ret;

	if (!list)
		return -1;
	obj = json_object_array_get_idx(list, 0);
	ret = reset_by_note(nl, vm, out_string(obj, "vm-boot"),
			    out_u64(obj, "vm-vcpus"));
	json_object_put(list);
	return ret;
}
