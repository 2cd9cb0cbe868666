#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Loads kage where there is no VMX, in QEMU's TCG.
#   STAGE_HOST=S   as for demo.sh; default stage
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=stage/lib.sh
. "$here/stage/lib.sh"

host=${STAGE_HOST:-stage}
"$here/stage/deps.sh"
kernel=$(kernel_of "$host")
module=$("$here/build_module.sh" "$(build_dir_of "$host")")
make -s -C "$here/.." tool >&2
# busybox would try to load it twice.
"$here/stage/stage.sh" run --qemu --kernel "$kernel" --timeout 300 \
	--add "$module:/kage/kage.ko" \
	--add "$here/../build/kagectl:/kage/kagectl" \
	--add "$(command -v insmod):/kage/insmod" \
	--add "$here/ktap.sh:/kage/" --add "$here/demo_lib.sh:/kage/" \
	--init "$here/no_vmx_init.sh"
