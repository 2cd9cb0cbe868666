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

all: modules tool

modules modules_install: kdir
	$(MAKE) -C $(KDIR) M=$(top:/=) $@

modules_install: modules

kdir:
	@test -e "$(KDIR)/Makefile" || { \
		echo "No kernel headers: install linux-headers or say KDIR=" >&2; \
		exit 1; }

tool:
	$(MAKE) -C $(top)tool

install: tool modules_install
	$(MAKE) -C $(top)tool install

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
	@echo 'install          install kage.ko, kagectl and its manual page'
	@echo 'demo             boot a stock Debian guest under kage and use it,'
	@echo '                 in the emulator Bochs: no VMX needed'
	@echo 'check            every test; prints one line per test and a total'
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
	@echo 'lint             layers, warnings, sparse, checkpatch, shellcheck, ...'
	@echo 'clean            remove what was built here; caches stay in'
	@echo '                 $${XDG_CACHE_HOME:-~/.cache}/kage'

.PHONY: all modules modules_install kdir tool install demo check check-full unit fuzz kunit \
	kselftest coverage bench bench-ablate bench-accept bench-net lint \
	clean help

endif
