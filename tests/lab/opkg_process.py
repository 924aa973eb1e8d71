# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for opkg below a root: it unpacks real packages and restarts the service as OpenWrt's does.

    opkg_process.py ROOT install [--force-downgrade] FILE...

ROOT/refuses: what it says instead, and fails. ROOT/breaks: it is killed when it has stopped the service.
"""

import io
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

# The lab's service is another one, and a configuration is its user's.
KEPT = ("etc/init.d/haven", "etc/config/haven")
STATUS = "usr/lib/opkg/status"


def main() -> int:
    """Install what the words name."""
    root = Path(sys.argv[1])
    paths = [word for word in sys.argv[3:] if not word.startswith("-")]
    if (root / "refuses").exists():
        print(f"Collected errors:\n * opkg_install_cmd: {(root / 'refuses').read_text()}")
        return 255
    for path in paths:
        install(root, path)
    return 0


def install(root: Path, path: str) -> None:
    """Replace a package."""
    with tarfile.open(path) as outer:
        members = {name: outer.extractfile(f"./{name}").read() for name in ("control.tar.gz", "data.tar.gz")}
    with tarfile.open(fileobj=io.BytesIO(members["control.tar.gz"])) as control:
        text = control.extractfile("./control").read().decode()
    fields = dict(line.split(": ", 1) for line in text.splitlines() if line[:1] not in ("", " "))
    print(f"Upgrading {fields['Package']} on root to {fields['Version']}...", flush=True)
    restarts = fields["Package"] == "haven"
    if restarts:
        service(root, "stop")
    if (root / "breaks").exists():
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    with tarfile.open(fileobj=io.BytesIO(members["data.tar.gz"])) as data:
        for member in data:
            if member.isfile() and member.name.removeprefix("./") not in KEPT:
                # As opkg does: the name is another file from now on, who has the old one open keeps it.
                (root / member.name).unlink(missing_ok=True)
                data.extract(member, root, filter="fully_trusted")
    note(root, fields["Package"], fields["Version"])
    if restarts:
        service(root, "start")


def note(root: Path, name: str, version: str) -> None:
    """Write down what is installed."""
    path = root / STATUS
    path.parent.mkdir(parents=True, exist_ok=True)
    stanzas = path.read_text().split("\n\n") if path.exists() else []
    stanzas = [each for each in stanzas if each.strip() and not each.startswith(f"Package: {name}\n")]
    stanzas.append(f"Package: {name}\nVersion: {version}\nStatus: install user installed\nArchitecture: all")
    path.write_text("\n\n".join(stanzas) + "\n\n")


def service(root: Path, action: str) -> None:
    """Call the service."""
    script = root / "etc/init.d/haven"
    if script.exists():
        subprocess.run([script, action], check=True)


if __name__ == "__main__":
    sys.exit(main())
