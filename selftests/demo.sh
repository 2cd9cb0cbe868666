#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The demonstration: a stock Debian kernel as the host, kage in it, and a stock
# Debian kernel as its guest, on the emulated machine of stage/ or, where there
# is VMX and who runs it agrees, on this machine and its running kernel.
#   DEMO_ON=W         stage or host; default: asks on a terminal, else stage
#   STAGE_CPU=MODEL   the host's CPU; default corei7_skylake_x
#   STAGE_CPUS=N      how many of them; default 1
#   STAGE_HOST=S      6.12, 6.1, stage or debug: the host's kernel; default 6.12
#   GUEST=S           6.12 or 6.1: the guest's kernel; default 6.12
#   STAGE_TIMEOUT=N   seconds; default 1800
#   DEMO_MEM=MIB      the guest's memory; default 256
#   DEMO_MIB=MIB      what goes over the network each way; default 16
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=stage/lib.sh
. "$here/stage/lib.sh"

guest=${GUEST:-6.12}

has_vmx()
{
	grep -qw vmx /proc/cpuinfo
}

# Prints stage or host.
where_to_run()
{
	local answer=

	if [ -n "${DEMO_ON:-}" ]; then
		echo "$DEMO_ON"
		return
	fi
	if has_vmx && [ -t 0 ]; then
		say "this machine has VMX: kage can run on it, without an emulator"
		say "kage.ko is then loaded into the running kernel, $(uname -r)"
		read -rp "Run on this machine? [y/N] " answer || true
	fi
	case $answer in
	[yY]*) echo host ;;
	*) echo stage ;;
	esac
}

# What both ways need: kage.ko for the host's kernel KDIR, kagectl, a guest.
prepare()
{
	module=$("$here/build_module.sh" "$1")
	make -s -C "$here/.." tool >&2
	guest_kernel=$(echo "$(kernel_of "$guest")"/boot/vmlinuz-*)
	"$here/guest/build.sh" "$guest_kernel" "$work/initrd"
}

run_on_stage()
{
	local host=${STAGE_HOST:-6.12}

	prepare "$(build_dir_of "$host")"
	"$here/stage/stage.sh" run --kernel "$(kernel_of "$host")" \
		--cpu "${STAGE_CPU:-corei7_skylake_x}" \
		--cpus "${STAGE_CPUS:-1}" --timeout "${STAGE_TIMEOUT:-1800}" \
		--add "$module:/demo/kage.ko" \
		--add "$here/../build/kagectl:/demo/kagectl" \
		--add "$guest_kernel:/demo/vmlinuz" \
		--add "$work/initrd:/demo/initrd" \
		--add "$here/ktap.sh:/demo/" --add "$here/demo_lib.sh:/demo/" \
		--env "GUEST_APPEND=$fast_boot" \
		--env "DEMO_MEM=${DEMO_MEM:-256}" \
		--env "DEMO_MIB=${DEMO_MIB:-16}" \
		--init "$here/demo_init.sh"
}

host_is_ready()
{
	has_vmx || die "this machine has no VMX"
	[ "$(id -u)" -eq 0 ] || die "only root may load a module"
	[ ! -d /sys/module/kage ] || die "kage is loaded already"
	[ ! -d /sys/module/kvm_intel ] ||
		die "KVM has the VMX: end its machines, then modprobe -r kvm_intel"
	[ -e "/lib/modules/$(uname -r)/build" ] ||
		die "no headers: apt-get install linux-headers-$(uname -r)"
}

# The script was written for busybox, as the stage has it.
run_on_host()
{
	host_is_ready
	prepare "/lib/modules/$(uname -r)/build"
	mkdir "$work/bin"
	busybox --install -s "$work/bin"
	cp "$module" "$here/../build/kagectl" "$here/ktap.sh" \
		"$here/demo_lib.sh" "$work"
	cp "$guest_kernel" "$work/vmlinuz"
	cd "$work"
	PATH=$work/bin:$PATH DEMO_DIR=$work busybox sh "$here/demo_init.sh"
}

"$here/stage/deps.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/kage-demo.XXXXXX")
trap 'rm -rf "$work"' EXIT
place=$(where_to_run)
case $place in
stage | host) "run_on_$place" ;;
*) die "DEMO_ON is stage or host, not $place" ;;
esac
