#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# VMX has one owner: kage refuses to load where KVM is, with one clear line, and
# loads once KVM is gone.
dir=${dir:?}
# shellcheck source=../demo_lib.sh
. "$dir/demo_lib.sh"
modprobe kvm_intel || {
	echo "this kernel has no kvm_intel"
	exit 4
}
dmesg -c >/dev/null
if load_kage 2>/tmp/error; then
	rmmod kage
	rmmod kvm_intel kvm
	exit 1
fi
cat /tmp/error
# One line each; there may be two, for insmod of busybox tries twice.
dmesg >/tmp/refusal
rmmod kvm_intel kvm
grep -q 'kage: not loaded: KVM is there' /tmp/refusal &&
	load_kage && rmmod kage
