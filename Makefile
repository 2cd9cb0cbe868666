# SPDX-License-Identifier: GPL-2.0
#
# A thin front: kbuild builds the module, tool/Makefile builds kagectl, and
# selftests/ holds the scripts that try them. `make help` lists the targets.

ifeq ($(KERNELRELEASE),)

top := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
running := /lib/modules/$(shell uname -r)/build
# Without headers of the running kernel, the newest that are installed.
KDIR ?= $(firstword $(wildcard $(running)) \
	$(shell ls -d /lib/modules/*/build 2>/dev/null | sort -rV))
selftests := $(top)selftests
# What is installed goes below DESTDIR, the module too.
INSTALL_MOD_PATH ?= $(DESTDIR)
INSTALL_MOD_DIR ?= updates
release = $(shell cat $(KDIR)/include/config/kernel.release)
installed = $(INSTALL_MOD_PATH)/lib/modules/$(release)/$(INSTALL_MOD_DIR)/module
version = $(shell sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' \
	$(top)module/main.c)
dkms_source = $(DESTDIR)/usr/src/kage-$(version)

all: modules tool

modules: kdir
	$(MAKE) -C $(KDIR) M=$(top:/=) $@

# Kbuild leaves depmod out where there is no System.map, as in Debian's headers.
# Whoever says DESTDIR makes a package, which runs it where it is installed.
modules_install: modules
	$(MAKE) -C $(KDIR) M=$(top:/=) INSTALL_MOD_PATH=$(INSTALL_MOD_PATH) \
		INSTALL_MOD_DIR=$(INSTALL_MOD_DIR) $@
	$(if $(INSTALL_MOD_PATH),,depmod $(release))

kdir:
	@test -e "$(KDIR)/Makefile" || { \
		echo "No kernel headers: install linux-headers or say KDIR=" >&2; \
		exit 1; }

tool:
	$(MAKE) -C $(top)tool

install: tool modules_install
	$(MAKE) -C $(top)tool install

uninstall: kdir
	rm -f $(installed)/kage.ko* $(installed)/tests/kage_test.ko*
	for dir in $(installed)/tests $(installed); do \
		[ ! -d $$dir ] || rmdir --ignore-fail-on-non-empty $$dir; \
	done
	$(if $(INSTALL_MOD_PATH),,depmod $(release))
	$(MAKE) -C $(top)tool uninstall

# The sources for DKMS, which builds them for each kernel that comes.
install-dkms:
	cd $(top) && find Kbuild Makefile include module -type f \
		\( -name Kbuild -o -name Makefile -o -name '*.[chS]' \) \
		! -name '*.mod.c' ! -name asm-offsets.h \
		-exec install -D -m 644 {} $(dkms_source)/{} \;
	sed 's/@VERSION@/$(version)/' $(top)tool/dkms.conf.in \
		>$(dkms_source)/dkms.conf
	@echo 'now: dkms install kage/$(version)'

demo:
	$(selftests)/demo.sh

check:
	$(selftests)/check.sh

check-full:
	$(selftests)/check.sh --full

unit:
	$(MAKE) -C $(selftests)/unit run

fuzz:
	$(selftests)/fuzz/run.sh quick

kunit:
	$(selftests)/kunit.sh

kselftest:
	$(selftests)/kselftest.sh

coverage:
	$(selftests)/coverage.sh

bench:
	$(selftests)/bench/bench.sh

bench-ablate:
	$(selftests)/bench/bench.sh --ablate

bench-accept:
	$(selftests)/bench/accept.sh

bench-net:
	$(selftests)/bench/net.sh

PROFILE ?= bare
bench-profile:
	$(selftests)/bench/profile.sh $(PROFILE)

lint:
	$(selftests)/lint.sh

clean:
	$(if $(KDIR),-$(MAKE) -C $(KDIR) M=$(top:/=) clean)
	$(MAKE) -C $(top)tool clean
	rm -rf $(top)build

help:
	@echo 'modules          build kage.ko for KDIR (now $(KDIR))'
	@echo 'tool             build kagectl into build/'
	@echo 'all              both, the default'
	@echo 'modules_install  install kage.ko'
	@echo 'install          install kage.ko, kagectl and its manual page, below'
	@echo '                 DESTDIR if that is given'
	@echo 'uninstall        remove them again'
	@echo 'install-dkms     install the sources of kage.ko for DKMS'
	@echo 'demo             boot a stock Debian guest under kage and use it,'
	@echo '                 in the emulator Bochs: no VMX needed'
	@echo 'check            the tests; prints one line per tier and a total'
	@echo 'check-full       those too that take hours'
	@echo 'unit             the parts that need no kernel, under sanitizers'
	@echo 'fuzz             libFuzzer over the parts that take untrusted input'
	@echo 'kunit            the KUnit suites'
	@echo 'kselftest        the tests of the loaded module'
	@echo 'coverage         which lines of the module the tests run, per file;'
	@echo '                 those that none runs in build/coverage/uncovered'
	@echo 'bench            kage beside KVM: ticks and exits per operation, a'
	@echo '                 table, build/bench/results.json and report.html'
	@echo 'bench-ablate     kage without each of its features: a table and'
	@echo '                 build/bench/ablation.json, which bench reports, too'
	@echo 'bench-accept     keep the last bench under Documentation/bench'
	@echo 'bench-net        kage beside QEMU with vhost-net: ticks per packet,'
	@echo '                 a table and build/bench/net.json'
	@echo 'bench-profile    where the ticks go, by function;'
	@echo '                 PROFILE="bare|linux|net ROW..."'
	@echo 'lint             layers, warnings, sparse, checkpatch, shellcheck, ...'
	@echo 'clean            remove what was built here; caches stay in'
	@echo '                 $${XDG_CACHE_HOME:-~/.cache}/kage'

.PHONY: all modules modules_install kdir tool install uninstall install-dkms \
	demo check check-full unit fuzz kunit kselftest coverage bench \
	bench-ablate bench-accept bench-net bench-profile lint clean help

endif
