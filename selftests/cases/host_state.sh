#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What a CPU holds for a host program and for a guest that share it is there for
# each of them whenever it runs.
dir=${dir:?}
# shellcheck source=../self_check.sh
. "$dir/self_check.sh"
guest=keeper

load_kage || exit 1
kagectl run "$guest" --kernel "$dir/$guest.bzImage" --mem 80M || exit 1
watch_console || complain "it has no console"
vcpus=$(grep -l "^kage-$guest/" /proc/[0-9]*/comm | cut -d / -f 3)
# shellcheck disable=SC2086 # a list
"$dir/host_state" $vcpus &
host=$!
wait_for 150 stopped || complain "it does not come to an end"
kill "$host"
wait "$host" || complain "the host program misses something"
wait_for 10 console_has '^bare: end 0' || complain "the guest misses something"
tr -d '\r' <"$console_log"
kagectl stats "$guest" | grep -E ' (bursts|entries|exit-[a-z-]*) '
kagectl vm del "$guest" || complain "it cannot be deleted"
exit "$status"
