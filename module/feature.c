// SPDX-License-Identifier: GPL-2.0
/*
 * The parameter that leaves features out.
 */
#include "feature.h"
#include <linux/errno.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/sysfs.h>

unsigned long kage_features __read_mostly = BIT(KAGE_NR_FEATURES) - 1;

static const char * const names[KAGE_NR_FEATURES] = {
	[KAGE_FEATURE_EXPRESS] = "express",
	[KAGE_FEATURE_STORE] = "store",
	[KAGE_FEATURE_AHEAD] = "ahead",
	[KAGE_FEATURE_DEVICE] = "device",
	[KAGE_FEATURE_UNLINK] = "unlink",
	[KAGE_FEATURE_TEARDOWN] = "teardown",
	[KAGE_FEATURE_WINDOW] = "window",
	[KAGE_FEATURE_PREFETCH] = "prefetch",
	[KAGE_FEATURE_INVLPG] = "invlpg",
	[KAGE_FEATURE_ROUTE] = "route",
};

/* One name of a list that commas separate; the kernel's line end may follow. */
static int leave_out(const char *name, size_t len)
{
	int i;

	for (i = 0; i < KAGE_NR_FEATURES; i++) {
		if (strlen(names[i]) == len && !strncmp(names[i], name, len)) {
			kage_features &= ~BIT(i);
			return 0;
		}
	}
	return -EINVAL;
}

static int set_without(const char *list, const struct kernel_param *param)
{
	int ret = 0;

	while (!ret && *list) {
		size_t len = strcspn(list, ",\n");

		ret = leave_out(list, len);
		list += len;
		list += strspn(list, ",\n");
	}
	return ret;
}

static int get_without(char *buf, const struct kernel_param *param)
{
	int i, n = 0;

	for (i = 0; i < KAGE_NR_FEATURES; i++)
		if (!kage_has(i))
			n += sysfs_emit_at(buf, n, "%s%s", n ? "," : "",
					   names[i]);
	return n + sysfs_emit_at(buf, n, "\n");
}

static const struct kernel_param_ops without_ops = {
	.set = set_without,
	.get = get_without,
};

module_param_cb(without, &without_ops, NULL, 0444);
MODULE_PARM_DESC(without,
		 "What to do without, for measurements: a list of express, store, ahead, device, unlink, teardown, window, prefetch, invlpg, route (default: nothing)");
