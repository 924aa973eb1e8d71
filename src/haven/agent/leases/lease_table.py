# SPDX-License-Identifier: GPL-2.0-or-later
"""All bindings that this router knows of, whoever gave them, and which of two for one address holds."""

from haven.agent.leases.binding import Binding, Key

# What two routers say of one moment may differ by as much.
SAME_S = 1.5
# What was given back is remembered so long: nobody who was away for less brings it back.
OVER_S = 3600.0
# More than any DHCP server of a router gives; what is over an hour ago makes room.
MOST = 8192
# Of one device at a time; more have those that change their identifier.
USUAL_ADDRESSES = 2


class Clash:
    """Two devices that were given one address; `winner` keeps it."""

    def __init__(self, winner: Binding, loser: Binding) -> None:
        self.winner, self.loser = winner, loser


class Table:
    """The bindings by address and device; `changes` counts what has become different."""

    def __init__(self) -> None:
        self._rows: dict[Key, Binding] = {}
        self.changes = 0
        # Those that a device has not had before: what a power cut must not take.
        self.news = 0

    def put(self, binding: Binding, now: float) -> bool:
        """Take what is said of a binding unless later news is known; tell whether it is news itself."""
        known = self._rows.get(binding.key)
        if known is None and len(self._rows) >= MOST:
            return False
        if known is None:
            self._rows[binding.key] = binding
            self.news += 1
        else:
            if not _is_later(binding, known):
                return False
            if known.is_good(now) and binding.is_good(now):
                binding.began = min(known.began, binding.began)
            elif binding.is_good(now):
                self.news += 1
            self._rows[binding.key] = binding
        self.changes += 1
        return True

    def end(self, key: Key, now: float) -> Binding | None:
        """Note that a device has its address no more; return the binding, None where there was none."""
        known = self._rows.get(key)
        if known is None or not known.is_good(now):
            return None
        known.is_over, known.changed = True, now
        self.changes += 1
        return known

    def find(self, key: Key) -> Binding | None:
        """Return what is known of an address and a device."""
        return self._rows.get(key)

    def good(self, now: float) -> list[Binding]:
        """Return those that hold, one for each address: of two the one that will."""
        best: dict[str, Binding] = {}
        for binding in self._rows.values():
            if binding.is_good(now):
                other = best.get(binding.address)
                if other is None or binding is _winner(binding, other):
                    best[binding.address] = binding
        return list(best.values())

    def all(self) -> list[Binding]:
        """Return all, those that are over as well."""
        return list(self._rows.values())

    def clashes(self, now: float) -> list[Clash]:
        """Return the addresses that two devices have, the newer binding first."""
        winners = {binding.address: binding for binding in self.good(now)}
        return [
            Clash(winners[each.address], each)
            for each in self._rows.values()
            if each.is_good(now) and winners[each.address] is not each
        ]

    def restless(self, now: float) -> dict[str, list[str]]:
        """Return devices that have more addresses at a time than a device has, with these."""
        found: dict[str, list[str]] = {}
        for binding in self.good(now):
            # Without an address of its hardware one is not told from another.
            if not binding.mac.endswith("-"):
                found.setdefault(binding.mac, []).append(binding.address)
        return {mac: held for mac, held in found.items() if len(held) > USUAL_ADDRESSES}

    def others(self, binding: Binding, now: float) -> list[Binding]:
        """Return who else has the address of a binding."""
        rows = self._rows.values()
        return [each for each in rows if each.address == binding.address and _is_other(each, binding, now)]

    def forget_old(self, now: float) -> None:
        """Forget what is over for long."""
        old = [key for key, each in self._rows.items() if not each.is_good(now) and _is_old(each, now)]
        for key in old:
            del self._rows[key]


def _is_later(binding: Binding, known: Binding) -> bool:
    later_s = binding.changed - known.changed
    if later_s > SAME_S:
        return True
    return later_s > -SAME_S and not binding.has_same_meaning(known) and later_s > 0


def _winner(one: Binding, other: Binding) -> Binding:
    """Return the newer of two bindings of an address; of two of one moment always the same on all routers."""
    if abs(one.began - other.began) > SAME_S:
        return max(one, other, key=lambda each: each.began)
    return max(one, other, key=lambda each: each.mac)


def _is_old(binding: Binding, now: float) -> bool:
    ended = binding.changed if binding.is_over else binding.until
    return now - ended > OVER_S


def _is_other(one: Binding, binding: Binding, now: float) -> bool:
    return one.mac != binding.mac and one.is_good(now)
