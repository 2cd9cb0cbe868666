#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Everything that can be said about the sources without running them.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=stage/lib.sh
. "$here/stage/lib.sh"
# shellcheck source=ktap.sh
. "$here/ktap.sh"
top=$(readlink -f "$here/..")
series=(6.12 6.1)

# Passes if the command is silent and succeeds; shows what it says.
silent()
{
	local output status=0

	output=$("$@" 2>&1) || status=$?
	[ -z "$output" ] || echo "$output"
	[ -z "$output" ] && [ "$status" -eq 0 ]
}

# Passes if the command succeeds; shows what it says only if it does not.
succeeds()
{
	local output

	output=$("$@" 2>&1) || {
		echo "$output"
		return 1
	}
}

module_is_silent()
{
	local kdir

	kdir=$("$here/stage/kernels.sh" headers "$1") || return
	# A build that finds everything up to date would have nothing to say.
	export BUILD_FRESH=1 BUILD_TAG=lint
	"$here/build_module.sh" "$kdir" W=1 C=2 2>&1 >/dev/null |
		grep -v 'Skipping BTF generation' || true
}

shell_scripts()
{
	find "$here" "$top/tool" "$top/.ci" -type f 2>/dev/null |
		while read -r file; do
			! head -n 3 "$file" | grep -qaE \
				'^#!/bin/(ba)?sh|^# shellcheck shell' ||
				echo "$file"
		done
}

check_scripts()
{
	mapfile -t files < <(shell_scripts)
	shellcheck -x -P SCRIPTDIR "${files[@]}"
}

headers_alone()
{
	"$here/lint/headers.sh" "$("$here/stage/kernels.sh" headers "$1")"
}

main()
{
	local s

	"$here/stage/deps.sh"
	ktap_start
	ktap_test "layers" silent "$here/lint/layers.sh" || true
	ktap_test "heads, lengths, spelling" silent "$here/lint/files.sh" ||
		true
	for s in "${series[@]}"; do
		ktap_test "headers alone, $s" silent headers_alone "$s" || true
		ktap_test "module W=1 C=2, $s" silent module_is_silent "$s" ||
			true
	done
	ktap_test "checkpatch --strict" silent "$here/lint/checkpatch.sh" ||
		true
	ktap_test "tool: analyzer, manual page" \
		succeeds make -s -C "$top/tool" lint || true
	ktap_test "the benchmark's report" \
		succeeds python3 "$here/bench/report_test.py" || true
	ktap_test "shellcheck" silent check_scripts || true
	ktap_end
}

main
