#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# An instruction that accesses a device again and again does what its bytes and the
# tables say each time.
dir=${dir:?}
# shellcheck source=../self_check.sh
. "$dir/self_check.sh"
self_check device
