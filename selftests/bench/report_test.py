#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tries the benchmark's report: rows of lines and what must come of them."""
import json
import sys

import ablate
import report
import report_bars
import report_model

EMPTY = ["bench kage empty 10 20 turn", "count kage empty exit-io=2",
         "bench kvm_ept0 empty 10 20 turn", "count kvm_ept0 empty exits=2 "
         "io_exits=2"]


def of(lines):
    return report.results(report.parse(EMPTY + lines)[0])


def cpuid(kage, kvm):
    return ["bench kage cpuid 100 %d instruction" % kage,
            "count kage cpuid exit-cpuid=100 exit-io=9 exit-interrupt=3",
            "bench kvm_ept0 cpuid 100 %d instruction" % kvm,
            "count kvm_ept0 cpuid exits=112 io_exits=9 irq_exits=3"]


def verdicts(lines):
    return [report_bars.verdict(of(lines)[0], key)
            for key in ("ticks", "exits")]


def linux(kage, ept0, ept1):
    row = {"name": "linux-x"}
    for who, n in zip(report.HYPERVISORS, (kage, ept0, ept1)):
        row[who] = {"ticks": n, "exits": n}
    return [report_bars.verdict(row, key) for key in ("ticks", "exits")]


LOSING = ["bench kage slow 10 9020 it", "count kage slow exit-io=0",
          "bench kvm_ept0 slow 10 1020 it", "count kvm_ept0 slow exits=0"]
WITHOUT = ["bench kage-without-x cpuid 100 20200 instruction",
           "count kage-without-x cpuid exit-cpuid=100"]

# Name, what comes of it, what must.
ROWS = (
    ("ticks are less the empty row's",
     lambda: of(cpuid(10200, 40200))[0]["kage"]["ticks"], 100.0),
    ("exits are the row's own",
     lambda: [of(cpuid(10200, 40200))[0][who]["exits"]
              for who in ("kage", "kvm_ept0")], [1.0, 1.0]),
    ("a hypervisor that did not run is left out",
     lambda: "kvm_ept1" in of(cpuid(10200, 40200))[0], False),
    ("a loss comes first",
     lambda: [row["name"] for row in of(cpuid(10200, 40200) + LOSING)],
     ["slow", "cpuid"]),
    ("a bar is met at its limit",
     lambda: verdicts(cpuid(10200, 40200)), ["met", "met"]),
    ("a bar is missed above it",
     lambda: verdicts(cpuid(10300, 40200)), ["missed", "met"]),
    ("without a peer nothing is measured",
     lambda: verdicts(cpuid(10200, 40200)[:2]), ["not measured"] * 2),
    ("a row without a bar", lambda: verdicts(LOSING), [None, None]),
    ("Linux: the surcharge", lambda: linux(13, 20, 10), ["missed", "met"]),
    ("cycles", lambda: report_model.cycles(
        {"instructions": 100, "exits": 2}, (500, "")), 1100.0),
    ("no price, no cycles", lambda: report_model.price("machine x"), None),
    ("without a feature",
     lambda: ablate.ablation(report.parse(
         EMPTY + ["bench kage-without-x empty 10 20 turn"] +
         cpuid(10200, 40200) + WITHOUT)[0])[0]["without"]["x"]["ratio"], 2.0),
)


def main():
    print("KTAP version 1\n1..%d" % len(ROWS))
    bad = 0
    for i, (name, got, wanted) in enumerate(ROWS, 1):
        value = got()
        if value != wanted:
            bad += 1
            print("# %s, not %s" % (json.dumps(value), json.dumps(wanted)))
        print("%sok %d %s" % ("" if value == wanted else "not ", i, name))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
