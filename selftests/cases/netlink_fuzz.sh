#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Requests made by chance, from root, two at once, nobody, and root of a
# namespace, are answered in a legal way, and nothing stays of them.
#   SEED=N   another sequence
#   FULL=1   many more messages
dir=${dir:?}
# shellcheck source=../ktap.sh
. "$dir/ktap.sh"
# shellcheck source=../demo_lib.sh
. "$dir/demo_lib.sh"
seed=${SEED:-1}
count=${FULL:+40000}
count=${count:-1500}

fuzz()
{
	"$dir/netlink_fuzz" "$1" "$2" >/tmp/fuzz.log 2>&1
	fuzz_status=$?
	sed 's/^not ok/# not ok/; s/^ok/# ok/; s/^[1K]/# &/' /tmp/fuzz.log
	return "$fuzz_status"
}

ktap_start
load_kage || exit 1
# The caches of the kernel's own are as large as they get.
ktap_test "a first sequence" fuzz $((seed + 100)) 1000
ktap_test "nothing is left of it" nothing_is_left
before=$(free_kib)
ktap_test "seed $seed, $count messages from each" fuzz "$seed" "$count"
ktap_test "nothing is left" nothing_is_left
ktap_test "no memory was lost" no_memory_lost 2048
ktap_test "no object was lost" no_leaked_object
ktap_test "the module unloads" rmmod kage
ktap_end
