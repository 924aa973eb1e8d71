# SPDX-License-Identifier: GPL-2.0-or-later
"""All that was seen, as the checks read it: a router each, and what they say of it."""

from collections.abc import Iterator
from itertools import permutations
from typing import Any

from haven.contract.doctor import finding, unable

Document = dict[str, Any]


class Seen:
    """One router by its own look."""

    def __init__(self, look: Document, here: bool = False) -> None:
        self.node = str(look["node"])
        self.here = here
        self.look = look
        # How far its clock is from that of the router that asks, and how sure that is, in seconds.
        self.clock_off_s: float | None = None

    def part(self, name: str) -> Document:
        """Return the facts of a part, none where it could not be looked at."""
        found = self.look["parts"].get(name)
        facts = found.get("facts") if isinstance(found, dict) else None
        return facts if isinstance(facts, dict) else {}

    def unable(self, name: str) -> list[Document]:
        """Return why a part was not looked at; nothing where it was."""
        if self.part(name):
            return []
        found = self.look["parts"].get(name)
        why = found.get("unable") if isinstance(found, dict) else None
        return [unable(why[0], **why[1])] if why else [unable("not-told", node=self.node, part=name)]

    @property
    def routers(self) -> list[Document]:
        """Its virtual routers."""
        return list(self.part("plan").get("routers", ()))

    def router(self, like: Document) -> Document | None:
        """Return its virtual router with the VRID and family of another one's."""
        key = like["vrid"], like["family"]
        return next((each for each in self.routers if (each["vrid"], each["family"]) == key), None)

    def device(self, name: str) -> Document:
        """Return what its kernel says of a device."""
        found: Document = self.part("kernel").get("devices", {}).get(name) or {}
        return found

    def own_addresses(self, device: str) -> list[str]:
        """Return the addresses of a device that stay with it."""
        return list(self.part("plan").get("own_addresses", {}).get(device, ()))

    def macs(self) -> set[str]:
        """Return every MAC address that is this router's."""
        found = {each.get("mac", "") for each in self.part("kernel").get("devices", {}).values()}
        virtual = [each["virtual_mac"] for each in self.routers if each.get("virtual_mac")]
        return found | {bytes.fromhex(text).hex(":") for text in virtual}

    def is_active(self, group: str) -> bool:
        """Tell whether it says that it is Active for a group."""
        groups = self.part("status").get("groups", ())
        return any(each["name"] == group and each["state"] == "active" for each in groups)


class Case:
    """The routers that were looked at, and the paired ones that were not, each with the reason."""

    def __init__(self, routers: list[Seen], unasked: dict[str, str], paired: bool) -> None:
        self.routers = routers
        self.unasked = unasked
        self.paired = paired
        self._found: list[Document] = []
        self._unable: list[Document] = []

    def collect(self) -> tuple[list[Document], list[Document]]:
        """Return what was found since the last time, and what could not be looked at, each thing once."""
        found, self._found = self._found, []
        not_seen, self._unable = self._unable, []
        return _once(found), _once(not_seen)

    def find(self, code: str, **facts: Any) -> None:
        """Note something that is wrong."""
        self._found.append(finding(code, **facts))

    def cannot(self, code: str, **facts: Any) -> None:
        """Note why something was not looked at."""
        self._unable.append(unable(code, **facts))

    def having(self, part: str) -> list[Seen]:
        """Return the routers that have a part; why the others have not is noted."""
        for router in self.routers:
            self._unable += router.unable(part)
        return [router for router in self.routers if router.part(part)]

    def need_others(self) -> None:
        """Note whom it would take, and who was not asked."""
        for node, why in self.unasked.items():
            self.cannot("not-asked", node=node, why=why)
        if not self.paired:
            self.cannot("unpaired")

    def pairs(self, part: str) -> Iterator[tuple[Seen, Seen]]:
        """Yield each two routers that have a part, both ways round."""
        self.need_others()
        yield from permutations(self.having(part), 2)

    def macs(self) -> set[str]:
        """Return every MAC address of these routers."""
        return {mac for router in self.routers for mac in router.macs()}

    def knows_all(self, *parts: str) -> bool:
        """Tell whether every router of the pair was looked at, and told these: nobody else is left then."""
        told = all(router.part(part) for router in self.routers for part in parts)
        return self.paired and not self.unasked and told


def _once(documents: list[Document]) -> list[Document]:
    return [each for at, each in enumerate(documents) if each not in documents[:at]]
