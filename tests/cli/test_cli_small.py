# SPDX-License-Identifier: GPL-2.0-or-later
"""What `haven small` says of the nodes that get their plans here."""

from pathlib import Path

import pytest

from haven.cli import main, small_command

ASKED = {"name": "shed", "address": "192.0.2.3", "asked_s": 4.0, "virtual_routers": 2, "problems": []}


def _said(root: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main.main(["small", *words, "--root", str(root), "--run-dir", str(root / "run")]) == 0
    return capsys.readouterr().out


def test_a_key_of_which_the_agent_says_nothing_is_listed_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    answer: dict = {}
    monkeypatch.setattr(small_command, "ask", lambda _run_dir, _command: answer)
    assert "no small node has a key here" in _said(tmp_path, capsys)
    assert "haven-micro join ADDRESS" in _said(tmp_path, capsys, "add", "shed")
    assert _said(tmp_path, capsys).startswith("shed  has a key, but haven-agent")
    answer["small_nodes"] = [ASKED]
    assert _said(tmp_path, capsys) == (
        "shed  asked 4 s ago from 192.0.2.3; it has its plan, virtual routers: 2\n"
    )
    _said(tmp_path, capsys, "remove", "shed")
    answer.clear()
    assert "no small node has a key here" in _said(tmp_path, capsys)
