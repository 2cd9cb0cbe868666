#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Checks that every header of the module compiles alone, and twice.
# usage: headers.sh KDIR
set -euo pipefail

top=$(readlink -f "$(dirname "$(readlink -f "$0")")/../..")
work=$(mktemp -d "${TMPDIR:-/tmp}/kage-headers.XXXXXX")
trap 'rm -rf "$work"' EXIT

echo "ccflags-y := -I$top/include" >"$work/Kbuild"
objects=()
while read -r header; do
	name=${header//[\/.]/_}
	printf '#include "%s"\n' "$top/$header" "$top/$header" >"$work/$name.c"
	echo "obj-m += $name.o" >>"$work/Kbuild"
	objects+=("$name.o")
done < <(cd "$top" && find module include -name '*.h' ! -name asm-offsets.h)
make -s -C "$1" M="$work" W=1 -j"$(nproc)" "${objects[@]}"
