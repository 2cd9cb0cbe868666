#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Machines, memory and interfaces come and go; what is wrong is refused with a
# sentence, and nothing half-built survives.
dir=${dir:?}
# shellcheck source=../demo_lib.sh
. "$dir/demo_lib.sh"
kagectl=$dir/kagectl
status=0

expect()
{
	want=$1
	shift
	"$@" >/tmp/out 2>&1
	got=$?
	[ "$got" -eq "$want" ] && return
	echo "$*: status $got, not $want"
	cat /tmp/out
	status=1
}

load_kage || exit 1
expect 0 "$kagectl" vm add one
expect 1 "$kagectl" vm add one
expect 0 "$kagectl" vm add two vcpus 2
expect 2 "$kagectl" vm add
expect 2 "$kagectl" vm frobnicate one
expect 2 "$kagectl" vm add 3three
expect 1 "$kagectl" vm add four vcpus 1000
expect 1 "$kagectl" vm del nobody
expect 0 "$kagectl" vm show one
expect 0 "$kagectl" -j vm show
expect 0 "$kagectl" nic add one name kage7 mtu 9000
expect 0 ip link set kage7 up
expect 1 "$kagectl" nic add one mtu 67
expect 0 "$kagectl" nic show
expect 0 "$kagectl" nic del one kage7
expect 1 test -e /sys/class/net/kage7
# Without memory there is nothing to run.
expect 1 "$kagectl" vm pause one
expect 0 "$kagectl" stats one
expect 0 "$kagectl" vm del one
expect 1 "$kagectl" vm show one
# A machine in use keeps the module; without machines it goes.
expect 0 "$kagectl" vm del two
expect 0 rmmod kage
exit $status
