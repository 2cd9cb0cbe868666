#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A network driver that misbehaves in every way that virtio leaves it, beside a
# guest that minds its own business. The host's interface goes on, and counts
# every frame.
dir=${dir:?}
# shellcheck source=../ktap.sh
. "$dir/ktap.sh"
# shellcheck source=../demo_lib.sh
. "$dir/demo_lib.sh"
log_lines=3	# that all of it may cause

vm_is()
{
	kagectl -j vm show "$1" | grep -q "\"vm-state\": *\"$2\""
}

# run NAME ARGUMENT...
run()
{
	guest=$1
	shift
	kagectl run "$guest" "$@" >/dev/null || return
	console_log=/tmp/$guest.log
	watch_console && pids="${pids:-} $console_pid"
}

# The guest waits until the interface is up, and asks for this address.
start_both()
{
	run neighbour --kernel "$dir/isolation.bzImage" --mem 80M &&
		run hostile --kernel "$dir/virtio_hostile.bzImage" --mem 40M \
			--vcpus 2 --nic "$nic" &&
		ip addr add "$host_addr/24" dev "$nic" &&
		ip link set "$nic" up
}

comes_to_its_end()
{
	console_log=/tmp/$1.log
	wait_for 180 vm_is "$1" stopped
	wait_for 5 console_has '^bare: end 0' && return
	kagectl vm show "$1" | tail -n +2
	tr -d '\r' <"$console_log" | tail -n 40
	return 1
}

stat_of()
{
	kagectl stats hostile | awk -v name="$1" '$1 == name { print $2 }'
}

every_frame_was_counted()
{
	answered=$(tr -d '\r' </tmp/hostile.log |
		sed -n 's/^virtio: \([0-9]*\) frames answered/\1/p')
	note "$answered frames answered, $(stat_of rx_packets) received," \
		"$(stat_of rx_bad_chain) bad chains," \
		"$(stat_of rx_bad_header) bad headers," \
		"$(stat_of rx_ring_broken) broken rings"
	[ "${answered:-0}" -gt 100 ] &&
		[ "$(stat_of rx_packets)" -ge "$answered" ] &&
		[ "$(stat_of tx_packets)" -ge "$answered" ]
}

bad_ones_were_counted()
{
	[ "$(stat_of rx_bad_chain)" -ge 10 ] &&
		[ "$(stat_of rx_bad_header)" -ge 5 ] &&
		[ "$(stat_of rx_ring_broken)" -ge 20 ]
}

finds_nothing_wrong()
{
	kagectl audit hostile && kagectl audit neighbour
}

log_has_not_grown()
{
	dmesg | tail -n +"$((before + 1))" >/tmp/grown
	[ "$(wc -l </tmp/grown)" -le "$log_lines" ] && return
	cat /tmp/grown
	return 1
}

tell()
{
	tr -d '\r' <"/tmp/$1.log" | grep -a '^virtio: ' | sed 's/^/# /'
	kagectl stats "$1" | sed 's/^/# /'
}

# The interface as such is as good as new.
interface_goes_down_and_up()
{
	ip link set "$nic" down && ip link set "$nic" up &&
		ip link set "$nic" down
}

both_are_deleted()
{
	kagectl vm del hostile && kagectl vm del neighbour
}

ktap_start
load_kage || exit 1
note "at $(cut -d ' ' -f 1 /proc/uptime) s"
before=$(dmesg | wc -l)
ktap_test "a hostile driver and a neighbour start" start_both
ktap_test "every row comes out as it should" comes_to_its_end hostile
ktap_test "the neighbour is unharmed" comes_to_its_end neighbour
tell hostile
note "at $(cut -d ' ' -f 1 /proc/uptime) s"
ktap_test "the host has counted every frame" every_frame_was_counted
ktap_test "and what was wrong with others" bad_ones_were_counted
ktap_test "every shadow entry is right" finds_nothing_wrong
ktap_test "the interface goes down and up" interface_goes_down_and_up
ktap_test "the log has not grown" log_has_not_grown
ktap_test "the log is clean" dmesg_is_clean
ktap_test "both can be deleted" both_are_deleted
# shellcheck disable=SC2086 # a list
kill $pids 2>/dev/null
ktap_test "the module unloads" rmmod kage
ktap_end
