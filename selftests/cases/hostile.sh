#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A guest that does at random all that a guest can do, beside one that minds
# its own business; then guests that do one costly thing without end, while
# the host must stay of use.
#   HOSTILE_SEED      another seed; 0 takes the time
#   HOSTILE_ROUNDS    more or fewer
dir=${dir:?}
# shellcheck source=../ktap.sh
. "$dir/ktap.sh"
# shellcheck source=../demo_lib.sh
. "$dir/demo_lib.sh"
seed=${HOSTILE_SEED:-20011}
rounds=${HOSTILE_ROUNDS:-4000}
log_lines=3	# that a flood may cause
slowdown=4	# of the host while it lasts

# use NAME: what follows is about this machine.
use()
{
	guest=$1
	console_log=/tmp/$1.log
}

vm_is()
{
	kagectl -j vm show "$guest" | grep -q "\"vm-state\": *\"$1\""
}

# run KERNEL MEMORY WORDS
run()
{
	kagectl run "$guest" --kernel "$dir/$1.bzImage" --mem "$2" \
		--append "$3" >/dev/null && watch_console
}

start_both()
{
	use neighbour && run isolation 80M "" && pids=$console_pid || return
	use hostile && run hostile 72M "$seed $rounds" &&
		pids="$pids $console_pid"
}

# A machine that was ended has a reason to show.
comes_to_its_end()
{
	use "$1"
	wait_for 180 vm_is stopped
	wait_for 5 console_has '^bare: end 0' && return
	kagectl vm show "$guest" | tail -n +2
	tr -d '\r' <"$console_log" | tail -n 40
	return 1
}

finds_nothing_wrong()
{
	kagectl audit hostile && kagectl audit neighbour
}

tell()
{
	tr -d '\r' <"/tmp/$1.log" | grep -a '^hostile: ' | sed 's/^/# /'
	kagectl stats "$1" | sed 's/^/# /'
}

# When a part of the case is over, in the stage's own time.
clock()
{
	note "at $(seconds) s"
}

log_length()
{
	dmesg | wc -l
}

seconds()
{
	cut -d . -f 1 /proc/uptime
}

stat_of()
{
	kagectl stats "$guest" | awk -v name="$1" '$1 == name { print $2 }'
}

# So many seconds of sleep, in how many?
host_is_responsive()
{
	begin=$(seconds)
	for _ in 1 2; do
		sleep 1
	done
	took=$(($(seconds) - begin))
	note "$guest: 2 seconds took the host $took"
	[ "$took" -le $((2 * slowdown)) ]
}

tables_are_few()
{
	live=$(stat_of shadow-pages)
	limit=$(stat_of shadow-pages-limit)
	note "$guest: $live shadow pages, at most $limit"
	[ "$live" -le "$limit" ]
}

# flood LETTER COUNTER: the guest is really at it, and nobody minds.
flood()
{
	use "flood-$1"
	flood_failed=
	before=$(log_length)
	run hostile_flood 40M "$1" || return
	host_is_responsive && tables_are_few && kagectl audit "$guest" &&
		vm_is running || flood_failed=1
	done_so_far=$(stat_of "$2")
	note "$guest: $2 $done_so_far"
	[ "${done_so_far:-0}" -gt 1000 ] || flood_failed=1
	kagectl vm stop "$guest" && kagectl vm del "$guest" || return
	wait "$console_pid"
	rm -f "$console_log"
	[ "$(($(log_length) - before))" -le "$log_lines" ] &&
		[ -z "$flood_failed" ]
}

both_are_deleted()
{
	kagectl vm del hostile && kagectl vm del neighbour
}

ktap_start
load_kage || exit 1
clock
ktap_test "a hostile guest and a neighbour start" start_both
ktap_test "the hostile one survives its $rounds rounds, seed $seed" \
	comes_to_its_end hostile
ktap_test "the neighbour is unharmed" comes_to_its_end neighbour
ktap_test "every shadow entry is right" finds_nothing_wrong
tell hostile
clock
ktap_test "both can be deleted" both_are_deleted
# shellcheck disable=SC2086 # a list
kill $pids 2>/dev/null
ktap_test "flood of port accesses" flood e exit-io
ktap_test "flood of interrupts" flood i injections
ktap_test "flood of console output" flood c exit-io
ktap_test "flood of page tables" flood t created
ktap_test "flood of device accesses" flood d pf-mmio
clock
ktap_test "the log is clean" dmesg_is_clean
ktap_test "the module unloads" rmmod kage
ktap_end
