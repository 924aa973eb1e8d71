# SPDX-License-Identifier: GPL-2.0-or-later
"""virtual_routes as haven's routes."""

from haven.migration.draft import Draft, DraftSection
from haven.migration.keepalived_blocks import Block
from haven.migration.keepalived_instance import VrrpInstance

# Words that make something else of a route than a way to a network.
KINDS = ("blackhole", "unreachable", "prohibit", "throw", "local", "broadcast", "multicast", "nexthop", "nat")
# keepalived's words for what haven takes, and what a word without a value is.
TAKEN = {
    "via": "via",
    "gw": "via",
    "dev": "dev",
    "src": "src",
    "metric": "metric",
    "priority": "metric",
    "preference": "metric",
    "table": "table",
}
ALONE = ("no_track", "onlink", "inet", "inet6", "add", "append", "pervasive", "track_group")
EVERYTHING = ("0.0.0.0/0", "::/0", "0.0.0.0", "default", "default6")


def add_routes(instance: VrrpInstance, made: DraftSection, draft: Draft) -> None:
    """Add the routes of an instance to its section."""
    for item in instance.routes:
        if set(item.words) & set(KINDS):
            draft.remark("route-kind", item.place, route=item.written[:200])
            continue
        route = _route(item, instance, draft)
        family = 6 if ":" in route or "default6" in item.words else 4
        if family != instance.family():
            draft.remark("route-family", item.place, route=item.written[:200])
        else:
            made.add("route", route, item.place)


def _route(item: Block, instance: VrrpInstance, draft: Draft) -> str:
    words, destination, dropped = list(item.words), "", list[str]()
    given: dict[str, str] = {}
    while words:
        word = words.pop(0)
        if word in TAKEN and words:
            given.setdefault(TAKEN[word], words.pop(0))
        elif word == "to" and words:
            destination = words.pop(0)
        elif word in ALONE:
            continue
        elif not destination:
            destination = word
        else:
            # A word that haven does not take, with its value.
            dropped.append(" ".join([word, *words[:1]]))
            words = words[1:]
    if dropped:
        draft.remark("route-words", item.place, words=", ".join(dropped)[:200])
    if "via" not in given and "dev" not in given:
        given["dev"] = instance.value("interface") or "eth0"
    if destination in EVERYTHING:
        destination = "default"
    order = ("via", "dev", "src", "metric", "table")
    return " ".join([destination, *(f"{word} {given[word]}" for word in order if word in given)])
