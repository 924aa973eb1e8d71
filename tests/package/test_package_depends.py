# SPDX-License-Identifier: GPL-2.0-or-later
"""The package depends on exactly what its programs import."""

import subprocess
from pathlib import Path

import pytest

from tests.package.conftest import ROOT
from tests.package.pythons import PYTHONS

# What is no Python: VRRP's macvlans, and the rules that stand for an Active.
OTHERS = {"kmod-macvlan", "nftables"}
# What pairing alone needs says so itself (`ssl-missing`), as the copy of connections does of conntrackd.
OPTIONAL = {"python3-openssl"}


def _needs(version: str, router: Path) -> set[str]:
    program = ROOT / "tests/package/imports.py"
    argv = [PYTHONS[version], str(program), str(router / "usr")]
    return set(subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split())


def _depends(fields: dict) -> set[str]:
    return set(fields["Depends"].split(", "))


@pytest.mark.parametrize("version", sorted(PYTHONS))
def test_every_import_is_in_a_package_that_is_named(version: str, router: Path, fields: dict):
    assert _needs(version, router) - _depends(fields) - OPTIONAL == set()


def test_no_package_is_named_that_nothing_imports(router: Path, fields: dict):
    needed = set().union(*(_needs(version, router) for version in PYTHONS))
    if "3.11" not in PYTHONS:
        # Its pathlib, and no later one, imports urllib at once.
        needed.add("python3-urllib")
    assert _depends(fields) - OTHERS == needed - OPTIONAL
