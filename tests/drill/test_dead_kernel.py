# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that plays dead, in a namespace of its own: what is dropped, and that it runs out by itself."""

import subprocess
import sys
from pathlib import Path

from tests.root import need_root

SOURCES = Path(__file__).parents[2] / "src"
CODE = """
import subprocess, time
from haven.drill import dead_kernel as kernel

def nft(text): subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)
def rules(): return subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True).stdout
try:
    kernel.die(["lan"], ["lan"], 1, 1)
except OSError as why:
    print("unprepared:", why.errno)
nft(kernel.PREPARE)
kernel.die(["lan", "wan"], ["lan", "wan", "sync"], 40, 30)
found = rules()
print(found.count('"lan" timeout'), found.count('"sync" timeout 30s'))
nft(kernel.FORWARD)
print(rules().count('"lan" timeout'))
kernel.die(["lan"], [], 0.05, 30)
deadline = time.monotonic() + 60
while '"lan" timeout 50ms' in rules() and time.monotonic() < deadline:
    time.sleep(0.02)
print(rules().count("timeout 50ms"))
for _ in range(2):
    nft(kernel.REMOVE)
print(repr(rules()))
"""


def test_elements_are_there_at_once_and_run_out_by_themselves() -> None:
    need_root()
    argv = ["unshare", "-n", sys.executable, "-c", CODE]
    done = subprocess.run(argv, cwd=SOURCES, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["unprepared: 2", "3 2", "2", "0", "''"], done.stderr
