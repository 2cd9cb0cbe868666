#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# From the lines of net_init.sh to a table, and a file of results in the form of
# report.py: per operation ticks of the whole machine, exits less those for the
# host's own interrupts, interrupts injected, and every counter that grew.
# usage: net_report.sh RAW JSON
set -euo pipefail

[ $# -eq 2 ] || {
	echo "usage: net_report.sh RAW JSON" >&2
	exit 2
}

# Prints "json TEXT" and "table TEXT" lines.
evaluate()
{
	awk '
	function own(who, pair)
	{
		if (who == "kage")
			return pair ~ /^exit-/ &&
				pair !~ /^exit-(interrupt|preemption-timer)=/
		return pair ~ /^exits=/
	}

	# One hypervisor under one row; leaves ticks, exits, injections.
	function side(who, name,	i, n, words, pair, text)
	{
		ops = operations[who, name]
		ticks = measured[who, name] / ops
		exits = injections = 0
		text = ""
		n = split(counted[who, name], words, " ")
		for (i = 1; i <= n; i++) {
			split(words[i], pair, "=")
			if (own(who, words[i]))
				exits += pair[2]
			else if (pair[1] == "irq_exits")
				exits -= pair[2]
			if (pair[1] ~ /^(irq_)?injections$/)
				injections += pair[2]
			text = text sprintf("%s\"%s\": %.3f", text ? ", " : "",
				pair[1], pair[2] / ops)
		}
		exits /= ops
		injections /= ops
		return sprintf("  \"%s\": {\"ticks\": %.1f, \"exits\": %.3f, " \
			"\"instructions\": %.1f,\n   \"injections\": %.3f, " \
			"\"counters\": {%s}}", who, ticks, exits, ticks,
			injections, text)
	}

	function row(name,	w, who, json, cells, first)
	{
		json = sprintf(" {\"name\": \"%s\", \"unit\": \"%s\"", name,
			units[name])
		cells = sprintf("%-12s", name)
		first = 0
		for (w = 1; w <= 2; w++) {
			who = w == 1 ? "kage" : "qemu_vhost"
			if (!((who, name) in operations)) {
				cells = cells sprintf("%10s%7s%7s", "-", "-", "-")
				continue
			}
			json = json ",\n" side(who, name)
			cells = cells sprintf("%10.0f%7.2f%7.2f", ticks, exits,
				injections)
			if (w == 1)
				first = ticks
		}
		if (first && ((who, name) in operations))
			cells = cells sprintf("%7.2f", first / ticks)
		else
			cells = cells sprintf("%7s", "-")
		print "table " cells "  " units[name]
		return json "}"
	}

	$1 == "bench" && NF > 5 {
		if (!($3 in units))
			names[++count] = $3
		operations[$2, $3] = $4
		measured[$2, $3] = $5
		units[$3] = $6
		for (i = 7; i <= NF; i++)
			units[$3] = units[$3] " " $i
	}
	$1 == "count" {
		for (i = 4; i <= NF; i++)
			counted[$2, $3] = counted[$2, $3] " " $i
	}
	END {
		print "json ["
		for (k = 1; k <= count; k++) {
			json = row(names[k])
			gsub(/\n/, "\njson ", json)
			print "json " json (k < count ? "," : "")
		}
		print "json ]"
	}' "$1"
}

lines=$(evaluate "$1")
sed -n 's/^json //p' <<<"$lines" >"$2"
echo
sed -n 's/^# /# /p' "$1"
echo
echo "Per operation: ticks of the whole machine, exits, interrupts."
echo
printf '%-12s%10s%7s%7s%10s%7s%7s%7s  %s\n' row kage exits irqs \
	vhost exits irqs ratio 'one operation'
sed -n 's/^table //p' <<<"$lines"
