#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The Debian packages that building and testing kage needs, and what each is
# for. Installs those that are missing; says nothing if none is.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=lib.sh
. "$here/lib.sh"

packages()
{
	cat <<'END'
# The module and the tool.
build-essential		compiler, binutils, make
libnl-3-dev		netlink messages, for kagectl
libnl-genl-3-dev	generic netlink, for kagectl
libjson-c-dev		JSON output, for kagectl
pkg-config		finds them
acpica-tools		iasl compiles the guests' DSDT
kmod			depmod, modprobe --show-depends
# The stage: a machine with VMX, emulated, and one without.
bochs			emulates VMX
bochs-term		its display on a terminal
bochsbios		its BIOS
vgabios			its video BIOS
bsdutils		script gives Bochs that terminal
qemu-system-x86		emulates everything but VMX, faster
busybox-static		userland of the stage and of guests
cpio			packs initramfs archives
lz4			unpacks kernels
zstd			unpacks kernels
xz-utils		unpacks kernels and modules
# The host kernel of the stage.
linux-source-6.12	its source, and checkpatch.pl
flex			reads Kconfig
bison			reads Kconfig
bc			timeconst.h
libelf-dev		objtool
libssl-dev		certificates' host tools
dwarves			BTF
# Tests and checks.
libcapstone-dev		a second opinion about instructions
clang			libFuzzer programs
libclang-rt-14-dev	libFuzzer itself
sparse			make C=2
shellcheck		scripts
codespell		spelling
mandoc			manual page
perl			checkpatch.pl
python3			headers to netlink specification, reports
gnuplot-nox		plots of the benchmark's report
tcc			a compiler small enough for a guest to be measured with
END
}

missing()
{
	local name

	packages | sed -e 's/#.*//' -e '/^$/d' | while read -r name _; do
		dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null |
			grep -qx installed || echo "$name"
	done
}

mapfile -t names < <(missing)
[ ${#names[@]} -gt 0 ] || exit 0
say "installing ${names[*]}"
[ "$(id -u)" -eq 0 ] || die "not root; please install them"
export DEBIAN_FRONTEND=noninteractive
apt-get -q install -y --no-install-recommends "${names[@]}" >&2 || {
	apt-get -q update >&2
	apt-get -q install -y --no-install-recommends "${names[@]}" >&2
}
