# SPDX-License-Identifier: GPL-2.0-or-later
"""Routers whose kernels have no IPv6: they are paired and talk by IPv4."""

import sys

from tests.lab.agent_node import AgentNode
from tests.lab.network import Network
from tests.lab.pair import pair
from tests.lab.test_pairing import hears_all, offer
from tests.lab.wait import wait_until

# As on such a kernel: the family is not supported.
AGENT = """
import errno, socket, sys

class Socket(socket.socket):
    def __init__(self, family=socket.AF_INET, *more, **named):
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        super().__init__(family, *more, **named)

socket.socket = Socket
from haven.agent.main import main
sys.exit(main())
"""


class Ipv4Node(AgentNode):
    """A node whose agent cannot make a socket of IPv6."""

    def agent_command(self) -> list[str]:
        """Start the agent of the sources without IPv6."""
        return [sys.executable, "-c", AGENT]


def test_without_ipv6_the_channel_is_there(network: Network) -> None:
    first, second = pair(Ipv4Node, network, families=(4,))
    shown = offer(first)
    second.cli("join", shown["addresses"][0], shown["code"], "--yes")
    for node in (first, second):
        wait_until(lambda node=node: hears_all(node), 20, f"{node.name} hears its peer")
