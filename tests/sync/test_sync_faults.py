# SPDX-License-Identifier: GPL-2.0-or-later
"""Deaths, full disks, damage and bad documents: everything is as before or as after, and somebody is told."""

import errno
import json
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from haven.sync.change_documents import PART_LENGTH, SyncError
from haven.sync.replica_store import Store
from tests.root import need_root
from tests.sync.dying import dies_at
from tests.sync.routers import Router, exchange_all, tell

RULES = (
    "".join(f"\nconfig rule\n\toption name 'rule{n}'\n\toption dest_port '{n}'\n" for n in range(20)) + "\n"
)
KILLS = 100


def make(folder: Path) -> tuple[Router, Router]:
    one, two = (Router(folder, name, firewall=RULES, dhcp="\nconfig dnsmasq\n\n") for name in ("r1", "r2"))
    exchange_all([one, two])
    return one, two


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Router, Router]:
    return make(tmp_path)


def files(router: Router) -> dict[str, Any]:
    """Return what is in all that is applied, by path."""
    found: dict[str, Any] = {}
    for path in sorted(router.root.rglob("*")):
        name = str(path.relative_to(router.root))
        if path.is_file() and not name.startswith("etc/haven/"):
            found[name] = (path.read_bytes(), path.stat().st_mode)
    return found


def edit_much(router: Router, number: int) -> None:
    router.set("firewall", "rule3", "dest_port", f"9{number}")
    router.write("sqm", f"\nconfig queue 'q'\n\toption download '{number}'\n\n")
    router.write("dhcp", f"\nconfig dnsmasq\n\toption port '{number}'\n\n")
    router.file("/etc/openvpn/a.conf").write_text(f"one {number}\n")
    router.file("/etc/openvpn/b.conf").write_text(f"two {number}\n")


def test_a_death_at_any_moment_leaves_all_as_before_or_as_after(pair: tuple[Router, Router]):
    one, two = pair
    chance = random.Random(1)
    seen = {"before": 0, "after": 0, "put back": 0}
    operations = 250
    for number in range(KILLS):
        edit_much(one, number)
        before = files(two)
        documents = one.replica.changes_for(two.replica.summary())

        def receive(documents: list[Any] = documents) -> None:
            for document in documents:
                two.replica.receive(document)
            two.replica.keep()

        dies_at(chance.randint(0, operations), receive)
        # First the files, as a boot finds them; then the trial that has not ended.
        Store(str(two.root), "r2").recover()
        found = files(two)
        assert found == before or is_after(one, found)
        two.start()
        after = files(two)
        assert after == before or (after == found and is_after(one, after))
        seen["before" if found == before else "after" if after == found else "put back"] += 1
        assert not list(two.root.glob("etc/haven/pending/*"))
        # What is known follows the files: nothing of it is taken for an edit, and nothing is missing.
        two.replica.try_again()
        assert not two.replica.scan()
        exchange_all([one, two])
        assert is_after(one, files(two))
        assert two.replica.conflicts() == []
    assert min(seen.values()) > 5, seen


def is_after(one: Router, found: dict[str, Any]) -> bool:
    """Tell whether all of a change has been taken."""
    own = "etc/config/haven"
    wanted = files(one)
    return {name: found[name][0] for name in found if name != own} == {
        name: wanted[name][0] for name in wanted if name != own
    }


def test_who_writes_between_a_death_and_the_start_is_not_written_over(pair: tuple[Router, Router]):
    one, two = pair
    edit_much(one, 1)
    documents = one.replica.changes_for(two.replica.summary())

    def receive() -> None:
        for document in documents:
            two.replica.receive(document)

    for operation in range(200):
        assert dies_at(operation, receive), "there was no death with a marker"
        if (two.root / "etc/haven/pending/journal").exists():
            break
        two.start()
        two.replica.try_again()
    two.set("firewall", "rule7", "dest_port", "7777")
    two.start()
    two.replica.try_again()
    exchange_all([one, two])
    assert one.get("firewall", "rule7", "dest_port") == "7777"
    assert two.get("firewall", "rule3", "dest_port") == "91"
    assert one.replica.conflicts() == two.replica.conflicts() == []


def test_a_change_that_dies_twice_on_trial_is_not_tried_a_third_time(pair: tuple[Router, Router]):
    one, two = pair
    one.set("firewall", "rule3", "dest_port", "99")
    for _ in range(2):
        assert tell(one, two, keep=False) == "applied"
        assert two.start().packages == ["firewall"]
        assert two.get("firewall", "rule3", "dest_port") == "3"
    assert tell(one, two) == "nothing"


@pytest.mark.parametrize("damage", [b"", b"garbage", None, b"half"])
def test_a_damaged_memory_loses_no_change(pair: tuple[Router, Router], damage: bytes | None):
    one, two = pair
    memory = two.root / "etc/haven/sync/memory"
    one.set("firewall", "rule1", "dest_port", "11")
    two.set("firewall", "rule2", "dest_port", "22")
    if damage is None:
        octets = memory.read_bytes()
        memory.write_bytes(octets[:-5] + bytes([octets[-5] ^ 1]) + octets[-4:])
    else:
        memory.write_bytes(memory.read_bytes()[:50] if damage == b"half" else damage)
    two.start()
    two.replica.scan()
    assert [each["code"] for each in two.replica.problems()] == ["state-damaged"]
    exchange_all([one, two])
    # Nobody can know any more who wrote last: both say so, and nobody's is gone.
    paths = [each["path"] for each in one.replica.conflicts()]
    assert paths == ["firewall.@rule[1].dest_port", "firewall.@rule[2].dest_port"]
    two.replica.take("r1", "firewall.@rule[1]")
    two.replica.take("r2", "firewall.@rule[2]")
    exchange_all([one, two])
    assert one.sections("firewall") == two.sections("firewall")
    assert (one.get("firewall", "rule1", "dest_port"), one.get("firewall", "rule2", "dest_port")) == (
        "11",
        "22",
    )


def test_an_older_memory_that_was_put_back_loses_no_change(pair: tuple[Router, Router]):
    one, two = pair
    memory = two.root / "etc/haven/sync/memory"
    old = memory.read_bytes()
    two.set("firewall", "rule1", "dest_port", "11")
    exchange_all([one, two])
    two.path("firewall").write_text(RULES)
    memory.write_bytes(old)
    two.start()
    # What it writes now must not be taken for what it has forgotten.
    two.set("firewall", "rule2", "dest_port", "22")
    exchange_all([one, two])
    assert (one.get("firewall", "rule1", "dest_port"), one.get("firewall", "rule2", "dest_port")) == (
        "11",
        "22",
    )
    assert one.sections("firewall") == two.sections("firewall")
    assert one.replica.conflicts() == two.replica.conflicts() == []


def test_a_file_that_is_no_uci_is_not_shared_and_not_written(pair: tuple[Router, Router]):
    one, two = pair
    text = RULES + "\toption x 'open\n"
    two.write("firewall", text)
    two.write("sqm", "config queue 'a'\n")
    assert tell(two, one) == "applied"
    (problem,) = two.replica.problems()
    assert (problem["code"], problem["facts"]["package"]) == ("package-damaged", "firewall")
    assert problem["facts"]["diagnostic"]["code"] == "quote-open"
    assert one.sections("sqm") == two.sections("sqm")
    one.set("firewall", "rule3", "dest_port", "99")
    with pytest.raises(SyncError) as caught:
        tell(one, two)
    assert caught.value.code == "package-damaged"
    assert two.text("firewall") == text
    two.write("firewall", RULES)
    exchange_all([one, two])
    assert two.get("firewall", "rule3", "dest_port") == "99"


@pytest.mark.parametrize("how", ["empty", "gone", "binary"])
def test_a_package_that_is_lost_is_lost_on_nobody_else(pair: tuple[Router, Router], how: str):
    one, two = pair
    if how == "gone":
        two.path("firewall").unlink()
    else:
        two.path("firewall").write_bytes(b"" if how == "empty" else b"\xff\xfe")
    assert tell(two, one) == "nothing"
    codes = {"empty": "package-empty", "gone": "package-missing", "binary": "package-damaged"}
    assert [each["code"] for each in two.replica.problems()] == [codes[how]]
    assert len(one.sections("firewall")) == 20


def test_files_that_cannot_be_shared_are_named_and_the_rest_is_shared(pair: tuple[Router, Router]):
    one, two = pair
    folder = one.file("/etc/openvpn")
    (folder / "large").write_bytes(bytes((1 << 20) + 1))
    (folder / "link").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    (folder / "good").write_bytes(bytes(1 << 20))
    assert tell(one, two) == "applied"
    found = {each["facts"]["path"]: each["code"] for each in one.replica.problems()}
    assert found == {
        "/etc/openvpn/large": "file-large",
        "/etc/openvpn/link": "file-no-file",
        "/etc/openvpn/pipe": "file-no-file",
    }
    assert [each.name for each in two.file("/etc/openvpn").iterdir()] == ["good"]
    # One that grows over the limit is no removal.
    (folder / "good").write_bytes(bytes((1 << 20) + 1))
    assert tell(one, two) == "nothing"
    assert two.file("/etc/openvpn/good").stat().st_size == 1 << 20


def test_files_beyond_the_limit_are_not_removed_elsewhere(
    pair: tuple[Router, Router], monkeypatch: pytest.MonkeyPatch
):
    one, two = pair
    for name in "xyz":
        one.file("/etc/openvpn/" + name).write_text(name)
    exchange_all([one, two])
    monkeypatch.setattr("haven.sync.folders.MOST_FILES", 3)
    for name in "abc":
        one.file("/etc/openvpn/" + name).write_text(name)
    tell(one, two)
    assert [each["code"] for each in one.replica.problems()] == ["file-many"]
    assert {each.name for each in two.file("/etc/openvpn").iterdir()} >= set("xyz")


def test_a_listed_folder_that_is_gone_is_no_removal(pair: tuple[Router, Router]):
    one, two = pair
    one.file("/etc/openvpn/a").write_text("a")
    exchange_all([one, two])
    one.file("/etc/openvpn").rename(one.root / "unmounted")
    tell(one, two)
    assert two.file("/etc/openvpn/a").read_text() == "a"


def test_a_link_is_not_followed_out_of_the_folder(pair: tuple[Router, Router], tmp_path: Path):
    one, two = pair
    (tmp_path / "elsewhere").mkdir()
    two.file("/etc/openvpn/ccd").symlink_to(tmp_path / "elsewhere")
    one.file("/etc/openvpn/ccd").mkdir()
    one.file("/etc/openvpn/ccd/bob").write_text("x")
    with pytest.raises(SyncError) as caught:
        tell(one, two)
    assert caught.value.code == "file-linked"
    assert not list((tmp_path / "elsewhere").iterdir())


def test_what_the_others_haven_refuses_is_not_taken_at_all(pair: tuple[Router, Router]):
    one, two = pair
    router = "config virtual_router 'lan'\n\toption device 'br-lan'\n\toption vrid '%s'\n"
    one.write("haven", one.text("haven") + "\n" + router % "999" + "\tlist address '192.168.1.1/24'\n")
    one.set("firewall", "rule3", "dest_port", "99")
    before = files(two)
    with pytest.raises(SyncError) as caught:
        tell(one, two)
    assert caught.value.code == "change-refused"
    assert caught.value.facts["diagnostic"]["code"] == "value-whole"
    assert "'999' is not a whole number" in str(caught.value)
    assert files(two) == before
    one.set("haven", "lan", "vrid", "51")
    exchange_all([one, two])
    assert two.get("haven", "lan", "vrid") == "51" and two.get("firewall", "rule3", "dest_port") == "99"
    assert two.get("haven", "main", "node") == "r2"


def test_a_file_that_is_being_committed_is_not_touched(pair: tuple[Router, Router]):
    import fcntl

    one, two = pair
    one.set("firewall", "rule3", "dest_port", "99")
    with two.path("firewall").open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(SyncError) as caught:
            tell(one, two)
    assert caught.value.code == "package-busy"
    exchange_all([one, two])
    assert two.get("firewall", "rule3", "dest_port") == "99"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    need_root()
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_changes_nothing_and_says_so(tmp_path: Path, small_disk: Path):
    one = Router(tmp_path, "r1", firewall=RULES)
    two = Router(small_disk, "r2", firewall=RULES)
    exchange_all([one, two])
    one.set("firewall", "rule3", "dest_port", "99")
    one.file("/etc/openvpn/b").write_bytes(os.urandom(150_000))
    filler = small_disk / "filler"
    try:
        filler.write_bytes(bytes(1 << 20))
    except OSError as why:
        assert why.errno == errno.ENOSPC
    for room in (0, 4096, 20480, 100000):
        os.truncate(filler, max(0, filler.stat().st_size - room))
        before = files(two)
        with pytest.raises(SyncError) as caught:
            tell(one, two)
        assert caught.value.code == "no-room" and "No space left" in str(caught.value)
        assert files(two) == before
        assert [each.name for each in (two.root / "etc/haven/pending").glob("*")] == []
    filler.unlink()
    exchange_all([one, two])
    assert two.get("firewall", "rule3", "dest_port") == "99"
    assert two.file("/etc/openvpn/b").read_bytes() == one.file("/etc/openvpn/b").read_bytes()


def test_a_trial_that_cannot_be_taken_back_goes_on(pair: tuple[Router, Router]):
    one, two = pair
    one.set("firewall", "rule3", "dest_port", "99")
    tell(one, two, keep=False)
    two.write("firewall", "damaged '\n")
    assert two.start().code == "package-damaged"
    assert two.replica.on_trial
    two.write("firewall", RULES.replace("option dest_port '3'", "option dest_port '99'"))
    assert two.replica.undo().packages == ["firewall"]
    assert two.get("firewall", "rule3", "dest_port") == "3"


def documents_of(one: Router, two: Router) -> list[dict[str, Any]]:
    one.set("firewall", "rule3", "dest_port", "99")
    return one.replica.changes_for(two.replica.summary())


def test_parts_fit_in_a_message_and_come_in_any_order(pair: tuple[Router, Router]):
    one, two = pair
    one.file("/etc/openvpn/b").write_bytes(os.urandom(300_000))
    documents = one.replica.changes_for(two.replica.summary())
    assert len(documents) > 4
    assert max(len(json.dumps(each)) for each in documents) < 64 << 10
    assert [two.replica.receive(each).code for each in documents[1:]] == ["partial"] * (len(documents) - 1)
    assert two.replica.receive(documents[0]).code == "applied"
    assert [two.replica.receive(each).code for each in documents][-1] == "known"


@pytest.mark.parametrize(
    "change",
    [
        lambda part: None,
        lambda part: [],
        lambda part: {**part, "version": 2},
        lambda part: {**part, "part": 5},
        lambda part: {**part, "part": -1},
        lambda part: {**part, "parts": 100000},
        lambda part: {**part, "node": 5},
        lambda part: {**part, "data": "!" + part["data"][1:]},
        lambda part: {**part, "data": part["data"][:-4]},
        lambda part: {**part, "data": "A" * (PART_LENGTH + 1)},
        lambda part: {key: part[key] for key in part if key != "digest"},
    ],
)
def test_a_bad_part_is_refused(pair: tuple[Router, Router], change: Any):
    one, two = pair
    (part,) = documents_of(one, two)
    before = files(two)
    with pytest.raises(SyncError) as caught:
        two.replica.receive(change(part))
    assert caught.value.code in ("document-wrong", "document-version")
    assert files(two) == before
    assert two.replica.receive(part).code == "applied"
