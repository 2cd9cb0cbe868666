// SPDX-License-Identifier: GPL-2.0
/*
 * memfds for guest RAM. They are sealed against a change of size: the module
 * pins their pages, and a mapping of ours must not fault behind the end.
 */
#include "ram.h"
#include "kagectl.h"
#include "nl.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int ram_create(const char *name, uint64_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && size <= INT64_MAX && !ftruncate(fd, size) &&
	    !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return fd;
	complain("cannot make a memfd of %llu bytes: %s",
		 (unsigned long long)size, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

uint8_t *ram_map(int fd, uint64_t offset, uint64_t size)
{
	struct stat st;
	void *addr;

	if (fstat(fd, &st) || (uint64_t)st.st_size < offset + size) {
		complain("guest RAM is shorter than its slot");
		return NULL;
	}
	addr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	if (addr != MAP_FAILED)
		return addr;
	complain("cannot map guest RAM: %s", strerror(errno));
	return NULL;
}

struct json_object *ram_give(struct kage_nl *nl, const char *vm, int fd,
			     uint64_t gpa, uint64_t size, uint32_t flags)
{
	struct kage_req req;

	kage_req_init(nl, &req, KAGE_CMD_MEM_MAP);
	kage_req_vm(&req, vm);
	kage_req_nest(&req, KAGE_A_MEM);
	kage_req_u32(&req, KAGE_MEM_A_FD, fd);
	kage_req_u64(&req, KAGE_MEM_A_FD_OFFSET, 0);
	kage_req_u64(&req, KAGE_MEM_A_GPA, gpa);
	kage_req_u64(&req, KAGE_MEM_A_SIZE, size);
	if (flags)
		kage_req_u32(&req, KAGE_MEM_A_FLAGS, flags);
	kage_req_nest_end(&req);
	return kage_nl_call(nl, &req);
}
