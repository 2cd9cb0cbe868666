#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What bash offers after a line that begins with kagectl. Names are not trusted: the
# root of a container may have given one to an interface.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=../ktap.sh
. "$here/../ktap.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/kage-completion.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
# shellcheck source=../../tool/completion/kagectl.bash
. "$here/../../tool/completion/kagectl.bash"

# In place of the program.
# shellcheck disable=SC2016 # names as they are
kagectl()
{
	case "$1 $2" in
	"vm show") printf '%s\n' "ID NAME" "1 alpha" "2 beta" ;;
	"nic show") printf '%s\n' "SLOT NAME" '0 kage0' '1 $(>ran)' '2 `>ran`' ;;
	esac
}

# offers WANTED WORD...: what comes after these, the last of them begun.
offers()
{
	local wanted=$1

	shift
	COMP_WORDS=(kagectl "$@")
	COMP_CWORD=$#
	_kagectl
	[ "${COMPREPLY[*]-}" = "$wanted" ] || {
		echo "# offered: ${COMPREPLY[*]-}"
		return 1
	}
}

nothing_ran()
{
	[ -z "$(ls -A)" ]
}

# What was offered is on the line now, and Enter is hit.
line_is_harmless()
{
	eval ": ${COMPREPLY[*]}"
	nothing_ran
}

ktap_start
ktap_test "commands" offers "mem monitor" m || true
ktap_test "their second words" offers "start stop show" vm s || true
ktap_test "machines" offers "alpha" vm start a || true
ktap_test "options" offers "--shadow-pages" run alpha --s || true
ktap_test "nothing that begins so" offers "" vm start x || true
# shellcheck disable=SC2016
ktap_test "interfaces, quoted" \
	offers 'kage0 \$\(\>ran\) \`\>ran\`' nic del alpha "" || true
ktap_test "no name is run when it is offered" nothing_ran || true
ktap_test "nor when it is used" line_is_harmless || true
ktap_end
