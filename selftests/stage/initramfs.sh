# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Builds initramfs archives for the stage and for guests: busybox, the caller's
# files with the libraries they need, and kernel modules. Needs lib.sh and
# kernel_image.sh.

# make_root ROOT: the directories of a small system, with busybox.
make_root()
{
	local program

	mkdir -p "$1"/{bin,dev,etc,lib,lib64,proc,root,run,sys,tmp,usr,var}
	ln -s bin "$1/sbin"
	ln -s ../bin "$1/usr/bin"
	ln -s ../bin "$1/usr/sbin"
	ln -s ../lib "$1/usr/lib"
	ln -s ../lib64 "$1/usr/lib64"
	program=$(readlink -f "$(command -v busybox)")
	# The links point to where busybox is here, which /usr/bin covers.
	"$program" --install -s "$1/bin"
	rm -f "$1/bin/busybox"
	install -m 755 "$program" "$1/bin/busybox"
}

# add_item ROOT FILE DEST: a file or a directory, libraries included.
add_item()
{
	local file=$2 dest=$1/${3#/} part

	[ -e "$file" ] || die "$file: no such file"
	case $dest in */) dest+=$(basename "$file") ;; esac
	mkdir -p "$(dirname "$dest")"
	# A link such as bin/sh to busybox must not be written through.
	rm -rf "$dest"
	cp -rpL "$file" "$dest"
	while IFS= read -r -d '' part; do
		add_libraries "$1" "$part"
	done < <(find "$dest" -type f -perm /111 -print0)
}

# Copies the shared libraries and the loader that a program names.
add_libraries()
{
	local lib

	while read -r lib; do
		[ -e "$1$lib" ] || install -D -m 755 "$lib" "$1$lib"
	done < <(ldd "$2" 2>/dev/null | grep -o '/[^ ]*')
}

# The directory that holds lib/modules of a kernel image.
modules_base()
{
	case $1 in
	/boot/*) echo / ;;
	*) dirname "$(dirname "$(readlink -f "$1")")" ;;
	esac
}

# add_modules ROOT IMAGE NAME...: the modules and those they depend on.
add_modules()
{
	local root=$1 image=$2 base version file dest

	shift 2
	base=$(modules_base "$image")
	version=$(kernel_version "$image")
	[ -d "$base/lib/modules/$version" ] ||
		die "no modules of $version in $base/lib/modules"
	# All of them may be built in.
	mkdir -p "$root/lib/modules/$version"
	while read -r file; do
		dest=$root/${file#"${base%/}/"}
		install -D -m 644 "$file" "$dest"
		plain_module "$dest"
	done < <(module_files "$base" "$version" "$@" | sort -u)
	cp "$base/lib/modules/$version"/modules.{order,builtin,builtin.modinfo} \
		"$root/lib/modules/$version/"
	depmod -b "$root" "$version"
}

# busybox loads no compressed modules, and to check a signature takes an
# emulated CPU seconds.
plain_module()
{
	case $1 in
	*.xz)
		xz -d -f "$1"
		objcopy --strip-debug "${1%.xz}"
		;;
	*) objcopy --strip-debug "$1" ;;
	esac
}

# module_files BASE VERSION NAME...
module_files()
{
	local base=$1 version=$2 name

	shift 2
	for name in "$@"; do
		modprobe -d "$base" -S "$version" --show-depends "$name" ||
			die "no module $name for $version"
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p'
}

# pack_root ROOT FILE
pack_root()
{
	(cd "$1" && find . -print0 | cpio -0 -o -H newc -R 0:0 --quiet) >"$2"
}
