#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Fetches and builds the kernels that the stage boots, once, in the user's
# cache. Every command prints one path; what it does goes to the other output.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=lib.sh
. "$here/lib.sh"

stage_series=6.12

usage()
{
	cat <<'END'
usage: kernels.sh COMMAND
  debian 6.12|6.1    Debian's cloud kernel, its modules beside it
  headers 6.12|6.1   the directory to build modules for it; installs the package
  stage [FLAVOUR]    the trimmed host kernel, built from linux-source-6.12
  build [FLAVOUR]    the directory to build modules for that one
  source             the unpacked linux-source-6.12
A kernel is a directory with boot/vmlinuz-RELEASE and lib/modules/RELEASE. Flavours
are debug and coverage: host.config with FLAVOUR.config on top.
END
}

# All of a command runs under one lock, so that two runs never do it twice.
with_lock()
{
	local name=$1

	shift
	mkdir -p "$cache"
	(
		flock 9
		"$@"
	) 9>"$cache/.lock-$name"
}

# The newest release that Debian has of a series, such as 6.1.0-56-cloud-amd64.
newest_release()
{
	local meta=linux-headers-$1-cloud-amd64

	[ "$1" != 6.1 ] || meta=linux-headers-cloud-amd64
	apt-cache depends "$meta" 2>/dev/null |
		sed -n "s/.*Depends: linux-headers-\($1\..*\)/\1/p" | head -n 1
}

release_of()
{
	local release

	release=$(newest_release "$1")
	[ -n "$release" ] || release=$(newest_cached "$1")
	[ -n "$release" ] || die "apt knows no kernel $1; try apt-get update"
	echo "$release"
}

newest_cached()
{
	find "$cache" -maxdepth 1 -name "debian-$1.*" -printf '%f\n' 2>/dev/null |
		sed 's/^debian-//' | sort -V | tail -n 1
}

debian()
{
	local release dest

	release=$(release_of "$1")
	dest=$cache/debian-$release
	[ -d "$dest" ] || fetch_debian "$release" "$dest" >&2
	echo "$dest"
}

fetch_debian()
{
	local tmp

	say "fetching linux-image-$1"
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	# apt drops its privilege to a user who must be able to write there.
	chmod 755 "$tmp"
	(cd "$tmp" && apt-get -q -o APT::Sandbox::User=root \
		download "linux-image-$1") || {
		rm -rf "$tmp"
		die "cannot fetch linux-image-$1; try apt-get update"
	}
	dpkg-deb -x "$tmp"/*.deb "$tmp/root"
	depmod -b "$tmp/root" "$1"
	mv -T "$tmp/root" "$2"
	rm -rf "$tmp"
}

headers()
{
	local release

	release=$(release_of "$1")
	if [ ! -d "/lib/modules/$release/build" ]; then
		say "installing linux-headers-$release"
		apt-get -q install -y --no-install-recommends \
			"linux-headers-$release" >&2
	fi
	echo "/lib/modules/$release/build"
}

source_tree()
{
	local dest=$cache/work/linux-source-$stage_series
	local archive=/usr/src/linux-source-$stage_series.tar.xz

	if [ ! -e "$dest/Makefile" ]; then
		[ -e "$archive" ] || die "missing: linux-source-$stage_series"
		say "unpacking $archive"
		mkdir -p "$dest.tmp"
		tar -xf "$archive" -C "$dest.tmp" --strip-components=1
		mv -T "$dest.tmp" "$dest"
	fi
	echo "$dest"
}

# What the built kernel depends on: rebuilt when any of it changes.
config_hash()
{
	{
		grep -h '^CONFIG' "$@"
		dpkg-query -W -f '${Version}\n' "linux-source-$stage_series"
	} | sha256sum | cut -d ' ' -f 1
}

stage()
{
	local name=stage-$stage_series dest hash source
	local fragments=("$here/host.config")

	if [ $# -gt 0 ]; then
		name+=-$1
		fragments+=("$here/$1.config")
	fi
	dest=$cache/$name
	hash=$(config_hash "${fragments[@]}")
	if [ "$(cat "$dest/config-hash" 2>/dev/null)" != "$hash" ]; then
		source=$(with_lock source source_tree)
		build_stage "$source" "$cache/work/$name" "${fragments[@]}" >&2
		install_stage "$source" "$cache/work/$name" "$dest" "$hash" >&2
	fi
	echo "$dest"
}

build_stage()
{
	local source=$1 build=$2

	shift 2
	say "building the stage's kernel in $build: minutes, once"
	mkdir -p "$build"
	make -s -C "$source" O="$build" tinyconfig
	(cd "$source" && scripts/kconfig/merge_config.sh -m -O "$build" \
		"$build/.config" "$@" >/dev/null)
	make -s -C "$source" O="$build" olddefconfig
	check_config "$build/.config" "$@"
	make -s -C "$source" O="$build" -j"$(nproc)" bzImage modules
}

# A fragment that asks for what cannot be is wrong, so say it.
check_config()
{
	local config=$1 name want got

	shift
	while IFS='=' read -r name want; do
		got=$(sed -n "s/^$name=//p" "$config")
		case $want:$got in
		"$got:$got" | n: | m:y) ;;
		*) say "not in the built kernel: $name=$want" ;;
		esac
	done < <(grep -h '^CONFIG' "$@")
}

install_stage()
{
	local source=$1 build=$2 dest=$3 hash=$4 tmp release

	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	release=$(make -s -C "$source" O="$build" kernelrelease)
	make -s -C "$source" O="$build" modules_install \
		INSTALL_MOD_PATH="$tmp" INSTALL_MOD_STRIP=1
	install -D -m 644 "$build/arch/x86/boot/bzImage" \
		"$tmp/boot/vmlinuz-$release"
	ln -s "$build" "$tmp/build"
	echo "$hash" >"$tmp/config-hash"
	rm -rf "$dest"
	mv -T "$tmp" "$dest"
}

build_dir()
{
	readlink -f "$(stage "$@")/build"
}

want_series()
{
	case ${1:-} in
	6.1 | 6.12) ;;
	*) usage >&2; exit 2 ;;
	esac
}

want_flavour()
{
	case ${1:-} in
	'' | debug | coverage) ;;
	*) usage >&2; exit 2 ;;
	esac
}

main()
{
	local command=${1:-}

	[ $# -eq 0 ] || shift
	case $command in
	debian) want_series "$@"; with_lock "debian-$1" debian "$1" ;;
	headers) want_series "$@"; with_lock apt headers "$1" ;;
	stage)
		want_flavour "$@"
		with_lock "stage-${1:-plain}" stage "$@"
		;;
	build)
		want_flavour "$@"
		with_lock "stage-${1:-plain}" build_dir "$@"
		;;
	source) with_lock source source_tree ;;
	*) usage >&2; exit 2 ;;
	esac
}

main "$@"
