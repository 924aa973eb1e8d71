# SPDX-License-Identifier: GPL-2.0-or-later
"""What havend has read of its own program stays in memory, or its log says why not."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from haven.havend import own_pages
from tests.havend.machines import Havend, Machine
from tests.havend.plans import lan

Make = Callable[..., Havend]


def test_the_pages_of_havend_are_not_taken_from_it(pair: tuple[Machine, Machine], havend: Make) -> None:
    node = havend(pair[0], lan(advert_interval=10)).start().until("active")
    assert node.process is not None
    status = Path(f"/proc/{node.process.pid}/status").read_text().split()
    locked_kb, resident_kb = (int(status[status.index(each) + 1]) for each in ("VmLck:", "VmRSS:"))
    assert (locked_kb > resident_kb / 2) != node.says("read from flash again")
    assert node.stop() == 0


def test_a_kernel_with_numbers_of_its_own_is_asked_by_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def lock_memory(flags: int) -> bool:
        asked.append(flags)
        return flags == 0xA000

    monkeypatch.setattr(own_pages.system, "lock_memory", lock_memory)
    assert own_pages.keep_own_pages() is None and asked == [5, 0xA000]


def test_a_kernel_or_a_python_that_cannot_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_pages.system, "lock_memory", lambda _flags: False)
    assert own_pages.keep_own_pages() == "the kernel refuses"

    def no_words(_flags: int) -> bool:
        raise ImportError

    monkeypatch.setattr(own_pages.system, "lock_memory", no_words)
    assert own_pages.keep_own_pages() == "this Python has no words for it"


def _finds_nothing(*_words: object) -> int:
    raise OSError("Dynamic loading not supported")


NONE = dict.fromkeys(("dlopen", "dlsym"), _finds_nothing)


@pytest.mark.parametrize("words", [{}, NONE], ids=["another", "static"])
def test_a_python_whose_own_words_are_others_runs_havend_all_the_same(
    words: dict[str, Callable[..., int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "_ctypes", SimpleNamespace(**words))
    assert own_pages.keep_own_pages() == "this Python has no words for it"
