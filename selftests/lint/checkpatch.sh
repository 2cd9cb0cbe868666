#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the kernel's checkpatch.pl --strict over the module and the tool.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=../stage/lib.sh
. "$here/../stage/lib.sh"
top=$(readlink -f "$here/../..")

# What it says and we do not follow:
everywhere=(
	# A legend on the struct names the protector of every field, locks too.
	UNCOMMENTED_DEFINITION
	# Table rows are macros: initializers, which no parentheses may enclose,
	# of constants, which may be used twice.
	MACRO_ARG_REUSE COMPLEX_MACRO
	# Instructions are named in messages, in functions named after them.
	EMBEDDED_FUNCTION_NAME
	# The kernel's own names of MTRR registers.
	CAMELCASE
	# The type of a member is no instance of its struct.
	CONST_STRUCT
)
# User space has neither the kernel's types nor its macros.
user_space=(
	PREFER_KERNEL_TYPES PREFER_DEFINED_ATTRIBUTE_MACRO ARRAY_SIZE BIT_MACRO
	VOLATILE STRCPY CONSTANT_COMPARISON
)

# It takes an operand of inline assembly in a macro's argument for a division.
operand="SPACING: spaces preferred around that '%'"

# The script and its word lists, out of the package with the kernel's source.
scripts()
{
	local dest=$cache/checkpatch source=$cache/work/linux-source-6.12
	local archive=/usr/src/linux-source-6.12.tar.xz tmp

	if [ -x "$source/scripts/checkpatch.pl" ]; then
		echo "$source/scripts"
		return
	fi
	if [ ! -d "$dest" ]; then
		mkdir -p "$cache"
		tmp=$(mktemp -d "$cache/tmp.XXXXXX")
		tar -xf "$archive" -C "$tmp" --strip-components=2 --wildcards \
			'*/scripts/checkpatch.pl' '*/scripts/spelling.txt' \
			'*/scripts/const_structs.checkpatch'
		mv -T "$tmp" "$dest"
	fi
	echo "$dest"
}

# check LIST FILE...: silent if all is well
check()
{
	local ignore=$1

	shift
	# It leaves a file with names where it runs.
	(cd "$work" && "$script" --no-tree --strict --terse --show-types -q \
		--no-summary --root="$top" --ignore "$ignore" -f "$@") |
		grep -v "$operand" || true
}

join()
{
	local IFS=,

	echo "$*"
}

work=$(mktemp -d "${TMPDIR:-/tmp}/kage-checkpatch.XXXXXX")
trap 'rm -rf "$work"' EXIT
script=$(scripts)/checkpatch.pl
mapfile -t files < <(find "$top/module" -name '*.[chS]' ! -name '*.mod.c' \
	! -name asm-offsets.h ! -name trace.h | sort)
check "$(join "${everywhere[@]}")" "${files[@]}"
# TRACE_EVENT() is laid out like nothing else, in the kernel as here.
check "$(join "${everywhere[@]}" OPEN_ENDED_LINE PARENTHESIS_ALIGNMENT)" \
	"$top/module/trace.h"
mapfile -t files < <(find "$top/tool" "$top/include" -name '*.[ch]' | sort)
check "$(join "${everywhere[@]}" "${user_space[@]}")" "${files[@]}"
