# SPDX-License-Identifier: GPL-2.0
"""Horizontal bars as SVG, drawn by gnuplot."""
import re
import subprocess

COLOURS = ("#0072b2", "#d55e00", "#009e73")
ROW = 34  # pixels of a row's height


def script(title, names, series, marks, vertical):
    """What gnuplot is told: one bar per row and series, on a log scale."""
    high = 0.8 / max(len(series), 1)
    shown = [v for _, values in series for v in values if v]
    shown += [m for m in marks or () if m] + ([1] if vertical else [])
    least, most = min(shown) / 2, max(shown) * 2
    out = [
        "set terminal svg size 900,%d dynamic font 'sans-serif,13' "
        "background '#ffffff'" % (ROW * len(names) + 110),
        "set title '%s'" % title,
        "set logscale x",
        "set xrange [%g:%g]" % (least, most),
        "set yrange [%g:-0.6]" % (len(names) - 0.4),
        "set ytics (%s) scale 0" % ", ".join(
            "'%s' %d" % (name, i) for i, name in enumerate(names)),
        "set grid x", "set key outside bottom center horizontal",
        "set style fill solid 1 noborder", "set format x '%g'",
    ]
    if vertical:
        out.append("set arrow from 1,graph 0 to 1,graph 1 nohead lw 2 "
                   "lc rgb '#555555' front")
    plots = []
    for s, (label, values) in enumerate(series):
        out.append("$d%d << EOD" % s)
        for i, v in enumerate(values):
            if v and v > 0:
                low = i - 0.4 + s * high
                out.append("%g %g %g %g %g %g" % (
                    v, i, least, v, low, low + high))
        out += ["nan nan nan nan nan nan", "EOD"]
        plots.append("$d%d using 1:2:3:4:5:6 with boxxyerror lc rgb '%s' "
                     "title '%s'" % (s, COLOURS[s], label))
    if marks and any(marks):
        out.append("$m << EOD")
        out += ["%g %d" % (m, i) for i, m in enumerate(marks) if m]
        out.append("EOD")
        plots.append("$m using 1:2:(0):(0.45) with vectors nohead lw 3 "
                     "lc rgb '#000000' notitle")
        plots.append("$m using 1:2:(0):(-0.45) with vectors nohead lw 3 "
                     "lc rgb '#000000' title 'bar'")
    out.append("plot " + ", ".join(plots))
    return "\n".join(out) + "\n"


def svg(title, names, series, marks=None, vertical=False):
    """The element to put into a page; empty if there is nothing to draw."""
    if not any(v and v > 0 for _, values in series for v in values):
        return ""
    text = subprocess.run(
        ["gnuplot"], input=script(title, names, series, marks, vertical),
        capture_output=True, text=True, check=True).stdout
    text = re.sub(r"^.*?(?=<svg)", "", text, flags=re.S)
    return text.replace("<svg", '<svg role="img" aria-label="%s"' % title, 1)
