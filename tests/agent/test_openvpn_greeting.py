# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's OpenVPN makes the greeting, as the server's configuration says."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from haven.agent.loop import Loop, Scope
from haven.agent.openvpn.greeting import HARD_RESET_SERVER_V2, make_greeting
from tests.lab.wait import wait_until

OPENVPN = shutil.which("openvpn", path="/usr/sbin:/usr/bin:/sbin:/bin") or "openvpn"
CONF = "server 10.8.0.0 255.255.255.0\nca own.crt\ncert own.crt\nkey own.key\n"
# The first octet, a session, no acknowledgement, number 0; a wrap has a time, a number and a sum besides.
BARE, BY_AUTH, BY_CRYPT = 14, 42, 54
Make = Callable[[str], list[bytes]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return what gives the greetings that came of a configuration; none is waited for until one failed."""
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=own"]
    out = ["-keyout", "own.key", "-out", "own.crt"]
    subprocess.run(["openssl", "req", "-x509", *new, *out], cwd=tmp_path, check=True, capture_output=True)
    subprocess.run([OPENVPN, "--genkey", "secret", "ta.key"], cwd=tmp_path, check=True)

    def make(text: str) -> list[bytes]:
        (tmp_path / "road.conf").write_text(text)
        failures: list[BaseException] = []
        made: list[bytes] = []
        loop = Loop()
        scope = Scope(loop, str(tmp_path), failures.append)
        make_greeting(scope, str(tmp_path / "road.conf"), "", made.append)
        calls = scope._calls

        def turned() -> bool:
            loop.turn()
            return bool(made) or all(call.ended for call in calls)

        wait_until(turned, 20, "OpenVPN has spoken, or ended")
        scope.close()
        loop.close()
        assert failures == []
        return made

    return make


@pytest.mark.parametrize(
    ("more", "length"),
    [("", BARE), ("tls-auth ta.key 0\n", BY_AUTH), ("tls-crypt ta.key\n", BY_CRYPT)],
)
def test_it_is_a_hard_reset_in_the_servers_wrap(make: Make, more: str, length: int) -> None:
    (greeting,) = make(CONF + more)
    assert greeting[0] >> 3 == HARD_RESET_SERVER_V2 and len(greeting) == length


def test_keys_within_the_configuration_will_do(make: Make, tmp_path: Path) -> None:
    make(CONF)
    files = {"ca": "own.crt", "cert": "own.crt", "key": "own.key", "tls-crypt": "ta.key"}
    blocks = [f"<{name}>\n{(tmp_path / file).read_text()}</{name}>\n" for name, file in files.items()]
    inline = "".join(blocks)
    (greeting,) = make("server 10.8.0.0 255.255.255.0\n" + inline)
    assert len(greeting) == BY_CRYPT


def test_without_its_keys_there_is_none_and_openvpn_says_why(
    make: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    assert make(CONF.replace("own.key", "gone.key")) == []
    assert "gone.key" in capfd.readouterr().err


def test_a_configuration_that_is_gone_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    scope = Scope(Loop(), str(tmp_path), lambda error: None)
    make_greeting(scope, str(tmp_path / "gone.conf"), "", lambda greeting: None)
    (tmp_path / "openvpn").write_text("config openvpn 'other'\n")
    make_greeting(scope, str(tmp_path / "openvpn"), "road", lambda greeting: None)
    said = capfd.readouterr().err
    assert "gone.conf" in said and "no section road" in said
