/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest RAM as this side sees it: memfds, mapped to load and to inspect.
 */
#ifndef _KAGECTL_RAM_H
#define _KAGECTL_RAM_H

#include <stdint.h>

#define RAM_LOW_MAX	0xc0000000ULL	/* above lie devices, up to 4 GiB */
#define RAM_HIGH_BASE	0x100000000ULL

struct json_object;
struct kage_nl;
struct kage_req;

/** ram_create() - a memfd full of zeros; -1 on failure, which it has said */
int ram_create(const char *name, uint64_t size);

/**
 * ram_map() - map @size bytes of a memfd
 *
 * Return: the address, or NULL on failure, which it has said; also when the
 * file ends before.
 */
uint8_t *ram_map(int fd, uint64_t offset, uint64_t size);

/** ram_give() - MEM_MAP; the MEM object in an array, or NULL */
struct json_object *ram_give(struct kage_nl *nl, const char *vm, int fd,
			     uint64_t gpa, uint64_t size, uint32_t flags);

#endif /* _KAGECTL_RAM_H */
