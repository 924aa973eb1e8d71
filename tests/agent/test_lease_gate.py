# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules about DHCP, with stand-ins for nft and iptables that write down what they are told."""

from collections.abc import Callable
from pathlib import Path

import pytest

from haven.agent.calls import ChildEnd
from haven.agent.leases.gate import Gate, _complaint
from haven.agent.loop import Loop, Scope
from tests.agent.turns import turn_until

NFT = "#!/bin/sh\ncat >{folder}/told\n{more}\n"
NO_QUEUE = 'if grep -q queue {folder}/told; then echo "Error: Could not process rule" >&2; exit 1; fi'
IPTABLES = '#!/bin/sh\necho "$*" >>{folder}/iptables.told\n'


class Box:
    """A gate whose programs are in a folder of the test's."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.loop, self.failures = folder, Loop(), []
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        self.gate = Gate(Scope(self.loop, str(folder), self.failures.append))

    def program(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text.replace("{folder}", str(self.folder)))
        path.chmod(0o755)

    def told(self, name: str = "told") -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def until(self, condition: Callable[[], object]) -> None:
        turn_until(self.loop, condition, self.failures)


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    made = Box(tmp_path, monkeypatch)
    made.program("nft", NFT.replace("{more}", ""))
    made.program("iptables", IPTABLES)
    return made


def test_a_standby_is_closed_before_it_is_said_to_be(box: Box):
    said: list[str] = []
    box.gate.hold(["lan", "guest"])
    box.gate.close(["lan"], lambda: said.append(box.told()))
    box.until(lambda: said)
    assert '"lan" timeout 120s' in said[0] and '"guest" timeout' not in said[0] and "queue" in said[0]
    assert box.told("iptables.told") == "" and not box.gate.failure


def test_a_kernel_without_queues_of_nft_gets_those_of_iptables(box: Box):
    box.program("nft", NFT.replace("{more}", NO_QUEUE))
    said: list[bool] = []
    box.gate.hold(["lan"])
    box.gate.close(["lan"], lambda: said.append(True))
    box.until(lambda: said and box.told("iptables.told").count("NFQUEUE") == 2)
    assert '"lan" timeout 120s' in box.told() and "queue" not in box.told() and not box.gate.failure
    box.gate.end(True, lambda: said.append(False))
    box.until(lambda: said[-1] is False and "-X haven_leases_output" in box.told("iptables.told"))
    assert '"lan" timeout 120s' in box.told() and "queue" not in box.told() and not box.gate.failure
    box.gate.end(False, lambda: said.append(True))
    box.until(lambda: said[-1])
    assert "closed" not in box.told()


def test_without_nft_the_standby_answers_and_that_is_said(box: Box):
    box.program("nft", "#!/bin/sh\necho broken >&2\nexit 1\n")
    box.program("iptables", "#!/bin/sh\nexit 1\n")
    said: list[bool] = []
    box.gate.hold(["lan"])
    box.gate.close(["lan"], lambda: said.append(True))
    box.until(lambda: said and box.gate.failure and box.gate.unheld)
    assert "broken" in box.gate.failure


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("sh: iptables: not found", "sh: iptables: not found"),
        ("iptables: No chain", "sh: iptables: No chain"),
    ],
)
def test_what_a_program_says_of_itself_is_not_said_twice(words: str, said: str) -> None:
    assert _complaint(ChildEnd(127, "", words + "\n"), "sh") == said
