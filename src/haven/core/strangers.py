# SPDX-License-Identifier: GPL-2.0-or-later
"""Who says a weighty word and was no router before: without a key it cannot be refused, but it is noticed.

Priority 255 takes the addresses, priority 0 gives them up, and our own address says either in our name. Each
is told once, and again only when there was none for a while.
"""

from haven.core.clock import SECOND
from haven.core.effects import Dropped, Noticed
from haven.core.rate_limit import RateLimiter
from haven.core.vrrp import states
from haven.core.vrrp.constants import OWNER_PRIORITY, RESIGNATION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.effects import Effects
    from haven.core.virtual_router import VirtualRouter
    from haven.core.vrrp.advert import PacketError

OWNER, LEAVES, OWN_ADDRESS = "stranger_owner", "stranger_leaves", "own_address"
# After a pause like this a word is told anew.
PAUSE = 60 * SECOND
# Whoever forges chooses the addresses: of too many the oldest are forgotten.
MOST_KNOWN = 64


class Strangers:
    """Which routers were heard, and what was told of others, each by wire and source."""

    def __init__(self, effects: "Effects") -> None:
        self._effects = effects
        self._routers: dict[object, int] = {}
        self._told: dict[object, int] = {}
        self._limiter = RateLimiter()

    def refuse(self, router: "VirtualRouter", error: "PacketError", source: bytes, now: int) -> None:
        """Count a word that is not believed, and say so now and then."""
        router.counters.errors[error.reason] += 1
        router.drops[error.reason] = (source, now)
        if error.reason == "source" and source == router.source:
            self.note(router, OWN_ADDRESS, source, now)
        elif error.reason.startswith("auth_"):
            self.note(router, error.reason, source, now)
        name = router.spec.name
        more = self._limiter.passes((name, error.reason, source), now)
        if more is not None:
            self._effects.append(Dropped(name, error.reason, error.text, source, more))

    def look(self, router: "VirtualRouter", state: str, priority: int, source: bytes, now: int) -> None:
        """Take a word that is believed."""
        key = (router.spec.wire(), source)
        kind = {RESIGNATION: LEAVES, OWNER_PRIORITY: OWNER}.get(priority)
        if kind is None or (kind == OWNER and source in router.spec.addresses):
            # The owner speaks from the address that it owns.
            _remember(self._routers, key, now)
        elif (
            key not in self._routers and router.auth is None and not _is_farewell(router, state, kind, source)
        ):
            self.note(router, kind, source, now)

    def note(self, router: "VirtualRouter", kind: str, source: bytes, now: int) -> None:
        """Show something odd in the status, and tell it if it was not told lately."""
        router.anomalies[kind] = (source, now)
        key = (router.spec.wire(), source, kind)
        last = self._told.get(key)
        _remember(self._told, key, now)
        if last is None or now - last > PAUSE:
            self._effects.append(Noticed(router.spec.name, kind, source))


def _is_farewell(router: "VirtualRouter", state: str, kind: str, source: bytes) -> bool:
    # That of the Active may be the first word that is heard of it.
    return kind == LEAVES and state != states.ACTIVE and router.active_source in (None, source)


def _remember(found: "dict[object, int]", key: object, now: int) -> None:
    if key not in found and len(found) >= MOST_KNOWN:
        del found[min(found, key=lambda each: found[each])]
    found[key] = now
