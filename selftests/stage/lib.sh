# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# What the scripts of the stage share: the cache and words for the user.

stage_dir=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kage

# What a stock kernel can do without at boot, each worth seconds when emulated:
# self-tests of the crypto library, of its jitter source, legacy ttys.
fast_boot='nowatchdog cryptomgr.notests=1 initcall_blacklist=jent_mod_init'
fast_boot+=' pty.legacy_count=0'

die()
{
	echo "${0##*/}: $*" >&2
	exit 1
}

say()
{
	echo "${0##*/}: $*" >&2
}

# kernel_of 6.12|6.1|stage|debug|coverage: the directory of a kernel.
kernel_of()
{
	local kernels=$stage_dir/kernels.sh

	case $1 in
	debug | coverage) "$kernels" stage "$1" ;;
	stage) "$kernels" stage ;;
	*) "$kernels" debian "$1" ;;
	esac
}

# build_dir_of 6.12|6.1|stage|debug|coverage: where modules for it are built.
build_dir_of()
{
	local kernels=$stage_dir/kernels.sh

	case $1 in
	debug | coverage) "$kernels" build "$1" ;;
	stage) "$kernels" build ;;
	*) "$kernels" headers "$1" ;;
	esac
}

# The names that KAGE_WITHOUT and the module's parameter know, one to a line.
features()
{
	sed -n 's/^\t\[KAGE_FEATURE_.*"\(.*\)",$/\1/p' \
		"$stage_dir/../../module/feature.c"
}
