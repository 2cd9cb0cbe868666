/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the commands of kagectl share: the context that main() gives them, the
 * three exit codes, and the way an error is said.
 */
#ifndef _KAGECTL_H
#define _KAGECTL_H

#include <stdbool.h>
#include <stdint.h>

enum { KAGECTL_OK, KAGECTL_FAILED, KAGECTL_USAGE };

struct kage_nl;

struct kage_ctx {
	bool json;	/* -j or -p */
	bool pretty;	/* -p */
};

/**
 * complain() - one line on stderr after the program's name
 *
 * Return: KAGECTL_FAILED, so that a caller can return with it.
 */
__attribute__((format(printf, 1, 2))) int complain(const char *fmt, ...);

/** misuse() - complain() about the command line; KAGECTL_USAGE */
__attribute__((format(printf, 1, 2))) int misuse(const char *fmt, ...);

/*
 * The commands. @argv is what follows the verb; the return value is the exit
 * code.
 */
int cmd_vm_add(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_vm_del(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_vm_start(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_vm_stop(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_vm_pause(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_vm_resume(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_vm_reset(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_vm_show(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_vm_regs(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_mem_map(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_mem_unmap(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_mem_show(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_nic_add(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_nic_del(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_nic_show(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_stats(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_audit(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_console(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_monitor(const struct kage_ctx *ctx, int argc, char **argv);
int cmd_run(const struct kage_ctx *ctx, int argc, char **argv);

/** vm_print() - print machine @vm, or all if it is NULL, as `vm show` does */
int vm_print(const struct kage_ctx *ctx, struct kage_nl *nl, const char *vm);

/** console_attach() - what `console` does, for `run --console` too */
int console_attach(unsigned int tty, const char *name, bool follow);

#endif /* _KAGECTL_H */
