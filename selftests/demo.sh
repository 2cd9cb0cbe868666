#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The demonstration: a stock Debian kernel as the host, kage in it, and a stock
# Debian kernel as its guest, on the emulated machine of stage/.
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

cpu=${STAGE_CPU:-corei7_skylake_x}
cpus=${STAGE_CPUS:-1}
host=${STAGE_HOST:-6.12}
guest=${GUEST:-6.12}

"$here/stage/deps.sh"
host_kernel=$(kernel_of "$host")
guest_kernel=$(echo "$(kernel_of "$guest")"/boot/vmlinuz-*)
kdir=$(build_dir_of "$host")
module=$("$here/build_module.sh" "$kdir")
make -s -C "$here/.." tool >&2

work=$(mktemp -d "${TMPDIR:-/tmp}/kage-demo.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$here/guest/build.sh" "$guest_kernel" "$work/initrd"

"$here/stage/stage.sh" run --kernel "$host_kernel" --cpu "$cpu" \
	--cpus "$cpus" --timeout "${STAGE_TIMEOUT:-1800}" \
	--add "$module:/demo/kage.ko" \
	--add "$here/../build/kagectl:/demo/kagectl" \
	--add "$guest_kernel:/demo/vmlinuz" \
	--add "$work/initrd:/demo/initrd" \
	--add "$here/ktap.sh:/demo/" --add "$here/demo_lib.sh:/demo/" \
	--env "GUEST_APPEND=$fast_boot" \
	--env "DEMO_MEM=${DEMO_MEM:-256}" --env "DEMO_MIB=${DEMO_MIB:-16}" \
	--init "$here/demo_init.sh"
