# SPDX-License-Identifier: GPL-2.0-or-later
"""havend-micro of a checkout: CPython prepares what MicroPython cannot, and becomes MicroPython."""

import os
import resource
import signal
import sys
from pathlib import Path

# Of the build that is to be tried, in place of the one on PyPI; and its heap.
BUILD, HEAP = "HAVEN_MICROPYTHON", "HAVEN_MICROPYTHON_HEAP"
USUAL_HEAP = "8m"


def main() -> int:
    """Start havend-micro; return only where there is no MicroPython."""
    return _become("havend")


def command() -> int:
    """Start the small node's haven; return only where there is no MicroPython."""
    return _become("command")


def _become(program: str) -> int:
    folder = Path(sys.executable).parent
    build = os.environ.get(BUILD) or str(folder / "micropython")
    # The compiler is called by the name of python3.
    os.environ["PATH"] = "%s:%s" % (folder, os.environ.get("PATH", os.defpath))
    # Of the plan, too, which holds the version 2 password: MicroPython opens no file with rights of its own.
    os.umask(0o077)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    entry = str(Path(__file__).with_name("main.py"))
    heap = "heapsize=%s" % os.environ.get(HEAP, USUAL_HEAP)
    try:
        os.execv(build, [build, "-X", heap, entry, program, *sys.argv[1:]])
    except OSError as why:
        sys.stderr.write("havend-micro: %s: %s\n" % (build, why.strerror))
        return 1


if __name__ == "__main__":
    sys.exit(main())
