# SPDX-License-Identifier: GPL-2.0-or-later
"""What the agent reports of connections."""

from haven.agent.account import account

FIGURES = {"injected": 3, "lost": 7}


def test_one_peer_has_its_losses_told() -> None:
    told = account(FIGURES, age=0.25, in_sync=True, restarts=2)
    assert (told["injected"], told["lost"], told["heard_ms"], told["restarts"]) == (3, 7, 250, 2)
    assert told["in_sync"] is True


def test_gaps_between_several_senders_are_not_losses() -> None:
    told = account(FIGURES, age=None, in_sync=False, restarts=0, several=True)
    assert "lost" not in told
    assert (told["injected"], told["heard_ms"]) == (3, None)
