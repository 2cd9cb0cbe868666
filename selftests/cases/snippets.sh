#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Every instruction that exits and every form of those that kage executes itself,
# one row after the other, has the processor's result.
dir=${dir:?}
# shellcheck source=../self_check.sh
. "$dir/self_check.sh"
self_check snippets
