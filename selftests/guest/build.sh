#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds the initramfs of the demonstration's guest, or of another with more in
# it: each FILE:DEST puts a file there, a DEST of /init in place of init.sh.
# usage: build.sh KERNEL FILE [FILE:DEST]...
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=../stage/lib.sh
. "$here/../stage/lib.sh"
# shellcheck source=../stage/kernel_image.sh
. "$here/../stage/kernel_image.sh"
# shellcheck source=../stage/initramfs.sh
. "$here/../stage/initramfs.sh"

[ $# -ge 2 ] || die "usage: build.sh KERNEL FILE [FILE:DEST]..."
root=$(mktemp -d "${TMPDIR:-/tmp}/kage-guest.XXXXXX")
trap 'rm -rf "$root"' EXIT
make_root "$root"
install -m 755 "$here/init.sh" "$root/init"
for item in "${@:3}"; do
	add_item "$root" "${item%:*}" "${item##*:}"
done
add_modules "$root" "$1" virtio_pci virtio_net
pack_root "$root" "$2"
