#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Keeps the last run of bench.sh under Documentation/bench: its raw lines, whose
# first tells the commit, and what report.py made of them; those of the last
# ablation, too, if it was of the same commit.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=../stage/lib.sh
. "$here/../stage/lib.sh"
top=$(readlink -f "$here/../..")
from=${1:-$top/build/bench}
to=${2:-$top/Documentation/bench}

commit_of()
{
	sed -n '1s/^# commit //p' "$1"
}

for file in raw results.json; do
	[ -s "$from/$file" ] || die "no $file in $from: make bench"
done
commit=$(commit_of "$from/raw")
case $commit in
"" | unknown* | *-dirty* | *module*)
	die "not of a commit: ${commit:-no name}"
	;;
esac
! grep -a '^# failed' "$from/raw" >&2 || die "the run failed"
mkdir -p "$to"
cp "$from/raw" "$to/raw.txt"
cp "$from/results.json" "$to/"
rm -f "$to"/ablation.*
if [ -s "$from/ablation.raw" ] &&
	[ "$(commit_of "$from/ablation.raw")" = "$commit" ]; then
	cp "$from/ablation.raw" "$to/ablation.raw.txt"
	cp "$from/ablation.json" "$to/"
fi
say "kept the run of $commit in $to"
