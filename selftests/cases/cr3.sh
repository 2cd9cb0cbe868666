#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# CR3 is read, changed and loaded by code that itself changes: with the processor's
# result each time.
dir=${dir:?}
# shellcheck source=../self_check.sh
. "$dir/self_check.sh"
self_check cr3
