# SPDX-License-Identifier: GPL-2.0-or-later
"""The client knocks at a closed TCP port: does anybody answer at all?"""

import sys

from tests.lab.network import Network

PROGRAM = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 9), 1)
except ConnectionRefusedError:
    print("refused")
except TimeoutError:
    print("silence")
"""


def knock(network: Network, address: str) -> str:
    """Tell 'refused' when the address answers as a closed port does, 'silence' when nobody answers."""
    return network.client.run(sys.executable, "-c", PROGRAM, address).strip()
