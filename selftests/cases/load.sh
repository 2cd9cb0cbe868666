#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kage loads and unloads, again and again, and leaves nothing behind.
set -e
dir=${dir:?}
# shellcheck source=../demo_lib.sh
. "$dir/demo_lib.sh"

# Nobody but the administrator may have it loaded: it takes VMX from KVM.
if grep -q 'alias=' "$dir/kage.ko"; then
	echo "kage.ko has an alias"
	exit 1
fi
for _ in 1 2 3 4 5; do
	load_kage
	"$dir/kagectl" vm show
	rmmod kage
done
# What makes kage fast can be left out, by names that there are.
params=${KAGE_PARAMS:-}
KAGE_PARAMS="$params without=express,route"
load_kage
[ "$(cat /sys/module/kage/parameters/without)" = express,route ]
rmmod kage
KAGE_PARAMS="$params without=express,everything"
if load_kage 2>/dev/null; then
	echo "kage leaves out what it does not have"
	exit 1
fi
[ ! -e /sys/module/kage ]
for tty in /sys/class/tty/ttyKAGE*; do
	[ ! -e "$tty" ]
done
if "$dir/kagectl" vm show 2>/tmp/error; then
	echo "kagectl says that all is well, without a module"
	exit 1
fi
cat /tmp/error
