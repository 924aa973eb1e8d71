# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules about the routers' own messages: kept out of connection tracking, and from the peers alone."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from haven.plan.conntrack_rules import commands
from tests.plan.world import Namespace, run_commands

CONNTRACK = {
    "device": "sync",
    "address": "10.9.0.1",
    "port": 3780,
    "agent_port": 3781,
    "peers": ["10.9.0.2"],
}

need_nft = pytest.mark.skipif(shutil.which("nft") is None, reason="nft is not here")

# Tells what arrives within a while at the ports in its arguments.
LISTEN = """
import select, socket, sys
found = []
for port in sys.argv[1:]:
    found.append(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
    found[-1].bind(("::", int(port)))
print("ready", flush=True)
words = []
while "end" not in words:
    for one in select.select(found, [], [])[0]:
        words.append(one.recv(100).decode())
print(*words)
"""
# Where no rule keeps anybody away.
FREE = 3790

SEND = """
import socket, sys
source, target, port, word = sys.argv[1:]
family = socket.AF_INET6 if ":" in source else socket.AF_INET
place = socket.getaddrinfo(target, int(port), family, socket.SOCK_DGRAM)[0][4]
with socket.socket(family, socket.SOCK_DGRAM) as sender:
    sender.bind((source, 0))
    sender.sendto(word.encode(), place)
"""


def rules(**more: object) -> dict[str, str]:
    """Return the rules as nft gets them, by the code of their command."""
    return {each["code"]: each["stdin"] for each in commands({**CONNTRACK, **more})["setup"]}


@contextmanager
def listening(where: Namespace, *way: str, speaker: Namespace) -> Iterator[list[str]]:
    """List, at the end, the words that have come to the ports; the speaker's last goes this way."""
    heard: list[str] = []
    argv = ["ip", "netns", "exec", where.name, sys.executable, "-c", LISTEN, "3780", "3781", str(FREE)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        try:
            yield heard
        finally:
            speaker.run(sys.executable, "-c", SEND, *way, str(FREE), "end")
            heard += [word for word in process.stdout.read().split() if word != "end"]


def test_without_copying_there_are_none():
    assert commands(None) == {"setup": [], "teardown": []}


def test_vrrp_everywhere_and_conntrackd_on_its_device_are_left_alone_both_ways():
    text = rules()["untracked-rules"]
    assert text.count("meta l4proto 112 notrack") == 2
    assert 'iifname "sync" udp dport { 3780, 3781 } notrack' in text
    assert 'oifname "sync" udp dport { 3780, 3781 } notrack' in text
    assert "hook prerouting priority raw;" in text and "hook output priority raw;" in text


def test_the_ports_are_the_peers_alone():
    lines = [line.strip() for line in rules(peers=["10.9.0.2", "10.9.0.3"])["peer-rules"].splitlines()]
    first = lines.index("type filter hook input priority raw;")
    assert lines[first + 1 : first + 3] == [
        'iifname "sync" ip saddr { 10.9.0.2, 10.9.0.3 } udp dport { 3780, 3781 } accept',
        "udp dport { 3780, 3781 } drop",
    ]


def test_one_peer_by_ipv6_is_known_by_its_address_and_several_by_the_link_as_well():
    assert "ip6 saddr { fd99::2 } udp" in rules(peers=["fd99::2"])["peer-rules"]
    assert "ip6 saddr { fe80::2 } udp" in rules(peers=["fe80::2"])["peer-rules"]
    several = rules(peers=["fd99::2", "fe80::3"])["peer-rules"]
    assert "ip6 saddr { fd99::2, fe80::/10 } udp" in several


@need_nft
def test_nft_takes_them_twice_and_removes_them_twice(namespace: Callable[[], Namespace]):
    router = namespace()
    for peers in (["10.9.0.2", "10.9.0.3"], ["fe80::2"], ["fd99::2", "fe80::3"], ["10.9.0.2"]):
        plan = {"commands": commands({**CONNTRACK, "peers": peers, "address": peers[0]})}
        for stage in ("setup", "setup"):
            run_commands(router, plan, stage)
        listed = router.run("nft", "list", "ruleset").stdout
        assert (listed.count("notrack"), listed.count("drop")) == (4, 3)
    for stage in ("teardown", "teardown"):
        run_commands(router, plan, stage)
    assert router.run("nft", "list", "ruleset").stdout == ""


@need_nft
def test_only_a_peer_on_the_device_reaches_the_ports(namespace: Callable[[], Namespace]):
    router, neighbour = namespace(), namespace()
    for device, net in (("sync", "10.9.0"), ("lan", "10.8.0")):
        router.ip(f"link add {device} type veth peer name {device} netns {neighbour.name}")
        for where, host in ((router, 1), (neighbour, 2)):
            where.ip(f"address add {net}.{host}/24 dev {device}")
            where.ip(f"link set {device} up")
    neighbour.ip("address add 10.9.0.66/24 dev sync")
    run_commands(router, {"commands": commands(CONNTRACK)}, "setup")
    with listening(router, "10.9.0.66", "10.9.0.1", speaker=neighbour) as heard:
        for source, target, port, word in (
            ("10.9.0.66", "10.9.0.1", 3780, "stranger"),
            ("10.9.0.66", "10.9.0.1", 3781, "stranger"),
            ("10.8.0.2", "10.8.0.1", 3780, "client"),
            ("10.8.0.2", "10.9.0.1", 3781, "client"),
            ("10.9.0.66", "10.9.0.1", 3790, "elsewhere"),
            ("10.9.0.2", "10.9.0.1", 3780, "copy"),
            ("10.9.0.2", "10.9.0.1", 3781, "account"),
        ):
            neighbour.run(sys.executable, "-c", SEND, source, target, str(port), word)
    assert sorted(heard) == ["account", "copy", "elsewhere"]


@need_nft
@pytest.mark.parametrize(
    ("own", "there", "group"), [("10.9.0.1", "10.9.0.2", "225.0.0.50"), ("fd99::1", "fd99::2", "ff12::50")]
)
def test_of_our_own_programs_those_of_root_alone_speak_to_the_peers(
    namespace: Callable[[], Namespace], own: str, there: str, group: str
):
    router, peer = namespace(), namespace()
    router.ip(f"link add sync type veth peer name sync netns {peer.name}")
    for where, address in ((router, own), (peer, there)):
        where.ip(f"address add {address}/{64 if ':' in own else 24} dev sync")
        where.ip("link set sync up")
    router.ip(f"route add {group} dev sync")
    run_commands(router, {"commands": commands({**CONNTRACK, "peers": [there], "address": own})}, "setup")
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    sent = 'oifname "sync" udp dport { 3780, 3781 } counter name leaves'
    counted = "table inet t { counter leaves { }; chain c { type filter hook postrouting priority 0; %s; }; }"
    router.run("nft", "-f", "-", stdin=counted % sent)
    with listening(peer, own, there, speaker=router) as heard:
        for port in (3780, 3781, 3790):
            for program, word in ((nobody, "users"), ([], "ours")):
                words = [own, there, str(port), f"{word}-{port}"]
                router.run(*program, sys.executable, "-c", SEND, *words, check=False)
        router.run(*nobody, sys.executable, "-c", SEND, own, group, "3780", "users", check=False)
    assert sorted(heard) == ["ours-3780", "ours-3781", "ours-3790", "users-3790"]
    assert "packets 2 " in router.run("nft", "list", "counters").stdout


@need_nft
def test_nobody_reaches_the_peers_ports_through_us(namespace: Callable[[], Namespace]):
    router, client, peer = namespace(), namespace(), namespace()
    for device, net, other in (("lan", "10.8.0", client), ("sync", "10.9.0", peer)):
        router.ip(f"link add {device} type veth peer name {device} netns {other.name}")
        for where, host in ((router, 1), (other, 2)):
            where.ip(f"address add {net}.{host}/24 dev {device}")
            where.ip(f"link set {device} up")
    client.ip("route add default via 10.8.0.1")
    router.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
    masquerade = "chain out {\ntype nat hook postrouting priority srcnat\nmasquerade\n}"
    router.run("nft", "-f", "-", stdin="table ip nat {\n%s\n}\n" % masquerade)
    run_commands(router, {"commands": commands(CONNTRACK)}, "setup")
    with listening(peer, "10.8.0.2", "10.9.0.2", speaker=client) as heard:
        for port, word in ((3780, "copy"), (3781, "account"), (3790, "elsewhere")):
            client.run(sys.executable, "-c", SEND, "10.8.0.2", "10.9.0.2", str(port), word)
    assert heard == ["elsewhere"]
