# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the plan of this node comes from: a full haven, asked by contract/small_nodes.py."""

import errno
import json
import os
import socket
import sys
import time
from hashlib import sha256

from haven import paths
from haven.contract import small_nodes
from haven.core.auth.sealed_line import LONGEST_RECORD, NotGenuine, SealedLine, key_id
from haven.havend.host import child
from haven.micro.control_line import NotDone, ask, load
from haven.micro.exported_facts import NoFacts, facts
from haven.micro.files import copy_file
from haven.private_folder import make_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Between two questions, and after one that came to nothing.
PAUSE_S, AGAIN_S = 1, 15
LONGEST_NOTE = 512
CONNECT_S = 10
# A full router opens its port a moment after its first 'haven small add'.
OPENS_S = 10
SERVICE = "/etc/init.d/haven-micro"
# In the run directory, which is in memory: a plan that havend refuses comes again and again.
CAME = "plan.json.came"


# Why a full router hangs up on who has been answered before, and on others.
ENDED = "was started anew"
STRANGE = "does not know this key (or is busy); 'haven small add' there makes one"


class NotOpen(NotDone):
    """Nobody asks there."""


def join(address: str, key: str, plan: str, run_dir: str) -> str:
    """Ask a full router for the plan, and remember it; return what there is to say. Raises NotDone."""
    if not _is_key(key):
        raise NotDone(
            "a key is %d digits and letters a to f, as 'haven small add' shows it" % (2 * small_nodes.KEY)
        )
    said = _first_answer(address, key, plan, run_dir)
    _write_note(plan, address, key)
    # What follows the plan from now on is started for the note's sake.
    _start_service()
    return said


def _first_answer(address: str, key: str, plan: str, run_dir: str) -> str:
    left_s = OPENS_S
    while True:
        try:
            return _Question(address, key, plan, run_dir).ask(_digest(plan))
        except NotOpen:
            if not left_s:
                raise
        left_s -= 1
        time.sleep(1)


def _is_key(text: str) -> bool:
    return len(text) == 2 * small_nodes.KEY and not text.strip("0123456789abcdef")


def _write_note(plan: str, address: str, key: str) -> None:
    place = plan + paths.PLAN_SOURCE
    try:
        with open(place + ".new", "w") as file:
            file.write("%s %s\n" % (address, key))
        _put(place + ".new", place)
    except OSError as error:
        raise NotDone("%s: %s" % (place, os.strerror(error.errno or 0))) from None


def _put(new: str, place: str) -> None:
    # A name that reaches the disk before its octets would be that of an empty file after a power cut.
    child.run(["sync"])
    os.rename(new, place)


def _start_service() -> None:
    if os.path.exists(SERVICE):
        # What the firewall lets in follows the plan, too.
        child.run(["sh", "-c", SERVICE + " start >/dev/null 2>&1"])


def follow(plan: str, run_dir: str) -> None:
    """Ask for the plan again and again, for ever. Raises NotDone where nobody is to be asked."""
    # As if there were none: havend may still show what kept an earlier one from being made, or taken.
    before, have = "", ""
    while True:
        address, key = _read_note(plan)
        try:
            question = _Question(address, key, plan, run_dir, have != "")
            said = question.ask(have)
            if said:
                _start_service()
            # A havend that is about to start may have read the plan before.
            have, pause = (_digest(plan), PAUSE_S) if question.is_in_force else ("", AGAIN_S)
        except NotDone as why:
            said, pause, have = str(why), AGAIN_S, ""
        if said and said != before:
            sys.stderr.write("haven: %s\n" % said)
        before = said or before
        time.sleep(pause)


def _read_note(plan: str) -> "list[str]":
    place = plan + paths.PLAN_SOURCE
    try:
        with open(place) as file:
            words = file.read(LONGEST_NOTE).split()
    except OSError:
        raise NotDone("nobody is to be asked for a plan: 'haven-micro join ADDRESS KEY' says who") from None
    if len(words) != 2 or not _is_key(words[1]):
        raise NotDone("%s is damaged: say 'haven-micro join ADDRESS KEY' again" % place)
    return words


class _Question:
    """One connection to a full router."""

    def __init__(self, address: str, key: str, plan: str, run_dir: str, is_known: bool = False) -> None:
        self._is_known = is_known
        self._address, self._plan, self._run_dir = address, plan, run_dir
        self._key = bytes.fromhex(key)
        self._pieces: list[bytes] = []
        self.is_in_force = True

    def ask(self, have: str) -> str:
        """Return what is new, empty for nothing; `have` is the digest of the plan here. Raises NotDone."""
        try:
            told = {"version": small_nodes.VERSION, "facts": facts(), "have": have}
        except NoFacts as why:
            raise NotDone(str(why)) from None
        self._socket = socket.socket(*self._found())
        try:
            self._connect()
            return self._exchange(json.dumps(told).encode())
        except NotGenuine:
            raise NotDone("what came from %s was not written by who has the key" % self._address) from None
        except OSError:
            raise NotDone("%s does not answer in time" % self._address) from None
        finally:
            self._socket.close()

    def _found(self) -> "tuple[int, int]":
        try:
            found = socket.getaddrinfo(self._address, small_nodes.PORT)[0]
        except OSError:
            raise NotDone("%s is no address, and no name of one" % self._address) from None
        self._place = found[-1]
        return found[0], socket.SOCK_STREAM

    def _connect(self) -> None:
        self._socket.settimeout(CONNECT_S)
        try:
            self._socket.connect(self._place)
        except OSError as error:
            kind = NotOpen if error.errno == errno.ECONNREFUSED else NotDone
            raise kind("%s is not reached: %s" % (self._address, os.strerror(error.errno or 0))) from None
        self._socket.settimeout(small_nodes.PATIENCE_S)
        own, other = os.urandom(small_nodes.NONCE), b""
        self._socket.send(small_nodes.BEGIN + key_id(self._key, small_nodes.KEY_ID) + own)
        while len(other) < small_nodes.NONCE:
            other += self._octets(small_nodes.NONCE - len(other))
        self._line = SealedLine(self._key, own, other, True)

    def _octets(self, most: int = LONGEST_RECORD) -> bytes:
        try:
            octets: bytes = self._socket.recv(most)
        except OSError:
            raise NotDone("%s does not answer in time" % self._address) from None
        if not octets:
            raise NotDone("%s hung up: its haven %s" % (self._address, ENDED if self._is_known else STRANGE))
        return octets

    def _exchange(self, question: bytes) -> str:
        octets = self._line.document(question)
        while octets:
            octets = octets[self._socket.send(octets) :]
        try:
            answer = json.loads(b"".join(self._document()))
            kind, problems = answer["answer"], answer["problems"]
        except (KeyError, TypeError, ValueError):
            raise NotDone("the answer of %s is not understood: is its haven older?" % self._address) from None
        if kind == "refused":
            self._tell_refusal(problems)
            raise NotDone("%s has no plan for this node: %s" % (self._address, "; ".join(problems)))
        return self._take_plan() if kind == "plan" else ""

    def _document(self) -> "Any":
        """Yield the pieces of the next document."""
        while True:
            while not self._pieces:
                self._pieces = self._line.take(self._octets())
            piece = self._pieces.pop(0)
            if not piece:
                return
            yield piece

    def _tell_refusal(self, problems: "list[str]") -> None:
        try:
            ask(self._run_dir, {"command": "refuse", "problems": problems})
        except NotDone:
            # There is no havend to show it; who asked shows it.
            return

    def _take_plan(self) -> str:
        place = paths.inside(self._run_dir, CAME)
        try:
            make_private(self._run_dir)
            with open(place, "wb") as file:
                for piece in self._document():
                    file.write(piece)
            count = load(place, self._run_dir)
            self.is_in_force = count is not None
            is_new = _digest(place) != _digest(self._plan)
            if is_new:
                copy_file(place, self._plan + ".new")
                _put(self._plan + ".new", self._plan)
        except OSError as error:
            raise NotDone("%s: %s" % (place, os.strerror(error.errno or 0))) from None
        finally:
            if os.path.exists(place):
                os.unlink(place)
        if not is_new:
            return ""
        return "%s has sent a plan%s" % (
            self._address,
            "" if count is None else ", virtual routers: %d" % count,
        )


def _digest(path: str) -> str:
    found = sha256(b"")
    try:
        with open(path, "rb") as file:
            octets = file.read(LONGEST_RECORD)
            while octets:
                found.update(octets)
                octets = file.read(LONGEST_RECORD)
    except OSError:
        return ""
    return str(found.digest().hex())
