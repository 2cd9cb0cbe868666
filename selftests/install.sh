#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make install and make uninstall, below DESTDIR: all is there, nothing goes
# elsewhere, and nothing stays. The sources for DKMS build on their own.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=stage/lib.sh
. "$here/stage/lib.sh"
# shellcheck source=ktap.sh
. "$here/ktap.sh"
top=$(readlink -f "$here/..")
"$here/stage/deps.sh"
kdir=$(build_dir_of 6.12)
release=$(cat "$kdir/include/config/kernel.release")
work=$(mktemp -d "${TMPDIR:-/tmp}/kage-install.XXXXXX")
trap 'rm -rf "$work"' EXIT
export DESTDIR=$work/root
# What the caller's make may have said.
unset INSTALL_MOD_PATH INSTALL_MOD_DIR MAKEFLAGS MAKEOVERRIDES

# In a copy: what is built for another kernel must not lie in the tree.
copy()
{
	mkdir "$work/src"
	cp -r "$top"/{Kbuild,Makefile,include,module,tool,Documentation} \
		"$work/src/"
	find "$work/src" \( -name '*.o' -o -name '*.ko' -o -name '.*.cmd' \) \
		-delete
}

# make_quietly DIRECTORY TARGET: shows what was said if it fails.
make_quietly()
{
	make -s -C "$1" KDIR="$kdir" "$2" >"$work/log" 2>&1 || {
		cat "$work/log"
		return 1
	}
}

files()
{
	(cd "$DESTDIR" && find . -type f | LC_ALL=C sort)
}

# Debian's kernels have modules compressed.
module_as_built()
{
	sed 's/\.ko\.[a-z0-9]*$/.ko/'
}

# Not those that tell modprobe of modules, which kbuild may leave.
installs()
{
	make_quietly "$work/src" install || return
	diff <(files | grep -v '/modules\.' | module_as_built) - <<-END
		./lib/modules/$release/updates/module/kage.ko
		./usr/sbin/kagectl
		./usr/share/bash-completion/completions/kagectl
		./usr/share/man/man8/kagectl.8
	END
}

runs_and_reads()
{
	"$DESTDIR/usr/sbin/kagectl" --version &&
		mandoc -T man "$DESTDIR/usr/share/man/man8/kagectl.8" \
			>"$work/page" && grep -q 'KAGECTL' "$work/page" &&
		bash -n "$DESTDIR/usr/share/bash-completion/completions/kagectl"
}

uninstalls()
{
	make_quietly "$work/src" uninstall || return
	! files | grep -v '/modules\.'
}

# As DKMS would build them.
builds_for_dkms()
{
	make_quietly "$work/src" install-dkms || return
	cd "$DESTDIR"/usr/src/kage-* || return
	! grep '@' dkms.conf || return
	make_quietly "$PWD" modules && [ -e module/kage.ko ]
}

ktap_start
copy
ktap_test "make install" installs || true
ktap_test "what is installed is usable" runs_and_reads || true
ktap_test "make uninstall" uninstalls || true
ktap_test "make install-dkms" builds_for_dkms || true
ktap_end
