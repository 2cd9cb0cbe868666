#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the scripts in cases/ on a host with VMX, one boot of the stage for all.
#   STAGE_CPU, STAGE_CPUS, STAGE_HOST, STAGE_TIMEOUT   as for demo.sh
# usage: kselftest.sh [CASE]...   (default: all but the long ones)
#   CASES="NAME..."   the same
#   LONG="NAME..."    alloc_fail or storm, which take long, too
#   KAGE_WITHOUT="NAME,..."   what kage is to do without: module/feature.c
#   CASE_LIMIT, HOSTILE_SEED, HOSTILE_ROUNDS, SEED, FULL, ONLY   see kselftest_init.sh
#                     and the cases
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=stage/lib.sh
. "$here/stage/lib.sh"

host=${STAGE_HOST:-stage}
build=$(readlink -f "$here/..")/build
"$here/stage/deps.sh"
kernel=$(kernel_of "$host")
module=$("$here/build_module.sh" "$(build_dir_of "$host")")
make -s -C "$here/.." tool >&2
work=$(mktemp -d "${TMPDIR:-/tmp}/kage-kselftest.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The guest is the trimmed kernel, which has all it needs built in.
linux_guest()
{
	[ ! -e "$work/initrd" ] || return 0
	guest_kernel=$(echo "$(kernel_of stage)"/boot/vmlinuz-*)
	"$here/guest/build.sh" "$guest_kernel" "$work/initrd"
	add+=(--add "$guest_kernel:/kage/vmlinuz"
		--add "$work/initrd:/kage/initrd"
		--env "GUEST_APPEND=$fast_boot")
}

bare_guests()
{
	local name

	make -s -C "$here/guest/bare" O="$build/bare" >&2
	for name in "$@"; do
		add+=(--add "$build/bare/$name.bzImage:/kage/")
	done
}

# kage inside of KVM's guest, which runs the trimmed kernel.
machine_of_kvm()
{
	make -s -C "$here/bench" >&2
	add+=(--add "$build/bench/kvm_run:/kage/kvm_run" --add
		"$("$here/build_module.sh" "$(build_dir_of stage)"):/kage/inside/")
}

# What a case needs beside kage.ko and kagectl.
files_of()
{
	case $1 in
	netlink)
		make -s -C "$here" O="$build" >&2
		add+=(--add "$build/netlink_rows:/kage/")
		;;
	netlink_fuzz)
		make -s -C "$here" O="$build" >&2
		add+=(--add "$build/netlink_fuzz:/kage/")
		;;
	alloc_fail)
		make -s -C "$here" O="$build" >&2
		add+=(--add "$build/fail_nth:/kage/")
		bare_guests hostile_flood
		;;
	host_state)
		make -s -C "$here" O="$build" >&2
		add+=(--add "$build/host_state:/kage/")
		bare_guests keeper
		;;
	storm) bare_guests isolation wrong ;;
	bridge) linux_guest ;;
	firmware)
		linux_guest
		machine_of_kvm
		;;
	access | cr3 | device | snippets) bare_guests "$1" ;;
	hostile) bare_guests hostile hostile_flood isolation ;;
	hostile_virtio) bare_guests isolation virtio_hostile ;;
	images | idle | isolation | trace) bare_guests isolation ;;
	lifecycle)
		linux_guest
		bare_guests wrong
		;;
	esac
}

all_cases()
{
	local name names=()

	for name in $(basename -s .sh "$here"/cases/*.sh); do
		case $name in
		alloc_fail | storm)
			[[ " ${LONG:-} " == *" $name "* ]] || continue
			;;
		esac
		names+=("$name")
	done
	echo "${names[*]}"
}

add=()
CASES=${*:-${CASES:-}}
read -ra names <<<"${CASES:-$(all_cases)}"
for name in "${names[@]}"; do
	files_of "$name"
done

"$here/stage/stage.sh" run --kernel "$kernel" \
	--cpu "${STAGE_CPU:-corei7_skylake_x}" --cpus "${STAGE_CPUS:-1}" \
	--timeout "${STAGE_TIMEOUT:-1800}" --modules "kvm_intel bridge" \
	--env "CASES=${names[*]}" --env "CASE_LIMIT=${CASE_LIMIT:-}" \
	--env "HOSTILE_SEED=${HOSTILE_SEED:-}" \
	--env "HOSTILE_ROUNDS=${HOSTILE_ROUNDS:-}" \
	--env "KAGE_WITHOUT=${KAGE_WITHOUT:-}" \
	--env "SEED=${SEED:-}" --env "FULL=${FULL:-}" --env "ONLY=${ONLY:-}" \
	--add "$module:/kage/kage.ko" \
	--add "$build/kagectl:/kage/kagectl" \
	--add "$here/ktap.sh:/kage/" --add "$here/demo_lib.sh:/kage/" \
	--add "$here/self_check.sh:/kage/" \
	--add "$here/cases:/kage/cases" "${add[@]}" \
	--init "$here/kselftest_init.sh"
