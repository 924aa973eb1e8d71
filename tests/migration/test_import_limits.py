# SPDX-License-Identifier: GPL-2.0-or-later
"""What is too large, too deep or no file at all is refused before it costs time or memory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from haven.migration.origin import SourceError
from haven.migration.outcome import Import
from haven.migration.source_files import LARGEST, MOST_FILES, MOST_OCTETS

TEN_MB = 10 << 20
INSTANCE = (
    "vrrp_instance v%d {\n interface eth%d\n virtual_router_id 1\n virtual_ipaddress { 10.%d.%d.1 }\n}\n"
)
# So much address space takes Python with haven's configuration in it, and a little more.
ROOM = 160 << 20


def refusal(*paths: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        Import("r1").run([str(path) for path in paths])
    return caught.value


def test_a_file_of_ten_megabytes_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "keepalived.conf"
    path.write_text("# nothing\n" * (TEN_MB // 10))
    assert refusal(path).code == "file-large" and str(path) in str(refusal(path))


def test_a_file_of_ten_megabytes_that_is_included_is_refused_by_the_line(tmp_path: Path) -> None:
    (tmp_path / "large.conf").write_bytes(b"x" * TEN_MB)
    path = tmp_path / "keepalived.conf"
    path.write_text("\n\ninclude large.conf\n")
    why = refusal(path)
    assert (why.code, why.place) == ("file-large", (str(path), 3))


def test_it_takes_no_more_memory_than_a_small_router_has(tmp_path: Path) -> None:
    path = tmp_path / "keepalived.conf"
    path.write_text("".join(INSTANCE % (n, n, n // 256, n % 256) for n in range(1000)))
    assert path.stat().st_size < LARGEST
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (%d, %d))\n"
        "from haven.migration.outcome import Import\n"
        "print(Import('r1').run([sys.argv[1]]).counts['virtual_router'])" % (ROOM, ROOM)
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=120
    )
    assert (done.stdout, done.returncode) == ("1000\n", 0), done.stderr[-2000:]


def test_files_that_are_too_many_or_too_large_together(tmp_path: Path) -> None:
    for number in range(MOST_FILES + 1):
        (tmp_path / f"{number}.conf").write_text("")
    main = tmp_path / "keepalived"
    main.write_text("vrrp_instance x {\n}\ninclude *.conf\n")
    assert refusal(main).code == "files-many"
    for number in range(MOST_OCTETS // LARGEST + 1):
        (tmp_path / f"{number}.inc").write_text(("#" * 1023 + "\n") * (LARGEST // 1024))
    main.write_text("vrrp_instance x {\n}\ninclude *.inc\n")
    assert (refusal(main).code, refusal(main).place.line) == ("files-large", 3)


def test_more_than_any_router_has(tmp_path: Path) -> None:
    path = tmp_path / "keepalived.conf"
    path.write_text("".join(INSTANCE % (n, n, n // 256, n % 256) for n in range(3000)))
    assert refusal(path).code == "sections-many"
    addresses = "".join(f"10.0.{n // 256}.{n % 256}\n" for n in range(3000))
    path.write_text("vrrp_instance x {\nvirtual_ipaddress {\n%s}\n}\n" % addresses)
    assert refusal(path).code == "rows-many"


def test_includes_that_go_too_deep(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number}.conf").write_text(
            f"vrrp_instance v{number} {{\n}}\ninclude {number + 1}.conf\n"
        )
    assert refusal(tmp_path / "0.conf").code == "include-deep"


def test_what_is_no_file_does_not_hold_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    assert refusal(path).code == "file-unreadable"
    main = tmp_path / "keepalived.conf"
    main.write_text("vrrp_instance x {\n}\ninclude fifo\n")
    assert (refusal(main).code, refusal(main).place.line) == ("file-unreadable", 3)
    assert refusal(tmp_path).code == "file-unreadable"


def test_a_nul_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "keepalived.conf"
    path.write_bytes(b"vrrp_instance x {\n}\n\0\n")
    assert (refusal(path).code, refusal(path).place.line) == ("file-binary", 3)


def test_blocks_that_go_too_deep_and_lines_that_are_too_long(tmp_path: Path) -> None:
    path = tmp_path / "keepalived.conf"
    path.write_text("vrrp_instance x {\n" * 1000)
    assert refusal(path).code == "blocks-deep"
    path.write_text("vrrp_instance " + "x" * 9000)
    assert refusal(path).code == "line-long"


def test_parameters_that_grow_without_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "keepalived.conf"
    doubled = "".join(f"$A{n + 1}=${{A{n}}}${{A{n}}}\n" for n in range(40))
    path.write_text("$A0=x\n" + doubled + "vrrp_instance ${A40} {\n}\n")
    assert refusal(path).code in ("line-long", "parameter-endless")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("ucarp " * 150_000, "format-unknown"),
        ("ucarp -i eth0 -v 3 -p x -a 192.0.2.1" + " -k 3" * 200_000, "line-long"),
        ("ucarp -i eth0 \\\n" * 60_000 + "-v 3", "line-long"),
    ],
)
def test_a_line_of_a_megabyte_with_ucarp_in_it_takes_no_hours(tmp_path: Path, line: str, code: str) -> None:
    path = tmp_path / "rc.local"
    path.write_text(line + "\n")
    assert refusal(path).code == code
