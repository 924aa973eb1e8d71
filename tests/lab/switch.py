# SPDX-License-Identifier: GPL-2.0-or-later
"""The switch between the nodes: one bridge per segment, ports that can be cut, paths that can be blocked."""

from tests.lab.link_states import LinkStates
from tests.lab.namespace import Namespace


def port_name(node: str, segment: str) -> str:
    """Name the switch port that a node's cable goes to."""
    return f"{node}-{segment}"


class Switch:
    """Bridges that forward at once and never learn about multicast, in a namespace without addresses."""

    def __init__(self, segments: tuple[str, ...], number: int) -> None:
        self.namespace = Namespace("sw", number)
        # The switch must be silent on the wire: it has no addresses, not even link-local ones.
        self.namespace.sysctl(ipv6__conf__all__disable_ipv6=1, ipv6__conf__default__disable_ipv6=1)
        self.namespace.ip(*(line for segment in segments for line in _bridge(segment)))
        self.namespace.let_frames_pass()
        self._blocked: set[tuple[str, str]] = set()
        self._states = LinkStates(self.namespace)

    def plug(self, node: Namespace, segment: str, device: str, mac: str) -> None:
        """Lay a cable from a node to a segment."""
        port = port_name(node.word, segment)
        self.namespace.ip(
            f"link add {port} type veth peer name {device} address {mac} netns {node.name}",
            f"link set {port} master {segment} up",
        )

    def lengthen(self, port: str, segment: str) -> tuple[str, str]:
        """Cut the cable of a port in two; return the two ends, which somebody has to join."""
        middle, end = f"{port}-m", f"{port}-e"
        self.namespace.ip(
            f"link add {middle} type veth peer name {end}",
            f"link set {port} nomaster",
            f"link set {end} master {segment} up",
            f"link set {middle} up",
        )
        return port, middle

    def set_ports(self, ports: list[str], state: str) -> None:
        """Put ports up or down, all at once; the node at the other end sees its carrier change."""
        self._states.put(ports, state)

    def delete(self) -> None:
        """Take it away."""
        self._states.close()
        self.namespace.delete()

    def block(self, pairs: set[tuple[str, str]]) -> None:
        """Drop what comes in by the first port of a pair and would go out by the second; links stay up."""
        self._blocked |= pairs
        self._apply()

    def unblock_all(self) -> None:
        """Forward everything again."""
        self._blocked.clear()
        self._apply()

    def _apply(self) -> None:
        drops = [f'iifname "{came}" oifname "{goes}" drop' for came, goes in sorted(self._blocked)]
        rules = "\n".join(["type filter hook forward priority 0", *drops])
        # One transaction: declared, emptied, filled.
        self.namespace.nft(
            "table bridge faults\n"
            "delete table bridge faults\n"
            f"table bridge faults {{\nchain forward {{\n{rules}\n}}\n}}\n"
        )


def _bridge(segment: str) -> tuple[str, str]:
    # STP with its forward delay would be a 30 s outage of its own; snooping would hide adverts.
    return (
        f"link add {segment} type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
        f"link set {segment} up",
    )
