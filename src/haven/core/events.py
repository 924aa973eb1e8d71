# SPDX-License-Identifier: GPL-2.0-or-later
"""What can happen to the engine."""

from haven.core.value import Value
from haven.core.vrrp.constants import TTL


class AdvertHeard(Value):
    """An IP packet of protocol 112 arrived on a device: addresses and payload as octets."""

    def __init__(
        self, device: str, family: int, source: bytes, destination: bytes, ttl: int, message: bytes
    ) -> None:
        self.device = device
        self.family = family
        self.source = source
        self.destination = destination
        self.ttl = ttl
        self.message = message

    def packet(self) -> "tuple[str, int, bytes, bytes, int, bytes]":
        """Return all of it, as the engine hears it."""
        return (self.device, self.family, self.source, self.destination, self.ttl, self.message)


class WallClock(Value):
    """The machine's clock shows this many microseconds since 1970 more than the time that events are at."""

    def __init__(self, ahead_us: int) -> None:
        self.ahead_us = ahead_us


class Vouched(Value):
    """An ADVERTISEMENT of the Active came by another path than the link, from a router that is trusted.

    `mute` where it adds that its own link takes no packets.
    """

    def __init__(
        self,
        device: str,
        family: int,
        source: bytes,
        destination: bytes,
        message: bytes,
        mute: bool = False,
    ) -> None:
        self.device = device
        self.family = family
        self.source = source
        self.destination = destination
        self.message = message
        self.mute = mute

    def packet(self) -> "tuple[str, int, bytes, bytes, int, bytes]":
        """Return what the link would have brought."""
        return (self.device, self.family, self.source, self.destination, TTL, self.message)


class SendResults(Value):
    """Of what was sent, in order: for which virtual router, and whether its link has taken it.

    What was taken is said of those alone whose link has taken nothing lately.
    """

    def __init__(self, results: "tuple[tuple[str, bool], ...]") -> None:
        self.results = results


class WitnessHeard(Value):
    """A witness on a device has answered."""

    def __init__(self, device: str, address: bytes) -> None:
        self.device = device
        self.address = address


class RouterHeard(Value):
    """Another router has greeted on a device: it is there, whatever its state is."""

    def __init__(self, device: str, family: int, vrid: int, source: bytes) -> None:
        self.device = device
        self.family = family
        self.vrid = vrid
        self.source = source


class KernelSilent(Value):
    """The kernel of a group's Active answers no more on a device, where it did, nor on any other."""

    reason = "unanswered"

    def __init__(self, group: str, device: str, source: bytes, silence: int) -> None:
        self.group = group
        self.device = device
        self.source = source
        self.silence = silence


class SessionFailed(KernelSilent):
    """A BFD session with a group's Active has failed on a device, after so much silence."""

    reason = "session"


class Together(Value):
    """Events of one moment: what they ask for is asked for once, as hundreds of groups may move."""

    def __init__(self, events: "tuple[Value, ...]") -> None:
        self.events = events


class OtherPath(Value):
    """There is, or there is not, another path to the other routers than the links."""

    def __init__(self, on: bool) -> None:
        self.on = on


class Flooded(Value):
    """An ADVERTISEMENT may have come in on a device unread: lost in a flood, or on its way."""

    def __init__(self, device: str, family: int) -> None:
        self.device = device
        self.family = family


class LinkChanged(Value):
    """A device can carry packets, or cannot, or is gone."""

    def __init__(self, device: str, up: bool) -> None:
        self.device = device
        self.up = up


class CheckChanged(Value):
    """A check of the host's has a verdict: what it asks for is there (up), or is not."""

    def __init__(self, check: str, up: bool) -> None:
        self.check = check
        self.up = up


class AddressesChanged(Value):
    """The addresses of one family that a device has now, in the kernel's order, as octets."""

    def __init__(self, device: str, family: int, addresses: "tuple[bytes, ...]") -> None:
        self.device = device
        self.family = family
        self.addresses = addresses


class Startup(Value):
    """Every group may leave Initialize; the named groups were Active a moment ago and still are.

    A router that has just joined others waits for their first word, for so long at most.
    """

    def __init__(self, adopt: "tuple[str, ...]" = (), patience_us: int = 0) -> None:
        self.adopt = adopt
        self.patience_us = patience_us


class Shutdown(Value):
    """The user stops this node: every group hands over and ends in Initialize."""


class Switchover(Value):
    """The user asks this node to hand a group over, or all groups (None)."""

    def __init__(self, group: "str | None" = None) -> None:
        self.group = group


class Rehearsal(Value):
    """The user has a group, or all (None), fall silent as after a power cut, for so long at the most."""

    def __init__(self, group: "str | None", limit_us: int) -> None:
        self.group = group
        self.limit_us = limit_us


class Maintenance(Value):
    """From now on this node becomes Active only when nobody else can be."""

    def __init__(self, on: bool) -> None:
        self.on = on


class InSync(Value):
    """This node has the state of the Active (its connections), or has it no more."""

    def __init__(self, on: bool) -> None:
        self.on = on


class AnnounceAgain(Value):
    """The addresses of a virtual router were put back: hosts may have lost them."""

    def __init__(self, router: str) -> None:
        self.router = router
