# SPDX-License-Identifier: GPL-2.0-or-later
"""`python -m bench [NAME...]`: run the benches, all or by name, and print their tables."""

import os
import sys

from bench.cost import idle_cost
from bench.outage import planned_stops, power_cuts, switchovers
from bench.steadiness import busy_machine
from bench.table import heading
from tests.lab import namespace

BENCHES = {
    "power-cut": power_cuts,
    "planned-stop": planned_stops,
    "switchover": switchovers,
    "cost": idle_cost,
    "busy": busy_machine,
}


def main(names: list[str]) -> int:
    """Run the benches; 0 when every bound was kept."""
    unknown = [name for name in names if name not in BENCHES]
    if unknown or os.geteuid() != 0:
        print(f"there is no bench {unknown[0]}" if unknown else "the benches need root", file=sys.stderr)
        return 2
    namespace.clean_up_always()
    namespace.remove_leftovers()
    print(heading(), flush=True)
    missed = False
    for name in names or BENCHES:
        for row in BENCHES[name]():
            print(row.row(), flush=True)
            missed = missed or "MISSED" in row.verdict()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
