#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Two Linux guests on one bridge of the host's reach each other, both ways and
# without loss.
dir=${dir:?}
# shellcheck source=../demo_lib.sh
. "$dir/demo_lib.sh"
status=0
left_addr=10.0.3.11
right_addr=10.0.3.12

complain()
{
	echo "$*"
	status=1
}

# start NAME ADDRESS: a guest whose interface has its name.
start()
{
	kagectl run "$1" --kernel "$dir/vmlinuz" --initrd "$dir/initrd" \
		--mem 96M --nic "$1" \
		--append "console=ttyS0 quiet KAGE_ADDR=$2 $GUEST_APPEND" &&
		ip link set "$1" master br0 && ip link set "$1" up &&
		use "$1" && watch_console && pids="${pids:-} $console_pid"
}

# What follows is about this guest.
use()
{
	guest=$1
	console_log=/tmp/$1.log
	tty=/dev/ttyKAGE$(guest_tty)
}

# ping_from NAME ADDRESS: nothing may be lost.
ping_from()
{
	use "$1"
	type_line "ping -c 20 -W 5 -i 0.1 $2"
	wait_for 120 console_has 'packets transmitted' ||
		complain "$1 does not answer"
	console_has '20 packets transmitted, 20 packets received, 0%' ||
		complain "$1 does not reach $2"
	tr -d '\r' <"$console_log" | grep -aA 1 'packets transmitted'
}

load_kage || exit 1
modprobe bridge 2>/dev/null	# or it is built in
ip link add br0 type bridge || exit 1
ip link set br0 up && ip addr add "$host_addr/24" dev br0
if start left "$left_addr" && start right "$right_addr"; then
	for name in left right; do
		use "$name"
		wait_for 300 console_has 'guest: ready' ||
			complain "$name is not ready"
		console_has 'guest: pinged' || complain "$name: no host"
	done
	ping_from left "$right_addr"
	ping_from right "$left_addr"
	for name in left right; do
		kagectl audit "$name" || complain "$name: the audit"
	done
else
	complain "they do not start"
fi
if [ "$status" -ne 0 ]; then
	for name in left right; do
		use "$name"
		explain
	done
fi
# Deleted while they run, and while they are ports of the bridge.
kagectl vm del left && kagectl vm del right || status=1
# shellcheck disable=SC2086 # a list
kill ${pids:-} 2>/dev/null
ip link del br0 || status=1
exit "$status"
