#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A guest that makes every kind of access through every kind of entry finds what
# a processor would do.
dir=${dir:?}
# shellcheck source=../self_check.sh
. "$dir/self_check.sh"
self_check access
