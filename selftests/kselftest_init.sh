#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs every case in turn, each in a shell of its own with an empty log, and
# looks for warnings after it. A case exits with 0, 1, or 4 for skipped.
#   CASES="NAME..."   only these
#   CASE_LIMIT        seconds that a case may take, of the stage's own
export dir=/kage
# shellcheck source=ktap.sh
. $dir/ktap.sh
# shellcheck source=demo_lib.sh
. $dir/demo_lib.sh

# Ends with the case, or says what the machines were about when its time is up.
watch_case()
{
	case_pid=$1
	left=${CASE_LIMIT:-200}
	while kill -0 "$case_pid" 2>/dev/null; do
		if [ "$left" -eq 0 ]; then
			echo "the case has not come to its end"
			state_of_machines
			kill "$case_pid"
		fi
		left=$((left - 1))
		sleep 1
	done
}

state_of_machines()
{
	for machine in $(kagectl vm show | awk 'NR > 1 { print $2 }'); do
		echo "machine $machine:"
		kagectl vm regs "$machine"
		kagectl stats "$machine"
	done
	for task in /proc/[0-9]*; do
		echo "task ${task#/proc/} $(cat "$task/comm"):"
		cat "$task/stack"
	done
}

seconds_up()
{
	cut -d . -f 1 /proc/uptime
}

run_case()
{
	dmesg -c >/dev/null
	case_start=$(seconds_up)
	sh "$dir/cases/$1.sh" >/tmp/case.log 2>&1 &
	watch_case $! >/tmp/watch.log 2>&1
	wait $!
	case_status=$?
	cat /tmp/watch.log >>/tmp/case.log
	# Consoles print anything, and sed cannot bear a zero byte.
	tr -d '\000' </tmp/case.log | sed 's/^/# /'
	echo "# $1: $(($(seconds_up) - case_start)) s"
	if [ "$case_status" -eq 4 ]; then
		ktap_skip "$1" "$(tail -n 1 /tmp/case.log)"
	elif [ "$case_status" -ne 0 ]; then
		ktap_fail "$1"
		dmesg | tail -n 20 | sed 's/^/# /'
	else
		ktap_test "$1" dmesg_is_clean
	fi
	if [ -d /sys/module/kage ]; then
		rmmod kage
	fi
}

ktap_start
for case_file in "$dir"/cases/*.sh; do
	name=$(basename "$case_file" .sh)
	case " ${CASES:-$name} " in
	*" $name "*) run_case "$name" ;;
	esac
done
ktap_end
