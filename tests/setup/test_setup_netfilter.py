# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether answers can be held here is what nft says of such a rule, and nothing is left of the question."""

from pathlib import Path

import pytest

from haven.setup.netfilter_probe import has_queue

NFT = '#!/bin/sh\necho "$@" >%s\ncat >>%s\nexit %d\n'


@pytest.mark.parametrize(("status", "can"), [(0, True), (1, False)])
def test_nft_is_asked_to_check_a_rule(
    status: int, can: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = tmp_path / "asked"
    (tmp_path / "nft").write_text(NFT % (asked, asked, status))
    (tmp_path / "nft").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert has_queue() == can
    words, _, rule = asked.read_text().partition("\n")
    assert words.split() == ["-c", "-f", "-"] and "queue flags bypass" in rule


def test_without_nft_nothing_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not has_queue()
