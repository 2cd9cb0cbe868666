#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs the network's rows under kage, then under QEMU with vhost-net, with the
# same guest in the same boot. Prints for net_report.sh
#   bench HYPERVISOR ROW N TICKS UNIT...
#   count HYPERVISOR ROW COUNTER=N...
#
# One guest, "left", has the host's address at the other end of its cable. For
# the rows from guest to guest both are ports of a bridge. Nobody polls: KVM
# would run a halted guest's processor for a while in the hope of work, which
# is latency bought with ticks, and ticks are what is counted.
dir=/bench
host=10.0.3.1
left=10.0.3.11
right=10.0.3.12
boot_time=120	# seconds of this host
kvm_counters="exits io_exits mmio_exits irq_exits halt_exits irq_injections
	irq_window_exits pf_taken tlb_flush insn_emulation"
append="console=ttyS0 quiet $GUEST_APPEND"
machines='' pids=''
status=0

# NAME  KIND  SIZE  COUNT  OPERATIONS  FROM  TO  UNIT
# Sizes of UDP are of its data, 28 bytes less than the packet.
table()
{
	cat <<'END_OF_TABLE'
udp64-in     udp    36 4096 4096 host  left   packet to the guest
udp64-out    udp    36 4096 4096 left  host   packet from the guest
udp1500-in   udp  1472 4096 4096 host  left   packet to the guest
udp1500-out  udp  1472 4096 4096 left  host   packet from the guest
stream-in    tcp 65536  256   16 host  left   MiB to the guest
stream-out   tcp 65536  256   16 left  host   MiB from the guest
rr           rr      1 1024 1024 host  left   request and response
bridge
udp64-vm     udp    36 4096 4096 left  right  packet from guest to guest
udp1500-vm   udp  1472 4096 4096 left  right  packet from guest to guest
stream-vm    tcp 65536  256   16 left  right  MiB from guest to guest
rr-vm        rr      1 1024 1024 left  right  request and response
END_OF_TABLE
}

note()
{
	echo "# $*"
}

fail()
{
	note "failed: $*"
	status=1
}

address_of()
{
	case $1 in
	host) echo $host ;;
	left) echo $left ;;
	right) echo $right ;;
	esac
}

# The sums over all machines, "name value" a line.
counters()
{
	case $1 in
	kage)
		for machine in $machines; do
			"$dir/kagectl" stats "$machine"
		done | awk 'NF == 2 && $2 ~ /^[0-9]+$/'
		;;
	*)
		for machine in /sys/kernel/debug/kvm/*-*; do
			for name in $kvm_counters; do
				echo "$name $(cat "$machine/$name")"
			done
		done
		;;
	esac | awk '{ sum[$1] += $2 } END { for (n in sum) print n, sum[n] }'
}

# What grew between two files of counters.
growth()
{
	awk 'NR == FNR { old[$1] = $2; next }
		$2 > old[$1] { printf " %s=%d", $1, $2 - old[$1] }' "$1" "$2"
}

# sample on|off: a command for who takes a profile, see bench_init.sh.
sample()
{
	if [ -z "$NET_SAMPLE" ]; then
		echo :
	elif [ "$1" = off ]; then
		echo "echo '# sample off' >/dev/console"
	else
		echo "echo '# sample on' >/dev/console; usleep 300000; echo '# row begins' >/dev/console"
	fi
}

# row HYPERVISOR NAME KIND SIZE COUNT OPERATIONS FROM TO UNIT...
row()
{
	who=$1 name=$2 kind=$3 size=$4 count=$5 operations=$6
	from=$(address_of "$7")
	to=$(address_of "$8")
	shift 8
	"$dir/net_run" row "$name" "$kind" "$size" "$count" "$to" "$from" \
		"$0 counters $who '$machines' >/tmp/before; $(sample on)" \
		"$(sample off); $0 counters $who '$machines' >/tmp/after" >/tmp/row
	read -r word _ ticks total </tmp/row
	if [ "$word" != row ]; then
		fail "$who $name: $(cat /tmp/row)"
		return
	fi
	echo "bench $who $name $operations $ticks $*"
	echo "count $who $name elapsed=$total$(growth /tmp/before /tmp/after)"
}

# A machine that does nothing must cost nothing: else ticks would not be those
# of the load.
idle_row()
{
	"$dir/net_run" idle 2 >/tmp/row
	read -r _ _ ticks total </tmp/row
	echo "bench $1 idle 2 $ticks second without a load"
	[ "$ticks" -lt $((total / 10)) ] ||
		fail "$1: $ticks of $total ticks without a load"
}

make_bridge()
{
	start "$1" right $right || return
	ip addr del $host/24 dev left
	ip link add br0 type bridge
	ip link set left master br0
	ip link set right master br0
	ip link set right up
	ip link set br0 up
	ip addr add $host/24 dev br0
	"$dir/net_run" wait $left 30 && "$dir/net_run" wait $right $boot_time
}

# The bridge is for the rows whose names end in -vm.
wanted()
{
	[ "$1" != bridge ] || set -- -vm
	case "${NET_ROWS:-$1} " in
	*"$1 "*) ;;
	*) return 1 ;;
	esac
}

all_rows()
{
	ip link set left up && ip addr add $host/24 dev left
	"$dir/net_run" wait $left $boot_time || return
	idle_row "$1"
	table >/tmp/table
	while read -r name rest; do
		wanted "$name" || continue
		if [ "$name" = bridge ]; then
			make_bridge "$1" || return
		else
			# shellcheck disable=SC2086 # words of the table
			row "$1" "$name" $rest
		fi
	done </tmp/table
}

# start HYPERVISOR NAME ADDRESS: a guest, and an interface of its name.
start()
{
	machines="$machines $2"
	case $1 in
	kage)
		"$dir/kagectl" run "$2" --kernel "$dir/vmlinuz" \
			--initrd "$dir/initrd" --mem 96M --nic "$2" \
			--append "$append NET_ADDR=$3" >/dev/null || return
		"$dir/kagectl" console "$2" --follow >"/tmp/$2" 2>&1 &
		;;
	qemu_vhost)
		# The firmware that waits for nothing; PCI for MSI-X.
		"$dir/qemu" -nodefaults -no-user-config -display none \
			-M microvm,pcie=on,pit=on,pic=on,rtc=on,isa-serial=on \
			-accel kvm -cpu host -m 96 -bios "$dir/qboot.rom" \
			-kernel "$dir/vmlinuz" -initrd "$dir/initrd" \
			-append "$append NET_ADDR=$3" -serial "file:/tmp/$2" \
			-netdev "tap,id=n,ifname=$2,script=no,downscript=no,vhost=on" \
			-device "virtio-net-pci,netdev=n,romfile=,mac=$(mac_of "$3")" \
			</dev/null >"/tmp/$2.err" 2>&1 &
		;;
	esac
	pids="$pids $!"
	wait_for_interface "$2"
}

mac_of()
{
	printf '52:54:00:00:03:%02x\n' "${1##*.}"
}

wait_for_interface()
{
	patience=100
	until [ -e "/sys/class/net/$1" ]; do
		patience=$((patience - 1))
		[ $patience -gt 0 ] || return
		usleep 100000
	done
}

# Where the module's functions are, for a profile.
symbols()
{
	[ -z "$NET_SAMPLE" ] || sed -n 's/^\(.*\)\t\[kage\]$/# symbol \1/p' \
		/proc/kallsyms
}

load()
{
	if [ "$1" = kage ]; then
		# shellcheck disable=SC2086 # one word per parameter
		insmod "$dir/kage.ko" $KAGE_PARAMS && symbols
	else
		modprobe kvm_intel ept=1 && modprobe vhost_net &&
			echo 0 >/sys/module/kvm/parameters/halt_poll_ns
	fi
}

unload()
{
	if [ "$1" = kage ]; then
		for machine in $machines; do
			"$dir/kagectl" vm del "$machine" || fail "$machine stays"
		done
	fi
	for pid in $pids; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	ip link del br0 2>/dev/null
	machines='' pids=''
	if [ "$1" = kage ]; then
		rmmod kage
	else
		rmmod vhost_net && rmmod kvm_intel && rmmod kvm
	fi || {
		fail "$1 does not unload"
		lsmod | sed 's/^/#   /'
	}
}

explain()
{
	for machine in $machines; do
		note "$machine:"
		tail -n 20 "/tmp/$machine" "/tmp/$machine.err" 2>/dev/null |
			tr -d '\r' | sed 's/^/#   /'
	done
	dmesg | tail -n 20 | sed 's/^/#   /'
}

measure()
{
	note "running $1"
	load "$1" || {
		fail "$1 does not load"
		return
	}
	if start "$1" left $left && all_rows "$1"; then
		for machine in $machines; do
			note "$1, $machine: $(tr -d '\r' <"/tmp/$machine" |
				grep -a '^guest:')"
		done
	else
		fail "$1: the machines do not start"
		explain
	fi
	unload "$1"
}

# net_run asks this script, too.
if [ "$1" = counters ]; then
	machines=$3
	counters "$2"
	exit
fi
dmesg -c >/dev/null
note "kernel $(uname -sr)"
note "processor$(grep -m1 'model name' /proc/cpuinfo | cut -d : -f 2)"
"$dir/net_load" 0.0.0.0 &
load_pid=$!
for hypervisor in $NET_ORDER; do
	measure "$hypervisor"
done
kill $load_pid
dmesg | grep -E 'WARNING:|BUG:|Oops' >/tmp/news &&
	fail "the host's log: $(cat /tmp/news)"
exit $status
