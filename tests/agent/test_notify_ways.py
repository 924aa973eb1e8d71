# SPDX-License-Identifier: GPL-2.0-or-later
"""How a letter leaves, by real programs where there are any; and that nobody reads what is secret."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from email import message_from_string
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from haven.agent.notify.notice_text import letter
from haven.agent.notify.ways import WayMissing, dispatch, error_of
from haven.contract.notices import masked
from tests.agent.notify_desk import check_fails, status

Document = dict[str, Any]
SECRET = "s3cret-topic"
NOTICE = {"kind": "problem", "severity": "warning", "node": "r1", "age_s": 3.0, "text": "What to do: look."}
LETTER = letter([{**NOTICE, "title": 'r1: "it" fails: 50 % & ü\\n'}], status("r1", "active", check_fails()))


class Web:
    """A server that keeps what is posted to it, and answers with `code`."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, str], bytes]] = []
        self.code = 200
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                web.posts.append((self.path, dict(self.headers), body))
                self.send_response(web.code)
                self.end_headers()

            def log_message(self, *_words: object) -> None:
                return

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web()
    yield made
    made.close()


def section(way: str, to: str) -> Document:
    return {"name": "phone", "way": way, "to": to, "timeout_us": 60_000_000}


def only(monkeypatch: pytest.MonkeyPatch, folder: Path, *programs: str) -> None:
    """Let these programs be all that there are."""
    (folder / "bin").mkdir()
    for name in programs:
        found = shutil.which(name)
        assert found, f"{name} is not installed"
        (folder / "bin" / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder / "bin"))


def stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str) -> Path:
    """Let a program be all that there is, which notes its words and what it reads."""
    (folder / "bin").mkdir()
    program = folder / "bin" / name
    program.write_text(
        f'#!/bin/sh\nPATH=/usr/bin:/bin\nprintf "%s\\n" "$@" >{folder}/words\ncat >{folder}/read\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder / "bin"))
    return folder


def run(planned: Document) -> subprocess.CompletedProcess[str]:
    how = dispatch(planned, LETTER)
    with open(Path(planned["folder"]) / "stdin", "w+") as stdin:
        stdin.write(how.stdin)
        stdin.seek(0)
        return subprocess.run(
            how.argv, stdin=stdin, capture_output=True, text=True, env=how.environment, timeout=120
        )


@pytest.mark.parametrize("program", ["curl", "wget"])
def test_ntfy_gets_the_text_and_the_title(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    only(monkeypatch, tmp_path, program)
    done = run({**section("ntfy", f"{web.address}/{SECRET}"), "folder": tmp_path})
    assert (done.returncode, done.stderr) == (0, "")
    ((path, head, body),) = web.posts
    assert path == f"/{SECRET}?title=r1%3A%20%22it%22%20fails%3A%2050%20%25%20%26%20%C3%BC%5Cn"
    assert head["Content-Type"] == "text/plain" and body.decode() == LETTER.text


@pytest.mark.parametrize("program", ["curl", "wget"])
def test_a_webhook_gets_json(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    only(monkeypatch, tmp_path, program)
    done = run({**section("webhook", f"{web.address}/hook?token={SECRET}"), "folder": tmp_path})
    assert (done.returncode, done.stderr) == (0, "")
    ((path, head, body),) = web.posts
    assert path == f"/hook?token={SECRET}" and head["Content-Type"] == "application/json"
    document = json.loads(body)
    assert document["title"] == LETTER.title and document["text"] == LETTER.text
    assert document["notices"] == [{**NOTICE, "title": LETTER.title}]
    assert document["groups"] == {"gateway": "active"}
    assert document["problems"] == [{"code": "check-failed", "about": "provider"}]


@pytest.mark.parametrize("program", ["curl", "wget"])
def test_what_the_server_refuses_is_a_failure_without_the_secret(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    only(monkeypatch, tmp_path, program)
    web.code = 403
    planned = {**section("ntfy", f"{web.address}/{SECRET}"), "folder": tmp_path}
    done = run(planned)
    assert done.returncode != 0 and SECRET not in error_of(planned, done.returncode, done.stderr)


def test_curls_words_have_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, tmp_path, "curl", "wget")
    how = dispatch(section("ntfy", f"https://ntfy.sh/{SECRET}"), LETTER)
    assert how.argv[0].endswith("/curl") and SECRET not in " ".join(how.argv) and SECRET in how.stdin


def test_uclient_fetch_is_given_the_text_as_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, tmp_path, "uclient-fetch")
    run({**section("ntfy", "https://ntfy.sh/topic?priority=4"), "folder": tmp_path})
    words = (tmp_path / "words").read_text().splitlines()
    assert words[:5] == ["-q", "-O", "/dev/null", "-T", "60"]
    assert words[5:7] == ["--header=Content-Type: text/plain", "--post-file=/proc/self/fd/0"]
    assert words[7].startswith("https://ntfy.sh/topic?priority=4&title=r1")
    assert (tmp_path / "read").read_text() == LETTER.text


def test_msmtp_gets_a_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, tmp_path, "msmtp")
    run({**section("mail", "me@example.org"), "folder": tmp_path})
    assert (tmp_path / "words").read_text().splitlines() == ["--", "me@example.org"]
    head, _, body = (tmp_path / "read").read_text().partition("\n\n")
    assert head.splitlines()[0] == "To: me@example.org"
    assert body == LETTER.text and "\nAuto-Submitted: auto-generated" in head
    (subject,) = [line for line in head.splitlines() if line.startswith("Subject: ")]
    assert subject.isascii()
    assert str(make_header(decode_header(message_from_string(head)["Subject"]))) == f"haven: {LETTER.title}"


def test_a_title_of_ascii_is_a_subject_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, tmp_path, "msmtp")
    how = dispatch(section("mail", "root"), letter([{**NOTICE, "title": "lan: r1 is\nActive now"}], {}))
    assert how.stdin.splitlines()[1] == "Subject: haven: lan: r1 is Active now"
    trial = dispatch(section("mail", "root"), letter([{**NOTICE, "title": "haven: a trial"}], {}))
    assert trial.stdin.splitlines()[1] == "Subject: haven: a trial"


def test_a_command_gets_the_text_and_what_it_is_about(tmp_path: Path) -> None:
    variables = '"$HAVEN_TITLE" "$HAVEN_KINDS" "$HAVEN_NODE" "$HAVEN_SECTION"'
    shell = f"cat >{tmp_path}/text; printf '%s|' {variables} >{tmp_path}/words"
    done = run({**section("command", shell), "folder": tmp_path})
    assert done.returncode == 0
    assert (tmp_path / "words").read_text() == f"{LETTER.title}|problem|r1|phone|"
    assert (tmp_path / "text").read_text() == f"{LETTER.title}\n\n{LETTER.text}"


@pytest.mark.parametrize(
    "way, to", [("mail", "root"), ("ntfy", "https://ntfy.sh/x"), ("webhook", "http://a/")]
)
def test_what_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, to: str
) -> None:
    only(monkeypatch, tmp_path)
    with pytest.raises(WayMissing, match="installed"):
        dispatch(section(way, to), LETTER)


@pytest.mark.parametrize(
    "complaint",
    [
        f"wget: can't open 'https://user:pw@ntfy.sh/{SECRET}?auth=tk_123456'",
        f"Connection to /{SECRET}?auth=tk_123456 failed",
        f"HTTP error 403 for {SECRET}",
        "bad token tk_123456",
    ],
    ids=range(4),
)
def test_nothing_that_a_program_says_tells_the_secret(complaint: str) -> None:
    planned = section("ntfy", f"https://user:pw@ntfy.sh/{SECRET}?auth=tk_123456")
    text = error_of(planned, 1, f"something\n{complaint}\n")
    assert text and SECRET not in text and "tk_123456" not in text and "pw@" not in text


def test_a_masked_address_says_where_it_leads() -> None:
    assert masked(f"https://user:pw@ntfy.sh:8443/{SECRET}") == "https://ntfy.sh:8443/..."
    assert masked(f"http://r1?token={SECRET}") == "http://r1/..."


def test_a_program_that_says_nothing_failed_with_its_status() -> None:
    assert error_of(section("command", "false"), 1, " \n") == "ended with status 1"


def test_old_news_says_how_old_it_is() -> None:
    for age_s, words in ((30, "r1: x\n"), (700, "r1: x (12 min ago)\n"), (9000, "r1: x (2 h ago)\n")):
        text = letter([{**NOTICE, "title": "r1: x", "age_s": age_s}], {}).text
        assert text.startswith(words)
