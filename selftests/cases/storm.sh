#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Lives of machines, many and short: ended in every state, by whoever made them
# killed in the middle, with their interfaces elsewhere, by two at once, and
# with processors that come and go. Nothing stays.
#   FULL=1   1000 of them instead of 60; wants CASE_LIMIT=6000
#   SEED=N   other points to kill at, other commands
dir=${dir:?}
# shellcheck source=../ktap.sh
. "$dir/ktap.sh"
# shellcheck source=../demo_lib.sh
. "$dir/demo_lib.sh"
guest=storm
bridge=br-storm
lives=${FULL:+1000}
lives=${lives:-60}
some=$((lives / 6))
rolled=$((${SEED:-1} * 7919))

# Sets $rolled; what is below N is in $rolled % N.
roll()
{
	rolled=$(((rolled * 1103515245 + 12345) & 0x3fffffff))
}

# A guest that reads outside of its memory, which takes it a while.
run_busy()
{
	kagectl run "$guest" --kernel "$dir/isolation.bzImage" --mem 24M \
		"$@" >/dev/null
}

exists()
{
	kagectl vm show "$guest" >/dev/null 2>&1
}

add_parts()
{
	kagectl vm add "$guest" >/dev/null &&
		kagectl mem map "$guest" size 4M >/dev/null &&
		kagectl nic add "$guest" name "$nic" >/dev/null
}

# one_life N: what it has been through when it is deleted.
one_life()
{
	case $(($1 % 6)) in
	0) run_busy ;;
	1) run_busy --nic "$nic" && kagectl vm pause "$guest" ;;
	2) run_busy && kagectl vm stop "$guest" ;;
	3) run_busy && kagectl vm stop "$guest" &&
		kagectl vm reset "$guest" && kagectl vm start "$guest" ;;
	4) run_busy --vcpus 2 && kagectl vm pause "$guest" &&
		kagectl vm resume "$guest" ;;
	5) add_parts ;;
	esac && kagectl vm del "$guest"
}

# many_lives FROM TO
many_lives()
{
	life=$1
	while [ "$life" -lt "$2" ]; do
		one_life "$life" || {
			note "life $life"
			return 1
		}
		life=$((life + 1))
	done
	nothing_is_left
}

# To start a program takes as long as much of a run does, so that every other
# time the shell itself is what keeps us busy.
pass_time()
{
	roll
	if [ $((killed % 2)) -eq 0 ]; then
		usleep $((rolled % longest))
		return
	fi
	turns=$(((rolled >> 8) % 2000))
	while [ "$turns" -gt 0 ]; do
		turns=$((turns - 1))
	done
}

# The point is anywhere between the program's start and well after its end.
kill_one_run()
{
	# The program itself: a function would run in a shell of its own.
	"$dir/kagectl" run "$guest" --kernel "$dir/isolation.bzImage" \
		--mem 24M --nic "$nic" >/dev/null 2>&1 &
	runner=$!
	pass_time
	kill -KILL "$runner" 2>/dev/null
	wait "$runner"
	case $? in
	0) finished=$((finished + 1)) ;;
	137) killed=$((killed + 1)) ;;
	*) return 1 ;;
	esac
	exists || return 0
	found=$((found + 1))
	kagectl vm del "$guest"
}

# How long a run takes, in microseconds.
time_one_run()
{
	begun=$(cut -d ' ' -f 1 /proc/uptime)
	run_busy || return
	awk -v begun="$begun" '{ printf "%d", ($1 - begun) * 1000000 }' \
		/proc/uptime
	kagectl vm del "$guest"
}

killed_in_the_middle()
{
	longest=$(time_one_run) || return
	longest=$((longest + longest / 4 + 1))
	finished=0 killed=0 found=0
	for _ in $(seq $((2 * some))); do
		kill_one_run || return
	done
	note "$killed runs killed, $finished too late, $found machines left"
	[ "$killed" -gt 0 ] && [ "$found" -gt 0 ] && nothing_is_left
}

module_is_held()
{
	run_busy || return
	for _ in $(seq "$some"); do
		! rmmod kage 2>/dev/null || return
	done
	[ -d /sys/module/kage ] && state_is running &&
		kagectl vm del "$guest" && nothing_is_left
}

in_netns()
{
	nsenter -t "$holder" -n -- "$@"
}

new_netns()
{
	unshare -n sleep 1000 &
	holder=$!
	until [ "$(readlink "/proc/$holder/ns/net")" != \
		"$(readlink /proc/self/ns/net)" ]; do
		usleep 10000
	done
	in_netns ip link add "$bridge" type bridge &&
		in_netns ip link set "$bridge" up
}

end_netns()
{
	kill "$holder"
	wait "$holder" 2>/dev/null
	return 0
}

nic_is_here()
{
	[ -e "/sys/class/net/$nic" ]
}

# A port of a bridge here, then of one there.
nic_away()
{
	new_netns && run_busy --nic "$nic" &&
		ip link set "$nic" master "$bridge" && ip link set "$nic" up &&
		ip link set "$nic" netns "$holder" && ! nic_is_here &&
		in_netns ip link set "$nic" master "$bridge" &&
		in_netns ip link set "$nic" up
}

# The machine ends while its interface is a port elsewhere, while it is one
# here, or after the namespace that it was in has gone.
one_journey()
{
	case $(($1 % 3)) in
	0) nic_away && kagectl vm del "$guest" && end_netns ;;
	1) run_busy --nic "$nic" && ip link set "$nic" master "$bridge" &&
		ip link set "$nic" up && kagectl vm del "$guest" ;;
	2) nic_away && kagectl vm pause "$guest" && end_netns &&
		wait_for 10 nic_is_here && kagectl vm del "$guest" ;;
	esac
}

nics_travel()
{
	ip link add "$bridge" type bridge && ip link set "$bridge" up ||
		return
	for journey in $(seq "$some"); do
		one_journey "$journey" || {
			note "journey $journey"
			return 1
		}
	done
	ip link del "$bridge" && nothing_is_left
}

resets()
{
	run_busy || return
	for _ in $(seq "$some"); do
		kagectl vm stop "$guest" && kagectl vm reset "$guest" &&
			kagectl vm reset "$guest" &&
			kagectl vm start "$guest" || return
	done
	state_is running && kagectl vm del "$guest" && nothing_is_left
}

# It resets itself as soon as it runs.
guest_resets()
{
	kagectl run "$guest" --kernel "$dir/wrong.bzImage" --mem 24M \
		--append r >/dev/null || return
	for _ in $(seq "$some"); do
		wait_for 30 state_is stopped && kagectl vm reset "$guest" &&
			kagectl vm start "$guest" || return
	done
	kagectl vm del "$guest" && nothing_is_left
}

one_command()
{
	roll
	# The low bits of such numbers are of little chance.
	case $(((rolled >> 8) % 12)) in
	0 | 1) run_busy ;;
	2) kagectl vm pause "$guest" ;;
	3) kagectl vm resume "$guest" ;;
	4) kagectl vm stop "$guest" ;;
	5) kagectl vm reset "$guest" ;;
	6) kagectl vm start "$guest" ;;
	7) kagectl vm del "$guest" ;;
	8) kagectl nic add "$guest" ;;
	9) kagectl audit "$guest" ;;
	10) kagectl stats "$guest" ;;
	11) kagectl vm regs "$guest" ;;
	esac >/dev/null 2>"/tmp/command.$1"
}

# commands WHO: done or refused, with a sentence if so.
commands()
{
	rolled=$((rolled + $1 * 104729))
	done_well=0 refused=0
	for _ in $(seq "$lives"); do
		one_command "$1"
		case $? in
		0) done_well=$((done_well + 1)) ;;
		1) refused=$((refused + 1))
			grep -q '^kagectl: .' "/tmp/command.$1" || return ;;
		*) return 1 ;;
		esac
	done
	note "$done_well commands done, $refused refused"
	[ "$done_well" -gt 0 ]
}

two_at_once()
{
	commands 1 &
	first=$!
	commands 2 &
	wait $! && wait "$first" || return
	exists && kagectl vm del "$guest"
	nothing_is_left
}

two_processors()
{
	[ -w /sys/devices/system/cpu/cpu1/online ]
}

# pin MASK: the machine's thread, to those processors.
pin()
{
	for task in /proc/[0-9]*; do
		[ "$(cat "$task/comm" 2>/dev/null)" = "kage-$guest/0" ] &&
			taskset -p "$1" "${task#/proc/}" >/dev/null && return
	done
	return 1
}

# The thread is where the processor goes, each time.
processors_go()
{
	for _ in $(seq "$some"); do
		exists || run_busy || return
		pin 2 || return
		usleep 200000
		echo 0 >/sys/devices/system/cpu/cpu1/online || return
		seen=$(entries)
		usleep 200000
		[ "$(entries)" -gt "$seen" ] || state_is stopped || return
		kagectl vm pause "$guest" 2>/dev/null
		kagectl vm regs "$guest" >/dev/null || return
		echo 1 >/sys/devices/system/cpu/cpu1/online || return
		kagectl vm del "$guest" || return
	done
	nothing_is_left
}

ktap_start
load_kage || exit 1
ktap_test "the first lives" many_lives 0 6
before=$(free_kib)
ktap_test "$lives lives" many_lives 0 "$lives" || explain
ktap_test "whoever makes them is killed" killed_in_the_middle || explain
ktap_test "the module stays while one runs" module_is_held || explain
ktap_test "interfaces travel" nics_travel || explain
ktap_test "resets" resets || explain
ktap_test "resets by the guest" guest_resets || explain
ktap_test "two at once" two_at_once || explain
if two_processors; then
	ktap_test "processors go and come" processors_go || explain
else
	ktap_skip "processors go and come" "this host has one"
fi
ktap_test "no memory was lost" no_memory_lost 2048
ktap_test "no object was lost" no_leaked_object
ktap_test "the module unloads" rmmod kage
ktap_end
