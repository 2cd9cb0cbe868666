#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# VMX has one owner: kage refuses to load where KVM holds it, with one clear
# line, and loads once KVM is gone.
dir=${dir:?}
# shellcheck source=../demo_lib.sh
. "$dir/demo_lib.sh"
modprobe kvm_intel || {
	echo "this kernel has no kvm_intel"
	exit 4
}
# Before 6.12, KVM takes VMX only when it has a guest.
holds_vmx=0
[ ! -e /sys/module/kvm/parameters/enable_virt_at_load ] || holds_vmx=1
dmesg -c >/dev/null
if load_kage 2>/tmp/error; then
	rmmod kage
	rmmod kvm_intel
	exit "$holds_vmx"
fi
cat /tmp/error
# One line each; there may be two, for insmod of busybox tries twice.
dmesg >/tmp/refusal
rmmod kvm_intel
grep -q 'kage: not loaded: VMX is in use' /tmp/refusal &&
	load_kage && rmmod kage
