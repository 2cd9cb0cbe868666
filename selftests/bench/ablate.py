#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What each of kage's features is worth: ticks without it over those with all.

usage: ablate.py RAW JSON
"""
import json
import sys

import report

ALL = "kage"
WITHOUT = "kage-without-"


def ablation(rows):
    """An array of rows: name, ticks, and without {feature: ticks, ratio}."""
    out = []
    for name, row in rows.items():
        if name == report.EMPTY or ALL not in row:
            continue
        ticks = report.result(ALL, name, rows)["ticks"]
        entry = {"name": name, "ticks": ticks, "without": {}}
        for who in row:
            if not who.startswith(WITHOUT):
                continue
            got = report.result(who, name, rows)["ticks"]
            entry["without"][who[len(WITHOUT):]] = {
                "ticks": got,
                "ratio": round(got / ticks, 3) if ticks >= 1 else None,
            }
        out.append(entry)
    return out


def features(out):
    """In the order in which they were measured."""
    return list(dict.fromkeys(f for row in out for f in row["without"]))


def ratio(row, feature):
    return row["without"].get(feature, {}).get("ratio")


def table(out):
    names = features(out)
    print("%-16s %10s" % ("row", "all ticks") +
          "".join("%10s" % ("-" + n) for n in names))
    for row in out:
        print("%-16s %10.0f" % (row["name"], row["ticks"]) +
              "".join("%10s" % report.show(ratio(row, n), "%.2f")
                      for n in names))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8", errors="replace") as raw:
        rows, _ = report.parse(raw)
    out = ablation(rows)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(out, file, indent=1)
        file.write("\n")
    print("\nTicks without a feature over ticks with all of them.\n")
    table(out)


if __name__ == "__main__":
    main()
