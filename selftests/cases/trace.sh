#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The tracepoints tell what a guest is about, and do it no harm.
dir=${dir:?}
# shellcheck source=../self_check.sh
. "$dir/self_check.sh"
tracing=/sys/kernel/tracing

load_kage || exit 1
if [ ! -d "$tracing/events/kage" ]; then
	echo "this kernel has no tracepoints"
	exit 4
fi
# The first events are kept: a guest faults most when it begins.
echo 0 >"$tracing/options/overwrite"
echo >"$tracing/trace"
echo 1 >"$tracing/events/kage/enable"
kagectl run "$guest" --kernel "$dir/isolation.bzImage" --mem 36M || exit 1
watch_console || complain "no console"
wait_for 300 stopped || complain "it does not come to its end"
echo 0 >"$tracing/events/kage/enable"
wait_for 10 console_has '^bare: end 0' || complain "the guest found something"
# To read all of it takes long.
head -n 1000 "$tracing/trace" >/tmp/trace
for event in kage_entry kage_exit kage_page_fault; do
	count=$(grep -c " $event: vm [0-9]* vcpu 0 " /tmp/trace)
	echo "$count of $event"
	grep -m 2 " $event: " /tmp/trace
	[ "$count" -gt 0 ] || complain "none of $event"
done
echo 1 >"$tracing/options/overwrite"
echo >"$tracing/trace"
kagectl vm del "$guest" || complain "it cannot be deleted"
kill "$console_pid" 2>/dev/null
exit "$status"
