# SPDX-License-Identifier: GPL-2.0-or-later
"""A user of a router without rights: what havend must not let such a one read, ask or plant."""

import sys

from tests.lab.haven_node import HavenNode

# As the package installs it (openwrt-feed/ipk.py).
CONFIG_MODE = 0o600
PROGRAM = """
import fcntl, os, socket, sys
run_dir, config = sys.argv[1:]
def plant(name, make):
    make(os.path.join(run_dir, name))
    return "planted " + name
def connect(path):
    socket.socket(socket.AF_UNIX).connect(path)
    return "connected to " + path
def lock(path):
    fcntl.flock(os.open(path, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
    return "locked " + path
tries = [
    lambda: "read " + open(config).name,
    lambda: "wrote " + open(config, "a").name,
    lambda: plant("planted", lambda path: open(path, "w")),
    lambda: plant("plan.json.new", lambda path: os.symlink(config, path)),
    lambda: plant("folder", os.mkdir),
    lambda: os.rename(os.path.join(run_dir, "alive"), os.path.join(run_dir, "away")) or "renamed alive",
    lambda: os.unlink(os.path.join(run_dir, "havend.sock")) or "removed the socket",
]
# Seen from here: what the run directory holds, or what is known to be there.
names = {*os.listdir(run_dir), "havend.sock", "plan.json"}
for path in (os.path.join(run_dir, name) for name in sorted(names)):
    tries.append(lambda path=path: connect(path))
    if path.endswith("/lock"):
        tries.append(lambda path=path: lock(path))
    tries.append(lambda path=path: "wrote " + open(path, "r+").name)
    if path.endswith("plan.json"):
        tries.append(lambda path=path: "read " + open(path).name)
for attempt in tries:
    try:
        print(attempt())
    except OSError:
        pass
print("tried %d things as user %d" % (len(tries), os.geteuid()))
"""


class LooseNode(HavenNode):
    """A node whose havend was started where files are everybody's, and makes the run directory itself."""

    def command(self) -> list[str]:
        """Start it with an umask that keeps nobody out, and from below folders that anybody may pass."""
        self.config_path.chmod(CONFIG_MODE)
        for folder in (self.network.folder, self.folder):
            folder.chmod(0o711)
        self.run_dir = self.folder / "made"
        command = super().command()
        return ["sh", "-c", 'umask 0 && exec "$@"', "sh", *command]


def trespasses(node: HavenNode) -> list[str]:
    """Try everything as nobody on the node's router; return what was possible, which should be nothing."""
    argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", sys.executable]
    told = node.router.namespace.run(*argv, "-c", PROGRAM, str(node.run_dir), str(node.config_path))
    *possible, last = told.splitlines()
    if not last.endswith("as user 65534"):
        raise RuntimeError(told)
    return possible
