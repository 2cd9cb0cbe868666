#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs a script as root of a small Linux inside Bochs, which emulates VMX, or
# with --qemu inside QEMU's TCG, which is faster and has no VMX.
set -euo pipefail

pid=

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=lib.sh
. "$here/lib.sh"
# shellcheck source=initramfs.sh
. "$here/initramfs.sh"
# shellcheck source=kernel_image.sh
. "$here/kernel_image.sh"
# shellcheck source=bochs.sh
. "$here/bochs.sh"
# shellcheck source=qemu.sh
. "$here/qemu.sh"

usage()
{
	cat <<'END'
usage: stage.sh run --init SCRIPT [OPTION]...
  --init SCRIPT         what to run; its exit status becomes that of stage.sh
  --add FILE:DEST       put FILE (or a directory) at DEST, libraries included
  --modules "A B"       put these modules and what they need where modprobe
                        finds them; nothing is loaded
  --kernel PATH         bzImage, or a directory that kernels.sh printed;
                        default: the trimmed host kernel
  --cpu MODEL           Bochs CPU model; default corei7_skylake_x
  --cpus N              default 1
  --mem MIB             default 1024
  --timeout SECONDS     on the wall; default 900
  --env NAME=VALUE      part of the script's environment
  --append STRING       more kernel command line
  --serial FILE         keep the serial output there too; default $STAGE_SERIAL
  --quiet               print nothing but errors
  --boot-log            print the kernel's messages while it boots
  --report              let Bochs report every VM-entry failure (slow)
  --qemu                use QEMU's TCG instead of Bochs
exit status: the script's; 124 out of time; 125 the stage died; 2 usage
END
}

parse_args()
{
	cpu=corei7_skylake_x cpus=1 mem=1024 timeout=900 kernel='' init=''
	quiet='' boot_log='' report='' emulator=bochs append=''
	serial_copy=${STAGE_SERIAL:-}
	add=() modules=() environment=()
	while [ $# -gt 0 ]; do
		case $1 in
		--quiet) quiet=1 ;;
		--boot-log) boot_log=1 ;;
		--report) report=1 ;;
		--qemu) emulator=qemu ;;
		--help) usage; exit 0 ;;
		--*)
			[ $# -ge 2 ] || usage_error "$1 wants a value"
			option_with_value "$1" "$2"
			shift
			;;
		*) usage_error "$1 is not an option" ;;
		esac
		shift
	done
	[ -n "$init" ] || usage_error "--init is missing"
	[ -r "$init" ] || usage_error "cannot read $init"
}

option_with_value()
{
	local words

	case $1 in
	--init) init=$2 ;;
	--add) add+=("$2") ;;
	--modules) read -ra words <<<"$2" && modules+=("${words[@]}") ;;
	--kernel) kernel=$2 ;;
	--cpu) cpu=$2 ;;
	--cpus) cpus=$2 ;;
	--mem) mem=$2 ;;
	--timeout) timeout=$2 ;;
	--env) environment+=("$2") ;;
	--append) append+=" $2" ;;
	--serial) serial_copy=$2 ;;
	*) usage_error "$1 is not an option" ;;
	esac
}

usage_error()
{
	echo "stage.sh: $1" >&2
	usage >&2
	exit 2
}

build_initramfs()
{
	local root=$work/root item

	make_root "$root"
	install -m 755 "$here/init" "$root/init"
	install -D -m 755 "$init" "$root/stage/run"
	for item in "${environment[@]}"; do
		printf 'export %s=%q\n' "${item%%=*}" "${item#*=}"
	done >"$root/stage/environment"
	# Bochs holds host interrupts back while a guest entered with its own
	# disabled; kage has a way round that, off by default.
	[ "$emulator" != bochs ] ||
		echo "export KAGE_PARAMS=quirk_irq_timer=1" \
			>>"$root/stage/environment"
	for item in "${add[@]}"; do
		add_item "$root" "${item%:*}" "${item##*:}"
	done
	[ ${#modules[@]} -eq 0 ] ||
		add_modules "$root" "$kernel" "${modules[@]}"
	pack_root "$root" "$work/initramfs"
}

# In Bochs a TSC tick is one instruction at 100 MHz, whatever the model's CPUID
# says of its clock, and a triple fault, unlike any other way to reboot after a
# panic, ends the run. A processor that waits in MWAIT may miss the store that is
# to wake it, and others then wait for it for ever: it is to halt instead.
command_line()
{
	local line="console=ttyS0,115200 panic=-1 reboot=t $fast_boot"

	line+=' 8250.nr_uarts=1'
	[ "$emulator" != bochs ] ||
		line+=' tsc=reliable tsc_early_khz=100000 idle=halt'
	[ -z "$boot_log" ] && line+=' loglevel=3' ||
		line+=' earlyprintk=serial,ttyS0,115200'
	echo "$line$append"
}

# Whoever ends this script ends the emulator too.
clean_up()
{
	[ -z "$pid" ] || pkill -P "$pid" || true
	rm -rf "$work"
}

# Prints the serial output while it grows, until the script has ended.
stream_serial()
{
	tail -q -n +1 -s 0.2 -f --pid="$1" "$work/serial" |
		sed -u -e 's/\r//g' -e '/^STAGE-EXIT /,$d'
}

# The script's status, from the line that the initramfs prints last.
stage_status()
{
	tr -d '\r' <"$work/serial" | sed -n 's/.*STAGE-EXIT \([0-9]*\)$/\1/p' |
		tail -n 1
}

run_stage()
{
	local emulator_status=0 status

	: >"$work/serial"
	"start_$emulator" &
	pid=$!
	if [ -n "$quiet" ]; then
		wait "$pid" || emulator_status=$?
	else
		stream_serial "$pid" || true
		wait "$pid" || emulator_status=$?
	fi
	[ -z "$serial_copy" ] || tr -d '\r' <"$work/serial" >"$serial_copy"
	status=$(stage_status)
	[ -z "$status" ] || return "$status"
	if [ "$emulator_status" -eq 124 ] || [ "$emulator_status" -eq 137 ]; then
		echo "stage.sh: no end after $timeout seconds" >&2
		"explain_$emulator" >&2
		return 124
	fi
	echo "stage.sh: the stage died; the emulator's last words:" >&2
	tail -n 20 "$work/emulator.log" >&2 || true
	return 125
}

main()
{
	[ "${1:-}" = run ] || usage_error "the command is: run"
	shift
	parse_args "$@"
	[ -n "$kernel" ] || kernel=$("$here/kernels.sh" stage)
	[ ! -d "$kernel" ] || kernel=$(echo "$kernel"/boot/vmlinuz-*)
	[ -r "$kernel" ] || usage_error "cannot read $kernel"
	work=$(mktemp -d "${TMPDIR:-/tmp}/kage-stage.XXXXXX")
	trap clean_up EXIT
	build_initramfs
	run_stage
}

main "$@"
