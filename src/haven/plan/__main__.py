# SPDX-License-Identifier: GPL-2.0-or-later
"""`python -m haven.plan`: compile a configuration into a plan file."""

import argparse
import sys

from haven.plan.plan_file import PlanError, write_plan


def main(arguments: list[str] | None = None) -> int:
    """Write the plan; 0 done, 1 refused with every problem on stderr, a line each."""
    parser = argparse.ArgumentParser(prog="python -m haven.plan", description=__doc__)
    parser.add_argument("--config", default="/etc/config/haven", metavar="FILE")
    parser.add_argument("--output", required=True, metavar="FILE", help="where the plan goes")
    options = parser.parse_args(arguments)
    try:
        # Here, so that a package that is missing can be named.
        from haven.plan.assemble import make_plan

        plan, problems = make_plan(options.config)
    except ModuleNotFoundError as why:
        print("the Python module %s is not installed" % why.name, file=sys.stderr)
        return 1
    for problem in problems:
        print(problem, file=sys.stderr)
    if plan is None:
        return 1
    try:
        write_plan(options.output, plan)
    except PlanError as why:
        print(why, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
