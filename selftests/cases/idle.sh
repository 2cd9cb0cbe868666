#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What an idle machine costs the host beside the guest's RAM: less than 1 MiB
# of kernel memory for one with a vCPU, 256 MiB and an interface.
dir=${dir:?}
# shellcheck source=../demo_lib.sh
. "$dir/demo_lib.sh"
mib=256
machines=3	# as many as the stage's memory holds
limit=1024

# Numbers that have a name in /proc/meminfo, in KiB.
show_parts()
{
	awk '/^(Slab|SUnreclaim|PageTables|KernelStack|Percpu|VmallocUsed):/ {
		printf "%s %d  ", $1, $2 } END { print "" }' /proc/meminfo
}

make_machine()
{
	kagectl vm add "$1" >/dev/null &&
		kagectl mem map "$1" size "${mib}M" >/dev/null &&
		kagectl nic add "$1" >/dev/null
}

# A memfd has a tree of its pages, which is part of the guest's RAM.
cost_of_ram()
{
	free_before=$(settled_kib)
	dd if=/dev/zero of=/tmp/ram bs=1M count="$mib" 2>/dev/null
	free_after=$(settled_kib)
	rm /tmp/ram
	echo $((free_before - free_after))
}

load_kage || exit 1
# What is allocated once, for the first, is not counted.
make_machine "first" && kagectl vm del "first" || exit 1
ram=$(cost_of_ram)
show_parts
before=$(settled_kib)
for i in $(seq "$machines"); do
	make_machine "idle$i" || exit 1
done
after=$(settled_kib)
show_parts
for i in $(seq "$machines"); do
	kagectl vm del "idle$i" || exit 1
done
end=$(settled_kib)
each=$(((before - after) / machines - ram))
echo "$mib MiB of memfd take $ram KiB"
echo "an idle machine takes $each KiB of kernel memory beside them"
echo "after $machines machines: $((before - end)) KiB not given back"
[ "$each" -lt "$limit" ] && [ $((before - end)) -lt "$limit" ]
