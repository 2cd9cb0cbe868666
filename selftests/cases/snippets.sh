#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Every instruction that exits and every form of those that kage executes itself,
# one row after the other, has the processor's result.
dir=${dir:?}
# shellcheck source=../self_check.sh
. "$dir/self_check.sh"
said=/tmp/snippets.log

(self_check snippets) >$said
status=$?
# The guest names each row before it runs: of interest is where it stayed.
grep -v '^row: ' $said
grep -q '^bare: end' $said || grep '^row: ' $said | tail -n 1
exit $status
