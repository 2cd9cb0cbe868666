#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds the fuzzers and runs them one after the other: first over every file
# of the corpus, then over what libFuzzer makes of them. What it found that is
# new stays in $O/found; an input that fails is kept in $O/failed, and named.
#
# usage: run.sh quick           a fixed number of runs from a fixed seed
#        run.sh run SECONDS     SECONDS for each
#        run.sh merge           add to the corpus what it lacks of $O/found
#
#   O=DIR  SEED=n  TARGETS="decode vring"  CLANG= MODULE= TOOL=
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=../ktap.sh
. "$here/../ktap.sh"
out=$(readlink -m "${O:-$here/../../build/fuzz}")
cd "$here"

# The name, the longest input, and how many runs are quick.
targets='
decode 256 120000
gwalk 256 450000
vring 512 300000
load 768 20000
parse 192 350000
'
# Of all corpora together: a start for the fuzzers, not an archive.
max_files=150
max_bytes=200000

clang=${CLANG:-clang}

die()
{
	echo "$*" >&2
	exit 1
}

skip()
{
	echo "$*"
	exit 4
}

# Has the compiler what libFuzzer needs?
require_clang()
{
	command -v "$clang" >/dev/null ||
		skip "no $clang: install clang and libclang-rt-14-dev"
	echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
		"$clang" -x c -fsanitize=fuzzer,address,undefined \
			-o "$out/probe" - 2>"$out/probe.log" ||
		skip "$clang has no libFuzzer: install libclang-rt-14-dev"
}

add_program()
{
	programs+=("$out/$1_fuzz")
}

build()
{
	local programs=()

	each_target add_program
	[ ${#programs[@]} -gt 0 ] || die "no such target: ${TARGETS:-}"
	make -s O="$out" CLANG="$clang" ${MODULE:+MODULE="$MODULE"} \
		${TOOL:+TOOL="$TOOL"} "${programs[@]}"
}

# What libFuzzer tries depends on what it sees compared, addresses too: they
# have to be the same in each run, and so the size of the environment.
fix_addresses()
{
	fixed=(env -i "PATH=$PATH" "ASAN_OPTIONS=$ASAN_OPTIONS" setarch -R)
	"${fixed[@]}" true 2>/dev/null || {
		echo "# addresses stay random: the seed alone repeats nothing"
		fixed=()
	}
}

corpus_of()
{
	find "$here/corpus/$1" -type f | LC_ALL=C sort
}

# What a failed run has to say, and how to see it again.
explain()
{
	local program=$1 log=$2 input=$3

	grep -aE 'does not hold|ERROR: Addr|runtime error|^SUMMARY' "$log" |
		head -n 4 | sed 's/^/# /'
	echo "# all of it: $log"
	[ -z "$input" ] || echo "# again: $program $input"
}

# replay NAME: each file of the corpus once.
replay()
{
	local program=$out/$1_fuzz log=$out/$1.replay.log

	mapfile -t files < <(corpus_of "$1")
	[ ${#files[@]} -gt 0 ] || {
		echo "# $here/corpus/$1 is empty"
		return 1
	}
	"$program" "${files[@]}" >"$log" 2>&1 || {
		explain "$program" "$log" \
			"$(sed -n 's/^Running: //p' "$log" | tail -n 1)"
		return 1
	}
}

# fuzz NAME LONGEST OPTION...: leaves the number of executions in $executed.
fuzz()
{
	local program=$out/$1_fuzz log=$out/$1.log failed=$out/failed/$1-
	local status=0

	rm -f "$failed"*
	"${fixed[@]}" "$program" -max_len="$2" -seed="$seed" \
		-artifact_prefix="$failed" -print_final_stats=1 -timeout=60 \
		"${@:3}" >"$log" 2>&1 || status=$?
	executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	[ "$status" -ne 0 ] || return 0
	explain "$program" "$log" "$(find "$out/failed" -path "$failed*")"
	return 1
}

# From a list in a fixed order: that of a directory is the file system's.
fuzz_quick()
{
	corpus_of "$1" | paste -sd , | tr -d '\n' >"$out/$1.list"
	fuzz "$1" "$2" -runs="$3" -seed_inputs=@"$out/$1.list"
}

fuzz_long()
{
	mkdir -p "$out/found/$1"
	fuzz "$1" "$2" -max_total_time="$seconds" "$out/found/$1" \
		"corpus/$1"
}

run_target()
{
	local name=$1 executed=0 fuzz=fuzz_$mode

	if replay "$name" && "$fuzz" "$@"; then
		ktap_pass "$name: ${#files[@]} files, $executed executions"
	else
		ktap_fail "$name: ${#files[@]} files, $executed executions"
	fi
}

# Lint takes a file without a zero byte for text, and reads it as such.
add_zero()
{
	local file

	for file in "$1"/*; do
		[ "$(tr -dc '\0' <"$file" | wc -c)" -gt 0 ] ||
			printf '\0' >>"$file"
	done
}

# What is there stays. Of the rest, reaching new code counts, and not how often
# it is reached: for a small set.
merge_target()
{
	local log=$out/$1.merge.log

	mkdir -p "$out/found/$1" "corpus/$1"
	"$out/$1_fuzz" -set_cover_merge=1 -use_counters=0 -max_len="$2" \
		"corpus/$1" "$out/found/$1" >"$log" 2>&1 ||
		die "cannot merge: see $log"
	add_zero "corpus/$1"
	echo "$1: $(find "corpus/$1" -type f | wc -l) files"
}

check_sizes()
{
	[ "$(find corpus -type f | wc -l)" -lt $max_files ] ||
		die "the corpus has $max_files files or more"
	[ "$(find corpus -type f -exec cat {} + | wc -c)" -lt $max_bytes ] ||
		die "the corpus has $max_bytes bytes or more"
}

each_target()
{
	local name rest

	while read -r name rest; do
		[ -n "$name" ] || continue
		[[ " ${TARGETS:-$name} " == *" $name "* ]] || continue
		# shellcheck disable=SC2086 # two numbers
		"$1" "$name" $rest
	done <<<"$targets"
}

mode=${1:-}
mkdir -p "$out/failed"
case $mode in
quick) seed=${SEED:-1} ;;
run)
	seconds=${2:?"how many seconds?"}
	mode=long seed=${SEED:-$((RANDOM * 32768 + RANDOM + 1))}
	;;
merge) ;;
*) die "usage: run.sh quick | run SECONDS | merge" ;;
esac
require_clang
build
# Memory that was freed is watched for a while, not for megabytes.
export ASAN_OPTIONS=quarantine_size_mb=8${ASAN_OPTIONS:+:$ASAN_OPTIONS}
if [ "$mode" = merge ]; then
	each_target merge_target
	check_sizes
	exit
fi
ktap_start
echo "# seed $seed"
fix_addresses
each_target run_target
ktap_end
