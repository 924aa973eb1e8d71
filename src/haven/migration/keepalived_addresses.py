# SPDX-License-Identifier: GPL-2.0-or-later
"""Which virtual router has which address: one device and one family each, where keepalived mixes them."""

from haven.migration.draft import Draft, DraftSection
from haven.migration.keepalived_blocks import Block
from haven.migration.keepalived_instance import VrrpInstance, address_of, following
from haven.migration.origin import Origin

# What a further virtual router has from the one that it was part of.
COPIED = (
    *("priority", "advert_interval", "virtual_mac", "accept", "announce_refresh"),
    *("auth_key", "auth_key_other", "auth_mode", "auth_replay", "auth_window"),
)
OF_THE_FAMILY = ("version", "source_address", "unicast_peer", "unicast_hops", "auth_pass", "checksum")
# Words of an address line that are about nothing but how `ip address` shows it.
DROPPED = ("label", "brd", "scope", "peer", "preferred_lft", "broadcast")

Key = tuple[str, int, bool]


class Addresses:
    """Gives the addresses of all instances to their routers; further routers get VRIDs that are free."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._used: set[tuple[str, int, str]] = set()
        # Who has an address; a link-local one means something on its own device only.
        self._held: dict[tuple[str, str], str] = {}

    def claim(self, made: DraftSection, family: int) -> None:
        """Note the VRID of a router."""
        self._used.add((_place_of(made), family, made.value("vrid")))

    def give(self, instance: VrrpInstance, made: DraftSection) -> list[DraftSection]:
        """Add the addresses of an instance to its router; return the further routers that it takes."""
        if not instance.addresses and instance.excluded:
            instance.addresses, instance.excluded = instance.excluded, []
        buckets: dict[Key, list[Block]] = {}
        for excluded, items in ((False, instance.addresses), (True, instance.excluded)):
            for item in items:
                buckets.setdefault(self._key(instance, item, excluded), []).append(item)
        own = ("", instance.family(), False)
        self._add(made, buckets.pop(own, []), instance.family())
        return [self._further(made, key, items) for key, items in sorted(buckets.items())]

    @staticmethod
    def _key(instance: VrrpInstance, item: Block, excluded: bool) -> Key:
        device = following(item.words, "dev")
        if device == instance.value("interface"):
            device = ""
        family = 6 if ":" in address_of(item) else 4
        apart = bool(device) or family != instance.family()
        return (device, family, excluded and not apart)

    def _further(self, made: DraftSection, key: Key, items: list[Block]) -> DraftSection:
        device, family, excluded = key
        place, own_family = items[0].place, 6 if ":" in (made.value("address") or "") else 4
        suffix = device or ("more" if excluded else f"ip{family}")
        further = self._draft.invented("virtual_router", f"{made.name}_{suffix}", place)
        for option in ("device", "interface"):
            if made.value(option) and not device:
                further.set(option, made.value(option))
        if device:
            further.set("device", device)
        _copy(made, further, COPIED if family != own_family or device else (*COPIED, *OF_THE_FAMILY))
        if device and family == 4 and made.value("version"):
            _copy(made, further, ("version", "auth_pass"))
        self._set_vrid(made, further, family, place)
        self._add(further, items, family)
        return further

    def _set_vrid(self, made: DraftSection, further: DraftSection, family: int, place: Origin) -> None:
        wanted = made.value("vrid")
        code = "router-device" if _place_of(further) != _place_of(made) else "router-family"
        if (_place_of(further), family, wanted) in self._used:
            wanted, code = self._free(_place_of(further), family, wanted), "router-vrid"
        further.set("vrid", wanted)
        self._used.add((_place_of(further), family, wanted))
        facts = {"name": further.name, "of": made.name, "device": _place_of(further), "vrid": wanted}
        self._draft.remark(code, place, **facts)

    def _free(self, place: str, family: int, wanted: str) -> str:
        first = int(wanted) if wanted.isdecimal() and len(wanted) < 4 else 0
        numbers = [str((first + step - 1) % 255 + 1) for step in range(1, 256)]
        # One that this file has nowhere is the least likely to be anybody's.
        anywhere = {vrid for _place, _family, vrid in self._used}
        free = [each for each in numbers if (place, family, each) not in self._used]
        return next((each for each in free if each not in anywhere), (free or [wanted])[0])

    def _add(self, made: DraftSection, items: list[Block], family: int) -> None:
        dropped: list[str] = []
        for item in items:
            address = address_of(item)
            bare = address.partition("/")[0].lower()
            holder = self._held.setdefault((bare, _place_of(made) if _is_link_local(bare) else ""), made.name)
            if holder != made.name:
                facts = {"address": address[:60], "name": made.name, "holder": holder}
                self._draft.remark("address-held", item.place, **facts)
                continue
            if bare in [each.partition("/")[0] for each in made.values("address")]:
                self._draft.remark("address-twice", item.place, address=address[:60])
                continue
            made.add("address", address, item.place)
            dropped += [word for word in DROPPED if word in item.words and word not in dropped]
        if dropped:
            self._draft.remark("address-words", items[0].place, words=", ".join(dropped))
        if items and family == 6 and not any(_is_link_local(each) for each in made.values("address")):
            self._add_link_local(made, items[0].place)

    def _add_link_local(self, made: DraftSection, place: Origin) -> None:
        vrid = made.value("vrid")
        address = "fe80::%x/64" % (int(vrid) if vrid.isdecimal() and len(vrid) < 4 else 1)
        made.add("address", address, place)
        self._draft.remark("link-local", place, name=made.name, address=address)


def _is_link_local(address: str) -> bool:
    return address.lower()[:3] in ("fe8", "fe9", "fea", "feb")


def _place_of(made: DraftSection) -> str:
    return made.value("device") or made.value("interface")


def _copy(made: DraftSection, further: DraftSection, options: tuple[str, ...]) -> None:
    for option, value, listed, place in made.rows:
        if option in options:
            (further.add if listed else further.set)(option, value, place)
