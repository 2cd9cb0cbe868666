#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The first process of the demonstration's guest: brings up the network, proves
# it if the kernel command line says KAGE_DEMO=transfer, and serves a shell on
# the serial port. The host reads the lines that begin with "guest:".
# KAGE_ADDR=ADDRESS on the kernel command line tells guests apart.
export PATH=/bin HOME=/root TERM=vt100
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mount -t tmpfs tmpfs /tmp
exec </dev/ttyS0 >/dev/ttyS0 2>&1
# How long it took to a login shell, as the one that is served below.
up=$(sh -lc "cut -d ' ' -f 1 /proc/uptime")

host=10.0.3.1
addr=${KAGE_ADDR:-10.0.3.2}
mib=${KAGE_MIB:-16}

say()
{
	echo "guest: $*"
}

bring_up_network()
{
	modprobe virtio_pci 2>/dev/null
	modprobe virtio_net || return
	ip link set lo up
	ip link set eth0 up && ip addr add "$addr/24" dev eth0
}

ping_host()
{
	if ping -c 3 -W 5 "$host" >/tmp/ping; then
		say "pinged $host"
	else
		cat /tmp/ping
		say "no answer from $host"
	fi
}

sum_of()
{
	sha256sum <"$1" | cut -d ' ' -f 1
}

send()
{
	dd if=/dev/urandom of=/tmp/data bs=64k count=$((mib * 16)) 2>/dev/null
	nc "$host" 5002 </tmp/data >/dev/null
	say "sent $(sum_of /tmp/data)"
	rm /tmp/data
}

# nc must not see the end of its input before the sender is done.
receive()
{
	mkfifo /tmp/idle
	say "listening"
	nc -l -p 5001 <>/tmp/idle >/tmp/data
	say "received $(sum_of /tmp/data)"
	rm /tmp/data /tmp/idle
}

say "up $up"
say "$(uname -a)"
if bring_up_network; then
	say "network up"
	ping_host
	if [ "$KAGE_DEMO" = transfer ]; then
		send
		receive
	fi
else
	say "no network"
fi
say "ready"
while :; do
	setsid cttyhack sh -l
done
