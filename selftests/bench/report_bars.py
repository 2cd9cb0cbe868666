# SPDX-License-Identifier: GPL-2.0
"""The bars that the benchmark is read against.

usage: report_bars.py JSON
"""
import json
import sys

import report

DIGITS = 3  # of a ratio
# Of KVM without EPT: at most this part of its ticks and of its exits.
BARS = {
    "cpuid": (0.25, 1),
    "rdmsr": (0.25, 1),
    "cr3-read-load": (0.12, 1),
    "new-pte-used": (0.12, 1),
    "new-pte-fresh": (0.10, 1.1),
    "clear-invlpg": (0.10, 0.1),
    "demand-fault": (0.10, 0.5),
    "cow-fault": (0.10, 0.5),
    "switch-2-16": (0.20, 1),
    "fork-exit-1": (0.10, 0.3),
    "fork-exit-8": (0.10, 0.3),
    "fork-exit-64": (0.10, 0.3),
}
# The same of what shadow paging adds to KVM with EPT, for a Linux guest.
LINUX_BAR = (0.25, 0.4)


def bar(name):
    """(ticks, exits), or None for a row that has no bar."""
    return LINUX_BAR if name.startswith(report.LINUX) else BARS.get(name)


def surcharge(row, key):
    """What kage adds to EPT over what KVM without EPT adds to it."""
    if not all(who in row for who in report.HYPERVISORS):
        return None
    base = row["kvm_ept1"][key]
    added = row["kvm_ept0"][key] - base
    if added < report.LEAST[key]:
        return None
    return (row["kage"][key] - base) / added


def value(row, key):
    """The number that is held against the bar; None if there is none."""
    if row["name"].startswith(report.LINUX):
        return surcharge(row, key)
    return report.ratio(row, key, "kvm_ept0")


def verdict(row, key):
    """met, missed, "not measured", or None for a row without a bar."""
    limits = bar(row["name"])
    if not limits:
        return None
    got = value(row, key)
    if got is None:
        return "not measured"
    # What is judged is what is shown.
    limit = limits[("ticks", "exits").index(key)]
    return "met" if round(got, DIGITS) <= limit else "missed"


def main():
    """Prints the rows that have a bar, from a results.json."""
    if len(sys.argv) != 2:
        sys.exit("usage: report_bars.py JSON")
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = json.load(file)
    print("\nOf KVM without EPT; for Linux what kage adds to KVM with EPT, of "
          "what\nKVM without adds to it. Ticks and exits, the bar, and "
          "whether it is met.\n")
    for row in rows:
        limits = bar(row["name"])
        if not limits:
            continue
        line = "%-18s" % row["name"]
        for key, limit in zip(("ticks", "exits"), limits):
            line += "  %7s %5.2f %-12s" % (
                report.show(value(row, key), "%%.%df" % DIGITS), limit,
                verdict(row, key))
        print(line.rstrip())


if __name__ == "__main__":
    main()
