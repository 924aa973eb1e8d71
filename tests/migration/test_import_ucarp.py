# SPDX-License-Identifier: GPL-2.0-or-later
"""ucarp, however it is started, is the same virtual router."""

from pathlib import Path

import pytest

from haven.migration import ucarp_import
from haven.migration.draft import Draft
from haven.migration.origin import Origin, SourceError
from haven.migration.outcome import Import, kind_of
from haven.migration.source_files import SourceFiles

COMMAND = "/usr/sbin/ucarp -i eth0 -s 10.5.0.2 -v 94 -p geheim -a 10.5.0.1 -b 5 -k 20 -P -B -z"
WAYS = {
    "a command line": COMMAND + " -u /usr/share/ucarp/vip-up -d /usr/share/ucarp/vip-down\n",
    "long words": "ucarp --interface=eth0 --srcip 10.5.0.2 --vhid=94 --pass=geheim --addr=10.5.0.1 "
    "--advbase=5 --advskew=20 --preempt --daemonize --shutdown &\n",
    "letters together": "exec ucarp -PBzi eth0 -s10.5.0.2 -v94 -pgeheim -a10.5.0.1 -b5 -k20\n",
    "a script": f"#!/bin/sh\n# ucarp -v 1 -a 10.0.0.1\nset -e\n{COMMAND} \\\n  -S > /dev/null 2>&1 &\n",
    "a unit of systemd": f"[Service]\nExecStart={COMMAND}\nRestart=always\n",
    "/etc/default": "INTERFACE=eth0\nSOURCE_ADDRESS=10.5.0.2 # ours\nVHID='94'\nPASSWORD=\"geheim\"\n"
    'VIP=10.5.0.1\nexport OPTIONS="-b 5 -k 20 -P"\n',
    "/etc/default with one line": "UCARP_IF=eth0\n"
    'UCARP_ARGS="-i ${UCARP_IF} -s 10.5.0.2 -v 94 -p geheim -a 10.5.0.1 -b 5 -k 20 -P"\n',
    "/etc/ucarp of Red Hat": "ID=094\nBIND_INTERFACE=eth0\nSOURCE_ADDRESS=10.5.0.2\nVIP_ADDRESS=10.5.0.1\n"
    'PASSWORD=geheim\nOPTIONS="--advbase=5 --advskew=20 --preempt"\n',
    "ifupdown": """auto eth0
iface eth0 inet static
    address 10.5.0.2/24
    ucarp-vid 94
    ucarp-vip 10.5.0.1
    ucarp-password geheim
    ucarp-advskew 20
    ucarp-advbase 5
    ucarp-master yes
    ucarp-nomcast no
iface eth0:ucarp inet static
    address 10.5.0.1
""",
}
SAME = {
    "group": "carp94_group",
    "device": "eth0",
    "protocol": "carp",
    "vrid": "94",
    "advert_interval": "5000",
    "advskew": "20",
    "password": "geheim",
    "source_address": "10.5.0.2",
    "address": "10.5.0.1",
}


def drafted(text: str, folder: Path) -> Draft:
    path, draft = folder / "ucarp", Draft()
    path.write_text(text)
    reader = {"interfaces": ucarp_import.import_interfaces, "ucarp": ucarp_import.import_ucarp}
    reader[kind_of(str(path), text.split("\n"))](SourceFiles(), str(path), draft)
    return draft


@pytest.mark.parametrize("text", WAYS.values(), ids=WAYS.keys())
def test_every_way_to_start_it_is_the_same_virtual_router(text: str, tmp_path: Path) -> None:
    draft = drafted(text, tmp_path)
    routers = draft.of_type("virtual_router")
    (router,) = routers
    assert {row[0]: row[1] for row in router.rows} == SAME
    assert [group.value("preempt") for group in draft.of_type("group")] == ["1"]


@pytest.mark.parametrize("text", WAYS.values(), ids=WAYS.keys())
def test_what_comes_of_it_is_valid(text: str, tmp_path: Path) -> None:
    path = tmp_path / "ucarp"
    path.write_text(text)
    outcome = Import("r1").run([str(path)])
    assert outcome.problems == []
    assert outcome.counts["virtual_router"] == 1 and "protocol 'carp'" in outcome.configuration


def test_scripts_and_what_carp_lacks_are_named_with_their_lines(tmp_path: Path) -> None:
    text = "\n" + COMMAND + " -u /root/up.sh -d /root/down.sh -r 5 -m 224.0.0.99 -S -M -x 7\n"
    draft = drafted(text, tmp_path)
    place = Origin(str(tmp_path / "ucarp"), 2)
    assert {(remark.code, remark.place) for remark in draft.remarks} == {
        (code, place)
        for code in ("ucarp-script", "ucarp-ratio", "multicast-group", "ucarp-ignoreifstate", "needless")
    }


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("ucarp -v 5 -a 10.0.0.1 -Q\n", "ucarp-word", 1),
        ("\nucarp -v 5 -a 10.0.0.1 --colour=blue\n", "ucarp-word", 2),
        ("\n\nucarp -v 5 -a 10.0.0.1 stray\n", "ucarp-word", 3),
        ("ucarp -v 5 -p 'open\n", "quote-open", 1),
        ("VHID='9\n", "quote-open", 1),
        ("UCARP_COLOUR=blue\n", "ucarp-none", 0),
    ],
)
def test_what_is_no_command_of_ucarps_is_named(text: str, code: str, line: int, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        drafted(text, tmp_path)
    assert (caught.value.code, caught.value.place.line) == (code, line)


def test_two_of_them_are_two_virtual_routers(tmp_path: Path) -> None:
    draft = drafted(COMMAND + "\n" + COMMAND.replace("94", "95").replace("eth0", "eth1") + "\n", tmp_path)
    assert len(draft.of_type("virtual_router")) == len(draft.of_type("group")) == 2
