#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Nothing of what makes kage fast is needed for what is right: the cases that run
# guests, without each feature in turn, and without any.
#   STAGE_CPU, STAGE_CPUS, STAGE_HOST   as for kselftest.sh
# usage: without.sh [FEATURE]...   (default: all that module/feature.c names)
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=ktap.sh
. "$here/ktap.sh"
# shellcheck source=stage/lib.sh
. "$here/stage/lib.sh"

run_without()
{
	KAGE_WITHOUT=$1 "$here/kselftest.sh" access bridge cr3 device hostile \
		isolation | sed 's/^/  /'
}

mapfile -t features < <(features)
[ $# -eq 0 ] || features=("$@")
[ $# -gt 0 ] || features+=("$(IFS=, && echo "${features[*]}")")
ktap_start
for feature in "${features[@]}"; do
	ktap_test "without $feature" run_without "$feature" || true
done
ktap_end
