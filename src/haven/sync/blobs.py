# SPDX-License-Identifier: GPL-2.0-or-later
"""Contents that no file has, or none has any longer: by their digest, as long as they are needed."""

import os
from collections.abc import Iterable
from hashlib import sha256

from haven.atomic_file import write_whole
from haven.plain_file import read_plain
from haven.sync.folders import LARGEST_FILE, is_digest


class Blobs:
    """A folder with a file for each content."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def store(self, contents: "Iterable[bytes]") -> None:
        """Keep contents. Raises OSError."""
        for octets in contents:
            path = self._path(sha256(octets).hexdigest())
            if not os.path.exists(path):
                os.makedirs(self._folder, mode=0o700, exist_ok=True)
                write_whole(path, octets, 0o600)

    def get(self, digest: str) -> "bytes | None":
        """Return a content, or None for one that is not kept."""
        try:
            octets = read_plain(self._path(digest), LARGEST_FILE)
        except OSError:
            return None
        return octets if sha256(octets).hexdigest() == digest else None

    def keep_only(self, digests: "set[str]") -> None:
        """Forget all others."""
        try:
            names = os.listdir(self._folder)
        except OSError:
            return
        for name in names:
            if name not in digests and (is_digest(name) or name.endswith(".new")):
                os.unlink(self._path(name))

    def _path(self, digest: str) -> str:
        return "%s/%s" % (self._folder, digest)
