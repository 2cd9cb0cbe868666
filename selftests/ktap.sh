# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Writes KTAP, for any POSIX shell: one line per test, the plan at the end.

ktap_nr=0
ktap_failed=0

ktap_start()
{
	echo "KTAP version 1"
}

ktap_pass()
{
	ktap_nr=$((ktap_nr + 1))
	echo "ok $ktap_nr $1"
}

ktap_fail()
{
	ktap_nr=$((ktap_nr + 1))
	ktap_failed=$((ktap_failed + 1))
	echo "not ok $ktap_nr $1"
}

# ktap_skip NAME WHY
ktap_skip()
{
	ktap_nr=$((ktap_nr + 1))
	echo "ok $ktap_nr $1 # SKIP $2"
}

# ktap_test NAME COMMAND...: passes if the command does.
ktap_test()
{
	ktap_name=$1
	shift
	if "$@"; then
		ktap_pass "$ktap_name"
	else
		ktap_fail "$ktap_name"
		return 1
	fi
}

# Prints the plan; the status says whether all was well.
ktap_end()
{
	echo "1..$ktap_nr"
	[ "$ktap_failed" -eq 0 ]
}
