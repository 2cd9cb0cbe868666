#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Ten million steps of the MMU model, without sanitizers, which cost more than
# they find there.
#   MODEL_RUNS, MODEL_STEPS   8 runs of 1,250,000 steps
#   MODEL_SEED                the first run's; the others count on from it
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=../ktap.sh
. "$here/../ktap.sh"
out=$(readlink -f "$here/../..")/build/unit-long
runs=${MODEL_RUNS:-8}
steps=${MODEL_STEPS:-1250000}
seed=${MODEL_SEED:-1000}

run()
{
	"$out/mmu_model_test" "$1" "$steps" >"$out/log" 2>&1 || {
		tail -n 60 "$out/log"
		return 1
	}
	grep 'steps per second' "$out/log"
}

make -s -C "$here" O="$out" SANITIZE= "$out/mmu_model_test"
ktap_start
for ((i = 0; i < runs; i++)); do
	ktap_test "seed $((seed + i)), $steps steps" run $((seed + i)) || true
done
ktap_end
