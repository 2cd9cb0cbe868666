#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every test, tier by tier: one line of KTAP per test, and a total as the last
# line. A tier that fails shows its whole output; all of it is kept in
# build/check/.
# usage: check.sh [--full] [TIER]...   (default: all of them; with --full those
#        too that take hours)
#   CHECK_SKIP_OK="NAME..."   tiers that may be skipped; else a skip is an error
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=stage/lib.sh
. "$here/stage/lib.sh"
top=$(readlink -f "$here/..")
logs=$top/build/check
passed=0 failed=0 skipped=0 number=0 started=()

# NAME and the command of each tier. All lean on the first; after it they run
# side by side, an emulator being one thread, so the long ones come early. On the
# processor without EPT run the cases that have a guest run for long.
tiers=(
	"build build_all"
	"demo env DEMO_MIB=4 $here/demo.sh"
	"lint $here/lint.sh"
	"demo-6.1 env DEMO_MIB=2 STAGE_HOST=6.1 GUEST=6.1 $here/demo.sh"
	"unit make -s -C $here/unit run"
	"demo-no-ept env DEMO_MIB=2 STAGE_CPU=core2_penryn_t9600 $here/demo.sh"
	"demo-smp env DEMO_MIB=2 STAGE_HOST=stage STAGE_CPUS=2 $here/demo.sh"
	"kselftest $here/kselftest.sh"
	"kselftest-no-ept env STAGE_CPU=core2_penryn_t9600 $here/kselftest.sh
		access bridge cr3 device hostile hostile_virtio idle isolation
		lifecycle snippets"
	"fuzz env O=$top/build/fuzz $here/fuzz/run.sh quick"
	"kunit $here/kunit.sh"
	"no-vmx $here/no_vmx.sh"
	"install $here/install.sh"
	"tool make -s -C $top/tool check"
)
# What takes long: faults planted in the MMU, ten million steps of its model, and
# the cases on a kernel with all its checks: KVM is the host's own, and what a
# machine costs in memory that kernel cannot tell, so their cases are for the others.
full_tiers=(
	"planted make -s -C $here/unit planted"
	"model $here/unit/mmu_model_long.sh"
	"kselftest-debug env STAGE_HOST=debug CASE_LIMIT=900
		STAGE_TIMEOUT=14400 $here/kselftest.sh load objects netlink
		images isolation hostile hostile_virtio bridge lifecycle
		netlink_fuzz"
	"kselftest-alloc env STAGE_HOST=coverage CASE_LIMIT=1800
		STAGE_TIMEOUT=3600 $here/kselftest.sh alloc_fail"
	"kselftest-storm env FULL=1 CASE_LIMIT=6000 STAGE_TIMEOUT=14400
		$here/kselftest.sh storm netlink_fuzz isolation"
	"kselftest-without $here/without.sh"
	"kselftest-smp env STAGE_CPUS=2 LONG=storm CASE_LIMIT=600
		STAGE_TIMEOUT=7200 $here/kselftest.sh"
	"kselftest-no-ept-all env STAGE_CPU=core2_penryn_t9600
		$here/kselftest.sh"
	"kselftest-6.12 env STAGE_HOST=6.12 $here/kselftest.sh"
	"kselftest-6.1 env STAGE_HOST=6.1 $here/kselftest.sh"
)
lanes=${CHECK_LANES:-2}

build_all()
{
	local series

	for series in 6.12 6.1 stage; do
		"$here/build_module.sh" "$(build_dir_of "$series")" || return
	done
	make -s -C "$top/tool" && make -s -C "$here" O="$top/build" &&
		make -s -C "$here/guest/bare" O="$top/build/bare"
}

# The tests within a tier, by what they printed: passed, failed, skipped.
count()
{
	local log=$1 skip ok bad

	skip=$(grep -caE '^ *ok [0-9]+ .*# SKIP' "$log" || true)
	ok=$(grep -caE '^ *ok [0-9]+' "$log" || true)
	bad=$(grep -caE '^ *not ok [0-9]+' "$log" || true)
	echo $((ok - skip)) "$bad" "$skip"
}

# Runs a tier in the background; its status file tells that it is done.
launch()
{
	local name=$1

	shift
	rm -f "$logs/$name.status"
	(
		status=0 start=$SECONDS
		"$@" >"$logs/$name.log" 2>&1 || status=$?
		echo "$status $((SECONDS - start))" >"$logs/$name.new"
		mv "$logs/$name.new" "$logs/$name.status"
	) &
}

report()
{
	local name=$1 log=$logs/$1.log status seconds ok bad skip

	read -r status seconds <"$logs/$name.status"
	number=$((number + 1))
	read -r ok bad skip < <(count "$log")
	if [ "$status" -eq 4 ]; then
		tier_skipped "$name" "$log"
		return
	fi
	# What prints no lines of its own counts as one test.
	[ $((ok + bad)) -gt 0 ] || ok=$((status == 0))
	[ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
	passed=$((passed + ok))
	failed=$((failed + bad))
	skipped=$((skipped + skip))
	if [ "$bad" -eq 0 ]; then
		echo "ok $number $name # $ok tests, $seconds s"
	else
		sed 's/^/  /' "$log"
		echo "not ok $number $name # exit $status, $seconds s"
	fi
}

# Reports, in the order of the list, what is done and was not reported yet.
report_ready()
{
	while [ "$number" -lt "${#started[@]}" ] &&
		[ -e "$logs/${started[number]}.status" ]; do
		report "${started[number]}"
	done
}

wait_for_lanes()
{
	local limit=$1

	while [ "$(jobs -rp | wc -l)" -ge "$limit" ]; do
		wait -n || true
		report_ready
	done
}

# A tier that cannot run is a failure unless the caller allowed it.
tier_skipped()
{
	local why

	why=$(tail -n 1 "$2")
	case " ${CHECK_SKIP_OK:-} " in
	*" $1 "*)
		skipped=$((skipped + 1))
		echo "ok $number $1 # SKIP $why"
		;;
	*)
		failed=$((failed + 1))
		echo "not ok $number $1 # skipped: $why"
		;;
	esac
}

wanted()
{
	[ $# -gt 1 ] || return 0
	case " ${*:2} " in *" $1 "*) return 0 ;; esac
	return 1
}

main()
{
	local tier name command

	if [ "${1:-}" = --full ]; then
		tiers+=("${full_tiers[@]}")
		shift
	fi
	for name in "$@"; do
		printf '%s\n' "${tiers[@]}" | grep -q "^$name " || {
			echo "check.sh: no tier $name; or one of --full" >&2
			return 2
		}
	done
	"$here/stage/deps.sh"
	mkdir -p "$logs"
	echo "KTAP version 1"
	for tier in "${tiers[@]}"; do
		read -r -d '' name command <<<"$tier" || true
		wanted "$name" "$@" || continue
		started+=("$name")
		# shellcheck disable=SC2086 # a command and its arguments
		launch "$name" $command
		[ "$name" != build ] || wait_for_lanes 1
		wait_for_lanes "$lanes"
	done
	wait_for_lanes 1
	report_ready
	echo "1..$number"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
}

main "$@"
