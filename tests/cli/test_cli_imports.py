# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven status` is asked often, and must not wait for what it does not need."""

import json
import subprocess
import sys
from collections.abc import Callable

from tests.cli.fake_havend import FakeHavend
from tests.cli.subjects import STATUS
from tests.havend.machines import environment

SLOW = ("pyroute2", "jinja2", "haven.config", "haven.plan", "haven.contract.plan", "haven.havend", "argparse")
# The words of the contract are made with numbers and names of the core, and with nothing that acts.
OF_THE_CORE = ("clock", "spec", "tracking", "value", "vrrp", "vrrp.constants")

PROGRAM = f"""
import sys
from haven.cli.main import main
status = main(sys.argv[1:])
core = [name[len("haven.core."):] for name in sys.modules if name.startswith("haven.core.")]
slow = set({SLOW!r}) & set(sys.modules) | set(core) - set({OF_THE_CORE!r})
print(status, sorted(slow), file=sys.stderr)
"""


def test_status_imports_neither_the_compiler_nor_the_configuration(fake: Callable[..., FakeHavend]) -> None:
    havend = fake(status=json.loads(STATUS.read_text()))
    call = [sys.executable, "-c", PROGRAM, "--run-dir", str(havend.run_dir), "status"]
    done = subprocess.run(call, capture_output=True, text=True, env=environment(), timeout=60)
    assert done.stderr == "0 []\n"
