/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From files to a machine ready to start, and the note that the module keeps
 * for us so that a reset can do it again: lines "kernel=", "initrd=" and
 * "append=", paths absolute.
 */
#ifndef _KAGECTL_BOOT_H
#define _KAGECTL_BOOT_H

#include "load.h"
#include <linux/kage.h>

struct kage_nl;

struct boot_note {
	char *kernel;		/* NULL: there is nothing to load */
	char *initrd;		/* or NULL */
	char *append;
};

/**
 * boot_note_make() - paths made absolute; everything copied
 * @initrd: may be NULL
 *
 * Return: 0, or -1 for a missing file or a line break, which it has said.
 */
int boot_note_make(struct boot_note *note, const char *kernel,
		   const char *initrd, const char *append);
/** boot_note_parse() - the reverse of boot_note_print(); 0 or -1 */
int boot_note_parse(struct boot_note *note, const char *text);
/** boot_note_print() - as text; -1 if it is too long, which it has said */
int boot_note_print(const struct boot_note *note,
		    char text[KAGE_BOOT_MAX + 1]);
void boot_note_free(struct boot_note *note);

/** boot_read() - read the files that @note names into @req; 0 or -1 */
int boot_read(const struct boot_note *note, struct load_req *req);
void boot_release(struct load_req *req);

/** boot_set_cpus() - VCPU_SET for every CPU; 0 or -1 */
int boot_set_cpus(struct kage_nl *nl, const char *vm,
		  const struct load_plan *plan, unsigned int vcpus);

/**
 * boot_reset() - reset a machine and load again what its note names
 *
 * Files are read and checked first: nothing has changed if they are no good.
 */
int boot_reset(struct kage_nl *nl, const char *vm);

#endif /* _KAGECTL_BOOT_H */
