#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Checks who includes whom in the module: every part has a rank, and a file may
# include only what has its own rank or a lower one.
set -euo pipefail

top=$(dirname "$(readlink -f "$0")")/../..
cd "$top/module"

# The first pattern that matches a path, with its suffix or without, gives its
# rank. What is in rank 0 must build in user space, except for compat.h and the
# tracepoints. The two headers of rank 3 in dev/ are the door by which a vCPU
# asks for its interrupts.
ranks='
0 types
0 compat
0 feature
0 trace
0 mmu/gwalk
0 mmu/spte
0 emul/decode
0 emul/alu
0 emul/cr3
0 dev/vring
0 dev/pace
1 vmx/asm-offsets
1 vmx/(cap|cpu|host|state|vmcs\.h)
2 dev/bus
3 dev/(irqchip|lapic)\.h
3 mmu/fault
2 mmu/.*
3 vmx/.*
3 emul/(emul|device)
4 dev/.*
5 (vm|vcpu)(_.*)?
6 netlink.*
7 main
8 tests/.*
'
pure='^(mmu/(gwalk|spte)|emul/(decode|alu|cr3)|dev/(vring|pace))\.[ch]$'
pure_headers='^(linux/(types|bits|errno|kernel|string|build_bug)|asm/barrier)\.h$'

vmx_words='\b(vmread|vmwrite|vmlaunch|vmresume|vmxon)\b *\('
vmx_words+='|\bvmcs_(read|write)[a-z0-9_]*\(|<asm/vmx\.h>'
errors=0

complain()
{
	echo "$1"
	errors=$((errors + 1))
}

rank_of()
{
	local rank pattern

	while read -r rank pattern; do
		if [ -n "$rank" ] && [[ $1 =~ ^($pattern)(\.[chS])?$ ]]; then
			echo "$rank"
			return
		fi
	done <<<"$ranks"
	echo none
}


# The path below module/ of a header that a file includes.
resolve()
{
	realpath -m --relative-to=. "$(dirname "$1")/$2"
}

# vm.h and vcpu.h hold the two objects that all but PURE files share.
is_shared()
{
	[ "$1" = vm.h ] || [ "$1" = vcpu.h ]
}

check_rank()
{
	local file=$1 target=$2 mine theirs

	! is_shared "$target" || return 0
	mine=$(rank_of "$file")
	theirs=$(rank_of "$target")
	[ "$theirs" != none ] || complain "$target: no rank in layers.sh"
	[ "$mine" -ge "$theirs" ] ||
		complain "$file: rank $mine includes $target of rank $theirs"
}

# The doors of a device are the bus, memory, and the interrupt controllers.
check_device()
{
	case $2 in
	vmx/* | mmu/shadow.h | mmu/spte.h | mmu/rmap.h | mmu/fault.h)
		complain "$1: a device includes $2" ;;
	esac
}

check_pure()
{
	local name target

	while read -r name; do
		[[ $name =~ $pure_headers ]] || complain "$1: PURE includes <$name>"
	done < <(grep -oP '^#\s*include\s*<\K[^>]*' "$1")
	while read -r name; do
		target=$(resolve "$1" "$name")
		[ "$(rank_of "$target")" = 0 ] ||
			complain "$1: PURE includes $target"
	done < <(grep -oP '^#\s*include\s*"\K[^"]*' "$1")
}

# Its own header comes first, so that the header is known to be complete. One is
# made from the file, where the module was built.
check_own_header()
{
	local own=${1%.c}.h first

	[ -e "$own" ] && [ "$1" != vmx/asm-offsets.c ] || return 0
	first=$(grep -m1 -oP '^#\s*include\s*["<]\K[^">]*' "$1")
	[ "$(resolve "$1" "$first")" = "$own" ] ||
		complain "$1: its own header is not the first include"
}

check_file()
{
	local file=$1 name target

	[ "$(rank_of "$file")" != none ] || {
		complain "$file: no rank in layers.sh"
		return
	}
	case $file in *.c) check_own_header "$file" ;; esac
	[[ ! $file =~ $pure ]] || check_pure "$file"
	# The two objects embed parts of everything below them.
	! is_shared "$file" || return 0
	while read -r name; do
		target=$(resolve "$file" "$name")
		[ "$target" != vmx/asm-offsets.h ] || continue
		check_rank "$file" "$target"
		case $file in dev/*) check_device "$file" "$target" ;; esac
	done < <(grep -oP '^#\s*include\s*"\K[^"]*' "$file")
}

# What only one part may say at all.
check_words()
{
	local found

	found=$(grep -rnE "$vmx_words" \
		--include='*.[chS]' . | grep -v '^\./\(vmx\|tests\)/' || true)
	[ -z "$found" ] || complain "VMX outside of vmx/: $found"
	found=$(grep -rn 'LINUX_VERSION_CODE\|KERNEL_VERSION' --include='*.[ch]' . |
		grep -v '^\./compat\.h' || true)
	[ -z "$found" ] || complain "a kernel's version outside of compat.h: $found"
	found=$(grep -rnE '\b(BUG|BUG_ON|panic) ?\(' --include='*.c' . || true)
	[ -z "$found" ] || complain "stops the host: $found"
}

# A file that is not built is tested by nothing.
check_kbuild()
{
	local file

	while read -r file; do
		file=${file#./}
		grep -qE "(^|[[:space:]])${file%.*}\.[os]([[:space:]]|$)" Kbuild ||
			complain "$file: not in module/Kbuild"
	done < <(find . -name '*.[cS]' ! -name '*.mod.c' ! -path './tests/*')
}

while read -r file; do
	check_file "${file#./}"
done < <(find . -name '*.[chS]' ! -name '*.mod.c' ! -name asm-offsets.h | sort)
check_words
check_kbuild
[ "$errors" -eq 0 ]
