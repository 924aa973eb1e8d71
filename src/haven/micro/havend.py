# SPDX-License-Identifier: GPL-2.0-or-later
"""havend on MicroPython: the same program, with a plan that another machine may have made."""

import os
import sys

from haven import paths
from haven.arguments import RUN_DIR, CommandOption, UsageError, answer_program, parse_program
from haven.havend.host import libc, system
from haven.havend.log import explain
from haven.micro.files import copy_file

SUMMARY = "Runs the virtual routers of a plan until it is told to stop."
PLAN = CommandOption("--plan", "the plan", "FILE", paths.SMALL_PLAN)
CONFIG = CommandOption("--config", "a configuration instead, where python3 and haven's compiler are", "FILE")
WAIT = CommandOption("--wait", "wait out what stands in the way until a reload")
CLEAR = CommandOption("--clear", "only remove what a havend that was killed has left, and end")
FACTS = CommandOption("--facts", "print what `haven plan --machine` has to know of this machine, and end")
OPTIONS = (PLAN, CONFIG, RUN_DIR, WAIT, CLEAR, FACTS)
TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.contract.plan import Plan

NO_CLOCK = "havend: this MicroPython has no ffi, and a clock of 32 bits that begins anew after 18 minutes"
WITHOUT_FFI = (
    "havend: this MicroPython has no ffi: it runs without real-time scheduling, and SIGTERM ends it at once"
    " ('haven stop' hands over)"
)


def main() -> int:
    """Run havend; return its exit status."""
    system.prepare_process()
    try:
        options = parse_program(sys.argv[1:], "havend-micro", SUMMARY, OPTIONS)
    except UsageError as error:
        explain(str(error))
        return 2
    if options is None:
        sys.stdout.write(answer_program(sys.argv[1:], "havend-micro", SUMMARY, OPTIONS))
        return 0
    if "--facts" in options.flags:
        from haven.micro.exported_facts import print_facts

        return print_facts()
    if os.geteuid() != 0:
        explain("havend: it needs root: it opens raw sockets and sets addresses")
        return 1
    system.keep_others_out()
    if "--clear" in options.flags:
        from haven.havend.leftovers import clear

        return clear(options.values["--run-dir"])
    if not libc.is_there:
        if not sys.maxsize >> 32:
            explain(NO_CLOCK)
            return 1
        explain(WITHOUT_FFI)
    return _run(options.values, "--wait" in options.flags)


def _run(values: "dict[str, str]", wait: bool) -> int:
    # Late, because most of the program is behind it.
    from haven.havend.start import run

    if values["--config"]:
        return run(values["--config"], values["--run-dir"], wait)
    return run(values["--plan"], values["--run-dir"], wait, _bring)


def _bring(plan: str, place: str) -> "Plan":
    """Put a plan where the one in force belongs, and return it."""
    from haven.havend.start import take_plan

    found = take_plan(plan)
    if plan != place:
        copy_file(plan, place + ".taken")
        os.rename(place + ".taken", place)
    return found
