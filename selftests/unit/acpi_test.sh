#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Let iasl take the ACPI tables apart: it knows the specification better than
# a test of ours. $1 is acpi_test, which writes the tables to a directory.

prog=${1:?usage: acpi_test.sh ACPI_TEST}
nr=0
failed=0

result()
{
	nr=$((nr + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $nr $2"
	else
		echo "not ok $nr $2"
		failed=1
	fi
}

echo "TAP version 13"
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

"$prog" "$dir" >"$dir/log"
result $? "tables are consistent"
sed 's/^/# /' "$dir/log"

if ! command -v iasl >/dev/null; then
	echo "1..$nr # SKIP the rest: no iasl"
	exit $failed
fi

for table in "$dir"/*.dat; do
	name=$(basename "$table" .dat)
	iasl -d "$table" >"$dir/$name.log" 2>&1
	result $? "$name disassembles"
	! grep -Eiq 'error|warning|invalid|incorrect|unknown|\*\*\*\*' \
		"$dir/$name.log" "$dir/$name.dsl"
	result $? "$name raises no complaint"
done

# What was taken apart has to compile again.
for name in dsdt facp apic xsdt facs; do
	iasl "$dir/$name.dsl" >"$dir/$name.again" 2>&1 &&
		grep -q ' 0 Errors, 0 Warnings' "$dir/$name.again"
	result $? "$name compiles again"
done

echo "1..$nr"
exit $failed
