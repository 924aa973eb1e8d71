# SPDX-License-Identifier: GPL-2.0-or-later
"""Notices that wait, those of this router and of the others, and whose turn it is to tell each of them.

A notice says which sections have told it, and how often each has tried: what routers hear of it from each
other only grows, so the order in which they hear it does not matter. Whose turn it is follows from it: that
of the router that has seen it, then after each failure that of the next one that has the section.
"""

from typing import Any

from haven.contract.notices import LONGEST_TEXT, MOST_NOTICES, MOST_SECTIONS, is_wanted

Document = dict[str, Any]

# After all have tried in vain; it doubles up to the longest.
SHORTEST_RETRY_S, LONGEST_RETRY_S = 15.0, 120.0
# A notice that was told is kept so long: a router that has seen the same is not to tell it again.
KEPT_S = 600.0
# What several routers see alike they see within so long.
TWINS_S = 60.0
# As a rule within so long, as they look every five seconds: then one of them tells it, and the others know.
PATIENCE_S = 8.0


class Notice:
    """What has happened; `at` by this router's clock that only grows."""

    def __init__(self, document: Document, now: float) -> None:
        # One of the future would outlive all others.
        self.at = now - max(0, document["age_s"])
        self.document = document
        self.done = set(document["done"])
        self.tries: dict[str, int] = dict(document["tries"])
        # When each section has failed last, as far as this router has heard.
        self.failed_at: dict[str, float] = {}

    def take(self, document: Document, now: float) -> set[str]:
        """Take what another router says of it; return the sections that have told it meanwhile."""
        # Of sections there are not more; who says others is not to fill what is said to everybody.
        news = set(sorted(set(document["done"]) - self.done)[: MOST_SECTIONS - len(self.done)])
        self.done |= news
        for section, count in document["tries"].items():
            self.note_tries(section, count, now)
        return news

    def note_tries(self, section: str, count: int, now: float) -> None:
        """Take that a section has failed so often."""
        is_one_more = section not in self.tries and len(self.tries) >= MOST_SECTIONS
        if count > self.tries.get(section, 0) and not is_one_more:
            self.tries[section], self.failed_at[section] = count, now

    def say(self, now: float) -> Document:
        """Return it as it is told to others, and kept."""
        more = {"age_s": round(now - self.at, 1), "done": sorted(self.done), "tries": self.tries}
        return {**self.document, **more}


class Outbox:
    """All notices, by their id; `left_out` counts those that were too many."""

    def __init__(self, node: str) -> None:
        self.node = node
        self._notices: dict[str, Notice] = {}
        self._number = 0
        self.left_out = 0

    def add(
        self, mark: str, kind: str, severity: str | None, title: str, text: str, now: float, key: str = ""
    ) -> bool:
        """Take something that this router has seen; tell whether it is news.

        `mark` is of this run of the agent, so that no id comes twice; a `key` is the same on all routers that
        see the same.
        """
        if key and self._is_known(key, now):
            return False
        self._number += 1
        document: Document = {
            "id": "%s-%s-%d" % (self.node, mark, self._number),
            "kind": kind,
            "severity": severity,
            "node": self.node,
            "key": key,
            "title": _short(title),
            "text": _short(text),
            "age_s": 0,
            "done": [],
            "tries": {},
        }
        self._put(Notice(document, now))
        return True

    def _is_known(self, key: str, now: float) -> bool:
        lately = [each for each in self._notices.values() if now - each.at <= TWINS_S]
        return any(each.document["key"] == key for each in lately)

    def merge(self, documents: list[Document], now: float) -> set[str]:
        """Take what another router knows; return the sections that have told something meanwhile."""
        told: set[str] = set()
        for document in documents:
            known = self._notices.get(document["id"])
            if known is not None:
                told |= known.take(document, now)
            elif document["age_s"] <= KEPT_S or not document["done"]:
                self._put(Notice(document, now))
        self._drop_twins()
        return told

    def _put(self, notice: Notice) -> None:
        self._notices[notice.document["id"]] = notice
        while len(self._notices) > MOST_NOTICES:
            oldest = min(self._notices.values(), key=lambda each: (not each.done, each.at))
            del self._notices[oldest.document["id"]]
            self.left_out += not oldest.done

    def _drop_twins(self) -> None:
        """Of what several routers have seen keep that of one, the same on all of them."""
        by_key: dict[str, list[Notice]] = {}
        for each in self._notices.values():
            if each.document["key"]:
                by_key.setdefault(each.document["key"], []).append(each)
        for twins in by_key.values():
            first = min(twins, key=lambda each: str(each.document["node"]))
            for each in twins:
                if each.document["node"] != first.document["node"] and abs(each.at - first.at) <= TWINS_S:
                    first.done |= each.done
                    del self._notices[each.document["id"]]

    def forget(self, planned: list[Document], now: float) -> None:
        """Forget what is told, and what nobody is to be told."""
        for key, each in list(self._notices.items()):
            if not any(self._is_open(each, section) for section in planned) and now - each.at > KEPT_S:
                del self._notices[key]

    # Who tells

    def due(self, section: Document, ring: list[str], now: float) -> list[Notice]:
        """Return what this router is to tell now; `ring` are the routers that can, this one among them."""
        return [each for each in self.waiting(section) if self._is_turn(each, section["name"], ring, now)]

    def waiting(self, section: Document) -> list[Notice]:
        """Return what a section has not told yet, the oldest first."""
        found = [each for each in self._notices.values() if self._is_open(each, section)]
        return sorted(found, key=lambda each: each.at)

    def _is_open(self, notice: Notice, section: Document) -> bool:
        about = notice.document
        wanted = is_wanted(section, about["kind"], about["severity"])
        return wanted and section["name"] not in notice.done

    def _is_turn(self, notice: Notice, section: str, ring: list[str], now: float) -> bool:
        if notice.document["key"] and len(ring) > 1 and now - notice.at < PATIENCE_S:
            return False
        tries, origin = notice.tries.get(section, 0), notice.document["node"]
        first = ring.index(origin) if origin in ring else 0
        if ring[(first + tries) % len(ring)] != self.node:
            return False
        rounds, rest = divmod(tries, len(ring))
        if rest or not rounds:
            return True
        wait = min(SHORTEST_RETRY_S * (1 << min(rounds - 1, 10)), LONGEST_RETRY_S)
        return now - notice.failed_at.get(section, -wait) >= wait

    def note_sent(self, section: str, notices: list[Notice]) -> None:
        """Take that a section has told these."""
        for each in notices:
            each.done.add(section)

    def note_failure(self, section: str, notices: list[Notice], now: float) -> None:
        """Take that a section could not tell these."""
        for each in notices:
            each.note_tries(section, each.tries.get(section, 0) + 1, now)

    def say(self, now: float) -> list[Document]:
        """Return all of it for another router, or to be kept."""
        return [each.say(now) for each in self._notices.values()]


def _short(text: str) -> str:
    """Return a text with no more octets than have their place, however it is written."""
    found = text[:LONGEST_TEXT]
    # As JSON has it a letter can be twelve octets.
    return found if found.isascii() else found[: LONGEST_TEXT // 4]
