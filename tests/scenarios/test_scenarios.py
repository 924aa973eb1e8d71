# SPDX-License-Identifier: GPL-2.0-or-later
"""Each folder here is a test."""

from tests.scenarios.scenario import check, names


def _test_of(name):
    def test():
        check(name)

    return test


for _name in names():
    globals()["test_" + _name.replace("-", "_")] = _test_of(_name)
