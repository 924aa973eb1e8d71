# SPDX-License-Identifier: GPL-2.0-or-later
"""The process that holds the DHCP server's answers, with a real queue, in every condition it can be in."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from haven.agent.leases.holder_link import PATIENCE_S
from haven.leases.holder import HOLD_S
from tests.lab.namespace import Namespace, clean_up_always, lab_number
from tests.root import need_root

ROOT = Path(__file__).resolve().parents[2]
# A client asks again then. How long it takes here says something of the machine.
CLIENT_ASKS_AGAIN_S = 4.0


@pytest.fixture
def inside() -> Iterator[Namespace]:
    need_root()
    clean_up_always()
    made = Namespace("holder", lab_number())
    made.ip("link set lo up")
    yield made
    made.delete()


def test_an_answer_goes_out_whatever_becomes_of_its_holder(inside: Namespace):
    paths = f"PYTHONPATH={ROOT / 'src'}:{ROOT}"
    said = inside.run("env", paths, sys.executable, str(ROOT / "tests/agent/holder_trial.py"))
    found = json.loads(said.splitlines()[-1])
    assert found["binding"] == {
        "address": "10.77.0.2",
        "mac": "02:00:00:00:00:02",
        "client_id": "",
        "name": "",
        "lasts_s": 3600,
    }
    # Held for its whole time, where nobody says that it is known.
    assert found["unknown"] >= 100 and found["again"] >= 100
    assert not found["held_alone"], "nobody is to be waited for"
    took = ("nobody", "known", "unknown", "hangs", "hangs_holding", "dies_holding", "alone", "closed")
    print({each: found[each] for each in took})
    assert all(found[each] is not None for each in took), found
    # One that hangs may have been heard a moment ago.
    assert HOLD_S + 2 * PATIENCE_S < CLIENT_ASKS_AGAIN_S
    assert found["why"] == "it hangs" and not found["left"]
