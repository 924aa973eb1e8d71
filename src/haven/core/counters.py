# SPDX-License-Identifier: GPL-2.0-or-later
"""What a virtual router has counted since it was made."""

from haven.core.vrrp.advert import REASONS


class Counters:
    """Plain numbers; `errors` has one for each reason a packet can be dropped for."""

    def __init__(self) -> None:
        self.sent = 0
        self.received = 0
        self.priority_zero_sent = 0
        self.priority_zero_received = 0
        self.became_active = 0
        # What the link did not take.
        self.refused = 0
        self.errors: dict[str, int] = dict.fromkeys(REASONS, 0)
