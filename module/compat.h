/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels that kage builds for. The compiler looks at
 * the kernel's own prototypes: version numbers say little about a distribution
 * kernel.
 */
#ifndef _KAGE_COMPAT_H
#define _KAGE_COMPAT_H

#include <linux/tty.h>
#include <linux/tty_driver.h>
#include <net/genetlink.h>

struct genl_split_ops;

/* What genl_family.pre_doit and .post_doit get first: genl_ops before 6.2. */
#define KAGE_GENL_OPS_PTR typeof(__builtin_choose_expr(			\
	__builtin_types_compatible_p(					\
		typeof(((struct genl_family *)0)->pre_doit),		\
		int (*)(const struct genl_split_ops *, struct sk_buff *, \
			struct genl_info *)),				\
	(const struct genl_split_ops *)0, (const struct genl_ops *)0))

/* tty_operations.write counts in int before 6.6. */
#define KAGE_TTY_WRITE_COUNTS(new, old) typeof(__builtin_choose_expr(	\
	__builtin_types_compatible_p(					\
		typeof(((const struct tty_operations *)0)->write),		\
		ssize_t (*)(struct tty_struct *, const u8 *, size_t)),	\
	(new)0, (old)0))
#define KAGE_TTY_WRITE_RET KAGE_TTY_WRITE_COUNTS(ssize_t, int)
#define KAGE_TTY_WRITE_LEN KAGE_TTY_WRITE_COUNTS(size_t, int)

#endif /* _KAGE_COMPAT_H */
