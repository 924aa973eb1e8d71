# SPDX-License-Identifier: GPL-2.0-or-later
"""Compile the archive that this program is in: the program bytecode, with `python3 -X no_debug_ranges`.

Python on OpenWrt writes no compiled files by itself, and a package that has them fits one Python alone.
The sources go, as in OpenWrt's own packages of Python; the lines in a traceback stay, without columns.
"""

import marshal
import os
import sys
from importlib.util import MAGIC_NUMBER
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from haven.atomic_file import write_whole

# Flags, time and size of a source that is not looked for.
NO_SOURCE = bytes(12)
# Whatever Python is there after this one has to be able to say what is the matter; and what is called once in
# a router's life takes less of its flash as it is written.
AS_SOURCE = ("__main__.py", "haven/migration/")


def compiled(archive: bytes) -> bytes:
    """Return an archive with its modules compiled; one that is so already stays as it is."""
    made = BytesIO()
    with ZipFile(BytesIO(archive)) as before, ZipFile(made, "w") as after:
        for name in before.namelist():
            octets = before.read(name)
            if name.endswith(".py") and not name.startswith(AS_SOURCE):
                code = compile(octets, name, "exec", dont_inherit=True, optimize=2)
                name, octets = name + "c", MAGIC_NUMBER + NO_SOURCE + marshal.dumps(code)
            after.writestr(ZipInfo(name), octets, ZIP_DEFLATED, 9)
    return made.getvalue()


def main() -> int:
    """Replace the archive, or leave it as it is and say why; 0 done, 1 failed."""
    path = __file__.partition("/haven/openwrt/")[0] if len(sys.argv) < 2 else sys.argv[1]
    try:
        with open(path, "rb") as file:
            before = file.read()
        write_whole(path, compiled(before), os.stat(path).st_mode & 0o777)
    except OSError as why:
        text = "haven: its programs were not compiled (%s); they work, but start slowly"
        print(text % why.strerror, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
