# SPDX-License-Identifier: GPL-2.0-or-later
"""The program havend."""

import os
import sys

from haven.arguments import CONFIG, RUN_DIR, CommandOption, UsageError, answer_program, parse_program
from haven.havend.host import system
from haven.havend.log import explain

SUMMARY = "Runs the virtual routers of a configuration until it is told to stop (haven stop, or SIGTERM)."
WAIT = CommandOption("--wait", "wait out what stands in the way: status tells it, haven reload starts anew")
CLEAR = CommandOption("--clear", "only remove what a havend that was killed has left, and end")
OPTIONS = (CONFIG, RUN_DIR, WAIT, CLEAR)


def main() -> int:
    """Run havend; return its exit status."""
    system.prepare_process()
    try:
        options = parse_program(sys.argv[1:], "havend", SUMMARY, OPTIONS)
    except UsageError as error:
        explain(str(error))
        return 2
    if options is None:
        os.write(1, answer_program(sys.argv[1:], "havend", SUMMARY, OPTIONS).encode())
        return 0
    if os.geteuid() != 0:
        explain("havend: it needs root: it opens raw sockets and sets addresses")
        return 1
    system.keep_others_out()
    if "--clear" in options.flags:
        from haven.havend.leftovers import clear

        return clear(options.values["--run-dir"])
    # Late, because most of the program is behind it.
    from haven.havend.start import run

    return run(options.values["--config"], options.values["--run-dir"], "--wait" in options.flags)


if __name__ == "__main__":
    sys.exit(main())
