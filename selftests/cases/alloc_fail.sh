#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Every allocation that the module makes for a command fails once, in turn: the
# command says so and has changed nothing. Then those of a running vCPU fail at
# random: its guest goes on, or is stopped for a reason.
#   ONLY="NAME..."   only these commands, their words joined by "_"
dir=${dir:?}
# shellcheck source=../ktap.sh
. "$dir/ktap.sh"
# shellcheck source=../demo_lib.sh
. "$dir/demo_lib.sh"
guest=scarce
debugfs=/sys/kernel/debug
# Beyond so many the steps grow: pages of RAM are all alike.
one_by_one=96

# set_fault NAME VALUE: for everything that can fail.
set_fault()
{
	for fault in failslab fail_page_alloc fail_usercopy; do
		if [ -e "$debugfs/$fault/$1" ]; then
			echo "$2" >"$debugfs/$fault/$1" || return
		fi
	done
}

# Silent, and without exceptions for those who could wait for memory.
set_up_faults()
{
	set_fault verbose 0 && set_fault probability 0 &&
		set_fault ignore-gfp-wait N &&
		set_fault ignore-gfp-highmem N && set_fault min-order 0 &&
		set_fault interval 1 && set_fault times -1
}

#
# What there is before a command.
#

nothing()
{
	kagectl vm del "$guest" 2>/dev/null
	return 0
}

machine()
{
	nothing
	kagectl vm add "$guest" >/dev/null
}

machine_with_ram()
{
	machine && kagectl mem map "$guest" size 64K >/dev/null
}

machine_with_nic()
{
	machine && kagectl nic add "$guest" name "$nic" >/dev/null
}

# Its guest changes its page tables for ever, and more than fit.
running()
{
	nothing
	kagectl run "$guest" --kernel "$dir/hostile_flood.bzImage" --mem 40M \
		--append tables >/dev/null
}

paused()
{
	running && kagectl vm pause "$guest"
}

stopped()
{
	running && kagectl vm stop "$guest"
}

loaded()
{
	stopped && kagectl vm reset "$guest"
}

# Numbers that differ from one machine to the next do not count.
state()
{
	{
		kagectl -j vm show && kagectl -j mem show &&
			kagectl -j nic show &&
			ls /sys/class/net /sys/class/tty
		grep -h '^kage-' /proc/[0-9]*/comm 2>/dev/null
	} | sed 's/"\(vm-id\|ifindex\|mac\)": *"\?[0-9a-f:]*"\?//g'
}

#
# Commands.
#

complain()
{
	note "allocation $nth: $*"
	sed 's/^/#   /' /tmp/error
	return 1
}

# It was done and nobody heard of it: netlink could not send the answer. So may
# one of the steps of run be, which then does not know whose machine that is.
is_unheard()
{
	grep -q 'netlink failed' /tmp/error &&
		{ [ "$name" = run ] || cmp -s /tmp/done /tmp/now; }
}

# The command has failed: with a sentence, and nothing half-built.
fails_well()
{
	grep -q '^kagectl: .' /tmp/error || complain "no sentence" || return
	state >/tmp/now
	if cmp -s /tmp/before /tmp/now; then
		failed=$((failed + 1))
	elif is_unheard; then
		unheard=$((unheard + 1))
		"$setup"
	else
		complain "something has changed"
		diff /tmp/before /tmp/now | sed 's/^/#   /'
		return 1
	fi
}

# fail_one COMMAND...: 0 if there may be more, 1 if it is wrong, 2 at the end.
fail_one()
{
	"$dir/fail_nth" "$nth" "$dir/kagectl" "$@" >/tmp/out 2>/tmp/error
	case $? in
	0)
		done_well=$((done_well + 1))
		"$setup"
		;;
	1) fails_well ;;
	100) return 2 ;;
	*) complain "a strange end" ;;
	esac
}

prepare()
{
	"$setup" && "$dir/kagectl" "$@" >/dev/null && state >/tmp/done &&
		"$setup" && state >/tmp/before
}

# Every one, while they are few.
next_nth()
{
	nth=$((nth + 1))
	[ "$nth" -le "$one_by_one" ] || nth=$((nth + nth / 6))
}

# each_fails COMMAND...: until there is none left.
each_fails()
{
	nth=1 failed=0 unheard=0 done_well=0
	prepare "$@" || return
	while :; do
		fail_one "$@"
		case $? in
		0) next_nth ;;
		2) break ;;
		*)
			nothing
			return 1
			;;
		esac
	done
	note "of $((nth - 1)) allocations: $failed failed it," \
		"$done_well did not, $unheard were done and not answered"
	nothing
	[ $((failed + done_well + unheard)) -gt 0 ]
}

# row SETUP COMMAND...
row()
{
	setup=$1
	shift
	name=$(echo "$1 $2" | sed "s/ \($guest\)\?$//; s/ /_/")
	case " ${ONLY:-$name} " in
	*" $name "*) ktap_test "kagectl $*" each_fails "$@" ;;
	esac
}

#
# A vCPU.
#

vcpu_thread()
{
	for task in /proc/[0-9]*; do
		if [ "$(cat "$task/comm" 2>/dev/null)" = "kage-$guest/0" ]; then
			echo "$task"
			return
		fi
	done
}

goes_on()
{
	seen=$(entries)
	sleep 1
	[ "$(entries)" -gt "$seen" ]
}

has_reason()
{
	kagectl -j vm show "$guest" | grep '"vm-reason": *"[^"]'
}

# vcpu_fails PERCENT
vcpu_fails()
{
	running && set_fault task-filter Y && set_fault probability "$1" ||
		return
	echo 1 >"$(vcpu_thread)/make-it-fail" || return
	sleep 5
	goes_on || has_reason
	vcpu_status=$?
	set_fault probability 0
	set_fault task-filter N
	kagectl audit "$guest" && kagectl vm del "$guest" &&
		return "$vcpu_status"
}

if [ ! -e /proc/self/fail-nth ] || [ ! -d "$debugfs/failslab" ]; then
	echo "needs fault injection"
	exit 4
fi
ktap_start
load_kage && set_up_faults || exit 1
running && nothing
before=$(free_kib)
row nothing vm add "$guest"
row nothing vm add "$guest" vcpus 2
row machine vm show "$guest"
row machine vm regs "$guest"
row machine stats "$guest"
row machine mem map "$guest" size 64K
row machine_with_ram mem show "$guest"
row machine_with_ram mem unmap "$guest" slot 1
row machine nic add "$guest" name "$nic"
row machine_with_nic nic show "$guest"
row machine_with_nic nic del "$guest" "$nic"
row loaded vm start "$guest"
row stopped vm reset "$guest"
row running audit "$guest"
row running vm pause "$guest"
row paused vm resume "$guest"
row paused vm stop "$guest"
row paused vm del "$guest"
row nothing run "$guest" --kernel "$dir/hostile_flood.bzImage" --mem 40M \
	--append tables
for percent in 2 20 100; do
	case " ${ONLY:-vcpu} " in
	*" vcpu "*)
		ktap_test "$percent % of a vCPU's allocations fail" \
			vcpu_fails "$percent"
		;;
	esac
done
ktap_test "no memory was lost" no_memory_lost 4096
ktap_test "no object was lost" no_leaked_object
ktap_test "the module unloads" rmmod kage
ktap_end
