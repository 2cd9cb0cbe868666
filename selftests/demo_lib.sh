# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154
#
# What the scripts that drive a guest from the host share. Sourced by a script
# that has sourced ktap.sh; $dir holds kage.ko, kagectl, and the guest's files.

guest=guest
nic=kage0
host_addr=10.0.3.1
guest_addr=10.0.3.2
console_log=/tmp/console.log

# The stage says what kage must know of it.
load_kage()
{
	# shellcheck disable=SC2086 # one word per parameter
	insmod "$dir/kage.ko" ${KAGE_PARAMS:-} \
		${KAGE_WITHOUT:+without=$KAGE_WITHOUT}
}

kagectl()
{
	"$dir/kagectl" "$@"
}

note()
{
	echo "# $*"
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for()
{
	left=$1
	shift
	until "$@"; do
		left=$((left - 1))
		[ "$left" -gt 0 ] || return 1
		sleep 1
	done
}

console_has()
{
	grep -aq "$1" "$console_log"
}

# state_is STATE: of the machine.
state_is()
{
	kagectl -j vm show "$guest" | grep -q "\"vm-state\": *\"$1\""
}

# How often the machine's vCPUs were entered, a line for each.
entries()
{
	kagectl stats "$guest" | awk '/ entries / { print $NF }'
}

# No machine, and no part of one.
nothing_is_left()
{
	[ "$(kagectl -j vm show)" = '[]' ] &&
		! grep -h '^kage-' /proc/[0-9]*/comm 2>/dev/null &&
		[ ! -e "/sys/class/net/$nic" ] &&
		[ -z "$(ls -d /sys/class/tty/ttyKAGE* 2>/dev/null)" ]
}

# What follows the words in the guest's line on the console.
console_word()
{
	tr -d '\r' <"$console_log" | sed -n "s/^guest: $1 //p" | tail -n 1
}

# The number of the guest's tty.
guest_tty()
{
	kagectl -j vm show "$guest" |
		sed -n 's/.*"vm-console": *\([0-9]*\).*/\1/p' | head -n 1
}

watch_console()
{
	tty=/dev/ttyKAGE$(guest_tty)
	[ -c "$tty" ] || return 1
	: >"$console_log"
	kagectl console "$guest" --follow >"$console_log" 2>/dev/null &
	console_pid=$!
}

# Types a line at the guest's console.
type_line()
{
	printf '%s\n' "$1" >"$tty"
}

bad_news='WARNING:|BUG:|Oops|KASAN|UBSAN|INFO: (task|possible|rcu)'
bad_news="$bad_news|scheduling while atomic|refcount_t|unchecked MSR"
bad_news="$bad_news|general protection|kmemleak: [0-9]+ new"

log_mark='kage: the test begins'

mark_log()
{
	echo "$log_mark" >/dev/kmsg
}

# No warning, or worse, since the log was marked or emptied.
dmesg_is_clean()
{
	! dmesg | awk -v mark="$log_mark" 'index($0, mark) { text = ""; next }
		{ text = text $0 "\n" } END { printf "%s", text }' |
		grep -E "$bad_news"
}

# Pages that each CPU keeps for itself are free, too, though not in MemFree.
free_kib()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^MemFree:/ { sum += $2 } $1 == "count:" { sum += 4 * $2 }
		END { print sum }' /proc/meminfo /proc/zoneinfo
}

# The same once nothing is on its way back any more: what waits for a grace period
# of RCU, in batches of five seconds, or for a worker thread.
settled_kib()
{
	settled=0
	until
		last=$settled
		settled=$(free_kib)
		[ $((settled - last)) -lt 64 ] && [ $((last - settled)) -lt 64 ]
	do
		sleep 6
	done
	echo "$settled"
}

# no_memory_lost KIB: since $before was free; caches of the kernel's own grow
# with use, by less than that. A guest's memory is many times as much.
no_memory_lost()
{
	# Namespaces are taken apart behind the back of who left them.
	sleep 5
	after=$(free_kib)
	note "free memory: $before KiB before, $after KiB after"
	[ $((before - after)) -lt "$1" ]
}

# kmemleak, where the kernel has it, finds nothing.
no_leaked_object()
{
	leaks=/sys/kernel/debug/kmemleak
	[ -w "$leaks" ] || return 0
	# An object must be older than five seconds to be reported.
	sleep 6
	echo scan >"$leaks"
	[ ! -s "$leaks" ] || {
		cat "$leaks"
		return 1
	}
}

# What somebody needs who must find out why it failed.
explain()
{
	note "the guest's console:"
	tail -n 40 "$console_log" 2>&1 | sed 's/^/#   /'
	note "the machine:"
	{
		kagectl vm show
		kagectl vm regs "$guest"
		kagectl stats "$guest"
	} 2>&1 | sed 's/^/#   /'
	note "the host's log:"
	dmesg | tail -n 40 | sed 's/^/#   /'
}
