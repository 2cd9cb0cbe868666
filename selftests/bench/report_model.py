# SPDX-License-Identifier: GPL-2.0
"""A model, not a measurement: cycles that a row would take on hardware."""

# Cycles per instruction: an assumption, the same for all three.
CPI = 1.0
PVM = ("PVM (SOSP'23), sections 2.2 and 3.3: a world switch of 0.105 us at "
       "2.5 GHz on Cascade Lake; there and back is taken as two")
AGESEN = ("Agesen et al. (USENIX ATC'12), table 1; the figure is quoted at "
          "second hand")
# What Bochs calls the host's CPU, cycles of an exit and entry, and source. The
# first is Skylake-SP, of which Cascade Lake is a later stepping.
PRICES = {
    "corei7_skylake_x": (525, PVM),
    "core2_penryn_t9600": (1266, AGESEN),
}


def price(machine):
    """(cycles, source) of the machine that the notes name, or None."""
    for name, known in PRICES.items():
        if name in machine:
            return known
    return None


def cycles(got, known):
    """Per operation; what an exit costs beside its handler's instructions."""
    if got is None or known is None:
        return None
    return got["instructions"] * CPI + got["exits"] * known[0]
