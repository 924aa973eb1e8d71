# SPDX-License-Identifier: GPL-2.0-or-later
"""The program havend."""

import os
import sys

from haven.havend.host import system
from haven.havend.log import explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE = """usage: havend --config FILE --run-dir DIR [--wait]

Runs the virtual routers of a configuration until it is told to stop (haven stop, or SIGTERM).

  --config FILE    the configuration (default /etc/config/haven)
  --run-dir DIR    where the control socket and the plan are (default /var/run/haven)
  --wait           what stands in the way is waited out: status tells it, and haven reload starts anew
"""


class UsageError(Exception):
    """The command line is not understood; the text says what of it."""


def main() -> int:
    """Run havend; return its exit status."""
    system.prepare_descriptors()
    words = sys.argv[1:]
    wait = "--wait" in words
    if "-h" in words or "--help" in words:
        os.write(1, USAGE.encode())
        return 0
    try:
        options = _parse([word for word in words if word != "--wait"])
    except UsageError as error:
        explain("havend: %s\n%s" % (error, USAGE))
        return 2
    if os.geteuid() != 0:
        explain("havend: it needs root: it opens raw sockets and sets addresses")
        return 1
    # Late, because most of the program is behind it.
    from haven.havend.start import run

    return run(options["--config"], options["--run-dir"], wait)


def _parse(words: "Sequence[str]") -> "dict[str, str]":
    options = {"--config": "/etc/config/haven", "--run-dir": "/var/run/haven"}
    left = list(words)
    while left:
        name, equals, value = left.pop(0).partition("=")
        if name not in options:
            raise UsageError("%s is not understood" % name)
        if not equals:
            if not left:
                raise UsageError("%s needs a value" % name)
            value = left.pop(0)
        options[name] = value
    return options


if __name__ == "__main__":
    sys.exit(main())
