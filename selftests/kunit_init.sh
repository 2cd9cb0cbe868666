#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Loads the KUnit suites and prints what they report. Fails if a test does.
modprobe kunit
dmesg -c >/dev/null
insmod /kage_test.ko || exit 1
dmesg -r | sed 's/^<[0-9]*>\[[^]]*\] //' | tee /tmp/log
grep -q '^ *ok ' /tmp/log && ! grep -qE '^ *not ok |WARNING:|BUG:' /tmp/log
