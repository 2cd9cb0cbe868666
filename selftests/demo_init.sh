#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The demonstration, on a host with VMX: load kage, run a stock Debian guest,
# use its console and its network, end it, unload kage, look for traces.
dir=${DEMO_DIR:-/demo}
host_up=$(sh -lc "cut -d ' ' -f 1 /proc/uptime")
# shellcheck source=ktap.sh
. "$dir/ktap.sh"
# shellcheck source=demo_lib.sh
. "$dir/demo_lib.sh"

memory=${DEMO_MEM:-256}
mib=${DEMO_MIB:-16}
tmp=$(mktemp -d)
events=$tmp/events
console_log=$tmp/console

stop_here()
{
	explain
	ktap_end
	clean_up
	exit 1
}

stop_watching()
{
	# shellcheck disable=SC2046,SC2154 # a list; watch_console() sets one
	kill $(jobs -p) 2>/dev/null
	wait
}

# Nothing of ours stays on a machine that is not ours alone.
clean_up()
{
	stop_watching
	rm -rf "$tmp"
	[ -d /sys/module/kage ] || return 0
	kagectl vm del "$guest" 2>/dev/null
	rmmod kage
}

# must NAME COMMAND...: nothing that follows makes sense if it fails.
must()
{
	ktap_test "$@" || stop_here
}

start_guest()
{
	kagectl monitor >"$events" 2>&1 &
	# The monitor must be listening before there is something to hear.
	sleep 1
	kagectl run "$guest" --kernel "$dir/vmlinuz" --initrd "$dir/initrd" \
		--mem "${memory}M" --nic "$nic" --append "$append"
}

set_up_nic()
{
	ip link set "$nic" up && ip addr add "$host_addr/24" dev "$nic"
}

# Takes the guest's data as they come; nc must not see the end of its input.
listen()
{
	mkfifo "$tmp/idle"
	nc -l -p 5002 <>"$tmp/idle" >"$tmp/from_guest" &
	listen_pid=$!
}

sum_of()
{
	sha256sum <"$1" | cut -d ' ' -f 1
}

guest_sent_it_whole()
{
	wait "$listen_pid"
	[ "$(stat -c %s "$tmp/from_guest")" -eq $((mib << 20)) ] &&
		[ "$(sum_of "$tmp/from_guest")" = "$(console_word sent)" ]
}

send_to_guest()
{
	dd if=/dev/urandom of="$tmp/to_guest" bs=64k count=$((mib * 16)) \
		2>/dev/null
	nc "$guest_addr" 5001 <"$tmp/to_guest" >/dev/null
	wait_for 120 console_has 'guest: received' &&
		[ "$(sum_of "$tmp/to_guest")" = "$(console_word received)" ]
}

# On the stage a second of uptime is so many instructions, and nobody else uses
# memory. Elsewhere some measures mean nothing.
stage_test()
{
	if [ -x /stage/run ]; then
		ktap_test "$@"
	else
		ktap_skip "$1" "others use this machine, too"
	fi
}

# The host's own kernel was booted by the same machine without kage.
boots_quickly()
{
	guest_up=$(console_word up)
	note "from the kernel's start to a login shell: bare $host_up s, under kage $guest_up s"
	case $(console_word Linux) in
	*" $(uname -r) "*) ;;
	*) return 0 ;;	# another kernel, nothing to compare
	esac
	awk -v g="$guest_up" -v h="$host_up" \
		'BEGIN { exit !(g > 0 && g <= 2 * h) }'
}

ping_guest()
{
	ping -c 5 -W 5 "$guest_addr" >"$tmp/ping" || {
		cat "$tmp/ping"
		return 1
	}
	note "$(tail -n 1 "$tmp/ping")"
}

has_counters()
{
	kagectl stats "$guest" >"$tmp/stats" && grep -q "[1-9]$" "$tmp/stats" ||
		return 1
	sed 's/^/#   /' "$tmp/stats"
}

# The answer is not in what was typed, so it comes from the guest's shell.
shell_answers()
{
	# shellcheck disable=SC2016 # the guest does the sum
	type_line 'echo answer-$((6 * 7))'
	wait_for 30 console_has 'answer-42'
}

power_off()
{
	type_line 'poweroff -f'
	wait_for 60 grep -qi 'poweroff' "$events"
}

machine_is_gone()
{
	kagectl vm del "$guest" && [ ! -e "/sys/class/net/$nic" ] &&
		! kagectl vm show "$guest" 2>/dev/null
}

nothing_lost_but_files()
{
	rm -f "$tmp/from_guest" "$tmp/to_guest"
	no_memory_lost 2048
}

append="console=ttyS0 quiet KAGE_DEMO=transfer KAGE_MIB=$mib ${GUEST_APPEND:-}"

ktap_start
note "host $(uname -r) on $(sed -n 's/^model name.*: //p' /proc/cpuinfo |
	head -n 1)"
mark_log
[ ! -x /stage/run ] || before=$(free_kib)
must "kage loads" load_kage
must "the guest starts" start_guest
must "it has a console" watch_console
must "it has an interface" set_up_nic
listen
must "it brings up its network" wait_for 300 console_has 'guest: network up'
note "$(tr -d '\r' <"$console_log" | grep -a 'guest: Linux')"
stage_test "it boots in at most twice the host's ticks" boots_quickly
must "it reaches the host" wait_for 60 console_has 'guest: pinged'
must "it has sent $mib MiB" wait_for 300 console_has 'guest: listening'
ktap_test "they came whole" guest_sent_it_whole
ktap_test "the host reaches it" ping_guest
ktap_test "$mib MiB sent to it came whole" send_to_guest
must "it serves a shell" wait_for 60 console_has 'guest: ready'
ktap_test "the shell answers" shell_answers
ktap_test "it is counted" has_counters
ktap_test "every shadow entry is right" kagectl audit "$guest"
must "it powers off when told" power_off
stop_watching
sed 's/^/#   /' "$events"
must "it can be deleted" machine_is_gone
must "kage unloads" rmmod kage
ktap_test "the host's log is clean" dmesg_is_clean
stage_test "no memory was lost" nothing_lost_but_files
stage_test "no object was lost" no_leaked_object
[ "$ktap_failed" -eq 0 ] || explain
clean_up
ktap_end
