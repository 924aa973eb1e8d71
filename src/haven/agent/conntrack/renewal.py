# SPDX-License-Identifier: GPL-2.0-or-later
"""How often everything is sent again: well before the shortest-lived copy of a quiet flow runs out."""

from collections.abc import Iterable
from typing import Any

from haven.contract.problems import problem
from haven.kernel_file import read_kernel_file

FOLDER = "/proc/sys/net/netfilter/"
# What a flow lives by while packets pass and nothing is told of it; what is shorter than these either ends
# soon, or is made anew by the next packet. Of what a kernel has no module for there is no file.
TIMEOUTS = (
    "nf_conntrack_udp_timeout_stream",
    "nf_conntrack_tcp_timeout_established",
    "nf_conntrack_generic_timeout",
    "nf_conntrack_gre_timeout_stream",
    "nf_conntrack_sctp_timeout_established",
    "nf_conntrack_dccp_timeout_open",
)
# One round may be late, or be lost on the way.
ROUNDS_IN_A_LIFE = 3
# A round costs in proportion to the table: so often, and not more often, where every copy lives long enough.
USUAL_S = 30.0
SHORTEST_S = 1.0
# Six files for what an administrator changes once in a year.
READ_EVERY_S = 10.0


class Renewal:
    """What `option renew` asks for (microseconds; 0 never, None by itself), and the kernels' timeouts."""

    def __init__(self, configured_us: int | None, node: str) -> None:
        self._configured_s = None if configured_us is None else configured_us / 1e6
        self._node = node
        # The setting, whose it is, and its seconds.
        self._shortest: tuple[str, str, int] | None = None
        self._own: tuple[str, int] | None = None
        self.read_timeouts()

    def read_timeouts(self) -> None:
        """Read this kernel's timeouts."""
        self._own = min(_timeouts(), key=lambda each: each[1], default=None)

    def look(self, peers: Iterable[dict[str, Any]]) -> float:
        """Take what the peers tell of their timeouts; return how often, in seconds."""
        found = [] if self._own is None else [(self._own[0], self._node, self._own[1])]
        for peer in peers:
            if peer.get("timeout_s") and peer.get("timeout_name"):
                found.append((peer["timeout_name"], peer.get("node") or peer["address"], peer["timeout_s"]))
        self._shortest = min(found, key=lambda each: each[2], default=None)
        return self.every_s

    @property
    def every_s(self) -> float:
        """How often, in seconds; 0 for never."""
        if self._configured_s is not None:
            return self._configured_s
        if self._shortest is None:
            return USUAL_S
        return max(SHORTEST_S, min(USUAL_S, self._shortest[2] / ROUNDS_IN_A_LIFE))

    def told(self) -> dict[str, Any]:
        """Return what the peers are told of this kernel."""
        return {} if self._own is None else {"timeout_name": self._own[0], "timeout_s": self._own[1]}

    def account(self) -> dict[str, Any]:
        """Return what status shows of it."""
        name, node, seconds = self._shortest or (None, None, None)
        return {
            "renew_ms": int(self.every_s * 1000),
            "timeout_name": name,
            "timeout_node": node,
            "timeout_s": seconds,
        }

    def problems(self) -> list[dict[str, Any]]:
        """Return what is the matter with a configured value: with 0 nothing, as somebody wants it so."""
        if not self._configured_s or self._shortest is None:
            return []
        name, node, seconds = self._shortest
        if self._configured_s * 2 <= seconds:
            return []
        facts = {"setting": name, "node": node, "timeout_s": seconds, "renew_s": int(self._configured_s)}
        most_s = max(int(SHORTEST_S), seconds // ROUNDS_IN_A_LIFE)
        return [problem("conntrack-renew-long", "conntrack", most_s=most_s, **facts)]


def _timeouts() -> Iterable[tuple[str, int]]:
    for name in TIMEOUTS:
        try:
            seconds = int(read_kernel_file(FOLDER + name))
        except (OSError, ValueError):
            continue
        if seconds > 0:
            yield name, seconds
