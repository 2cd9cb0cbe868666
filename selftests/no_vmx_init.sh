#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Without VMX kage does not load, says why in one line, and leaves nothing.
dir=/kage
# shellcheck source=ktap.sh
. "$dir/ktap.sh"
# shellcheck source=demo_lib.sh
. "$dir/demo_lib.sh"

fails_to_load()
{
	! "$dir/insmod" "$dir/kage.ko" 2>/tmp/error || return
	cat /tmp/error
	grep -q 'No such device' /tmp/error
}

# The kernel itself says once that it is tainted, and other things of its own.
says_why_in_one_line()
{
	dmesg | grep kage | grep -v taint >/tmp/log
	cat /tmp/log
	[ "$(wc -l </tmp/log)" -eq 1 ] &&
		grep -q 'kage: not loaded: this processor has no VMX' /tmp/log
}

no_family()
{
	! kagectl vm show 2>/tmp/error && grep -q 'not loaded' /tmp/error
}

no_tty()
{
	! ls /dev/ttyKAGE* 2>/dev/null && ! ls -d /sys/class/tty/ttyKAGE* \
		2>/dev/null && ! grep -i kage /proc/devices /proc/tty/drivers
}

no_module()
{
	[ ! -e /sys/module/kage ] && ! grep -w kage /proc/modules
}

no_hotplug_state()
{
	states=/sys/devices/system/cpu/hotplug/states
	[ ! -e "$states" ] || ! grep kage "$states"
}

fails_again_and_again()
{
	for _ in 1 2 3 4 5 6 7 8; do
		! "$dir/insmod" "$dir/kage.ko" 2>/dev/null || return
	done
}

no_memory_lost()
{
	before=$(free_kib)
	fails_again_and_again || return
	after=$(free_kib)
	note "free memory: $before KiB before, $after KiB after"
	[ $((before - after)) -lt 256 ]
}

ktap_start
! grep -qw vmx /proc/cpuinfo || {
	echo "this processor has VMX"
	exit 4
}
dmesg -c >/dev/null
ktap_test "kage does not load" fails_to_load
ktap_test "it says why in one line" says_why_in_one_line
ktap_test "no netlink family" no_family
ktap_test "no tty" no_tty
ktap_test "no module" no_module
ktap_test "no hotplug state" no_hotplug_state
ktap_test "no memory lost" no_memory_lost
ktap_test "the log has no warning" dmesg_is_clean
ktap_end
