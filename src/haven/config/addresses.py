# SPDX-License-Identifier: GPL-2.0-or-later
"""What options hold addresses in: octets for programs, text for people."""

from haven.core.value import Value
from haven.inet import text_of


class Address(Value):
    """An address with its prefix length."""

    def __init__(self, octets: bytes, prefix: int) -> None:
        self.octets = octets
        self.prefix = prefix

    @property
    def family(self) -> int:
        """4 or 6."""
        return family_of(self.octets)

    @property
    def text(self) -> str:
        """Write it as '192.168.1.1/24'."""
        return "%s/%d" % (text_of(self.octets), self.prefix)


class Route(Value):
    """A route that exists while its virtual router is Active; destination None is the default route."""

    def __init__(
        self,
        destination: "Address | None",
        via: "bytes | None" = None,
        device: "str | None" = None,
        source: "bytes | None" = None,
        metric: "int | None" = None,
        table: "int | None" = None,
    ) -> None:
        self.destination = destination
        self.via = via
        self.device = device
        self.source = source
        self.metric = metric
        self.table = table

    @property
    def family(self) -> int:
        """4 or 6, or 0 for a default route by a device alone, which takes that of its virtual router."""
        octets = (self.destination and self.destination.octets) or self.via or self.source
        return family_of(octets) if octets else 0


class TrackedInterface(Value):
    """An interface to watch; weight 0: down is a fault, else the priority is lower by it."""

    def __init__(self, name: str, weight: int) -> None:
        self.name = name
        self.weight = weight


class Witness(Value):
    """A third machine on a link; `place` is the interface or device of that link, if it had to be said."""

    def __init__(self, octets: bytes, place: "str | None" = None) -> None:
        self.octets = octets
        self.place = place


def family_of(octets: bytes) -> int:
    """Return the family that an address's length says."""
    return 4 if len(octets) == 4 else 6
