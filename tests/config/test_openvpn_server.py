# SPDX-License-Identifier: GPL-2.0-or-later
"""What haven reads of OpenVPN's own configuration, in both of its forms."""

from pathlib import Path

import pytest

from haven.config.load import read_sections
from haven.config.openvpn_server import OpenvpnServer, is_enabled, server_in_file, server_in_section

CONF = """
# a comment
server 10.8.0.0 255.255.255.0
proto udp   # another
port 1195
;local 192.0.2.7
push "route 10.0.0.0 255.0.0.0"
push "ping-restart 30"
keepalive 10 60
management /run/road.sock unix
auth-gen-token 3600 external-auth
<ca>
-----BEGIN-----
port 7
</ca>
cert server.crt
tls-auth ta.key 0
"""
UCI = """
config openvpn 'road'
	option enabled '1'
	option server '10.8.0.0 255.255.255.0'
	option proto 'tcp-server'
	option multihome '0'
	option tls_crypt '/etc/openvpn/tc.key'
	option auth_gen_token '1'
	option auth_gen_token_secret '/etc/openvpn/token.key'
	list push 'ping-restart 20'
	option management '/run/road.sock unix'

config openvpn 'other'
	option enabled '1'
	option config '%s'

config openvpn 'off'
	option client '1'
"""


def read(tmp_path: Path, text: str) -> OpenvpnServer:
    (tmp_path / "road.conf").write_text(text)
    return server_in_file(str(tmp_path / "road.conf"))


def test_a_configuration_file(tmp_path: Path) -> None:
    server = read(tmp_path, CONF)
    assert (server.name, server.folder, server.is_server) == ("road", str(tmp_path), True)
    assert (server.protocol, server.port, server.local) == ("udp", 1195, "")
    assert (server.management, server.patience_s) == ("/run/road.sock", 30)
    assert server.forgets_tokens and not server.answers_from_one_address
    assert server.identity() == ("<ca>\n-----BEGIN-----\nport 7\n</ca>\ncert server.crt\ntls-auth ta.key 0\n")


def test_sections_of_openwrt(tmp_path: Path) -> None:
    (tmp_path / "road.conf").write_text(CONF + "cd /srv/keys\n")
    (tmp_path / "openvpn").write_text(UCI % (tmp_path / "road.conf"))
    road, other, off = read_sections(str(tmp_path / "openvpn"))
    assert [is_enabled(each) for each in (road, other, off)] == [True, True, False]
    server = server_in_section(road)
    assert (server.name, server.protocol, server.port, server.patience_s) == ("road", "tcp", 1194, 20)
    assert not server.forgets_tokens and server.management == "/run/road.sock"
    assert server.words("multihome") is None
    assert server.identity() == "tls-crypt /etc/openvpn/tc.key\n"
    named = server_in_section(other)
    assert (named.name, named.port, named.folder) == ("other", 1195, "/srv/keys")
    assert not server_in_section(off).is_server


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("management /run/road.sock unix", "/run/road.sock"),
        ("management 127.0.0.1 7505", ""),
        ("management /run/road.sock unix /etc/password", ""),
        ("management road.sock unix", ""),
        ("management", ""),
    ],
)
def test_a_management_socket_that_anybody_may_use(tmp_path: Path, line: str, wanted: str) -> None:
    assert read(tmp_path, line).management == wanted


@pytest.mark.parametrize(
    "line", ['push "never closed', "port 99999", "port x", "keepalive", "proto", "<ca>", '"']
)
def test_what_is_no_configuration_is_no_error(tmp_path: Path, line: str) -> None:
    server = read(tmp_path, line)
    assert (server.port, server.patience_s, server.protocol) == (1194, 120, "udp")
