# SPDX-License-Identifier: GPL-2.0-or-later
"""What common leases are made of, without a network: DHCP's octets, dnsmasq's file, the table, the notes."""

import json
import os
import random
import struct
from pathlib import Path

import pytest

from haven.agent.leases import lease_file
from haven.agent.leases.binding import FOREVER_S, Binding, BindingError, read_binding, read_new
from haven.agent.leases.gate import iptables_script, script
from haven.agent.leases.lan import lan_of, read_lans
from haven.agent.leases.lease_table import Table
from haven.agent.leases.note import NEWS_S, RENEWED_S, NoteError, Notes
from haven.leases.dhcp_message import ACK, REQUEST, read_packet
from haven.leases.holder import Holder
from haven.leases.nfqueue import LOCAL_IN, LOCAL_OUT, packets

MAC, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02"
NOW, WALL = 1000.0, 1_700_000_000.0


def packet(kind: int, yours: bytes = bytes(4), options: bytes = b"", op: int = 2) -> bytes:
    """Return an IPv4 packet with a DHCP message."""
    fixed = struct.pack("!BBBB4sHH", op, 1, 6, 0, b"abcd", 0, 0) + bytes(4) + yours + bytes(8)
    message = fixed + bytes.fromhex(MAC.replace(":", "")) + bytes(10 + 192) + b"\x63\x82\x53\x63"
    message += bytes([53, 1, kind]) + options + b"\xff"
    udp = struct.pack("!HHHH", 67, 68, 8 + len(message), 0)
    return (
        struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(message), 0, 0, 64, 17, 0, bytes(4), bytes(4))
        + udp
        + message
    )


def held(address: str = "192.168.1.100", mac: str = MAC, now: float = NOW, lasts_s: float = 3600) -> Binding:
    return Binding(address, mac, now, lasts_s)


def test_an_ack_and_its_request_make_a_binding():
    request = read_packet(packet(REQUEST, options=b"\x0c\x0bprinter.lan\x3d\x02\x01\x02", op=1))
    ack = read_packet(packet(ACK, bytes([192, 168, 1, 100]), b"\x33\x04\x00\x00\x0e\x10"))
    assert ack is not None and request is not None and (ack.kind, request.kind) == (ACK, REQUEST)
    binding = read_new(ack.binding(request), NOW)
    assert (binding.address, binding.mac, binding.name) == ("192.168.1.100", MAC, "printer")
    assert (binding.client_id, binding.until) == ("01:02", NOW + 3600)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (b"\x0c\x04a b\0", ""),
        (b"\x0c\x03-ab", ""),
        (b"\x51\x07\x00\0\0host", "host"),
        (b"\x51\x0b\x04\0\0\x03tab\x03lan", "tab"),
        (b"\x51\x03\x04\0\0", ""),
        (b"\x51\x00\x0c\x00", ""),
    ],
)
def test_names_that_the_dns_would_not_have_are_none(options: bytes, name: str):
    message = read_packet(packet(REQUEST, options=options, op=1))
    assert message is not None and message.name == name


def test_no_packet_makes_the_holder_stumble():
    chance = random.Random(1)
    good = packet(ACK, bytes([192, 168, 1, 100]), b"\x33\x04\x00\x00\x0e\x10\x0c\x03abc")
    for _ in range(500):
        octets = bytearray(good[: chance.randrange(len(good) + 1)])
        for _ in range(chance.randrange(4)):
            if octets:
                octets[chance.randrange(len(octets))] = chance.randrange(256)
        message = read_packet(bytes(octets))
        if message is not None:
            json.dumps(message.binding(message))
        list(packets(bytes(octets)))


def test_the_file_of_dnsmasq_is_read_and_written(tmp_path: Path):
    path = str(tmp_path / "dhcp.leases")
    six = "duid 00:01\n1700000100 1 fd00::5 host 00:02\n"
    first = held()
    first.name, first.client_id = "printer", "01:02"
    endless = held("192.168.1.101", OTHER, lasts_s=FOREVER_S)
    lease_file.write(path, [first, endless], six, NOW + 600, WALL)
    lines = Path(path).read_text().splitlines()
    assert lines[:2] == [
        f"{int(WALL) + 3000} {MAC} 192.168.1.100 printer 01:02",
        f"0 {OTHER} 192.168.1.101 * *",
    ]
    found = lease_file.read(path, NOW + 600, WALL)
    assert (found.six, found.is_whole, found.odd) == (six, True, 0)
    assert [(each.key, each.name, each.until) for each in found.bindings] == [
        (first.key, "printer", NOW + 3600),
        (endless.key, "", NOW + 600 + FOREVER_S),
    ]


def test_a_file_that_is_cut_short_or_none_of_dnsmasqs_is_told_from_a_whole_one(tmp_path: Path):
    line = f"{int(WALL) + 60} {MAC} 192.168.1.100 * *\n"
    for text, whole, odd, count in (
        (line + line[:30], False, 1, 1),
        ("garbage\n" + line, True, 1, 1),
        ("", True, 0, 0),
        (f"x {MAC} 192.168.1.100 * *\n", True, 1, 0),
        (f"5 {MAC} 300.168.1.100 * *\n", True, 1, 0),
    ):
        found = lease_file.LeaseFile(text, NOW, WALL)
        assert (found.is_whole, found.odd, len(found.bindings)) == (whole, odd, count), text
    with pytest.raises(lease_file.LeaseFileError):
        lease_file.write(str(tmp_path / "gone/dhcp.leases"), [], "", NOW, WALL)


def test_no_name_that_a_client_gives_itself_divides_the_file(tmp_path: Path):
    # As dnsmasq writes it: a client called duid, and an older one after it.
    four = f"{int(WALL) + 60} {OTHER} 192.168.1.101 duid *\n{int(WALL) + 60} {MAC} 192.168.1.100 other *\n"
    for six in ("", "duid 00:01\n1700000100 1 fd00::5 host 00:02\n"):
        found = lease_file.LeaseFile(four + six, NOW, WALL)
        assert [each.name for each in found.bindings] == ["duid", "other"]
        assert (found.six, found.odd) == (six, 0)


@pytest.mark.parametrize("client_id", ["ff:01:02", ":".join(["fe"] * 255)])
@pytest.mark.parametrize(("hardware", "mac"), [(32, b""), (1, b""), (32, bytes(16)), (1, bytes(6))])
def test_every_device_that_dnsmasq_takes_is_one_and_the_same_in_its_file(
    hardware: int, mac: bytes, client_id: str
):
    octets = bytes.fromhex(client_id.replace(":", ""))
    options = bytes([61, len(octets)]) + octets + b"\x33\x04\x00\x00\x0e\x10"
    seen = bytearray(packet(ACK, bytes([192, 168, 1, 100]), options))
    seen[29:31] = hardware, len(mac)
    seen[56:72] = mac.ljust(16, b"\0")
    message = read_packet(bytes(seen))
    assert message is not None
    # What dnsmasq 2.90 writes, and reads again when it starts.
    named = "".join(["" if mac and hardware == 1 else f"{hardware:02x}-", mac.hex(":")])
    line = f"{int(WALL) + 3600} {named} 192.168.1.100 * {client_id}\n"
    (binding,) = lease_file.LeaseFile(line, NOW, WALL).bindings
    heard = read_new(message.binding(None), NOW)
    assert (heard.key, heard.client_id) == (binding.key, binding.client_id)


def test_a_time_that_is_none_is_an_odd_line():
    found = lease_file.LeaseFile(f"{'9' * 5000} {MAC} 192.168.1.100 * *\n", NOW, WALL)
    assert (found.odd, found.bindings) == (1, [])


def test_a_link_beside_the_file_leads_nowhere(tmp_path: Path):
    precious = tmp_path / "precious"
    precious.write_text("x")
    os.symlink(precious, tmp_path / "dhcp.leases.haven")
    lease_file.write(str(tmp_path / "dhcp.leases"), [held()], "", NOW, WALL)
    assert precious.read_text() == "x" and MAC in (tmp_path / "dhcp.leases").read_text()


def test_the_newer_of_two_devices_keeps_the_address_on_both_routers():
    for order in (1, -1):
        table = Table()
        older, newer = held(mac=MAC, now=NOW), held(mac=OTHER, now=NOW + 10)
        for binding in (older, newer)[::order]:
            table.put(binding, NOW + 20)
        (clash,) = table.clashes(NOW + 20)
        assert (clash.winner, clash.loser) == (newer, older)
        assert table.good(NOW + 20) == [newer]
        # A renewal makes no lease newer.
        table.put(held(mac=MAC, now=NOW + 30), NOW + 30)
        assert table.clashes(NOW + 30)[0].winner.mac == OTHER
        table.end(older.key, NOW + 40)
        assert table.clashes(NOW + 41) == []


def test_what_was_given_back_does_not_come_back_from_who_has_missed_it():
    table = Table()
    table.put(held(), NOW)
    table.end(held().key, NOW + 10)
    assert not table.put(held(now=NOW), NOW + 20) and table.good(NOW + 20) == []
    assert table.put(held(now=NOW + 30), NOW + 30) and len(table.good(NOW + 30)) == 1
    table.end(held().key, NOW + 40)
    table.forget_old(NOW + 8000)
    assert table.all() == []


def test_who_else_has_an_address_is_found():
    table = Table()
    mine, its = held(), held(mac=OTHER)
    for binding in (mine, its, held("192.168.1.101", OTHER)):
        table.put(binding, NOW)
    assert table.others(its, NOW) == [mine] and table.others(its, NOW + 3600) == []


def test_a_device_that_changes_its_identifier_is_found():
    table = Table()
    for number in range(3):
        table.put(held(f"192.168.1.{100 + number}"), NOW)
    table.put(held("192.168.1.200", OTHER), NOW)
    assert table.restless(NOW) == {MAC: ["192.168.1.100", "192.168.1.101", "192.168.1.102"]}
    assert table.restless(NOW + 3600) == {}


def test_devices_without_an_address_of_their_hardware_are_not_one_that_changes():
    table = Table()
    for number in range(5):
        table.put(held(f"192.168.1.{100 + number}", "20-"), NOW)
    assert table.restless(NOW) == {}


def test_spans_and_no_times_are_told():
    binding = held()
    binding.began = NOW - 500
    there = read_binding(json.loads(json.dumps(binding.document(NOW + 60))), 7.0)
    assert (there.until, there.began, there.changed) == (7.0 + 3540, 7.0 - 560, 7.0 - 60)


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "1.2.3"},
        {"mac": "x\ny"},
        {"name": "a b"},
        {"client_id": "zz"},
        {"left_s": "x"},
        {"began_s": -1},
        {"lasts_s": 1e12},
        {"changed_s": None},
    ],
)
def test_what_is_no_lease_is_refused(wrong: dict[str, object]):
    document = {**held().document(NOW), **wrong}
    with pytest.raises(BindingError):
        read_binding(document, NOW)


def test_the_flash_is_written_seldom(tmp_path: Path):
    notes, table = Notes(str(tmp_path), str(tmp_path / "run")), Table()
    (tmp_path / "run").mkdir()
    flash = tmp_path / "etc/haven/leases.json"
    written = 0
    for second in range(0, 7200, 10):
        now = NOW + second
        if second % 600 == 0:
            # A device renews every ten minutes, and a new one comes twice.
            table.put(held(now=now), now)
        if second in (100, 3000):
            table.put(held(f"192.168.1.{second // 100}", OTHER, now), now)
        before = flash.stat().st_mtime_ns if flash.exists() else 0
        notes.keep(table, now)
        written += flash.exists() and flash.stat().st_mtime_ns != before
        if second < NEWS_S - 10:
            assert not flash.exists()
    assert written == 2
    notes.keep(table, NOW + 7200 + RENEWED_S)
    assert flash.stat().st_mtime_ns > 0


def test_a_reboot_knows_what_was_given_for_as_long_as_it_was(tmp_path: Path):
    (tmp_path / "run").mkdir()
    notes, table = Notes(str(tmp_path), str(tmp_path / "run")), Table()
    table.put(held(), NOW)
    notes.serving = ["lan"]
    notes.keep(table, NOW + 3000, for_good=True)
    again, found = Notes(str(tmp_path), str(tmp_path / "run")), Table()
    again.load(found, NOW + 3100)
    assert again.serving == ["lan"] and found.good(NOW + 3100)[0].until == NOW + 3600
    (tmp_path / "run/leases.json").unlink()
    rebooted, found = Notes(str(tmp_path), str(tmp_path / "run")), Table()
    rebooted.load(found, 5.0)
    assert rebooted.serving == [] and found.good(5.0)[0].until == 5.0 + 3600


def remembered(tmp_path: Path, kept: Table, written: float, loaded: float) -> Table:
    """Return what a router that was away knows after its boot, by what its flash had."""
    (tmp_path / "run").mkdir(exist_ok=True)
    Notes(str(tmp_path), str(tmp_path / "run")).keep(kept, written, for_good=True)
    (tmp_path / "run/leases.json").unlink()
    found = Table()
    Notes(str(tmp_path), str(tmp_path / "run")).load(found, loaded)
    return found


def told(one: Table, other: Table, now: float) -> list[Binding]:
    """Let one router tell another all; return what was news there."""
    heard = [read_binding(each.document(now), now) for each in one.all()]
    return [each for each in heard if other.put(each, now)]


def test_the_flash_of_a_router_that_was_away_is_no_news_to_one_that_was_there(tmp_path: Path):
    there, away = Table(), Table()
    for table in (there, away):
        table.put(held(now=NOW), NOW)
    there.put(held(now=NOW + 100), NOW + 100)
    away = remembered(tmp_path, away, NOW + 10, NOW + 300)
    assert told(away, there, NOW + 301) == [] and len(told(there, away, NOW + 301)) == 1
    there.end(held().key, NOW + 320)
    away = remembered(tmp_path, away, NOW + 310, NOW + 330)
    told(away, there, NOW + 331)
    assert there.good(NOW + 331) == []
    # As often as it boots.
    for boot in range(4):
        away = remembered(tmp_path, away, NOW + 400 + boot, NOW + 401 + boot)
    assert len(away.good(NOW + 500)) == 1


def test_who_has_an_address_keeps_it_from_whom_the_flash_of_another_router_remembers(tmp_path: Path):
    there, away = Table(), Table()
    away.put(held(now=NOW), NOW)
    away = remembered(tmp_path, away, NOW + 10, NOW + 9000)
    # Its first owner has been forgotten there.
    there.put(held(mac=OTHER, now=NOW + 8000), NOW + 8000)
    for one, other in ((away, there), (there, away)):
        told(one, other, NOW + 9001)
        assert [each.mac for each in other.good(NOW + 9001)] == [OTHER]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"bindings": [{}]}', '{"bindings": 5}', '{"at": "x"}'])
def test_a_damaged_note_is_named_and_left_out(tmp_path: Path, text: str):
    (tmp_path / "etc/haven").mkdir(parents=True)
    (tmp_path / "etc/haven/leases.json").write_text(text)
    table = Table()
    with pytest.raises(NoteError, match=r"leases\.json"):
        Notes(str(tmp_path), str(tmp_path)).load(table, NOW)
    assert table.all() == []


def test_rules_close_a_standby_and_pass_a_queue_that_nobody_reads():
    text = script(["lan", "guest"], ["lan"])
    assert "queue flags bypass to 3782" in text and '"lan" timeout 120s' in text
    assert "queue" not in script(["lan"], ["lan"], by_nft=False)
    assert iptables_script(["lan"]).count("--queue-bypass") == 2 and "NFQUEUE" not in iptables_script(())


def test_an_address_is_of_the_lan_whose_network_it_is_in():
    row = {"interface": "a", "device": "a", "group": "g", "address": "10.0.0.1/24"}
    lans = read_lans({"lans": [row, {**row, "interface": "b", "address": "10.0.1.1/24"}]})
    assert [
        getattr(lan_of(lans, each), "interface", None) for each in ("10.0.1.9", "10.0.0.9", "10.0.2.9")
    ] == [
        "b",
        "a",
        None,
    ]


@pytest.mark.parametrize("left", [float("nan"), float("-inf"), "nan", "10", True, None])
def test_a_span_that_is_no_number_is_no_lease(left: object):
    document = Binding("192.168.1.100", "02:00:00:00:00:01", NOW, 3600).document(NOW)
    with pytest.raises(BindingError):
        read_binding({**document, "left_s": left}, NOW)


class Hooked(Holder):
    """A holder without a queue, which notes what it tells the agent."""

    def __init__(self) -> None:
        self._requests, self._held, self._holds, self.said = {}, {}, True, []

    def _say(self, word: dict) -> bool:
        self.said.append(word)
        return True


def test_what_a_client_says_in_the_servers_name_is_no_answer_of_the_server():
    forged = read_packet(packet(ACK, bytes([192, 168, 1, 10]), b"\x33\x04\xff\xff\xff\xff"))
    holder = Hooked()
    assert not holder._is_to_wait(1, LOCAL_IN, forged) and holder.said == []
    assert holder._is_to_wait(2, LOCAL_OUT, forged) and holder.said[0]["ack"] == 2
