#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs the rows of the guests under kage, then under KVM without EPT and with,
# one after the other in this boot. Prints for each row what the guest measured
# and what the host's counters grew by; report.py makes sense of it:
#   bench HYPERVISOR ROW N TICKS UNIT...
#   count HYPERVISOR ROW COUNTER=N...
#
# The guest takes its time between two rows in a loop that hardly exits, so
# that the counters can be read before the byte is sent that starts a row.
dir=/bench
patience=300	# seconds of this host; a row takes few, Linux boots in many
kvm_counters="exits io_exits irq_exits halt_exits invlpg pf_taken pf_fixed
	pf_guest pf_emulate pf_spurious pf_mmio_spte_created tlb_flush
	insn_emulation irq_injections irq_window_exits mmu_cache_miss
	mmu_flooded mmu_pte_write mmu_recycled mmu_shadow_zapped mmu_unsync"
status=0

note()
{
	echo "# $*"
}

fail()
{
	note "failed: $*"
	status=1
}

# sample on|off: for who takes a profile, see stage/sample.py. It is a moment before
# it has seen that; from the second line on it counts.
sample()
{
	[ -n "$BENCH_SAMPLE" ] || return 0
	note "sample $1"
	[ "$1" = off ] || { usleep 300000 && note "row begins"; }
}

# These two are called by the name of the hypervisor.
# shellcheck disable=SC2317
kage_counters()
{
	"$dir/kagectl" stats bench | awk 'NF == 2 && $2 ~ /^[0-9]+$/'
}

# shellcheck disable=SC2317
kvm_counters()
{
	for vm in /sys/kernel/debug/kvm/*-*; do
		for name in $kvm_counters; do
			read -r value <"$vm/$name" && echo "$name $value"
		done 2>/dev/null
	done
}

# What grew between two files of counters.
growth()
{
	awk 'NR == FNR { old[$1] = $2; next }
		$2 > old[$1] { printf " %s=%d", $1, $2 - old[$1] }' "$1" "$2"
}

# drive HYPERVISOR: answers the guest, whose lines are stdin, on descriptor 3.
drive()
{
	end=
	echo "none 0" >/tmp/before
	# shellcheck disable=SC3045 # the stage's shell can wait for a time
	while [ -z "$end" ] && read -r -t "$patience" word what row rest; do
		case $word$what in
		bench:ready)
			"${1%%[-_]*}_counters" >/tmp/before
			sample on
			printf . >&3
			;;
		bench:row)
			sample off
			"${1%%[-_]*}_counters" >/tmp/after
			echo "bench $1 $row $rest"
			echo "count $1 $row$(growth /tmp/before /tmp/after)"
			printf . >&3
			;;
		bare:end) end=$row ;;
		*) fail "$1: $word $what $row $rest" ;;
		esac
	done
	[ "$end" = 0 ] || fail "$1: the guest's end: ${end:-never}"
}

kage_tty()
{
	"$dir/kagectl" -j vm show bench |
		sed -n 's/.*"vm-console": *\([0-9]*\).*/\1/p'
}

# guest_files GUEST: what both kagectl and kvm_run are told of it.
guest_files()
{
	case $1 in
	bare) echo "--kernel $dir/guest" ;;
	linux) echo "--kernel $dir/vmlinuz --initrd $dir/initrd" ;;
	esac
}

# The words after the guest's own are for its rows.
guest_append()
{
	case $1 in
	bare) echo "$BENCH_APPEND" ;;
	linux) echo "$LINUX_APPEND $BENCH_APPEND" ;;
	esac
}

# guest_under_kage NAME GUEST
# shellcheck disable=SC2046 # words
guest_under_kage()
{
	rm -f /tmp/kage
	mkfifo /tmp/kage
	"$dir/kagectl" run bench $(guest_files "$2") --mem 256M \
		--append "$(guest_append "$2")" >/dev/null || {
		fail "kage does not run the guest"
		return
	}
	# Not cat: that of busybox splices, which holds the pipe's lock while
	# the guest is silent.
	"$dir/kagectl" console bench --follow >/tmp/kage 2>/dev/null &
	reader=$!
	exec 3>"/dev/ttyKAGE$(kage_tty)"
	drive "$1" </tmp/kage
	exec 3>&-
	kill "$reader"
	wait "$reader" 2>/dev/null
	"$dir/kagectl" vm show bench | sed 's/^/# /'
	"$dir/kagectl" audit bench | sed 's/^/# /'
	"$dir/kagectl" vm del bench || fail "kage keeps the machine"
}

# run_kage NAME WITHOUT
# shellcheck disable=SC2086 # one word per parameter
run_kage()
{
	insmod "$dir/kage.ko" $KAGE_PARAMS \
		${2:+without=$2} || {
		dmesg | tail -n 3
		fail "kage does not load"
		return
	}
	symbols
	for guest in $BENCH_GUESTS; do
		guest_under_kage "$1" "$guest"
	done
	rmmod kage || fail "kage does not unload"
}

# guest_under_kvm NAME GUEST
# shellcheck disable=SC2046 # words
guest_under_kvm()
{
	rm -f "/tmp/$1.in" "/tmp/$1.out"
	mkfifo "/tmp/$1.in" "/tmp/$1.out"
	"$dir/kvm_run" $(guest_files "$2") --mem 256 \
		--append "$(guest_append "$2")" \
		<"/tmp/$1.in" >"/tmp/$1.out" &
	runner=$!
	exec 3>"/tmp/$1.in"
	drive "$1" <"/tmp/$1.out"
	exec 3>&-
	kill "$runner" 2>/dev/null
	wait "$runner" 2>/dev/null
}

# run_kvm NAME EPT
run_kvm()
{
	modprobe kvm_intel "ept=$2" || {
		fail "KVM does not load"
		return
	}
	if [ "$2" = 1 ] && grep -q N /sys/module/kvm_intel/parameters/ept; then
		note "$1: this machine has no EPT"
		rmmod kvm_intel
		return
	fi
	for guest in $BENCH_GUESTS; do
		guest_under_kvm "$1" "$guest"
	done
	rmmod kvm_intel kvm
}

describe()
{
	note "kernel $(uname -sr)"
	note "processor$(grep -m1 'model name' /proc/cpuinfo | cut -d : -f 2)"
	for file in /sys/devices/system/cpu/vulnerabilities/*; do
		note "mitigation $(basename "$file"): $(cat "$file")"
	done
}

# Where the module's functions are, for a profile.
symbols()
{
	[ -z "$BENCH_SAMPLE" ] || sed -n 's/^\(.*\)\t\[kage\]$/# symbol \1/p' \
		/proc/kallsyms
}

# What the boot said is not about the benchmark.
dmesg -c >/dev/null
describe
for hypervisor in $BENCH_ORDER; do
	note "running $hypervisor"
	case $hypervisor in
	kage) run_kage kage "$KAGE_WITHOUT" ;;
	kage-without-*) run_kage "$hypervisor" "${hypervisor#kage-without-}" ;;
	kvm_ept0) run_kvm kvm_ept0 0 ;;
	kvm_ept1) run_kvm kvm_ept1 1 ;;
	esac
done
dmesg | grep -E 'WARNING:|BUG:|Oops' >/tmp/news && fail "the host's log: $(cat /tmp/news)"
exit $status
