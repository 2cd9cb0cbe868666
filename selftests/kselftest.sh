#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the scripts in cases/ on a host with VMX, one boot of the stage for all.
#   STAGE_CPU, STAGE_CPUS, STAGE_HOST, STAGE_TIMEOUT   as for demo.sh
#   CASES="NAME..."   only these
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=stage/lib.sh
. "$here/stage/lib.sh"

host=${STAGE_HOST:-stage}
"$here/stage/deps.sh"
kernel=$(kernel_of "$host")
module=$("$here/build_module.sh" "$(build_dir_of "$host")")
make -s -C "$here/.." tool >&2
"$here/stage/stage.sh" run --kernel "$kernel" \
	--cpu "${STAGE_CPU:-corei7_skylake_x}" --cpus "${STAGE_CPUS:-1}" \
	--timeout "${STAGE_TIMEOUT:-1800}" --modules kvm_intel \
	--env "CASES=${CASES:-}" \
	--add "$module:/kage/kage.ko" \
	--add "$here/../build/kagectl:/kage/kagectl" \
	--add "$here/ktap.sh:/kage/" --add "$here/demo_lib.sh:/kage/" \
	--add "$here/cases:/kage/cases" --init "$here/kselftest_init.sh"
