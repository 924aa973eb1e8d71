# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever stands in a file, it becomes a good configuration, or is refused with its line."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haven.config.load import load_text
from haven.migration.origin import SourceError
from haven.migration.outcome import Import
from tests.migration.cases import CORPUS, cases

FILES = [case.files for page in sorted(CORPUS.glob("*.txt")) for case in cases(page)]
# Words of every format, and what stands between them.
PIECES = sorted({word for files in FILES for text in files.values() for word in text.split()})
MORE = [
    "\n",
    "\n",
    "\n",
    *"{}\"'\\$)#\té",
    "@r1 ",
    "~SEQ(",
    "-1",
    "ucarp",
    "-v",
    "iface",
    "address",
    "ucarp-vid",
]
HEADS = ["", "vrrp_instance x {\n", "Sync {\n", "config vrrp_instance\n\t", "config vip\n\t", "ucarp -v "]
HEADS.append("iface eth0\nucarp-vid ")
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.large_base_example]


def check(text: str, folder: Path) -> None:
    path = folder / "any"
    path.write_text(text, errors="replace")
    try:
        outcome = Import("r1", str(folder), "10.9.9.9").run([str(path)])
    except SourceError as why:
        assert why.as_dict()["message"] and why.place.file == str(path)
        return
    assert outcome.problems or load_text(outcome.configuration, "")[0] is not None
    assert all(str(each) for each in (*outcome.remarks, *outcome.problems)) and outcome.as_dict()


@settings(
    max_examples=25,
    suppress_health_check=SLOW,
)
@given(head=st.sampled_from(HEADS), words=st.lists(st.sampled_from([*PIECES, *MORE]), max_size=40))
def test_any_words(head: str, words: list[str], tmp_path: Path) -> None:
    check(head + " ".join(words), tmp_path)


@settings(max_examples=25, suppress_health_check=SLOW)
@given(
    files=st.sampled_from(FILES),
    cuts=st.lists(st.tuples(st.floats(0, 1), st.sampled_from([*MORE, ""])), min_size=1, max_size=4),
)
def test_any_file_with_something_else_in_it(
    files: dict[str, str], cuts: list[tuple[float, str]], tmp_path: Path
) -> None:
    text = next(iter(files.values()))
    for share, other in cuts:
        at = int(share * len(text))
        text = text[:at] + other + text[at + (0 if other else 5) :]
    check(text, tmp_path)


def test_pieces_are_many() -> None:
    assert len(PIECES) > 500 and len(FILES) > 100
