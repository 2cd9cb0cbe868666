# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Boots the stage in Bochs, through the option ROM of boot.S. Sourced by
# stage.sh.

chunk=$((256 * 512))
rom_base=0xd0000

start_bochs()
{
	build_disk
	write_bochsrc
	drain_screen &
	# An interrupt ends the first command; the others say where it was.
	printf '%s\n' c r sreg creg q >"$work/debugger.rc"
	if [ -n "${STAGE_SAMPLE:-}" ]; then
		sample_bochs >"$work/screen" 2>&1
		return
	fi
	# The terminal display wants a terminal, and a hang-up ends Bochs.
	TERM=linux script -qefc "exec timeout --foreground -s INT -k 10 \
		$timeout bochs -q -f $work/bochsrc -rc $work/debugger.rc" \
		/dev/null </dev/null >"$work/screen" 2>&1
}

# STAGE_SAMPLE="PERIOD FILE": a profile; see sample.py.
sample_bochs()
{
	timeout -k 10 "$timeout" "$here/sample.py" "${STAGE_SAMPLE%% *}" \
		"$work/serial" "${STAGE_SAMPLE#* }" bochs -q -f "$work/bochsrc"
}

# Bochs writes what the VGA shows to a terminal that it makes, and waits when
# that is full: somebody must read it.
drain_screen()
{
	local terminal=

	until [ -n "$terminal" ]; do
		[ -d "$work" ] || return 0
		terminal=$(sed -n 's/.*connected to screen "\(.*\)".*/\1/p' \
			"$work/screen" 2>/dev/null || true)
		sleep 0.2
	done
	exec cat "$terminal" >/dev/null 2>&1
}

# Where a machine was when its time was up.
explain_bochs()
{
	tr -d '\r' <"$work/screen" | grep -aE '^(r[a-ds0-9]|rip|[c-s]s:|CR[0-4]|CPU)' ||
		true
}

pad_to_chunk()
{
	truncate -s "%$chunk" "$1"
}

size_of()
{
	stat -c %s "$1"
}

build_disk()
{
	kernel_payload "$kernel" >"$work/vmlinux"
	objcopy -O binary "$work/vmlinux" "$work/kernel.img"
	printf '%s\0' "$(command_line)" >"$work/cmdline"
	initrd_size=$(size_of "$work/initramfs")
	pad_to_chunk "$work/cmdline"
	pad_to_chunk "$work/kernel.img"
	pad_to_chunk "$work/initramfs"
	build_rom
	cat "$work/cmdline" "$work/kernel.img" "$work/initramfs" >"$work/disk"
	# Bochs wants whole cylinders of 16 heads by 63 sectors.
	truncate -s "%$((16 * 63 * 512))" "$work/disk"
	rm "$work/vmlinux" "$work/cmdline" "$work/kernel.img"
}

build_rom()
{
	local entry address initrd_address
	local memory=$((mem < 1024 ? mem : 1024))

	entry=$(readelf -h "$work/vmlinux" | sed -n 's/.*Entry point.*: *//p')
	address=$(readelf -lW "$work/vmlinux" |
		awk '$1 == "LOAD" { print $4; exit }')
	# BIOS keeps its tables in the last 64 KiB.
	initrd_address=$((((memory - 1) << 20) - $(size_of "$work/initramfs")))
	as -o "$work/rom.o" \
		--defsym ROM_BASE=$rom_base \
		--defsym KERNEL_ADDR="$address" \
		--defsym KERNEL_ENTRY="$entry" \
		--defsym KERNEL_CHUNKS=$(($(size_of "$work/kernel.img") / chunk)) \
		--defsym INITRD_ADDR=$((initrd_address)) \
		--defsym INITRD_CHUNKS=$(($(size_of "$work/initramfs") / chunk)) \
		--defsym INITRD_SIZE="$initrd_size" \
		"$here/boot.S"
	objcopy -O binary -j .text "$work/rom.o" "$work/rom"
	write_checksum "$work/rom"
}

# All bytes of an option ROM add up to zero, by its last one.
write_checksum()
{
	local sum

	sum=$(od -An -v -tu1 -w1 "$1" | awk '{ s += $1 } END { print s % 256 }')
	printf '%b' "\\x$(printf %02x $(((256 - sum) % 256)))" |
		dd of="$1" bs=1 seek=$(($(size_of "$1") - 1)) conv=notrunc \
			status=none
}

write_bochsrc()
{
	local errors=ignore cylinders

	[ -z "$report" ] || errors=report
	cylinders=$(($(size_of "$work/disk") / (16 * 63 * 512)))
	cat >"$work/bochsrc" <<END
display_library: term
cpu: model=$cpu, count=$cpus, ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs=1
clock: sync=none, time0=1700000000
memory: guest=$mem, host=$mem
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
optromimage1: file=$work/rom, address=$rom_base
ata0-master: type=disk, path=$work/disk, mode=flat, cylinders=$cylinders, heads=16, spt=63, translation=lba
boot: disk
com1: enabled=1, mode=file, dev=$work/serial
log: $work/emulator.log
panic: action=fatal
error: action=$errors
info: action=ignore
debug: action=ignore
END
}
