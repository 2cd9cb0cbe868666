# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Sourced by cases whose guest checks itself, ends with "bare: end 0" if it is
# content, and powers off.
dir=${dir:?}
# shellcheck source=demo_lib.sh
. "$dir/demo_lib.sh"
status=0

complain()
{
	echo "$*"
	status=1
}

# shellcheck disable=SC2317 # wait_for calls it
stopped()
{
	kagectl -j vm show "$guest" | grep -q '"vm-state": *"stopped"'
}

# self_check GUEST: in $dir/GUEST.bzImage. Ends the script.
self_check()
{
	guest=$1
	load_kage || exit 1
	kagectl run "$guest" --kernel "$dir/$guest.bzImage" --mem 80M || exit 1
	watch_console || complain "it has no console"
	wait_for 150 stopped || complain "it does not come to an end"
	# The last words are still on their way.
	wait_for 10 console_has '^bare: end 0' ||
		complain "it found a difference, or was stopped"
	tr -d '\r' <"$console_log"
	kagectl stats "$guest"
	kagectl audit "$guest" || complain "the audit"
	kagectl vm show "$guest"
	kagectl vm del "$guest" || complain "it cannot be deleted"
	kill "${console_pid:-}" 2>/dev/null
	exit "$status"
}
