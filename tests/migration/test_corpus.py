# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations as people have them: what haven makes of each, and that it is a good one."""

import os
from pathlib import Path

import pytest

from haven.config.load import load_text
from tests.migration.cases import CORPUS, Case, cases

PAGES = sorted(CORPUS.glob("*.txt"))
EVERY = [(page, case) for page in PAGES for case in cases(page)]
# Every example of keepalived's documentation and tests; the wiki's pair; twenty of public repositories.
LEAST = {"documentation": 50, "wiki": 6, "public": 20}


@pytest.mark.parametrize(("page", "case"), EVERY, ids=[f"{page.stem}: {case.title}" for page, case in EVERY])
def test_what_becomes_of(page: Path, case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    out, err = case.run(tmp_path)
    if "HAVEN_REWRITE" in os.environ:
        rewrite(page, case, out, err)
    else:
        assert (out, err) == (case.out, case.err)
    if out:
        model, problems = load_text(out, "imported")
        assert model is not None and problems == []
    else:
        assert err, "nothing came of it, and nobody said why"


def rewrite(page: Path, case: Case, out: str, err: str) -> None:
    """Put what comes out today into the page."""
    found = cases(page)
    texts = [
        each.text(out, err) if each.title == case.title else each.text(each.out, each.err) for each in found
    ]
    page.write_text("".join(texts))


@pytest.mark.parametrize(("name", "least"), LEAST.items())
def test_the_corpus_is_whole(name: str, least: int) -> None:
    found = cases(CORPUS / f"{name}.txt")
    assert len({case.title for case in found}) == len(found) >= least
