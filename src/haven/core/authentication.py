# SPDX-License-Identifier: GPL-2.0-or-later
"""Which virtual routers have keys, and how late it is for them; what a key is, is in haven.core.auth."""

from haven.core.vrrp import states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from haven.core.effects import Effects
    from haven.core.virtual_router import VirtualRouter


class Authentication:
    """The keys of an engine's virtual routers."""

    def __init__(self) -> None:
        self._wall_us = 0

    def equip(self, router: "VirtualRouter") -> None:
        """Give a virtual router what its specification says of keys."""
        spec = router.spec.authentication
        if spec is None:
            router.auth = None
            return
        if router.auth is None:
            # Nobody else pays for it.
            from haven.core.auth.authenticator import Authenticator

            router.auth = Authenticator(self._wall_us)
        router.auth.set_spec(spec)

    def set_wall(self, ahead_us: int, routers: "Iterable[VirtualRouter]") -> None:
        """Take by how much the machine's clock is ahead of the time that events are at."""
        self._wall_us = ahead_us
        for router in routers:
            if router.auth is not None:
                router.auth.set_wall(ahead_us)

    def note_refusal(
        self, router: "VirtualRouter", state: str, reason: str, now: int, effects: "Effects"
    ) -> None:
        """Let whoever is refused for its time know ours, before a Backup takes it for silent."""
        if router.auth is None or state != states.BACKUP:
            return
        interval_us = router.active_adver_interval_us
        is_silent = router.heard_at is None or now - router.heard_at > interval_us + interval_us // 4
        if is_silent and router.auth.may_ask(reason, interval_us, now):
            router.resign(now, effects)
