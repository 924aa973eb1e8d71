# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven notify`: tell those who are to be told that this is a trial."""

import os
import signal
import subprocess

from haven.cli.errors import Failed, Unanswered
from haven.cli.own_words import status_of
from haven.cli.usage import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.agent.notify.notice_text import Letter

    Document = dict[str, Any]

TITLE = "haven: this is a trial of '%s'"
WORDS = "Nothing has happened: somebody said 'haven notify'."


def notify(request: Request) -> int:
    """Tell each section of the configuration, or the one that is named; fail where one cannot be told."""
    failed = 0
    for section in _sections(request):
        error = _tell(section, _letter(request, section))
        failed += bool(error)
        print("%s: %s" % (section["name"], error or "told, by %s" % section["way"]))
    if failed:
        raise Failed("not told: %d" % failed)
    return 0


def _sections(request: Request) -> "list[Document]":
    from haven.config.load import load
    from haven.plan.notify_plan import parts

    model, problems = load(request.config)
    if model is None:
        raise Failed("\n".join(["the configuration has problems:", *(str(each) for each in problems)]))
    sections: list[Document] = parts(model).get("notify", {}).get("sections", [])
    wanted = [each for each in sections if request.argument in (None, each["name"])]
    if not wanted:
        names = ", ".join(each["name"] for each in sections) or "none"
        raise Failed("there is no such notify section; those of %s: %s" % (request.config, names))
    return wanted


def _letter(request: Request, section: "Document") -> "Letter":
    from haven.agent.notify.notice_text import letter

    try:
        status = status_of(request, "")
    except Unanswered:
        # The way can be tried without it.
        status = {}
    about = {"kind": "trial", "severity": None, "node": status.get("node"), "age_s": 0}
    return letter([{**about, "title": TITLE % section["name"], "text": WORDS}], status)


def _tell(section: "Document", letter: "Letter") -> str:
    """Return why it could not be told, empty for nothing."""
    from haven.agent.notify.ways import WayMissing, dispatch, error_of, late_text

    try:
        how = dispatch(section, letter)
        child = subprocess.Popen(
            how.argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=how.environment,
            start_new_session=True,
        )
    except OSError as why:
        return why.strerror or str(why)
    except WayMissing as why:
        return str(why)
    try:
        complaint = child.communicate(how.stdin.encode(), section["timeout_us"] / 1e6)[1]
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        return late_text(section)
    return (
        error_of(section, child.returncode, complaint.decode("utf-8", "replace")) if child.returncode else ""
    )
