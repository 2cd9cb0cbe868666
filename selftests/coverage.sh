#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Which lines of kage.ko the tests run: a table per file, and the lines that none
# runs in build/coverage/uncovered. The module is built with gcov's counters,
# for a host kernel that hands them out.
# usage: coverage.sh [SOURCE]...   (default: all of them; with some, those that
#        ran before count, too)
#   COVERAGE_LANES=N   so many at a time; default 2
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=stage/lib.sh
. "$here/stage/lib.sh"
out=$(readlink -f "$here/..")/build/coverage
lanes=${COVERAGE_LANES:-2}
export STAGE_HOST=coverage STAGE_TIMEOUT=${STAGE_TIMEOUT:-7200}
export CASE_LIMIT=${CASE_LIMIT:-900}

# NAME and the command of each, those first that take long. Linux does without
# XSAVE on the emulated Skylake, whose sizes of it contradict each other.
sources=(
	"kselftest $here/kselftest.sh"
	"no-ept env STAGE_CPU=core2_penryn_t9600 $here/kselftest.sh
		access bridge cr3 device hostile hostile_virtio idle isolation
		lifecycle snippets"
	"xsave env STAGE_CPU=corei7_haswell_4770 $here/kselftest.sh
		bridge hostile snippets"
	"unit make -s -C $here/unit O=$out/unit/data OPT=-O1
		SANITIZE=--coverage run"
	"kunit $here/kunit.sh"
	"no-vmx $here/no_vmx.sh"
)

# What the stage's init printed last, as files below DIR.
unpack()
{
	mkdir -p "$2"
	sed -e '1,/^STAGE-EXIT /d' -e '/^STAGE-COVERAGE-END/,$d' "$1" |
		base64 -d | tar -xz -C "$2"
}

# The data of a source count even if some of its tests fail.
run()
{
	local name=$1 dir=$out/$1 status=0 start=$SECONDS

	shift
	rm -rf "$dir"
	mkdir -p "$dir"
	STAGE_SERIAL=$dir/serial "$@" >"$dir/log" 2>&1 || status=$?
	[ ! -e "$dir/serial" ] || unpack "$dir/serial" "$dir/data" ||
		status=125
	if [ "$status" -eq 0 ]; then
		echo "ok $name # $((SECONDS - start)) s"
	else
		grep -aE '^ *not ok' "$dir/log" || tail -n 20 "$dir/log"
		echo "not ok $name # exit $status, $dir/log"
	fi
	return "$status"
}

wanted()
{
	[ $# -gt 1 ] || return 0
	case " ${*:2} " in *" $1 "*) return 0 ;; esac
	return 1
}

main()
{
	local module source name command status=0 left

	"$here/stage/deps.sh"
	module=$("$here/build_module.sh" "$(build_dir_of coverage)")
	[ $# -gt 0 ] || rm -rf "$out"
	mkdir -p "$out"
	for source in "${sources[@]}"; do
		read -r -d '' name command <<<"$source" || true
		wanted "$name" "$@" || continue
		while [ "$(jobs -rp | wc -l)" -ge "$lanes" ]; do
			wait -n || status=1
		done
		# shellcheck disable=SC2086 # a command and its arguments
		run "$name" $command &
	done
	for left in $(jobs -p); do
		wait "$left" || status=1
	done
	"$here/coverage.py" "$(dirname "$module")" "$out" || status=1
	return "$status"
}

main "$@"
