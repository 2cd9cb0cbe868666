#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs Bochs under its own debugger and looks where it is, every so many
instructions: a profile that no masked interrupt hides anything from.

usage: sample.py PERIOD SERIAL OUT COMMAND...

COMMAND starts Bochs, whose serial port writes to the file SERIAL. Sampling is
on from a line there that begins with "# sample on" to one with "# sample off".
OUT gets the lines of SERIAL as they come, and between them the samples:
  @ MODE RIP RSP      MODE is g for the guest of a hypervisor, h for all else

A VM exit leaves IDTR with the largest limit there is, and a guest's own is
smaller: that tells the two apart.
"""
import os
import pty
import re
import select
import signal
import sys

AHEAD = 4  # questions that the debugger has before it answers
PATIENCE = 0.2  # seconds between two looks at the serial port
NEEDED = re.compile(
    rb"idtr:base=0x[0-9a-f]+, limit=0x([0-9a-f]+)|"
    rb"rsp: ([0-9a-f_]+)|rip: ([0-9a-f_]+)")
HOST_LIMIT = 0xffff


class Serial:
    """The lines that have come since the last look."""

    def __init__(self, path):
        self.file = open(path, "rb")
        self.rest = b""

    def lines(self):
        *done, self.rest = (self.rest + self.file.read()).split(b"\n")
        return [line.strip(b"\r") for line in done]


class Debugger:
    def __init__(self, command):
        self.pid, self.tty = pty.fork()
        if not self.pid:
            os.environ["TERM"] = "linux"
            os.execvp(command[0], command)
        self.text = b""
        self.asked = False

    def say(self, command):
        os.write(self.tty, command + b"\n")

    def ask(self, question):
        self.asked = True
        self.say(question)

    def stop(self):
        os.kill(self.pid, signal.SIGINT)

    def read(self):
        """More of its words, if it has any; False once it is gone."""
        if not select.select([self.tty], [], [], PATIENCE)[0]:
            return True
        try:
            text = os.read(self.tty, 65536)
        except OSError:  # the other end is closed
            return False
        self.text += text
        # What it says at its start names the terminal that it draws on.
        if not self.asked:
            os.write(sys.stdout.fileno(), text)
        return True

    def samples(self):
        """Those whose words are complete: (limit, rsp, rip)."""
        out, end, found = [], 0, {}
        for match in NEEDED.finditer(self.text):
            found[match.lastindex] = match.group(match.lastindex)
            if len(found) == 3:
                out.append([int(found[i].replace(b"_", b""), 16)
                            for i in (1, 2, 3)])
                end, found = match.end(), {}
        self.text = self.text[end:]
        return out


class Sampler:
    def __init__(self, period, serial, out, debugger):
        self.step = b"s %d\nsreg\nr" % period
        self.serial = serial
        self.out = out
        self.debugger = debugger
        self.on = False
        self.open = 0

    def copy_lines(self):
        """Sampling begins and ends with some of them."""
        for line in self.serial.lines():
            self.out.write(line + b"\n")
            if line.startswith(b"# sample on") and not self.on:
                self.on = True
                self.debugger.stop()
            elif line.startswith(b"# sample off") and self.on:
                self.on = False
                self.debugger.say(b"c")

    def copy_samples(self):
        for limit, rsp, rip in self.debugger.samples():
            mode = b"h" if limit == HOST_LIMIT else b"g"
            self.out.write(b"@ %s %x %x\n" % (mode, rip, rsp))
            self.open -= 1

    def run(self):
        self.debugger.say(b"c")
        while self.debugger.read():
            self.copy_lines()
            self.copy_samples()
            while self.on and self.open < AHEAD:
                self.debugger.ask(self.step)
                self.open += 1


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    period, serial, out = sys.argv[1:4]
    with open(out, "wb") as file:
        debugger = Debugger(sys.argv[4:])
        Sampler(int(period), Serial(serial), file, debugger).run()
        status = os.waitpid(debugger.pid, 0)[1]
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
