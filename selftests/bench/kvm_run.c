// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a bzImage under KVM as kagectl runs it under kage, so that the two can
 * be compared. The guest's serial line is stdin and stdout.
 *
 * Exit status: 0 the guest powered off, 1 something failed, 2 usage, 3 the
 * guest asked for a reset.
 */
#include "kvm_run.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB		(1ULL << 20)
#define MEM_MOST	3072		/* MiB: all of it below the devices */
#define TSS_ADDR	0xfffbd000	/* three pages nobody else uses */
#define IDENTITY_MAP	0xfffbc000ULL

struct options {
	const char *kernel, *initrd, *append;
	unsigned long mem;		/* MiB */
	long feature_control;		/* negative: as KVM has it */
};

int complain(const char *what)
{
	if (errno)
		fprintf(stderr, "kvm_run: %s: %s\n", what, strerror(errno));
	else
		fprintf(stderr, "kvm_run: %s\n", what);
	return -1;
}

static int usage(void)
{
	fputs("usage: kvm_run --kernel FILE [--initrd FILE] [--append STRING]\n"
	      "               [--mem MIB] [--feature-control N]\n", stderr);
	return STOP_USAGE;
}

static bool parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "kernel", required_argument, NULL, 'k' },
		{ "initrd", required_argument, NULL, 'i' },
		{ "append", required_argument, NULL, 'a' },
		{ "mem", required_argument, NULL, 'm' },
		{ "feature-control", required_argument, NULL, 'f' },
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'k')
			o->kernel = optarg;
		else if (c == 'i')
			o->initrd = optarg;
		else if (c == 'a')
			o->append = optarg;
		else if (c == 'm')
			o->mem = strtoul(optarg, NULL, 0);
		else if (c == 'f')
			o->feature_control = strtol(optarg, NULL, 0);
		else
			return false;
	}
	return o->kernel && optind == argc && o->mem && o->mem <= MEM_MOST;
}

static int read_file(struct load_blob *blob, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *data;

	if (fd < 0 || fstat(fd, &st)) {
		complain(path);
		goto err_close;
	}
	data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED) {
		complain(path);
		goto err_close;
	}
	close(fd);
	blob->data = data;
	blob->size = st.st_size;
	return 0;

err_close:
	if (fd >= 0)
		close(fd);
	return -1;
}

static int load(struct machine *m, const struct options *o)
{
	struct load_req req = { .append = o->append, .vcpus = 1 };
	char err[LOAD_ERR_SIZE];

	if (read_file(&req.kernel, o->kernel) ||
	    (o->initrd && read_file(&req.initrd, o->initrd)))
		return -1;
	m->ram.size = o->mem * MIB;
	m->ram.ram = mmap(NULL, m->ram.size, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (m->ram.ram == MAP_FAILED)
		return complain("memory");
	errno = 0;
	if (load_bzimage_plan(&m->ram, &req, &m->plan, err))
		return complain(err);
	load_bzimage_write(&m->ram, &req, &m->plan);
	return 0;
}

static int set_up_vm(struct machine *m)
{
	struct kvm_userspace_memory_region region = {
		.memory_size = m->ram.size,
		.userspace_addr = (uintptr_t)m->ram.ram,
	};
	/* Port 0x61 is in the kernel, as it is in kage. */
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	__u64 identity_map = IDENTITY_MAP;

	m->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (m->kvm < 0)
		return complain("/dev/kvm");
	m->vm = ioctl(m->kvm, KVM_CREATE_VM, 0);
	if (m->vm < 0)
		return complain("KVM_CREATE_VM");
	if (ioctl(m->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity_map) ||
	    ioctl(m->vm, KVM_SET_TSS_ADDR, TSS_ADDR) ||
	    ioctl(m->vm, KVM_CREATE_IRQCHIP, 0) ||
	    ioctl(m->vm, KVM_CREATE_PIT2, &pit) ||
	    ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region))
		return complain("a machine under KVM");
	return 0;
}

static int set_up_vcpu(struct machine *m, const struct options *o)
{
	int size;

	m->vcpu = ioctl(m->vm, KVM_CREATE_VCPU, 0);
	if (m->vcpu < 0)
		return complain("KVM_CREATE_VCPU");
	size = ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	m->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu,
		      0);
	if (m->run == MAP_FAILED)
		return complain("struct kvm_run");
	return cpu_set_up(m, o->feature_control);
}

static bool handle_io(const struct machine *m, enum stop *stop)
{
	struct kvm_run *run = m->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	uint32_t i;

	for (i = 0; i < run->io.count; i++, data += run->io.size)
		if (ports_access(m, run->io.port, data, run->io.size,
				 run->io.direction == KVM_EXIT_IO_OUT, stop))
			return true;
	return false;
}

static enum stop fail(const struct machine *m)
{
	struct kvm_regs regs = { 0 };

	ioctl(m->vcpu, KVM_GET_REGS, &regs);
	fprintf(stderr, "kvm_run: KVM gave up: exit %u, %#llx, at %#llx\n",
		m->run->exit_reason,
		(unsigned long long)m->run->hw.hardware_exit_reason,
		(unsigned long long)regs.rip);
	return STOP_FAILED;
}

static enum stop run_guest(const struct machine *m)
{
	enum stop stop = STOP_NOT;

	for (;;) {
		if (ioctl(m->vcpu, KVM_RUN, 0) && errno != EINTR &&
		    errno != EAGAIN) {
			complain("KVM_RUN");
			return STOP_FAILED;
		}
		switch (m->run->exit_reason) {
		case KVM_EXIT_IO:
			if (handle_io(m, &stop))
				return stop;
			break;
		case KVM_EXIT_MMIO:	/* nobody is there */
			memset(m->run->mmio.data, 0xff, 8);
			break;
		case KVM_EXIT_INTR:
			break;
		case KVM_EXIT_SHUTDOWN:	/* triple fault */
			return STOP_RESET;
		default:
			return fail(m);
		}
	}
}

int main(int argc, char **argv)
{
	struct options o = {
		.append = "console=ttyS0", .mem = 128, .feature_control = -1,
	};
	struct machine m = { 0 };

	if (!parse(&o, argc, argv))
		return usage();
	/* Whoever reads the guest's lines waits for them. */
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	if (load(&m, &o) || set_up_vm(&m) || set_up_vcpu(&m, &o))
		return STOP_FAILED;
	return run_guest(&m);
}
