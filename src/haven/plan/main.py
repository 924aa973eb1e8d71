# SPDX-License-Identifier: GPL-2.0-or-later
"""The compiler as a program: a configuration becomes a plan file."""

import json
import sys

from haven.arguments import CONFIG, CommandOption, begin_program
from haven.contract.diagnostics import Diagnostic
from haven.contract.plan import PlanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.plan.assemble import Compiled

SUMMARY = "Compiles a configuration into a plan for this machine."
OUTPUT = CommandOption("--output", "where the plan goes", "FILE")
JSON = CommandOption("--json", "say what stands in the way as JSON, a line")
MACHINE = CommandOption("--machine", "for the machine of these facts", "FACTS")
STANDBY = CommandOption("--standby", "for a machine that stands by for the one of this configuration")
OPTIONS = (CONFIG, OUTPUT, MACHINE, STANDBY, JSON)


def main() -> int:
    """Write the plan; 0 done, 1 refused with every problem on stderr, 2 wrong usage."""
    options = begin_program(sys.argv[1:], "compile", SUMMARY, OPTIONS)
    if isinstance(options, int):
        return options
    if not options.values["--output"]:
        print("compile: --output is missing", file=sys.stderr)
        return 2
    problems = _compile(options.values, "--standby" in options.flags)
    if problems and "--json" in options.flags:
        print(json.dumps([each.as_dict() for each in problems]), file=sys.stderr)
    elif problems:
        print("\n".join(str(each) for each in problems), file=sys.stderr)
    return 1 if problems else 0


def _compile(values: "dict[str, str]", standby: bool) -> list[Diagnostic]:
    try:
        # Here, so that a package that is missing can be named.
        from haven.plan.write import write_plan

        plan, problems = _make(values["--config"], values["--machine"], standby)
        if plan is not None:
            write_plan(values["--output"], plan)
    except ModuleNotFoundError as why:
        return [Diagnostic("module-missing", {"module": why.name})]
    except PlanError as why:
        return [why.diagnostic]
    return problems


def _make(config: str, facts: str, standby: bool) -> "Compiled":
    if facts:
        from haven.plan.other_machine import make_plan_for

        return make_plan_for(facts, config, standby)
    from haven.plan.assemble import make_plan

    return make_plan(config)


if __name__ == "__main__":
    sys.exit(main())
