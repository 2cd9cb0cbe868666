#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kage beside KVM: the same guest, the same host, the same boot of the stage.
# Prints a table and writes build/bench/results.json and report.html.
# usage: bench.sh [--ablate]
#   --ablate: kage alone, with everything and without each of its features, in
#   one boot; writes build/bench/ablation.json
#   STAGE_CPU=MODEL        the host's CPU; default corei7_skylake_x
#   STAGE_TIMEOUT=N        seconds; default 3600
#   BENCH_ROWS=NAME,...    only these rows
#   BENCH_GUESTS="NAME..." of bare and linux (default: both; --ablate: bare)
#   BENCH_ORDER="NAME..."  of kage, kvm_ept0, kvm_ept1 (default: these)
#                          and kage-without-NAME
#   KAGE_WITHOUT="NAME,..."    what kage is to do without: module/feature.c
#   BENCH_MODULE=FILE      this kage.ko, built for the trimmed host kernel
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=../stage/lib.sh
. "$here/../stage/lib.sh"
top=$(readlink -f "$here/../..")
out=$top/build/bench
cpu=${STAGE_CPU:-corei7_skylake_x}
raw=$out/raw
order=${BENCH_ORDER:-kage kvm_ept0 kvm_ept1}
guests=${BENCH_GUESTS:-bare linux}

commit()
{
	local name

	name=$(git -C "$top" describe --always --dirty 2>/dev/null) ||
		name=unknown
	echo "# commit $name${BENCH_MODULE:+, module $BENCH_MODULE}"
	echo "# machine Bochs, $cpu; a tick is an instruction"
}

# A line for each row that is done; everything else as it is.
progress()
{
	local line who row n ticks

	while read -r line; do
		case $line in
		"bench "*)
			read -r _ who row n ticks _ <<<"$line"
			printf '%-9s %-15s %10d ticks each\n' "$who" "$row" \
				$((ticks / n))
			;;
		"count "*) ;;
		*) echo "$line" ;;
		esac
	done
}

case ${1:-} in
--ablate)
	raw=$out/ablation.raw
	guests=${BENCH_GUESTS:-bare}
	order="kage $(features | sed 's/^/kage-without-/' | tr '\n' ' ')"
	;;
"") ;;
*) die "usage: bench.sh [--ablate]" ;;
esac
"$here/../stage/deps.sh"
kernel=$(kernel_of stage)
module=${BENCH_MODULE:-$("$here/../build_module.sh" "$(build_dir_of stage)")}
make -s -C "$top/tool" >&2
make -s -C "$here" >&2
make -s -C "$here/../guest/bare" >&2
# The Linux guest runs the host's kernel, and has all that it needs built in. A
# console that does not exist leaves the UART to the program that measures.
vmlinuz=$(echo "$kernel"/boot/vmlinuz-*)
"$here/../guest/build.sh" "$vmlinuz" "$out/initrd" \
	"$out/linux_bench:/init" /usr/bin/tcc:/bin/tcc

commit >"$raw"
status=0
"$here/../stage/stage.sh" run --kernel "$kernel" --cpu "$cpu" \
	--timeout "${STAGE_TIMEOUT:-3600}" --modules kvm_intel \
	--add "$module:/bench/kage.ko" \
	--add "$top/build/kagectl:/bench/kagectl" \
	--add "$out/kvm_run:/bench/kvm_run" \
	--add "$top/build/bare/bench.bzImage:/bench/guest" \
	--add "$vmlinuz:/bench/vmlinuz" --add "$out/initrd:/bench/initrd" \
	--env "BENCH_GUESTS=$guests" \
	--env "LINUX_APPEND=console=tty0 quiet $fast_boot" \
	--env "BENCH_APPEND=${BENCH_ROWS:+rows=empty,$BENCH_ROWS}" \
	--env "KAGE_WITHOUT=${KAGE_WITHOUT:-}" \
	--env "BENCH_ORDER=$order" \
	--env "BENCH_SAMPLE=${STAGE_SAMPLE:-}" \
	--init "$here/bench_init.sh" | tee -a "$raw" | progress ||
	status=${PIPESTATUS[0]}
if [ "${1:-}" = --ablate ]; then
	python3 "$here/ablate.py" "$raw" "$out/ablation.json"
else
	python3 "$here/report.py" "$raw" "$out/results.json"
	python3 "$here/report_bars.py" "$out/results.json"
	python3 "$here/report_html.py" "$raw" "$out/report.html" \
		"$out/ablation.json"
fi
exit "$status"
