#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The life of a machine: held, switched off and on again, ended with its
# console or its interface in use, or by what its guest does.
dir=${dir:?}
# shellcheck source=../ktap.sh
. "$dir/ktap.sh"
# shellcheck source=../demo_lib.sh
. "$dir/demo_lib.sh"
events=/tmp/events.log

# refused SENTENCE COMMAND...: the command fails and says so.
refused()
{
	sentence=$1
	shift
	! "$@" >/tmp/out 2>&1 && grep -q "$sentence" /tmp/out && return
	cat /tmp/out
	return 1
}

# The guest has booted so many times.
booted()
{
	[ "$(grep -ac 'guest: ready' "$console_log")" -eq "$1" ]
}

start_linux()
{
	kagectl run "$guest" --kernel "$dir/vmlinuz" --initrd "$dir/initrd" \
		--mem 96M --nic "$nic" \
		--append "console=ttyS0 quiet ${GUEST_APPEND:-}" &&
		ip link set "$nic" up &&
		ip addr add "$host_addr/24" dev "$nic" &&
		watch_console && wait_for 300 booted 1
}

# asks WORD: the guest's shell is to print it with 42 behind.
asks()
{
	# shellcheck disable=SC2016 # the guest does the sum
	type_line "echo $1-\$((6 * 7))"
}

pauses()
{
	kagectl vm pause "$guest" && state_is paused || return
	# The terminal waits for the guest to take it.
	asks paused &
	typist=$!
	sleep 3
	! console_has 'paused-42'
}

# With what was typed meanwhile.
resumes()
{
	kagectl vm resume "$guest" && state_is running &&
		wait_for 60 console_has 'paused-42' && wait "$typist"
}

pauses_often()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		kagectl vm pause "$guest" && kagectl vm resume "$guest" ||
			return
	done
	asks often
	wait_for 60 console_has 'often-42'
}

module_is_held()
{
	! rmmod kage 2>/tmp/out && [ -d /sys/module/kage ]
}

carrier_is()
{
	[ "$(cat "/sys/class/net/$nic/carrier")" = "$1" ]
}

# With its driver's rings still set up.
stops()
{
	carrier_is 1 && kagectl vm stop "$guest" && state_is stopped &&
		carrier_is 0 &&
		refused 'only a vm that is created or reset' \
			kagectl vm start "$guest"
}

# It is loaded again: nothing that the guest did to its memory counts.
boots_again()
{
	kagectl vm reset "$guest" && state_is created &&
		kagectl vm start "$guest" && wait_for 300 booted 2 || return
	asks again
	wait_for 60 console_has 'again-42' && ping -c 3 -W 5 "$guest_addr"
}

stops_when_paused()
{
	kagectl vm pause "$guest" && kagectl vm stop "$guest" &&
		state_is stopped
}

# Whoever reads the console learns that it is gone, and may take his time.
# Whoever waits for the guest to take what he wrote waits no more.
deleted_under_its_console()
{
	kill "$console_pid"
	kagectl console "$guest" --follow >/tmp/out 2>&1 &
	reader=$!
	tail -f "$tty" >/dev/null &
	holder=$!
	type_line "$(seq 1000)" 2>/dev/null &
	typist=$!
	sleep 1
	kagectl vm del "$guest" || return
	wait "$typist"
	wait "$reader"
	[ $? -eq 1 ] && grep -q "the console of \"$guest\" is gone" /tmp/out ||
		return
	[ ! -e "$tty" ] && ! kagectl vm show "$guest" 2>/dev/null
}

unloads_once_it_is_closed()
{
	module_is_held || return
	kill "$holder"
	wait "$holder" 2>/dev/null
	rmmod kage && load_kage
}

in_other_netns()
{
	nsenter -t "$holder" -n -- "$@"
}

new_netns()
{
	unshare -n sleep 1000 &
	holder=$!
	sleep 1
}

here()
{
	[ -e "/sys/class/net/$1" ]
}

nic_travels()
{
	kagectl vm add "$guest" && kagectl nic add "$guest" name "$nic" &&
		new_netns && ip link set "$nic" netns "$holder" || return
	! here "$nic" && in_other_netns ip link set "$nic" up &&
		kagectl nic show "$guest" | grep -qw "$nic" || return
	in_other_netns ip link set "$nic" netns 1 &&
		here "$nic" && ip link set "$nic" up
}

nic_outlives_a_netns()
{
	ip link set "$nic" netns "$holder" && ! here "$nic" || return
	kill "$holder"
	wait_for 10 here "$nic" && kagectl nic show "$guest" | grep -qw "$nic"
}

nic_is_deleted_where_it_is()
{
	new_netns
	ip link set "$nic" netns "$holder" || return
	refused 'in this network namespace' \
		kagectl nic del "$guest" "$nic" &&
		in_other_netns "$dir/kagectl" nic del "$guest" "$nic" &&
		! in_other_netns ip link show "$nic" || return
	kill "$holder"
	kagectl nic add "$guest" name "$nic"
}

deleted_with_its_nic_away()
{
	new_netns
	ip link set "$nic" netns "$holder" || return
	kagectl vm del "$guest" && ! in_other_netns ip link show "$nic" ||
		return
	kill "$holder"
}

nic_is_not_for_ip_to_delete()
{
	kagectl vm add "$guest" && kagectl nic add "$guest" name "$nic" ||
		return
	! ip link del "$nic" 2>/dev/null && here "$nic" &&
		kagectl vm del "$guest" && ! here "$nic"
}

shadow_limit()
{
	kagectl stats "$guest" | awk '$1 == "shadow-pages-limit" { print $2 }'
}

limit_follows_memory()
{
	kagectl vm add "$guest" && least=$(shadow_limit) || return
	kagectl mem map "$guest" size 64M && [ "$(shadow_limit)" -gt "$least" ] &&
		kagectl mem unmap "$guest" slot 1 &&
		[ "$(shadow_limit)" -eq "$least" ] && kagectl vm del "$guest"
}

# wrong LETTER EVENT REASON: a guest that does that is stopped, and says why.
wrong()
{
	# The program itself: a function would run in a shell of its own.
	"$dir/kagectl" monitor >"$events" 2>&1 &
	monitor=$!
	sleep 1
	kagectl run "$guest" --kernel "$dir/wrong.bzImage" --mem 32M \
		--append "$1" >/dev/null &&
		wait_for 30 state_is stopped
	wrong_status=$?
	kagectl vm show "$guest" | tail -n +2 | sed 's/^/# /'
	kagectl vm show "$guest" | grep -q "$3" || wrong_status=1
	kagectl vm del "$guest" || wrong_status=1
	sleep 1
	kill "$monitor"
	wait "$monitor" 2>/dev/null
	grep -qi "$2" "$events" && grep -q ': deleted$' "$events" ||
		wrong_status=1
	[ "$wrong_status" -eq 0 ] || cat "$events"
	return "$wrong_status"
}

ktap_start
load_kage || exit 1
ktap_test "a guest runs" start_linux || explain
ktap_test "the module stays while there is a machine" module_is_held
ktap_test "it is paused" pauses
ktap_test "it resumes" resumes
ktap_test "ten times" pauses_often
ktap_test "it is not reset while it runs" \
	refused 'must be stopped before it is reset' kagectl vm reset "$guest"
ktap_test "it is stopped" stops
ktap_test "after a reset it boots again" boots_again || explain
ktap_test "it is stopped while paused" stops_when_paused
ktap_test "it is deleted under its console" deleted_under_its_console
ktap_test "the module goes once that is closed" unloads_once_it_is_closed
ktap_test "an interface travels between namespaces" nic_travels
ktap_test "it outlives a namespace" nic_outlives_a_netns
ktap_test "it is deleted in the namespace where it is" nic_is_deleted_where_it_is
ktap_test "a machine goes while it is away" deleted_with_its_nic_away
ktap_test "ip may not delete it" nic_is_not_for_ip_to_delete
ktap_test "the shadow's limit follows the memory" limit_follows_memory
ktap_test "triple fault" wrong t reboot 'triple fault'
ktap_test "paging off" wrong p killed 'the guest turned paging off'
ktap_test "strange access to a device" wrong d killed \
	'instruction df .* accesses 0xfee00020'
ktap_test "a device's cache line" wrong f reboot ''
ktap_test "code in a device" wrong x killed '0xfee00000'
ktap_test "page tables outside RAM" wrong n killed 'CR3 0xa0000000'
ktap_test "stack on a device" wrong s killed 'through device memory'
ktap_test "string I/O with a device" wrong i killed 'that is not RAM'
ktap_test "reset by the guest" wrong r reboot ''
ktap_test "reset through the keyboard" wrong k reboot ''
ktap_test "the module unloads" rmmod kage
ktap_end
