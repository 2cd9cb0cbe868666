#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds kage.ko for a kernel in a copy of the sources in the cache, so that
# builds for several kernels stand side by side, and prints its path.
# usage: build_module.sh KDIR [MAKE ARGUMENT]...
#   BUILD_TAG=WORD   in a copy of its own
#   BUILD_FRESH=1    from nothing
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=stage/lib.sh
. "$here/stage/lib.sh"

top=$(dirname "$here")
[ $# -ge 1 ] || die "usage: build_module.sh KDIR [MAKE ARGUMENT]..."
kdir=$(readlink -f "$1")
shift

# One directory per kernel and per work tree.
key=$(echo "$kdir:$top:${BUILD_TAG:-}" | sha256sum | head -c 12)
# A kernel with gcov counts nothing but modules that are built for it.
! grep -qsx CONFIG_GCOV_KERNEL=y "$kdir/.config" || export GCOV_PROFILE=y
dest=$cache/module/$(basename "$kdir")-$key
mkdir -p "$dest"
(
	flock 9
	[ -z "${BUILD_FRESH:-}" ] ||
		find "$dest" -mindepth 1 ! -name .lock -delete
	for part in Kbuild include module; do
		cp -ru --preserve=timestamps "$top/$part" "$dest/"
	done
	# A source that is gone must not be built.
	(cd "$dest" && find module include -name '*.[chS]' \
		! -name '*.mod.c' ! -name asm-offsets.h) | while read -r file; do
		[ -e "$top/$file" ] || rm "$dest/$file"
	done
	make -s -C "$kdir" M="$dest" -j"$(nproc)" "$@" modules >&2
) 9>"$dest/.lock"
echo "$dest/module/kage.ko"
