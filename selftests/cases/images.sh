#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kagectl run with what cannot be run: each time the sentence that helps, the
# right status, and nothing half built. And with a limit of shadow pages.
dir=${dir:?}
# shellcheck source=../demo_lib.sh
. "$dir/demo_lib.sh"
kernel=$dir/isolation.bzImage
files=/tmp/images
status=0

complain()
{
	echo "$*"
	status=1
}

nothing_is_left()
{
	! kagectl -j vm show | grep -q vm-name &&
		! ls -d /sys/class/net/kage* 2>/dev/null
}

# refused STATUS SENTENCE ARGUMENT...: kagectl run says so and leaves nothing.
refused()
{
	want=$1
	sentence=$2
	shift 2
	kagectl run "$@" >/tmp/out 2>&1
	got=$?
	[ "$got" -eq "$want" ] || complain "run $*: status $got, not $want"
	grep -qxF "kagectl: $sentence" /tmp/out ||
		complain "run $*: not \"$sentence\" but: $(cat /tmp/out)"
	nothing_is_left || complain "run $*: something is left"
}

# head_of NAME BYTES: that much of the kernel.
head_of()
{
	head -c "$2" "$kernel" >"$files/$1"
}

# patched NAME OFFSET BYTES: the kernel with other bytes there.
patched()
{
	cp "$kernel" "$files/$1"
	printf '%b' "$3" | dd of="$files/$1" bs=1 seek="$2" conv=notrunc \
		2>/dev/null
}

mkdir -p "$files"
load_kage || exit 1

# No kernel at all.
refused 1 "cannot open $files/none: No such file or directory" \
	one --kernel "$files/none"
refused 1 "cannot read $files: Is a directory" one --kernel "$files"
: >"$files/empty"
refused 1 "$files/empty is empty" one --kernel "$files/empty"
head -c 70000 /dev/urandom >"$files/noise"
printf 'none' | dd of="$files/noise" conv=notrunc 2>/dev/null
refused 1 "the kernel file is not a bzImage" one --kernel "$files/noise"
refused 1 "the kernel file is not a bzImage but an ELF file (vmlinux?)" \
	one --kernel "$dir/kagectl"
gzip -c "$kernel" >"$files/gz"
refused 1 "the kernel file is not a bzImage but a gzip file" \
	one --kernel "$files/gz"
echo "$kernel" | cpio -o -H newc >"$files/cpio" 2>/dev/null
refused 1 "the kernel file is not a bzImage but a cpio archive (initrd?)" \
	one --kernel "$files/cpio"

# Part of a kernel.
size=$(stat -c %s "$kernel")
head_of short 1
refused 1 "the kernel file is not a bzImage" one --kernel "$files/short"
head_of sector 512
refused 1 "the kernel file is not a bzImage" one --kernel "$files/sector"
for bytes in 518 600 1024 $((size / 2)) $((size - 1)); do
	head_of part "$bytes"
	refused 1 "the kernel file is truncated" one --kernel "$files/part"
done

# A header that lies.
patched magic 514 'XdrS'
refused 1 "the kernel file is not a bzImage" one --kernel "$files/magic"
patched old 518 '\0013\002'
refused 1 "the kernel is too old: its boot protocol is older than 2.12" \
	one --kernel "$files/old"
patched real_mode 566 '\0\0'
refused 1 "the kernel has no 64-bit entry" one --kernel "$files/real_mode"
patched low 529 '\0'
refused 1 "the kernel is a zImage, not a bzImage" one --kernel "$files/low"
patched alignment 560 '\0\0\0\0'
refused 1 "the kernel's setup header is damaged" \
	one --kernel "$files/alignment"
patched sectors 497 '\0377'
refused 1 "the kernel file is truncated" one --kernel "$files/sectors"
patched where 600 '\0\0\0\0'
refused 1 "the kernel's setup header is damaged" one --kernel "$files/where"
patched large 608 '\0377\0377\0377\0177'
refused 1 "the kernel does not fit in the memory: it needs 2064 MiB below 3 GiB" \
	one --kernel "$files/large" --mem 64M

# Memory.
refused 1 "the kernel does not fit in the memory: it needs 20 MiB below 3 GiB" \
	one --kernel "$kernel" --mem 16M
refused 1 "the kernel does not fit in the memory: it needs 20 MiB below 3 GiB" \
	one --kernel "$kernel" --mem 4K
refused 2 '"--mem" must be a multiple of 4096' one --kernel "$kernel" --mem 0
refused 2 '"--mem" must be a multiple of 4096' \
	one --kernel "$kernel" --mem 33554433
for value in "" -1 64X 64MM x 0x 99999999999999999999 18446744073709551615G; do
	refused 2 "bad value \"$value\" for \"mem\"" \
		one --kernel "$kernel" --mem "$value"
done
refused 2 '"--mem" needs a value' one --kernel "$kernel" --mem
refused 2 '"--mem" is given twice' one --kernel "$kernel" --mem 64M --mem 64M

# Shadow pages.
refused 2 'bad value "many" for "shadow-pages"' \
	one --kernel "$kernel" --shadow-pages many
kagectl run one --kernel "$kernel" --mem 36M --shadow-pages 1234 >/dev/null
kagectl -j vm show one | grep -q '"vm-shadow-pages": *1234' ||
	complain "run --shadow-pages: $(kagectl vm show)"
kagectl vm del one || status=1

# The initrd.
refused 1 "cannot open $files/none: No such file or directory" \
	one --kernel "$kernel" --initrd "$files/none"
refused 1 "$files/empty is empty" \
	one --kernel "$kernel" --initrd "$files/empty"
dd if=/dev/zero of="$files/initrd" bs=1M count=24 2>/dev/null
refused 1 "the initrd does not fit in the memory beside the kernel" \
	one --kernel "$kernel" --initrd "$files/initrd" --mem 32M

# Words.
refused 2 '"--kernel" is missing' one
refused 2 'unknown word "--kernle"' one --kernle "$kernel"
refused 2 '"--vcpus" must be from 1 to 8' one --kernel "$kernel" --vcpus 9
refused 2 '"--vcpus" must be from 1 to 8' one --kernel "$kernel" --vcpus 0
long=$(head -c 2048 /dev/zero | tr '\0' x)
refused 1 "the command line is longer than the kernel's 2047 bytes" \
	one --kernel "$kernel" --append "$long"

# Names. What the tool cannot know the module says, after the tool has loaded.
bad_name="a letter, then up to 30 letters, digits, '.', '_' or '-'"
for name in "" 1one one/two "one two" a2345678901234567890123456789012; do
	refused 2 "bad name \"$name\": $bad_name" "$name" --kernel "$kernel"
done
refused 1 "an interface of that name exists (attribute nic.name)" \
	one --kernel "$kernel" --mem 64M --nic lo
refused 1 "that is not an interface name (attribute nic)" \
	one --kernel "$kernel" --mem 64M --nic a/b
kagectl vm add taken >/dev/null
nothing_is_left()
{
	[ "$(kagectl -j vm show | grep -o '"vm-name"' | wc -l)" -eq 1 ]
}
refused 1 "a vm of this name exists already (attribute vm-name)" \
	taken --kernel "$kernel" --mem 64M
kagectl vm show taken | grep -qw created || complain "taken is not as it was"
kagectl vm del taken || status=1
exit "$status"
