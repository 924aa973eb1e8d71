# SPDX-License-Identifier: GPL-2.0-or-later
"""The package manager of a router, whichever is there: what is installed, and how a package gets there."""

import os

from haven.contract.upgrade import UpgradeRefused, is_ours

FOLDERS = ("bin", "sbin", "usr/bin", "usr/sbin")
# Where each notes what is installed.
DATABASES = {
    "opkg": ("usr/lib/opkg/status", "var/lib/opkg/status"),
    "apk": ("lib/apk/db/installed", "usr/lib/apk/db/installed"),
}
KIND = {"opkg": "ipk", "apk": "apk"}
# A package that fits every router; ours do.
ANY_ARCHITECTURE = ("all", "noarch")
RELEASE, APK_ARCHITECTURE = "etc/openwrt_release", "etc/apk/arch"


class Manager:
    """opkg or apk, below a root. Raises UpgradeRefused where there is neither."""

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/")
        for self.name in ("apk", "opkg"):
            for folder in FOLDERS:
                self.program = f"{self._root}/{folder}/{self.name}"
                if os.access(self.program, os.X_OK):
                    return
        raise UpgradeRefused("manager-missing")

    @property
    def kind(self) -> str:
        """The kind of packages that it installs."""
        return KIND[self.name]

    def command(self, paths: list[str], may_be_older: bool) -> list[str]:
        """Return the command that installs packages; apk takes an older one that is named without a word."""
        if self.name == "apk":
            return [self.program, "add", "--allow-untrusted", *paths]
        older = ["--force-downgrade"] if may_be_older else []
        return [self.program, "install", *older, *paths]

    def installed(self) -> dict[str, str]:
        """Return the packages of ours that are installed whole, and their versions."""
        for place in DATABASES[self.name]:
            try:
                with open(f"{self._root}/{place}", encoding="utf-8", errors="replace") as file:
                    text = file.read()
            except OSError:
                continue
            return dict(_ours(text, self.name))
        return {}

    def architecture(self) -> str:
        """Return the architecture of this router, empty where nobody says it."""
        if self.name == "apk":
            return self._line(APK_ARCHITECTURE, "")
        return self._line(RELEASE, "DISTRIB_ARCH=")

    def _line(self, place: str, begin: str) -> str:
        try:
            with open(f"{self._root}/{place}", encoding="utf-8") as file:
                found = [line for line in file if line.startswith(begin)]
        except (OSError, UnicodeDecodeError):
            return ""
        return found[0][len(begin) :].strip(" \n'\"") if found else ""


def _ours(text: str, manager: str) -> list[tuple[str, str]]:
    name, version = ("P", "V") if manager == "apk" else ("Package", "Version")
    found = []
    for stanza in text.split("\n\n"):
        rows = dict(line.split(":", 1) for line in stanza.splitlines() if ":" in line)
        # opkg notes what was begun, too; apk what is there alone.
        state = rows.get("Status", " installed").split(" ")[-1]
        if is_ours(rows.get(name, "").strip()) and state == "installed":
            found.append((rows[name].strip(), rows.get(version, "").strip()))
    return found
