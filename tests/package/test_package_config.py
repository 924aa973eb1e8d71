# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration that is installed: off, and right once its comments are options."""

import re

from haven.config.load import load_text
from tests.package.conftest import ROOT

TEXT = (ROOT / "files/etc/config/haven").read_text()
# An option or a section that is commented out, not prose.
EXAMPLE = re.compile(r"^#(?=config |\toption |\tlist )", re.MULTILINE)


def test_it_is_valid_and_off():
    model, problems = load_text(TEXT, "haven", "r1")
    assert problems == [] and not model.main.enabled and model.virtual_routers == ()


def test_its_example_is_valid_too():
    model, problems = load_text(EXAMPLE.sub("", TEXT).replace("enabled '0'", "enabled '1'"), "haven", "r1")
    assert problems == []
    assert [router.name for router in model.virtual_routers] == ["lan", "wan"]
    assert {router.group for router in model.virtual_routers} == {"gateway"}
