#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What is wrong is refused over netlink with the right error, sentence and
# attribute, whoever asks, and has changed nothing.
dir=${dir:?}
# shellcheck source=../demo_lib.sh
. "$dir/demo_lib.sh"

load_kage || exit 1
"$dir/netlink_rows" >/tmp/rows || status=1
grep -v '^ok' /tmp/rows
exit "${status:-0}"
