#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Where the ticks of a benchmark go, by function, from what sample.py wrote.

usage: profile.py PERIOD SAMPLES SYSTEM.MAP [GUEST.MAP]

A table for each row. What runs on the stack of a vCPU's thread is told from
what others do for the same row, or beside it. Without GUEST.MAP, which is for
Linux guests, the guest is one line.
"""
import bisect
import collections
import re
import sys

STACK = ~0x3fff  # a kernel stack's pages
MOST = 30  # functions that are shown of a row
VCPU_CODE = "kage_vmx_switch"
KERNEL = 0xffffffff80000000


class Symbols:
    def __init__(self):
        self.table = []
        self.sorted = False

    def add(self, address, name):
        self.table.append((address, name))
        self.sorted = False

    def read_map(self, path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                address, kind, name = line.split()[:3]
                if kind in "tTwW":
                    self.add(int(address, 16), name)
        return self

    def name(self, address):
        if not self.sorted:
            self.table.sort()
            self.sorted = True
        i = bisect.bisect(self.table, (address + 1,)) - 1
        return self.table[i][1] if i >= 0 else hex(address)


def rows(path, symbols):
    """Yields (hypervisor and row, operations, samples) for each row."""
    samples = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            words = line.split()
            if line.startswith("@ "):
                samples.append((words[1], int(words[2], 16),
                                int(words[3], 16)))
            elif line.startswith("# symbol "):
                symbols.add(int(words[2], 16), words[4])
            elif line.startswith("# row begins"):
                samples = []
            elif re.match(r"bench \S+ \S+ \d+ \d+", line):
                yield " ".join(words[1:3]), int(words[3]), samples
                samples = []


def functions(samples, symbols, guest):
    """Counter of (where, function)."""
    named = [(mode, rsp & STACK, symbols.name(rip) if rip >= KERNEL and
              mode == "h" else None, rip) for mode, rip, rsp in samples]
    stacks = {stack for _, stack, name, _ in named if name == VCPU_CODE}
    count = collections.Counter()
    for mode, stack, name, rip in named:
        if mode == "g":
            count["guest", guest.name(rip) if guest and rip >= KERNEL else
                  "user" if guest else "all"] += 1
        elif name is None:
            count["host", "user space"] += 1
        else:
            count["vcpu" if stack in stacks else "host", name] += 1
    return count


def show(row, operations, count, period):
    total = sum(count.values())
    if not total:
        return
    print("\n%s: %d samples, %.0f ticks each" %
          (row, total, total * period / operations))
    for where in ("vcpu", "host", "guest"):
        part = sum(n for (w, _), n in count.items() if w == where)
        print("  %-5s %5.1f %%" % (where, 100 * part / total))
    for (where, name), n in count.most_common(MOST):
        print("  %5.1f %% %9.1f  %-5s %s" % (
            100 * n / total, n * period / operations, where, name))


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    period = int(sys.argv[1])
    symbols = Symbols().read_map(sys.argv[3])
    guest = Symbols().read_map(sys.argv[4]) if len(sys.argv) > 4 else None
    print("Of %d instructions one was looked at. vcpu: on the stack of a "
          "vCPU's thread;\nhost: all else of the host. Share, and ticks of "
          "each operation." % period)
    for row, operations, samples in rows(sys.argv[2], symbols):
        show(row, operations, functions(samples, symbols, guest), period)


if __name__ == "__main__":
    main()
