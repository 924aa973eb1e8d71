# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that takes no settings, as in a container, is named; the rest works."""

from tests.havend.plans import lan
from tests.havend.test_havend_start import Make, Pair

READ_ONLY = 'mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys && exec "$@"'


def test_settings_that_cannot_be_written_are_named_and_the_rest_works(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], lan(virtual_mac=1)).prepare()
    node.program = ["unshare", "-m", "sh", "-c", READ_ONLY, "sh", *node.program]
    node.start().until("active")
    told = next(each for each in node.status()["problems"] if each["code"] == "settings-refused")
    assert "arp_ignore" in told["facts"]["names"] and told["facts"]["error"] == "Read-only file system"
    assert node.stop() == 0
