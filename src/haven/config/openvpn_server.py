# SPDX-License-Identifier: GPL-2.0-or-later
"""A server of OpenVPN's, as its own configuration file or a section of /etc/config/openvpn describes it."""

import os
import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from haven.config.uci.document import UciSection

TCP, UDP = "tcp", "udp"
USUAL_PORT = 1194
# What a client waits for where the server pushes nothing (openvpn(8), ping-restart).
USUAL_PATIENCE_S = 120
INIT_FOLDER = "/var/etc"
# What OpenWrt's script writes down for OpenVPN, an option a line; of anything else it says nothing.
KNOWN_OPTIONS = "/usr/share/openvpn/openvpn.options"
# The script's own.
_NOT_WRITTEN = frozenset(
    (
        *("enable", "enabled", "config", "up", "down"),
        *("script_security", "cert_password", "username", "password"),
    )
)
_BLOCK = re.compile(r"<([\w-]+)>$")
# What a packet is wrapped by, and the TLS without which OpenVPN does not start.
_IDENTITY = frozenset(
    (
        *("ca", "cert", "key", "pkcs12", "extra-certs", "peer-fingerprint", "askpass", "providers"),
        *("dh", "ecdh-curve", "tls-groups", "tls-cipher", "tls-ciphersuites", "tls-version-min"),
        *("tls-cert-profile", "tls-auth", "tls-crypt", "key-direction", "auth"),
    )
)


class Directive(NamedTuple):
    """One directive: its name, its words, and its text as OpenVPN takes it."""

    name: str
    words: tuple[str, ...]
    text: str


class OpenvpnServer:
    """The directives of one server; relative paths in them are those of `folder`."""

    def __init__(
        self, name: str, folder: str, directives: list[Directive], left_out: tuple[str, ...] = ()
    ) -> None:
        self.name = name
        # The options that OpenVPN will not hear of.
        self.left_out = left_out
        self._directives = directives
        self.folder = os.path.join(folder, *(self.words("cd") or ())[:1])

    def words(self, name: str) -> tuple[str, ...] | None:
        """Return the words of a directive, of several the last; None where it is not given."""
        found = [each.words for each in self._directives if each.name == name]
        return found[-1] if found else None

    def _first(self, name: str) -> str:
        return (self.words(name) or ("",))[0]

    @property
    def is_server(self) -> bool:
        """Whether clients come to it."""
        return bool(self.words("server") or self.words("server-bridge")) or self._first("mode") == "server"

    @property
    def protocol(self) -> str:
        """TCP or UDP."""
        return TCP if self._first("proto").startswith(TCP) else UDP

    @property
    def port(self) -> int:
        """Where it listens."""
        said = self._first("lport") or self._first("port")
        return int(said) if said.isdigit() and 0 < int(said) < 65536 else USUAL_PORT

    @property
    def local(self) -> str:
        """The address that it is bound to, empty for all."""
        return self._first("local").strip("*")

    @property
    def management(self) -> str:
        """The path of its management socket, empty where there is none that anybody may use."""
        words = self.words("management") or ()
        return words[0] if words[1:] == ("unix",) and words[0].startswith("/") else ""

    @property
    def patience_s(self) -> int:
        """How long a client that hears nothing waits until it begins anew."""
        pushed = [each.words[0].split() for each in self._directives if each.name == "push" and each.words]
        said = [words[1] for words in pushed if len(words) == 2 and words[0] == "ping-restart"]
        said = said or list((self.words("keepalive") or ())[1:2])
        return int(said[-1]) if said and said[-1].isdigit() else USUAL_PATIENCE_S

    @property
    def answers_from_one_address(self) -> bool:
        """Whether what it answers by UDP has the address that was asked."""
        return self.protocol == TCP or self.words("multihome") is not None or bool(self.local)

    @property
    def forgets_tokens(self) -> bool:
        """Whether the tokens that it gives out are worth nothing on another router."""
        return self.words("auth-gen-token") is not None and not self._first("auth-gen-token-secret")

    @property
    def wraps_by_client(self) -> bool:
        """Whether each client has a key of its own that its packets are wrapped by."""
        return self.words("tls-crypt-v2") is not None

    def identity(self) -> str:
        """Return the lines by which another process of OpenVPN's speaks as this server does."""
        return "".join(each.text + "\n" for each in self._directives if each.name in _IDENTITY)


def server_in_file(path: str, root: str = "") -> OpenvpnServer:
    """Read a configuration file of OpenVPN's. Raises OSError and ValueError."""
    with open(root + path) as file:
        name = os.path.splitext(os.path.basename(path))[0]
        return OpenvpnServer(name, os.path.dirname(path), list(_directives(file.read().splitlines())))


def server_in_section(section: UciSection, root: str = "") -> OpenvpnServer:
    """Read a section of /etc/config/openvpn, or the file that it names. Raises OSError and ValueError."""
    own = {entry.name: entry.value for entry in section.entries}
    if own.get("config"):
        found = server_in_file(own["config"], root)
        found.name = section.name or found.name
        return found
    left_out = _left_out(own, root)
    written = [entry for entry in section.entries if entry.name not in left_out]
    made = [_of_option(entry.name.replace("_", "-"), entry.value) for entry in written]
    directives = [each for each in made if each is not None]
    return OpenvpnServer(section.name or "", INIT_FOLDER, directives, left_out)


def _left_out(own: dict[str, str], root: str) -> tuple[str, ...]:
    try:
        with open(root + KNOWN_OPTIONS) as file:
            known = frozenset(re.findall(r"^\w+", file.read(), re.MULTILINE))
    except OSError:
        # Off OpenWrt, and where its OpenVPN is not installed yet, nobody can tell.
        return ()
    return tuple(name for name in own if name not in known and name not in _NOT_WRITTEN)


def is_enabled(section: UciSection) -> bool:
    """Tell whether OpenWrt's script starts it."""
    on = ("1", "on", "true", "yes", "enabled")
    return any(entry.name == "enabled" and entry.value in on for entry in section.entries)


def _of_option(name: str, value: str) -> Directive | None:
    # Of a flag, OpenWrt's script writes the name alone, or nothing.
    if value == "0":
        return None
    if name == "push":
        return Directive(name, (value,), f'push "{value}"')
    words = () if value == "1" else tuple(_split(value))
    return Directive(name, words, f"{name} {'' if value == '1' else value}".strip())


def _directives(lines: list[str]) -> Iterator[Directive]:
    left = iter(lines)
    for line in left:
        line = line.strip()
        block = _BLOCK.match(line)
        if block:
            inside = _until(left, f"</{block[1]}>")
            yield Directive(block[1], ("[inline]",), "\n".join([line, *inside]))
        elif line and line[0] not in "#;":
            name, *words = _split(line) or [""]
            yield Directive(name.removeprefix("--"), tuple(words), line)


def _until(lines: Iterator[str], end: str) -> Iterator[str]:
    for line in lines:
        yield line
        if line.strip() == end:
            return


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return line.split()
