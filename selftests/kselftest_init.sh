#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs every case in turn, each in a shell of its own with an empty log, and
# looks for warnings after it. A case exits with 0, 1, or 4 for skipped.
export dir=/kage
# shellcheck source=ktap.sh
. $dir/ktap.sh
# shellcheck source=demo_lib.sh
. $dir/demo_lib.sh

run_case()
{
	dmesg -c >/dev/null
	sh "$dir/cases/$1.sh" >/tmp/case.log 2>&1
	case_status=$?
	# Consoles print anything, and sed cannot bear a zero byte.
	tr -d '\000' </tmp/case.log | sed 's/^/# /'
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
