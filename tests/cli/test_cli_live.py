# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven events --follow` and `haven status --watch`: what goes on until the user leaves."""

import json
import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from haven.cli.main import main
from haven.cli.watch import frame
from tests.cli.fake_havend import FakeHavend
from tests.cli.subjects import EVENT, STATUS, argv
from tests.havend.machines import environment

Fake = Callable[..., FakeHavend]

DOCUMENT = json.loads(STATUS.read_text())
HANDED_OVER = {"code": "handed_over", "facts": {"peer": "10.9.0.2"}}
LATER = {
    **EVENT,
    "seq": 3,
    "facts": {"group": "lan", "from": "active", "to": "backup", "reason": HANDED_OVER},
    "from": "active",
    "to": "backup",
    "reason": "handed_over",
    "text": "lan: Active -> Backup: handed over to 10.9.0.2",
}


@contextmanager
def running(run_dir: Path, *words: str) -> Iterator[subprocess.Popen]:
    """Run a command that does not end by itself."""
    call = argv(run_dir, Path("/none"), *words)
    with subprocess.Popen(call, stdout=-1, stderr=-1, text=True, env=environment()) as process:
        try:
            yield process
        finally:
            process.kill()


def test_follow_tells_what_happens(fake: Fake) -> None:
    havend = fake(events=[EVENT])
    with running(havend.run_dir, "events", "--follow") as process:
        assert process.stdout.readline().endswith("lan: Backup -> Active: no Active was heard\n")
        havend.wait_follower()
        havend.tell(json.dumps({"event": LATER}).encode() + b"\n")
        assert process.stdout.readline().endswith("handed over to 10.9.0.2\n")
        process.send_signal(signal.SIGINT)
        assert (process.wait(60), process.stderr.read()) == (0, "")


FIRST_RELEASE = {key: value for key, value in EVENT.items() if key not in ("code", "facts")}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (EVENT, "lan: Backup -> Active: no Active was heard"),
        ({**EVENT, "text": "other words"}, "lan: Backup -> Active: no Active was heard"),
        ({**FIRST_RELEASE, "text": "gone:\n away"}, "gone: away"),
        ({**EVENT, "code": "moon", "text": "the moon is full"}, "the moon is full"),
        ({**EVENT, "facts": {"group": "lan"}, "text": "the moon is full"}, "the moon is full"),
    ],
)
def test_event_is_told_by_its_facts_and_in_the_words_of_havend_without(
    event: dict, expected: str, fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["events", "--run-dir", str(fake(events=[event]).run_dir)]) == 0
    assert capsys.readouterr().out.split("  ", 1)[1] == expected + "\n"


def test_follow_in_json_is_a_line_each(fake: Fake) -> None:
    havend = fake(events=[EVENT])
    with running(havend.run_dir, "events", "--follow", "--json") as process:
        assert json.loads(process.stdout.readline()) == EVENT
        havend.wait_follower()
        havend.tell(json.dumps({"event": LATER}).encode() + b"\n")
        assert json.loads(process.stdout.readline()) == LATER


def test_follow_ends_with_havend(fake: Fake) -> None:
    havend = fake(events=[])
    with running(havend.run_dir, "events", "--follow") as process:
        havend.wait_follower()
        havend.close()
        assert (process.wait(60), process.stderr.read()) == (1, "haven: havend has ended\n")


def test_follow_says_when_it_does_not_understand(fake: Fake) -> None:
    havend = fake(events=[])
    with running(havend.run_dir, "events", "--follow") as process:
        havend.wait_follower()
        havend.tell(b"what?\n")
        assert process.wait(60) == 1
        assert "not understood" in process.stderr.read()


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, run_dir: Path, *words: str) -> None:
        call = argv(run_dir, Path("/none"), *words)
        self.pid, self.side = pty.fork()
        if self.pid == 0:
            os.execvpe(call[0], call, {**environment(), "TERM": "xterm"})
        self.shown = ""

    def wait(self, text: str, budget: float = 60) -> None:
        """Read until something is shown, and forget what came before it."""
        deadline = time.monotonic() + budget
        while text not in self.shown:
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self.side], [], [], left)[0], f"{text!r} not in {self.shown!r}"
            self.shown += os.read(self.side, 1 << 16).decode()
        self.shown = self.shown.partition(text)[2]

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.side, keys)

    def end(self) -> tuple[int, str]:
        """Wait for the end; return the exit status and what was shown last."""
        try:
            while select.select([self.side], [], [], 60)[0] and (octets := os.read(self.side, 1 << 16)):
                self.shown += octets.decode()
        except OSError:
            pass
        os.close(self.side)
        # It has hung up, which ends a program that has not ended yet.
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status), self.shown


def test_watch_outlives_havend(fake: Fake) -> None:
    havend = fake(status=DOCUMENT)
    screen = Terminal(havend.run_dir, "status", "--watch")
    screen.wait("All is well")
    havend.close()
    screen.wait("havend is not running")
    again = FakeHavend(havend.run_dir, status=DOCUMENT)
    screen.wait("All is well")
    screen.type(b"xq")
    status, last = screen.end()
    again.close()
    assert status == 0
    assert last.endswith("\x1b[?7h\x1b[?25h\x1b[?1049l")


def test_watch_leaves_on_ctrl_c(fake: Fake) -> None:
    screen = Terminal(fake(status=DOCUMENT).run_dir, "status", "--watch")
    screen.wait("q leaves")
    screen.type(b"\x03")
    status, last = screen.end()
    assert status == 0
    assert last.endswith("\x1b[?1049l")


def test_watch_without_a_terminal_prints_again(fake: Fake) -> None:
    havend = fake(status=DOCUMENT)
    with running(havend.run_dir, "status", "--watch") as process:
        first = [line for line in iter(process.stdout.readline, "\n") if line]
        assert first[0].startswith("All is well")
        while not process.stdout.readline().startswith("All is well"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_status_on_a_terminal_has_colour_unless_none_is_wanted_and_in_a_pipe_none(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    havend = fake(status=DOCUMENT)
    status, shown = Terminal(havend.run_dir, "status").end()
    assert (status, shown.startswith("\x1b[32mAll is well\x1b[0m")) == (0, True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in Terminal(havend.run_dir, "status").end()[1]
    monkeypatch.delenv("NO_COLOR")
    with running(havend.run_dir, "status") as process:
        assert "\x1b" not in process.stdout.read()


def test_frame_fits_the_screen_and_clears_what_it_leaves() -> None:
    text = "".join(f"line {number}\n" for number in range(50))
    for lines in (1, 2, 3, 10, 24):
        shown = frame(text, lines)
        assert shown.startswith("\x1b[H")
        assert shown.endswith("\x1b[K\x1b[J")
        assert shown.count("\n") + 1 <= max(lines, 3)
    assert "line 49" in frame(text, 52)
    assert "(44 more lines" in frame(text, 9)
