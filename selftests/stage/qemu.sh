# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Boots the stage in QEMU's TCG, for everything that needs no VMX. Sourced by
# stage.sh.

start_qemu()
{
	timeout -k 5 "$timeout" qemu-system-x86_64 \
		-accel tcg -cpu max -smp "$cpus" -m "$mem" \
		-display none -monitor none -no-reboot -nic none \
		-kernel "$kernel" -initrd "$work/initramfs" \
		-append "$(command_line)" -serial "file:$work/serial" \
		</dev/null >"$work/emulator.log" 2>&1
}

# Where a machine was when its time was up.
explain_qemu()
{
	tail -n 20 "$work/emulator.log"
}
