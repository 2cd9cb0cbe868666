# SPDX-License-Identifier: GPL-2.0
# Completion of kagectl(8) for bash. shellcheck shell=bash

_kagectl_machines()
{
	kagectl vm show 2>/dev/null | awk 'NR > 1 { print $2 }'
}

# An interface may be in another network namespace, whose root names it.
_kagectl_interfaces()
{
	kagectl nic show "$1" 2>/dev/null | awk 'NR > 1 { print $2 }'
}

# Offers what begins with the word under the cursor. compgen -W is not for this: it
# expands what it is given, and a name may hold a command; so may it when it has been
# completed, and is quoted.
_kagectl_offer()
{
	local word

	COMPREPLY=()
	while read -r word; do
		[[ -z $word || $word != "$1"* ]] ||
			COMPREPLY+=("$(printf %q "$word")")
	done
}

# The words that may follow a command and its machine.
_kagectl_keys()
{
	case $1 in
	"vm add") echo vcpus shadow-pages ;;
	"vm regs") echo vcpu ;;
	"mem map") echo size gpa readonly ;;
	"mem unmap") echo slot ;;
	"nic add") echo name mac mtu ;;
	"nic del") _kagectl_interfaces "$2" ;;
	stats*) echo --watch ;;
	console*) echo --follow ;;
	monitor*) echo --count ;;
	run*)
		echo --kernel --initrd --append --mem --vcpus --shadow-pages \
			--nic --console
		;;
	esac
}

_kagectl()
{
	local cur=${COMP_WORDS[COMP_CWORD]}
	local prev=${COMP_WORDS[COMP_CWORD - 1]}
	local i words="" cmd at
	local -a given=()

	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${#given[@]} -eq 0 && ${COMP_WORDS[i]} == -* ]] ||
			given+=("${COMP_WORDS[i]}")
	done
	case ${given[0]-} in
	vm | mem | nic)
		cmd="${given[0]-} ${given[1]-}"
		at=2
		;;
	*)
		cmd=${given[0]-}
		at=1
		;;
	esac
	case $prev in
	--kernel | --initrd)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	esac
	case "${#given[@]} ${given[0]-}" in
	"0 ") words="vm mem nic stats console monitor audit run help -j -p" ;;
	"1 vm") words="add del start stop pause resume reset show regs" ;;
	"1 mem") words="map unmap show" ;;
	"1 nic") words="add del show" ;;
	*)
		if ((${#given[@]} == at)) && [[ $cmd != monitor ]]; then
			words=$(_kagectl_machines)
			[[ $cmd == stats ]] && words+=" --watch"
		else
			words=$(_kagectl_keys "$cmd" "${given[at]-}")
		fi
		;;
	esac
	_kagectl_offer "$cur" < <(tr ' ' '\n' <<<"$words")
}

complete -F _kagectl kagectl
