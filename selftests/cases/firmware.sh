#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Where firmware has locked VMX off, kage says so in one line and does not load.
# The machine with such firmware is a guest of KVM, which has VMX to show.
dir=${dir:?}
root=/tmp/firmware
modprobe kvm_intel nested=1 ept=1 || {
	echo "this kernel has no kvm_intel"
	exit 4
}
grep -q '[Y1]' /sys/module/kvm_intel/parameters/nested || {
	rmmod kvm_intel kvm
	echo "KVM shows its guests no VMX here"
	exit 4
}
mkdir -p $root/bin $root/dev $root/proc
cp /bin/busybox "$dir/inside/kage.ko" $root/
cat >$root/init <<'END'
#!/busybox sh
/busybox mount -t proc proc /proc
/busybox mount -t devtmpfs devtmpfs /dev
exec >/dev/console 2>&1
/busybox insmod /kage.ko
echo "inside: insmod $?"
/busybox dmesg | /busybox grep ' kage: not'
echo "inside: end"
# The serial line may have more to send.
/busybox sleep 1
/busybox poweroff -f
END
chmod +x $root/init
(cd $root && find . | cpio -o -H newc 2>/dev/null) >/tmp/firmware.cpio
# Bit 0 locks the register, bit 2 would allow VMX.
timeout 120 "$dir/kvm_run" --kernel "$dir/vmlinuz" --initrd /tmp/firmware.cpio \
	--mem 256 --feature-control 1 \
	--append "console=ttyS0,115200 8250.nr_uarts=1 loglevel=3 panic=-1 $GUEST_APPEND" \
	</dev/null >/tmp/firmware.log
status=$?
rmmod kvm_intel kvm
tr -d '\r' </tmp/firmware.log | tee /tmp/firmware.txt
rm -rf $root /tmp/firmware.cpio
[ "$status" -eq 0 ] || {
	echo "kvm_run: status $status"
	exit 1
}
# One line each; there may be two, for insmod of busybox tries twice. Without
# VMX in CPUID the line would be another.
lines=$(grep -c 'kage: not loaded: firmware has locked VMX off' \
	/tmp/firmware.txt)
[ "$lines" -eq "$(grep -c 'kage: not' /tmp/firmware.txt)" ] &&
	[ "$lines" -ge 1 ] && [ "$lines" -le 2 ] &&
	grep -q 'Operation not permitted' /tmp/firmware.txt &&
	! grep -q 'inside: insmod 0' /tmp/firmware.txt
