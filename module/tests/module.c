// SPDX-License-Identifier: GPL-2.0
/*
 * What the suites' module says of itself.
 */
#include <linux/module.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit tests of kage");
