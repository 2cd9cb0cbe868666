#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Where the ticks of the benchmark's rows go, by function: the emulator is stopped
# every so many instructions. Prints a table for each row; the samples stay in
# build/bench/profile.samples.
# usage: profile.sh bare|linux|net [ROW]...
#   PROFILE_PERIOD=N     instructions between two looks; default 1009
#   BENCH_ORDER, NET_ORDER   who; default kage
#   and what bench.sh and net.sh heed
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=../stage/lib.sh
. "$here/../stage/lib.sh"
out=$(readlink -f "$here/../..")/build/bench
period=${PROFILE_PERIOD:-1009}
guest=${1:-}
[ $# -gt 0 ] && shift
map=$(build_dir_of stage)/System.map
maps=("$map")

mkdir -p "$out"
export STAGE_SAMPLE="$period $out/profile.samples"
case $guest in
bare | linux)
	export BENCH_GUESTS=$guest BENCH_ORDER=${BENCH_ORDER:-kage}
	BENCH_ROWS=$(IFS=, && echo "$*")
	export BENCH_ROWS
	run=$here/bench.sh
	;;
net)
	export NET_ROWS=$* NET_ORDER=${NET_ORDER:-kage}
	run=$here/net.sh
	;;
*) die "usage: profile.sh bare|linux|net [ROW]..." ;;
esac
[ "$guest" = bare ] || maps+=("$map")
"$run" >"$out/profile.log" 2>&1 || {
	tail -n 20 "$out/profile.log" >&2
	exit 1
}
"$here/profile.py" "$period" "$out/profile.samples" "${maps[@]}"
