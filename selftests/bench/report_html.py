#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""From the lines of bench_init.sh to a page that needs nothing else.

usage: report_html.py RAW HTML [ABLATION.json]
"""
import html
import json
import os
import sys

import ablate
import report
import report_bars
import report_model
import report_plot

LABELS = {"kage": "kage", "kvm_ept0": "KVM ept=0", "kvm_ept1": "KVM ept=1"}
REASONS = 4
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 sans-serif; max-width: 62rem; margin: 2rem auto;
 padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; font-size: .85rem; }
th, td { border: 1px solid #8888; padding: .2rem .5rem; text-align: right; }
th[scope=row], td.text { text-align: left; }
caption { text-align: left; font-weight: bold; }
svg { width: 100%; height: auto; margin: 1rem 0; }
.scroll { overflow-x: auto; }
.missed { font-weight: bold; text-decoration: underline; }
"""


def cell(text, kind=""):
    return "<td%s>%s</td>" % (kind and ' class="%s"' % kind,
                              html.escape(text))


def table(caption, head, lines):
    """Lines are a name and cells that are ready."""
    out = ["<div class=scroll><table><caption>%s</caption><thead><tr>" %
           html.escape(caption)]
    out += ["<th scope=col>%s</th>" % html.escape(name) for name in head]
    out.append("</tr></thead><tbody>")
    for name, cells in lines:
        out.append("<tr><th scope=row>%s</th>%s</tr>" %
                   (html.escape(name), "".join(cells)))
    return "\n".join(out + ["</tbody></table></div>"])


def number(value, form="%.2f"):
    return cell(report.show(value, form))


def bars_table(out):
    lines = []
    for row in out:
        limits = report_bars.bar(row["name"])
        if not limits:
            continue
        cells = []
        for key, limit in zip(("ticks", "exits"), limits):
            said = report_bars.verdict(row, key)
            cells += [number(report_bars.value(row, key),
                             "%%.%df" % report_bars.DIGITS),
                      cell("%g" % limit), cell(said, said.split()[0])]
        lines.append((row["name"], cells))
    return table("Against the bars: ratio to KVM ept=0, for Linux rows the "
                 "surcharge over ept=1", ["row", "ticks", "bar", "", "exits",
                                          "bar", ""], lines)


def reasons(got):
    """A hypervisor's counters that grew most; empty if it did not run."""
    if not got:
        return "-"
    top = sorted(got["counters"].items(), key=lambda item: -item[1])
    top = [item for item in top if item[1] >= 0.01][:REASONS]
    return ", ".join("%s %.2f" % item for item in top) or "none"


def full_table(out, here, known):
    head = ["row", "one operation"]
    for who in here:
        head += [LABELS[who] + " ticks", "exits", "modelled cycles"]
    for who in here[1:]:
        head += ["ticks over " + LABELS[who], "exits"]
    lines = []
    for row in out:
        cells = [cell(row["unit"], "text")]
        for who in here:
            got = row.get(who)
            cells += [number(got and got["ticks"], "%.0f"),
                      number(got and got["exits"]),
                      number(report_model.cycles(got, known), "%.0f")]
        for who in here[1:]:
            cells += [number(report.ratio(row, "ticks", who)),
                      number(report.ratio(row, "exits", who))]
        lines.append((row["name"], cells))
    return table("All rows, where kage loses first. Modelled cycles are a "
                 "model, not measured.", head, lines)


def reasons_table(out, here):
    lines = [(row["name"], [cell(reasons(row.get(who)), "text")
                            for who in here]) for row in out]
    return table("What was counted most, per operation", ["row"] +
                 [LABELS[who] for who in here], lines)


def plots(out, here, known):
    names = [row["name"] for row in out]

    def series(value):
        return [(LABELS[who], [value(row.get(who)) for row in out])
                for who in here]

    limits = [(not row["name"].startswith(report.LINUX) and
               report_bars.bar(row["name"]) or (None,))[0] for row in out]
    ratios = [report.ratio(row, "ticks", "kvm_ept0") for row in out]
    return "\n".join([
        report_plot.svg("Ticks of kage over KVM ept=0: less is better",
                        names, [("kage over KVM ept=0", ratios)], limits,
                        True),
        report_plot.svg("Ticks per operation", names,
                        series(lambda got: got and got["ticks"])),
        report_plot.svg("Exits per operation; no bar: none", names,
                        series(lambda got: got and got["exits"])),
        report_plot.svg("MODEL, not measured: cycles per operation", names,
                        series(lambda got: report_model.cycles(got, known))),
    ])


def headline(out):
    """Sentences; the bad news first."""
    ratios = [(row["name"], report.ratio(row, "ticks", "kvm_ept0"))
              for row in out]
    known = [item for item in ratios if item[1] is not None]
    lost = ["%s (%.2f)" % item for item in known if item[1] > 1]
    verdicts = [report_bars.verdict(row, key) for row in out
                for key in ("ticks", "exits")]
    said = ["kage takes more ticks than KVM ept=0 in %d of %d rows%s." % (
        len(lost), len(known), lost and ": " + ", ".join(lost) or "")]
    said.append("Of the bars, %d are missed, %d met, %d not measured." % tuple(
        verdicts.count(v) for v in ("missed", "met", "not measured")))
    return "".join("<p>%s</p>" % html.escape(text) for text in said)


def model_note(known):
    if not known:
        return "<p>No price of an exit is known for this machine: no model.</p>"
    return ("<p><strong>Model, not measured:</strong> cycles = instructions "
            "&times; %g (assumed cycles per instruction) + exits &times; %d. "
            "Source of the latter: %s.</p>" %
            (report_model.CPI, known[0], html.escape(known[1])))


def ablation_table(file):
    if not file or not os.path.exists(file):
        return ""
    with open(file, encoding="utf-8") as text:
        out = json.load(text)
    names = ablate.features(out)
    return table("kage without a feature: ticks over those with all (from "
                 "the last make bench-ablate, which may be of another commit)",
                 ["row"] + ["without " + name for name in names],
                 [(row["name"], [number(ablate.ratio(row, name))
                                 for name in names]) for row in out])


def page(rows, notes, ablation):
    out = report.results(rows)
    here = [who for who in report.HYPERVISORS if any(who in r for r in out)]
    machine = next((n for n in notes if n.startswith("machine")), "")
    known = report_model.price(machine)
    return "\n".join([
        "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>",
        "<title>kage beside KVM</title><style>%s</style></head><body>" % STYLE,
        "<h1>kage beside KVM</h1>", headline(out), bars_table(out),
        "<p>A tick is an instruction of the emulated processor. Numbers are "
        "per operation, less those of the empty row.</p>",
        plots(out, here, known), model_note(known),
        full_table(out, here, known), reasons_table(out, here),
        ablation_table(ablation), "<h2>Commit and machine</h2><pre>",
        html.escape("\n".join(notes)), "</pre></body></html>\n"])


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8", errors="replace") as raw:
        rows, notes = report.parse(raw)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(page(rows, notes, (sys.argv[3:] or [None])[0]))
    print("\nThe same with plots: %s" % sys.argv[2])


if __name__ == "__main__":
    main()
