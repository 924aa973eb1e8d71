# SPDX-License-Identifier: GPL-2.0-or-later
"""What a link has brought and nobody has read: nothing certain was heard there."""

from haven.core.vrrp import states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from haven.core.events import Flooded
    from haven.core.group import Group
    from haven.core.virtual_router import VirtualRouter


def doubt_link(routers: "Iterable[tuple[VirtualRouter, Group]]", event: "Flooded", now: int) -> None:
    """Wait somewhat longer for an Active, or for a successor, who may have spoken on this link."""
    for router, group in routers:
        if router.spec.wire()[:2] != (event.device, event.family):
            continue
        if group.state == states.BACKUP:
            router.doubt_silence(now)
        else:
            group.succession.wait_longer(now)
