#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Two guests at once write marks to all of their RAM, and go to pages where they have
# none: neither may find anything of the other's, or of the host's.
#   FULL=1   to every page below 4 GiB
dir=${dir:?}
# shellcheck source=../self_check.sh
. "$dir/self_check.sh"

# watch NAME: its console, into a file of its own.
watch()
{
	guest=$1
	console_log=/tmp/$1.log
	watch_console || complain "$1 has no console"
	pids="${pids:-} $console_pid"
}

# shellcheck disable=SC2317 # wait_for calls it
both_stopped()
{
	[ "$(kagectl -j vm show |
		grep -o '"vm-state": *"stopped"' | wc -l)" -eq 2 ]
}

load_kage || exit 1
for name in left right; do
	kagectl run "$name" --kernel "$dir/isolation.bzImage" --mem 80M \
		--append "${FULL:+every}" || exit 1
	watch "$name"
done
wait_for "${CASE_LIMIT:-180}" both_stopped || complain "they do not come to an end"
for name in left right; do
	# The last words are still on their way.
	console_log=/tmp/$name.log
	wait_for 10 console_has '^bare: end 0' || complain "$name found something"
	tr -d '\r' <"$console_log"
	kagectl audit "$name" || complain "$name: the audit"
	kagectl vm show "$name"
	kagectl vm del "$name" || complain "$name cannot be deleted"
done
# shellcheck disable=SC2086 # a list
kill $pids 2>/dev/null
exit "$status"
