# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven upgrade`: one command, and both routers of a pair have newer packages; no connection is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import firewall
from tests.lab.flows import Busy, echo_server
from tests.lab.network import Network
from tests.lab.packaged_node import PackagedNode, build_package, own_version
from tests.lab.test_pairing import join
from tests.lab.wait import now_ns, wait_until

COUNT = 200
NEWER = "99.0.0"

Both = tuple[PackagedNode, PackagedNode]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """The package of this checkout, and a newer one."""
    folder = tmp_path_factory.mktemp("packages")
    yield {version: build_package(folder, version)[0] for version in (own_version(), NEWER)}


@pytest.fixture
def both(network: Network, packages: dict[str, Path]) -> Both:
    nodes = []
    for name, router in network.routers.items():
        firewall.set_up(router)
        node = PackagedNode(network, name, priority=100 if nodes else 200)
        node.install(packages[own_version()]).wait_state("backup" if nodes else "active")
        nodes.append(node)
    first, second = nodes
    second.wait_in_sync()
    join(first, second)
    return first, second


def installed(node: PackagedNode) -> dict[str, str]:
    return {name: each.get("haven", "") for name, each in node.versions().items()}


def test_one_command_upgrades_both_and_no_connection_is_lost(
    network: Network, both: Both, packages: dict[str, Path]
) -> None:
    first, second = both
    echo_server(network.server)
    busy = Busy(network, COUNT)
    since = now_ns()
    wait_until(lambda: busy.moving_since(since) == COUNT, 20, "every connection moves")
    busy.forget_stalls()
    # Whatever stands in the way is said, and the other one goes on as before.
    (second.root / "refuses").write_text("there is no room")
    refused = second.upgrade("--yes", packages[NEWER])
    assert refused.returncode == 1 and "r2 failed" in refused.stderr and "there is no room" in refused.stderr
    assert f"r1 is Active with haven {own_version()}" in refused.stderr
    (second.root / "refuses").unlink()
    assert "was interrupted" in second.cli("upgrade", "--status")
    done = first.upgrade("--yes", packages[NEWER])
    print(done.stdout, done.stderr)
    assert (done.returncode, done.stderr) == (0, "")
    since = now_ns()
    wait_until(lambda: busy.moving_since(since) == COUNT, 20, "every connection moves on")
    print(busy.fates(since))
    assert busy.fates(since).alive == COUNT
    assert installed(first) == installed(second) == {"r1": f"{NEWER}-r1", "r2": f"{NEWER}-r1"}
    assert (first.state(), second.state()) == ("active", "backup")
    assert all("No upgrade is under way" in node.cli("upgrade", "--status") for node in both)
    assert [node.cli("--version").strip() for node in both] == [f"haven {NEWER}"] * 2
    order = [line for line in done.stdout.splitlines() if line.endswith("installs")]
    assert order == ["r2 installs", "r1 installs"]
