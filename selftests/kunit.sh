#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the KUnit suites of kage_test.ko in the stage's kernel, which has KUnit
# where Debian's has not. They need no VMX, so QEMU does.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=stage/lib.sh
. "$here/stage/lib.sh"

"$here/stage/deps.sh"
if [ ! -e "$here/../module/tests/Kbuild" ]; then
	echo "module/tests/ has no suites"
	exit 4
fi
kernel=$(kernel_of "${STAGE_HOST:-stage}")
module=$("$here/build_module.sh" "$(build_dir_of "${STAGE_HOST:-stage}")")
tests=$(dirname "$module")/tests/kage_test.ko
"$here/stage/stage.sh" run --qemu --kernel "$kernel" --modules kunit \
	--add "$tests:/kage_test.ko" --init "$here/kunit_init.sh"
