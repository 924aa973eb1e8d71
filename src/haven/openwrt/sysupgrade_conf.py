# SPDX-License-Identifier: GPL-2.0-or-later
"""The lines of /etc/sysupgrade.conf that the user asked for with `list keep`."""

import os

from haven.atomic_file import write_whole

PATH = "/etc/sysupgrade.conf"


def change(text: str, wanted: list[str], ours: list[str]) -> tuple[str, list[str]]:
    """Return the file with what is wanted and without what of ours is not, and what is ours now."""
    lines = text.splitlines()
    gone = {line for line in ours if line not in wanted}
    kept = [line for line in lines if line.strip() not in gone]
    present = {line.strip() for line in kept}
    new = [line for line in wanted if line not in present]
    result = "".join(line + "\n" for line in [*kept, *new])
    still = [line for line in wanted if line in new or (line in ours and line in present)]
    return result if gone or new else text, still


def read(path: str) -> str:
    """Return the file; empty where there is none. Raises OSError."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def write(path: str, text: str) -> None:
    """Replace the file, with the rights that it has. Raises OSError."""
    mode = os.stat(path).st_mode & 0o777 if os.path.exists(path) else 0o644
    write_whole(path, text.encode("utf-8", "surrogateescape"), mode)
