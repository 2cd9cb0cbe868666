#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The first process of a guest of the network benchmark: an end of the load, at
# the address that the kernel command line says with NET_ADDR.
export PATH=/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
exec </dev/ttyS0 >/dev/ttyS0 2>&1

modprobe virtio_pci 2>/dev/null
modprobe virtio_net
ip link set lo up
ip link set eth0 up && ip addr add "$NET_ADDR/24" dev eth0
echo "guest: $(grep -c 'PCI-MSIX.*virtio' /proc/interrupts) vectors"
exec net_load "$NET_ADDR"
