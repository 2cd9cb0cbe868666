#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The network of kage's guests beside that of QEMU with vhost-net and EPT: the
# same guest, the same host, the same boot of the stage. Prints a table and
# writes build/bench/net.json.
#   STAGE_CPU=MODEL        the host's CPU; default corei7_skylake_x
#   STAGE_TIMEOUT=N        seconds; default 1800
#   NET_ROWS="NAME..."     only these rows
#   NET_ORDER="NAME..."    of kage, qemu_vhost; default both
#   BENCH_MODULE=FILE      this kage.ko, built for the trimmed host kernel
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=../stage/lib.sh
. "$here/../stage/lib.sh"
top=$(readlink -f "$here/../..")
out=$top/build/bench
cpu=${STAGE_CPU:-corei7_skylake_x}
firmware=/usr/share/qemu/qboot.rom
# A byte of REP MOVSB is a tick here, eight of REP MOVSQ are another. Bochs has
# no fast strings to offer, so the host and what KVM shows of it copy by eight;
# no guest may do otherwise.
append="$fast_boot clearcpuid=erms,fsrm"

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
			printf '%-10s %-12s %10d ticks each\n' "$who" "$row" \
				$((ticks / n))
			;;
		"count "*) ;;
		*) echo "$line" ;;
		esac
	done
}

build()
{
	local program

	mkdir -p "$out"
	for program in net_load net_run; do
		${CC:-gcc} -std=gnu11 -O2 -Wall -Wextra -Werror -static \
			-o "$out/$program" "$here/$program.c"
	done
	make -s -C "$top/tool" >&2
	"$here/../guest/build.sh" "$image" "$work/initrd" \
		"$here/net_guest.sh:/init" "$out/net_load:/bin/net_load"
}

"$here/../stage/deps.sh"
[ -r $firmware ] || die "no $firmware: apt-get install qemu-system-data"
work=$(mktemp -d "${TMPDIR:-/tmp}/kage-net.XXXXXX")
trap 'rm -rf "$work"' EXIT
kernel=$(kernel_of stage)
image=$(echo "$kernel"/boot/vmlinuz-*)
module=${BENCH_MODULE:-$("$here/../build_module.sh" "$(build_dir_of stage)")}
build

commit >"$out/net.raw"
status=0
"$here/../stage/stage.sh" run --kernel "$kernel" --cpu "$cpu" \
	--timeout "${STAGE_TIMEOUT:-1800}" --modules "kvm_intel vhost_net" \
	--add "$module:/bench/kage.ko" \
	--add "$top/build/kagectl:/bench/kagectl" \
	--add "$out/net_load:/bench/net_load" \
	--add "$out/net_run:/bench/net_run" \
	--add "$image:/bench/vmlinuz" --add "$work/initrd:/bench/initrd" \
	--add "$(command -v qemu-system-x86_64):/bench/qemu" \
	--add "$firmware:/bench/qboot.rom" \
	--env "GUEST_APPEND=$append" --env "NET_ROWS=${NET_ROWS:-}" \
	--env "NET_ORDER=${NET_ORDER:-kage qemu_vhost}" \
	--env "NET_SAMPLE=${STAGE_SAMPLE:-}" \
	--init "$here/net_init.sh" | tee -a "$out/net.raw" | progress ||
	status=${PIPESTATUS[0]}
"$here/net_report.sh" "$out/net.raw" "$out/net.json"
exit "$status"
