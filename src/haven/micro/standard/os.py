# SPDX-License-Identifier: GPL-2.0-or-later
"""MicroPython's os with what havend needs besides; it stands in sys.path before the built-in one."""

import errno

import uos
from uos import *  # noqa: F403

W_OK = 2
_FOLDER, _LINK = 0x4000, 10


class Stat:
    """What is known of a file."""

    def __init__(self, found: "tuple[int, ...]") -> None:
        self.st_mode, self.st_uid, self.st_size = found[0], found[4], found[6]
        self.st_mtime_ns = found[8] * 1000000000


class path:
    """What of os.path is used."""

    @staticmethod
    def exists(name: str) -> bool:
        """Tell whether there is something of this name."""
        try:
            uos.stat(name)
        except OSError:
            return False
        return True

    @staticmethod
    def realpath(name: str) -> str:
        """Return where a folder is, as the kernel says when one goes there: OpenWrt's /var is a link."""
        here = uos.getcwd()
        try:
            uos.chdir(name)
            return str(uos.getcwd())
        except OSError:
            return name
        finally:
            uos.chdir(here)


def stat(name: str) -> Stat:
    """Return what is known of a file. Raises OSError."""
    return Stat(uos.stat(name))


def lstat(name: str) -> Stat:
    """Return what is known of a file that is no link. Raises OSError for a link."""
    folder, _slash, last = name.rstrip("/").rpartition("/")
    for each in uos.ilistdir(folder or "/"):
        if each[0] == last and each[1] == _LINK:
            raise OSError(errno.EPERM, "it is a link")
    return stat(name)


def makedirs(name: str, mode: int = 0o777, exist_ok: bool = False) -> None:
    """Make a folder and those that it is in. Raises OSError."""
    parts = name.rstrip("/").split("/")
    for count in range(2 if name[0] == "/" else 1, len(parts) + 1):
        if not path.exists("/".join(parts[:count])):
            uos.mkdir("/".join(parts[:count]))


def access(name: str, mode: int) -> bool:
    """Leave it to who writes to find out: root may write wherever anybody may."""
    return True


def _of_status(key: str) -> int:
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith(key):
                return int(line.split()[-3] if key == "Uid:" else line.split()[1])
    return -1


def geteuid() -> int:
    """Return the user that this process acts for."""
    return _of_status("Uid:")


def getpid() -> int:
    """Return the number of this process."""
    return _of_status("Pid:")


def write(descriptor: int, octets: bytes) -> int:
    """Write to one of the standard descriptors. Raises OSError."""
    import sys

    stream = {1: sys.stdout, 2: sys.stderr}[descriptor].buffer
    return int(stream.write(octets))


def strerror(code: int) -> str:
    """Return what an error number means."""
    from haven.havend.host import system

    return system.error_text(code)
