#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Unites what gcov counted in several runs: which lines of kage.ko ran.

usage: coverage.py MODULE OUT

MODULE is the directory where kage.ko was built, with gcov's notes beside the
objects. OUT/SOURCE/data has what a run left: that of a kernel in a copy of the
tree of its objects, that of a program beside notes of its own. A line counts if
it is one in kage.ko, and it ran if it ran anywhere.
"""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

LEAST = 85  # percent
TOP = Path(__file__).resolve().parent.parent


def gcov(files):
    """What gcov says of @files: pairs of a source's path and a line of it."""
    if not files:
        return
    done = subprocess.run(
        ["gcov", "--json-format", "--stdout", *map(str, files)],
        capture_output=True, text=True, check=True)
    if "mismatch" in done.stderr:
        sys.exit("coverage.py: data of another build, run that again:\n"
                 + done.stderr)
    for text in done.stdout.splitlines():
        report = json.loads(text)
        for file in report["files"]:
            path = os.path.join(report["current_working_directory"],
                                file["file"])
            for line in file["lines"]:
                yield os.path.normpath(path), line


def name_of(path, module):
    """As it is called in the tree; None for what is not of the module."""
    for top in (str(module), str(TOP / "module")):
        if path.startswith(top + "/"):
            name = path[len(top) + 1:]
            return None if name.startswith("tests/") else name
    return None


def lines_of_module(module):
    """{file: {line: function}} of all that can be counted in kage.ko."""
    notes = [note for note in module.rglob("*.gcno")
             if note.with_suffix(".o").exists()
             and note.relative_to(module).parts[0] != "tests"]
    found = {}
    for path, line in gcov(notes):
        name = name_of(path, module)
        if name:
            found.setdefault(name, {})[line["line_number"]] = \
                line.get("function_name", "")
    return found


def add_notes(data):
    """A kernel's data are below the path of their objects."""
    for file in data.rglob("*.gcda"):
        notes = Path("/", file.relative_to(data)).with_suffix(".gcno")
        if notes.exists():
            shutil.copy(notes, file.parent)


def lines_run(module, data):
    """{(file, line)} of what ran."""
    add_notes(data)
    return {(name_of(path, module), line["line_number"])
            for path, line in gcov(sorted(data.rglob("*.gcda")))
            if line["count"]}


def ranges(lines, run):
    """Lines that did not run, those together that no line that ran parts."""
    last = None
    for number in sorted(lines):
        if number in run:
            if last:
                yield last
            last = None
        else:
            last = (last[0] if last else number, number)
    if last:
        yield last


def write_uncovered(file, module, found, run):
    for name in sorted(found):
        source = (module / name).read_text().splitlines()
        for first, last in ranges(found[name], run[name]):
            function = found[name][first]
            file.write(f"module/{name}:{first}-{last} {function}\n")
            for number in range(first, last + 1):
                file.write(f"\t{source[number - 1]}\n")


def print_table(found, run):
    """Return: the percentage of all."""
    rows = [(f"module/{name}", len(lines), len(run[name]))
            for name, lines in sorted(found.items())]
    rows.append(("all", sum(r[1] for r in rows), sum(r[2] for r in rows)))
    print(f"{'file':32} {'lines':>6} {'run':>6} {'percent':>8}")
    for name, lines, ran in rows:
        print(f"{name:32} {lines:6} {ran:6} {100 * ran / lines:8.1f}")
    return 100 * ran / lines


def main():
    module, out = (Path(arg).resolve() for arg in sys.argv[1:3])
    found = lines_of_module(module)
    ran = set()
    for data in sorted(out.glob("*/data")):
        lines = lines_run(module, data)
        print(f"# {data.parent.name}: "
              f"{sum(n in found.get(f, ()) for f, n in lines)} lines")
        ran |= lines
    run = {name: {n for n in lines if (name, n) in ran}
           for name, lines in found.items()}
    with open(out / "uncovered", "w", encoding="utf-8") as file:
        write_uncovered(file, module, found, run)
    percent = print_table(found, run)
    print(f"# what did not run: {out / 'uncovered'}")
    return 0 if percent >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
