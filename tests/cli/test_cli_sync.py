# SPDX-License-Identifier: GPL-2.0-or-later
"""What `haven sync` shows of changes and conflicts."""

from haven.cli.sync_command import _rows, _standing


def test_what_is_not_there_and_lists_are_said_in_words():
    rows = [
        {"path": "dhcp.lan.force", "was": None, "now": "1"},
        {"path": "dhcp.lan.dhcp_option", "was": ["3,192.168.1.1", "6,192.168.1.1"], "now": None},
    ]
    assert _rows(rows) == (
        "dhcp.lan.force: (nothing) -> 1\ndhcp.lan.dhcp_option: 3,192.168.1.1 6,192.168.1.1 -> (nothing)\n"
    )


def test_a_conflict_with_a_removal_says_so():
    values = [{"nodes": ["r1"], "value": None}, {"nodes": ["r2", "r3"], "value": "3h"}]
    conflict = {"path": "dhcp.lan.leasetime", "values": values}
    found = {"in_sync": False, "on_trial": False, "problems": [], "conflicts": [conflict]}
    assert _standing(found).splitlines()[2:] == ["    r1: (nothing)", "    r2, r3: 3h"]
