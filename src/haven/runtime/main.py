# SPDX-License-Identifier: GPL-2.0-or-later
"""The program havend."""

import os
import sys

from haven.runtime import cpython as system

USAGE = """usage: havend --config FILE --run-dir DIR

Runs the virtual routers of a configuration until it is told to stop (haven stop, or SIGTERM).

  --config FILE    the configuration (default /etc/config/haven)
  --run-dir DIR    where the control socket and the plan are (default /var/run/haven)
"""


def main() -> int:
    """Run havend; return its exit status."""
    options = {"--config": "/etc/config/haven", "--run-dir": "/var/run/haven"}
    words = sys.argv[1:]
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if word in ("-h", "--help"):
            sys.stdout.write(USAGE)
            return 0
        if name not in options or not (equals or words):
            sys.stderr.write("havend: %s is not understood\n%s" % (word, USAGE))
            return 2
        options[name] = value if equals else words.pop(0)
    if os.geteuid() != 0:
        sys.stderr.write("havend: it needs root: it opens raw sockets and sets addresses\n")
        return 1
    return _run(options["--config"], options["--run-dir"])


def _run(config: str, run_dir: str) -> int:
    from haven.runtime.start import start

    daemon = start(config, run_dir)
    if daemon is None:
        return 1
    daemon.run()
    for command in daemon.plan.commands.get("teardown", ()):
        system.run(command["argv"], command.get("stdin", ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
