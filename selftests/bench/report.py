#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""From the lines of bench_init.sh to a table and a file of results.

usage: report.py RAW JSON

Ticks and exits are per operation, those of the row "empty" taken off. Exits
that belong to the host's own interrupts, or to the guest's wait between rows
(ports), are counted only in the rows that are about them.
"""
import json
import re
import sys

HYPERVISORS = ("kage", "kvm_ept0", "kvm_ept1")
EMPTY = "empty"
LINUX = "linux-"
PORT_ROWS = ("in",)
INTERRUPT_ROWS = ("timer", "hlt")
# Less than this per operation is the noise of the measurement.
LEAST = {"ticks": 1, "exits": 0.1}
# The counters that tell of ports, and of the host's interrupts.
PORTS = {"kage": ("exit-io",), "kvm": ("io_exits",)}
INTERRUPTS = {
    "kage": ("exit-interrupt", "exit-preemption-timer"),
    "kvm": ("irq_exits",),
}


def parse(lines):
    """The rows as {name: {"unit", hypervisor: measured}}, and the notes."""
    rows, notes = {}, []
    for line in lines:
        words = line.split()
        if line.startswith("# "):
            notes.append(line[2:].rstrip())
        elif words[:1] == ["bench"] and len(words) > 5:
            _, who, name, n, ticks = words[:5]
            row = rows.setdefault(name, {"unit": " ".join(words[5:])})
            row[who] = {"n": int(n), "ticks": int(ticks), "counters": {}}
        elif words[:1] == ["count"] and len(words) > 2:
            _, who, name = words[:3]
            pairs = (word.split("=") for word in words[3:])
            rows[name][who]["counters"] = {k: int(v) for k, v in pairs}
    return rows, notes


def total(counters, names):
    return sum(counters.get(name, 0) for name in names)


def exits(who, name, counters, idle):
    """All of a row's exits, less those that are not the row's."""
    kind = re.split("[-_]", who)[0]
    if kind == "kage":
        count = sum(v for k, v in counters.items() if k.startswith("exit-"))
    else:
        count = counters.get("exits", 0)
    if name in PORT_ROWS:
        count -= total(idle, PORTS[kind])
    else:
        count -= total(counters, PORTS[kind])
    if name not in INTERRUPT_ROWS:
        count -= total(counters, INTERRUPTS[kind])
    return count


def empty_of(name):
    """The row of the same guest that does nothing."""
    return LINUX + EMPTY if name.startswith(LINUX) else EMPTY


def result(who, name, rows):
    """What results.json says of a row under one hypervisor."""
    got = rows[name][who]
    nothing = empty_of(name)
    empty = rows.get(nothing, {}).get(
        who, {"n": 1, "ticks": 0, "counters": {}}
    )
    idle = empty["counters"]
    # What is left of the empty row: the host's own reasons to leave a guest.
    count = exits(who, name, got["counters"], idle)
    count = max(count - exits(who, nothing, idle, idle), 0)
    ticks = got["ticks"] / got["n"] - empty["ticks"] / empty["n"]
    return {
        "ticks": round(ticks, 1),
        "exits": round(count / got["n"], 3),
        # On the stage the two are one.
        "instructions": round(ticks, 1),
        "counters": {
            k: round(v / got["n"], 3) for k, v in got["counters"].items()
        },
    }


def ratio(row, key, peer):
    """kage over another; None where there is next to nothing to divide by."""
    if "kage" not in row or peer not in row or row[peer][key] < LEAST[key]:
        return None
    return row["kage"][key] / row[peer][key]


def results(rows):
    out = []
    for name, row in rows.items():
        if name == empty_of(name):
            continue
        entry = {"name": name, "unit": row["unit"]}
        for who in HYPERVISORS:
            if who in row:
                entry[who] = result(who, name, rows)
        out.append(entry)
    # Where kage loses comes first.
    out.sort(key=lambda e: -(ratio(e, "ticks", "kvm_ept0") or 0))
    return out


def show(value, form):
    return "-" if value is None else form % value


def cells(row):
    out = [row["name"]]
    for who in HYPERVISORS:
        got = row.get(who)
        out.append(show(got and got["ticks"], "%.0f"))
        out.append(show(got and got["exits"], "%.2f"))
    for peer in HYPERVISORS[1:]:
        out.append(show(ratio(row, "ticks", peer), "%.2f"))
        out.append(show(ratio(row, "exits", peer), "%.2f"))
    out.append(row["unit"])
    return out


def table(out):
    head = ["row"]
    for who in ("kage", "ept=0", "ept=1"):
        head += [who, "exits"]
    head += ["/ept0", "exits", "/ept1", "exits", "one operation"]
    lines = [head] + [cells(row) for row in out]
    width = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        parts = [line[0].ljust(width[0])]
        parts += [c.rjust(w) for c, w in zip(line[1:-1], width[1:-1])]
        print("  ".join(parts + [line[-1]]))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8", errors="replace") as raw:
        rows, notes = parse(raw)
    out = results(rows)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(out, file, indent=1)
        file.write("\n")
    print()
    for note in notes:
        print(note)
    print("\nTicks and exits per operation; then kage's over KVM's.\n")
    table(out)


if __name__ == "__main__":
    main()
