#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Checks what holds for every file: a licence at its head, a bearable length,
# no space at the end of a line, no misspelt word.
set -euo pipefail

cd "$(dirname "$(readlink -f "$0")")/../.."

max_lines=600
# Names of registers and fields that look like misspelt words.
words=thre,extint,crate,ot,fo,te,inout,hda,ro,sie,mis,clen,dout,nd,ist,ba,wit
errors=0

complain()
{
	echo "$1"
	errors=$((errors + 1))
}

files()
{
	find . \( -name .git -o -path ./build \) -prune -o -type f \
		! -name '*.o' ! -name '*.ko' ! -name '*.cmd' ! -name '*.mod*' \
		! -name '*.s' ! -name '*.order' ! -name '*.symvers' \
		! -name '*.a' ! -name '.checkpatch*' ! -name asm-offsets.h -print | sort
}

check_head()
{
	case $1 in
	./README | ./COPYING | ./VERSION | */.gitignore) return ;;
	# Data of the fuzzers and tests has no place for a comment.
	*/corpus/* | *.bin | *.txt) return ;;
	# What a run of the benchmark left.
	./Documentation/bench/*.json) return ;;
	esac
	head -n 3 "$1" | grep -q SPDX-License-Identifier ||
		complain "$1: no SPDX-License-Identifier in its first lines"
}

check_length()
{
	case $1 in
	*.[chS] | *.sh)
		[ "$(wc -l <"$1")" -le $max_lines ] ||
			complain "$1: more than $max_lines lines"
		;;
	esac
}

check_blanks()
{
	! grep -nIE '[[:blank:]]+$' "$1" || complain "$1: blanks end a line"
}

mapfile -t all < <(files)
for file in "${all[@]}"; do
	check_head "$file"
	check_length "$file"
	check_blanks "$file"
done
codespell -q 3 -L "$words" "${all[@]}" || complain "misspelt words"
[ "$errors" -eq 0 ]
