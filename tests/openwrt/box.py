# SPDX-License-Identifier: GPL-2.0-or-later
"""A router in its factory state that is only a folder, and the computer that is wired to it.

uci is its stand-in, or the real one. `haven validate` and `haven dhcp` are haven's own, on the folder's
files; of what needs a running service the words alone are checked. What is told to others is written down.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from haven.config.uci.document import parse

ROOT = Path(__file__).parents[2]
FACTORY_ADDRESS = "192.168.1.1"
# As `config_generate` of 24.10 makes them, and the packages bring them.
FACTORY = {
    "network": """
config interface 'loopback'
	option device 'lo'
	option proto 'static'
	option ipaddr '127.0.0.1'

config device
	option name 'br-lan'
	option type 'bridge'
	list ports 'eth0'
	list ports 'eth2'

config interface 'lan'
	option device 'br-lan'
	option proto 'static'
	option ipaddr '192.168.1.1'
	option netmask '255.255.255.0'

config interface 'wan'
	option device 'eth1'
	option proto 'dhcp'

config interface 'wan6'
	option device 'eth1'
	option proto 'dhcpv6'
""",
    "firewall": "\nconfig zone\n\toption name 'lan'\n",
    "system": "\nconfig system\n\toption hostname 'OpenWrt'\n",
    "dhcp": "\nconfig dnsmasq\n\nconfig dhcp 'lan'\n\toption interface 'lan'\n\toption start '100'\n",
    "rpcd": "\nconfig login\n\toption username 'root'\n\tlist read '*'\n",
    "haven": (ROOT / "files/etc/config/haven").read_text(),
}
HAVEN = """
import sys
from haven.cli.main import main
from haven.cli.usage import parse
from haven.openwrt import applied_files

root, uci, words = sys.argv[1], sys.argv[2:sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1 :]
kept = applied_files.RouterFiles
applied_files.RouterFiles = lambda: kept(root, uci)
if parse(words).command.name in ("validate", "dhcp"):
    sys.exit(main(["--config", root + "/etc/config/haven", *words]))
"""
UBUS = """
import json, sys
from haven.agent.ubus.methods import SIGNATURE

words = sys.argv[1:]
if words[0] == "call" and words[1] == "haven":
    assert set(json.loads((words + ["{}"])[3])) <= set(SIGNATURE[words[2]]), words
else:
    assert words[:2] == ["-v", "list"] or words[0] in ("call", "listen"), words
"""
RECORD = 'echo "${0##*/} $*" >>"$BOX/record"\n'
COMMANDS = {
    # The address is the router's own as soon as netifd has read it.
    "service": RECORD
    + '[ "$1 $2" != "network reload" ] || uci get network.lan.ipaddr | sed "s,/.*,," >"$BOX/address"\n',
    "reload_config": RECORD,
    "opkg": RECORD + 'for word; do case $word in */*) [ -f "$word" ] || exit 255 ;; esac; done\n',
    "uhttpd": "echo '$1$salt$hash'\n",
    # What the rules are made of.
    "nft": '[ "$*" = "list ruleset" ] && cat "$BOX/etc/config/firewall"\n',
    # Nothing runs here.
    "pgrep": ":\n",
    "jsonfilter": "cat >/dev/null\n",
    **dict.fromkeys(("df", "free", "logread", "tcpdump"), RECORD),
}
ON_COMPUTER = {
    "make": f'{shutil.which("make")} -n -C {ROOT} "$@" >/dev/null && mkdir -p dist && cd dist && '
    "touch haven_1_all.ipk luci-app-haven_1_all.ipk luci-app-haven-classic_1_all.ipk\n",
    "ssh-keygen": '[ "$1" = -R ]\n',
    "scp": '[ "$1" = -O ] && shift\nfor to; do :; done\n'
    '[ "$to" = "root@$(cat "$BOX/address"):/tmp/" ] || exit 1\n'
    'while [ $# -gt 1 ]; do cp "$1" "$BOX/tmp/" || exit 1; shift; done\n',
    # With a command, or to begin a session.
    "ssh": '[ "$1" = "root@$(cat "$BOX/address")" ] || exit 255\nshift\n'
    '[ $# = 0 ] || exec "$BOX/shell" "$*"\n',
}
CONNECTION = (
    "ipv4 2 tcp 6 7438 ESTABLISHED src=192.168.1.100 dst=203.0.113.5 sport=50000 dport=443 "
    "src=203.0.113.5 dst=192.168.0.4 sport=443 dport=50000 [ASSURED] use=2\n"
)
# A busybox of Debian's takes its own before those of PATH.
APPLETS = " ".join(f'{name}() {{ "$BOX/bin/{name}" "$@"; }};' for name in ("df", "free", "logread", "pgrep"))
PATHS = re.compile(r"(?<![\w.:$])/(etc|tmp|proc/net)/")


class Box:
    """One router, and the computer beside it."""

    def __init__(self, root: Path, uci: list[str]) -> None:
        self.root, self.computer = root / "router", root / "computer"
        for folder in ("etc/config", "etc/hotplug.d", "tmp", "proc/net", "bin"):
            (self.root / folder).mkdir(parents=True)
        (self.computer / "bin").mkdir(parents=True)
        for name, text in FACTORY.items():
            (self.root / "etc/config" / name).write_text(text)
        (self.root / "proc/net/nf_conntrack").write_text(CONNECTION)
        (self.root / "address").write_text(f"{FACTORY_ADDRESS}\n")
        self._install(uci)
        # To which address the session was opened that commands are pasted into; none while there is none.
        self.session = ""

    def _install(self, uci: list[str]) -> None:
        python, changes = sys.executable, self.root / "tmp/.uci"
        programs = dict(COMMANDS)
        programs["uci"] = f'exec {" ".join(uci)} -c "$BOX/etc/config" -t {changes} "$@"\n'
        for name, text in (("haven", HAVEN), ("ubus", UBUS)):
            (self.root / f"stand_in_{name}.py").write_text(text)
            programs[name] = f"{RECORD}exec {python} {self.root}/stand_in_{name}.py"
        programs["haven"] += f' "$BOX" {" ".join(uci)} -- "$@"\n'
        programs["ubus"] += ' "$@"\n'
        for folder, commands in ((self.root, programs), (self.computer, ON_COMPUTER)):
            for name, text in commands.items():
                _write(folder / "bin" / name, text)
        # What ssh hands a command to.
        inside = "s#(^|[ >])/(etc|tmp)/#\\1'\"$BOX\"'/\\2/#g"
        _write(
            self.root / "shell",
            f'cd "$BOX" && PATH="$BOX/bin:$PATH" exec sh -c "$(echo "$1" | sed -E \'{inside}\')"\n',
        )

    @property
    def address(self) -> str:
        """The router's own address on its LAN."""
        return (self.root / "address").read_text().strip()

    def paste_on_computer(self, text: str) -> subprocess.CompletedProcess:
        """Run a block in a new shell of the computer; its last line may begin a session."""
        done = self._run(text, self.computer, ["sh"])
        if re.match(r"ssh \S+$", text.splitlines()[-1]) and done.returncode == 0:
            self.session = self.address
        return done

    def paste(self, text: str) -> subprocess.CompletedProcess:
        """Run a block in a new shell of the router, in a session that a change of its address ends."""
        assert self.session == self.address, f"nobody is logged in at {self.address}"
        shell = ["busybox", "ash"] if shutil.which("busybox") else ["sh"]
        here = PATHS.sub(rf"{self.root}/\1/", text)
        return self._run(f"{APPLETS}\n{here}", self.root, shell)

    def _run(self, text: str, folder: Path, shell: list[str]) -> subprocess.CompletedProcess:
        path = f"{folder}/bin:{os.environ['PATH']}"
        environment = {"PATH": path, "BOX": str(self.root), "PYTHONPATH": str(ROOT / "src")}
        return subprocess.run(
            [*shell, "-c", text], cwd=folder, env=environment, capture_output=True, text=True, timeout=180
        )

    def settings(self) -> dict[str, list]:
        """Return what is committed, apart from the order of sections, which means nothing here."""
        return {
            path.name: sorted(
                (each.type, each.name, sorted((entry.name, entry.value) for entry in each.entries))
                for each in parse(path.read_text(), "", path.name)[0]
            )
            for path in sorted((self.root / "etc/config").iterdir())
        }

    def uncommitted(self) -> list[str]:
        """Return the packages with changes that nobody has committed."""
        return sorted(path.name for path in (self.root / "tmp/.uci").glob("*") if path.read_text())

    def record(self) -> list[str]:
        """Return what others were told."""
        return (self.root / "record").read_text().splitlines()


def _write(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)
