# SPDX-License-Identifier: GPL-2.0-or-later
"""A large configuration costs in proportion, whatever is in it: who may call LuCI may send one."""

import time

import pytest

from haven.config.load import load_text

# Five million letters, and 10 000 of what there can be many of.
SIZE = 5_000_000
MANY = 10_000
BUDGET_S = 5.0

HEAD = "config haven 'main'\n"
ROUTER = "config virtual_router 'v%d'\n\toption device 'lan%d'\n\toption vrid '%d'\n"


def _addresses(first: int, count: int) -> str:
    return "".join(
        f"\tlist address '10.{n >> 16}.{n >> 8 & 255}.{n & 255}'\n" for n in range(first, first + count)
    )


def _routers(addresses_each: int) -> str:
    heads = (ROUTER % (at, at // 200, at % 200 + 1) for at in range(MANY // addresses_each))
    return "".join(
        head + _addresses(at * addresses_each + 257, addresses_each) for at, head in enumerate(heads)
    )


def _filled(text: str) -> str:
    return HEAD + text * (SIZE // len(text))


TEXTS = {
    "addresses of many routers": _routers(200),
    "addresses of one router": _routers(MANY),
    "many routers": _routers(1),
    "different values": HEAD + "".join(f"\tlist keep '/etc/{n}'\n" for n in range(MANY * 5)),
    "different options": HEAD + "".join(f"\toption o{n} 'x'\n" for n in range(MANY * 5)),
    "sections": "".join(f"config group 'g{n}'\n" for n in range(MANY * 5)),
    "groups that are not there": "".join(
        ROUTER % (n, n // 200, n % 200 + 1) + f"\toption group 'group{n}'\n" for n in range(MANY)
    ),
    "a BFD session and a group of each router": HEAD
    + "".join(
        ROUTER % (n, n // 200, n % 200 + 1)
        + f"\tlist address '10.{n >> 8}.{n & 255}.1/24'\n\tlist bfd 'b{n}'\n\toption group 'g{n}'\n"
        + f"config bfd 'b{n}'\n\toption address '10.{n >> 8}.{n & 255}.9'\nconfig group 'g{n}'\n"
        for n in range(MANY // 2)
    ),
    "a check, a witness and a group of each router": HEAD
    + "".join(
        ROUTER % (n, n // 200, n % 200 + 1)
        + f"\toption group 'g{n}'\n\tlist address '10.{n >> 8}.{n & 255}.1/24'\n"
        + f"config group 'g{n}'\n\tlist witness '10.{n >> 8}.{n & 255}.9'\n\tlist track_host 't{n}'\n"
        + f"config track_host 't{n}'\n\toption weight '10'\n\toption address '192.0.2.1'\n"
        for n in range(MANY // 5)
    ),
    "DHCP of each router": HEAD
    + "".join(
        (ROUTER % (n, n, n % 200 + 1)).replace("device", "interface")
        + f"\tlist address '10.{n >> 8}.{n & 255}.1/24'\nconfig dhcp\n\toption interface 'lan{n}'\n"
        for n in range(MANY // 5)
    ),
    "equal values": _filled("\tlist keep '/etc/some/file'\n"),
    "a long value": HEAD + "\toption node '" + "x" * SIZE + "'\n",
    "a long value without quotes": HEAD + "\toption node " + "x" * SIZE + "\n",
    "escapes": HEAD + '\toption node "' + '\\"' * (SIZE // 2) + '"\n',
    "quotes": HEAD + "\toption node " + "''" * (SIZE // 2) + "\n",
    "lines of a value": HEAD + "\toption node '" + "x\n" * (SIZE // 2) + "'\n",
    "words of a value": HEAD + "\toption keep '" + "/a " * (SIZE // 3) + "'\n",
    "statements on a line": HEAD + "list keep '/etc/some/file';" * (SIZE // 27),
    "comments": _filled("# comment\n"),
    "empty lines": _filled("\n"),
    "blanks": _filled(" "),
    "semicolons": _filled(";"),
    "open quotes": _filled("x '\"\n"),
    "lines that are none": _filled("x\n"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_large_configuration_is_read_in_no_time(name: str):
    # Of the processor, as others may be using it, too.
    begun = time.process_time()
    load_text(TEXTS[name], "f", "r1")
    took = time.process_time() - begun
    print(name, round(took, 2))
    assert took < BUDGET_S
