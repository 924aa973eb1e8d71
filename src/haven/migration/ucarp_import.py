# SPDX-License-Identifier: GPL-2.0-or-later
"""ucarp, from its command line, a file of shell variables, or ifupdown's stanzas, as virtual routers."""

import re
import shlex
from itertools import pairwise
from typing import NamedTuple

from haven.migration.draft import Draft, DraftSection
from haven.migration.keepalived_lines import LONGEST_LINE
from haven.migration.origin import Origin, SourceError
from haven.migration.source_files import SourceFiles

# Short and long words of ucarp(8); those that take a value end with '='.
_WORDS = {
    "i": "interface=",
    "s": "srcip=",
    "m": "mcast=",
    "v": "vhid=",
    "p": "pass=",
    "o": "passfile=",
    "P": "preempt",
    "n": "neutral",
    "a": "addr=",
    "b": "advbase=",
    "k": "advskew=",
    "u": "upscript=",
    "d": "downscript=",
    "r": "deadratio=",
    "D": "debug",
    "z": "shutdown",
    "B": "daemonize",
    "f": "facility=",
    "x": "xparam=",
    "S": "ignoreifstate",
    "M": "nomcast",
}
_LONG = {word.rstrip("="): word for word in _WORDS.values()}
# What files of shell variables call them: /etc/default of Debian, /etc/ucarp of Red Hat.
_VARIABLES = {
    "interface": ("INTERFACE", "BIND_INTERFACE", "IFACE", "UCARP_INTERFACE"),
    "srcip": ("SOURCE_ADDRESS", "SRCIP", "UCARP_SRCIP", "SOURCE_IP"),
    "vhid": ("ID", "VHID", "VID", "UCARP_VID", "UCARP_VHID"),
    "pass": ("PASSWORD", "PASS", "UCARP_PASS", "UCARP_PASSWORD"),
    "addr": ("VIP_ADDRESS", "VIP", "VIRTUAL_ADDRESS", "UCARP_VIP", "ADDR"),
    "advbase": ("ADVBASE", "UCARP_ADVBASE"),
    "advskew": ("ADVSKEW", "SKEW", "UCARP_ADVSKEW"),
    "upscript": ("UPSCRIPT", "UCARP_UPSCRIPT"),
    "downscript": ("DOWNSCRIPT", "UCARP_DOWNSCRIPT"),
}
_OPTIONS = ("OPTIONS", "UCARP_OPTS", "UCARP_ARGS", "DAEMON_ARGS", "DAEMON_OPTS", "ARGS", "OPTS")
# Debian's ifupdown: ucarp-vid and so on.
_STANZA = {
    "vid": "vhid",
    "vip": "addr",
    "password": "pass",
    "master": "preempt",
    "nomcast": "nomcast",
    "advskew": "advskew",
    "advbase": "advbase",
    "deadratio": "deadratio",
    "upscript": "upscript",
    "downscript": "downscript",
    "xparam": "xparam",
}
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)", re.S)
# ifupdown's script: what says no, anything else is yes.
_NO = ("no", "off", "false", "0")
# Debian's own, which add and remove the address.
_OWN_SCRIPTS = ("/usr/share/ucarp/vip-up", "/usr/share/ucarp/vip-down")
DEFAULT_RATIO = "3"


class _Given(NamedTuple):
    """What one ucarp is told: value and place by the long word."""

    words: dict[str, tuple[str, Origin]]
    place: Origin

    def value(self, word: str) -> str:
        return self.words.get(word, ("", self.place))[0]


def import_ucarp(files: SourceFiles, path: str, draft: Draft) -> None:
    """Import every ucarp of a command line, a script, shell variables. Raises SourceError."""
    lines = _joined(files.lines(path), path)
    found = [_command_line(words, place) for place, text in lines for words in _commands(text, place)]
    variables = _variables(lines)
    if variables is not None and not found:
        found.append(variables)
    if not found:
        raise SourceError("ucarp-none", Origin(path))
    for each in found:
        _add(each, draft)


def import_interfaces(files: SourceFiles, path: str, draft: Draft) -> None:
    """Import the ucarp stanzas of /etc/network/interfaces. Raises SourceError."""
    interface, own, stanza = "", ("", Origin(path)), _Given({}, Origin(path))
    for place, text in [*_joined(files.lines(path), path), (Origin(path), "iface end")]:
        words = text.split(None, 1)
        if words[0] == "iface" and len(words) > 1:
            _add_stanza(stanza, interface, own, draft)
            interface, own, stanza = words[1].split()[0], ("", place), _Given({}, place)
        elif words[0] == "address" and len(words) > 1:
            own = (words[1].split("/")[0], place)
        elif words[0].startswith("ucarp-"):
            name = words[0][len("ucarp-") :].replace("_", "-")
            value = words[1].strip() if len(words) > 1 else ""
            if _STANZA.get(name) in ("preempt", "nomcast") and value.lower() in _NO:
                continue
            if name in _STANZA:
                stanza.words[_STANZA[name]] = (value, place)
            else:
                draft.remark("ucarp-word", place, word=words[0][:40])


def _add_stanza(stanza: _Given, interface: str, own: tuple[str, Origin], draft: Draft) -> None:
    if not stanza.words:
        return
    stanza.words["interface"] = (interface, stanza.place)
    if own[0]:
        stanza.words["srcip"] = own
    _add(stanza, draft)


def _joined(lines: list[str], path: str) -> list[tuple[Origin, str]]:
    """Return the lines without comments, those that a backslash continues as one."""
    found: list[tuple[Origin, str]] = []
    going_on = False
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or (text.startswith("#") and not going_on):
            continue
        begun = found.pop() if going_on else (Origin(path, number), "")
        going_on = text.endswith("\\")
        whole = begun[1] + (text[:-1] + " " if going_on else text)
        if len(whole) > LONGEST_LINE:
            raise SourceError("line-long", begun[0], most=LONGEST_LINE)
        found.append((begun[0], whole))
    return found


def _commands(text: str, place: Origin) -> list[list[str]]:
    """Return the arguments of every ucarp that a line starts."""
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        raise SourceError("quote-open", place) from None
    begins = [at for at, word in enumerate(words) if word.rsplit("/", 1)[-1] == "ucarp"]
    calls = [words[begin + 1 : end] for begin, end in pairwise([*begins, len(words)])]
    return [call for call in calls if any(word.startswith(("-v", "--vhid", "-a", "--addr")) for word in call)]


def _command_line(words: list[str], place: Origin) -> _Given:
    given = _Given({}, place)
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word in ("&", ";", "&&", "||", "|") or word.startswith((">", "2>")):
            break
        if word.startswith("--"):
            _take_long(word[2:], waiting, given)
        elif word.startswith("-") and len(word) > 1:
            _take_short(word[1:], waiting, given)
        else:
            raise SourceError("ucarp-word", place, word=word[:40])
    return given


def _take_long(word: str, waiting: list[str], given: _Given) -> None:
    name, equals, value = word.partition("=")
    known = _LONG.get(name)
    if known is None:
        raise SourceError("ucarp-word", given.place, word="--" + name[:40])
    if known.endswith("=") and not equals:
        value = waiting.pop(0) if waiting else ""
    given.words[name] = (value, given.place)


def _take_short(letters: str, waiting: list[str], given: _Given) -> None:
    for at, letter in enumerate(letters):
        known = _WORDS.get(letter)
        if known is None:
            raise SourceError("ucarp-word", given.place, word="-" + letter)
        if known.endswith("="):
            value = letters[at + 1 :] or (waiting.pop(0) if waiting else "")
            given.words[known[:-1]] = (value, given.place)
            return
        given.words[known] = ("", given.place)


def _variables(lines: list[tuple[Origin, str]]) -> _Given | None:
    values: dict[str, tuple[str, Origin]] = {}
    for place, text in lines:
        found = _ASSIGNMENT.fullmatch(text)
        if found:
            values[found[1]] = (_unquoted(found[2], place), place)
    given = _Given({}, lines[0][0] if lines else Origin(""))
    for name in _OPTIONS:
        if name in values:
            given.words.update(_command_line(shlex.split(_substituted(values, name)), values[name][1]).words)
    for word, names in _VARIABLES.items():
        for name in names:
            if name in values and word not in given.words:
                given.words[word] = (_substituted(values, name), values[name][1])
    return given if {"vhid", "addr"} & set(given.words) else None


def _unquoted(text: str, place: Origin) -> str:
    try:
        return " ".join(shlex.split(text, comments=True))
    except ValueError:
        raise SourceError("quote-open", place) from None


def _substituted(values: dict[str, tuple[str, Origin]], name: str) -> str:
    text = values[name][0]
    # Once: a variable of a variable is nobody's habit there.
    return re.sub(r"\$\{?(\w+)\}?", lambda found: values.get(found[1], ("", None))[0], text)[:4096]


def _add(given: _Given, draft: Draft) -> None:
    vhid = given.value("vhid").lstrip("0")
    made = draft.invented("virtual_router", f"carp{vhid}" if vhid.isdecimal() else "carp", given.place)
    made.set("protocol", "carp")
    for word, option in (("interface", "device"), ("srcip", "source_address"), ("addr", "address")):
        if word in given.words:
            value, place = given.words[word]
            (made.add if option == "address" else made.set)(option, value.split("/")[0], place)
    made.set("vrid", vhid or given.value("vhid"), given.words.get("vhid", ("", given.place))[1])
    _add_times(given, made)
    _add_secret(given, made, draft)
    _remark_on_rest(given, made, draft)
    group = draft.invented("group", f"{made.name}_group", given.place) if "preempt" in given.words else None
    if group:
        group.set("preempt", 1, given.words["preempt"][1])
        made.rows.insert(0, ("group", group.name, False, made.place))


def _add_times(given: _Given, made: DraftSection) -> None:
    base = given.value("advbase") or "1"
    interval = int(base) * 1000 if base.isdecimal() and len(base) < 6 else base
    if interval != 1000:
        made.set("advert_interval", interval, given.words["advbase"][1])
    skew = given.words.get("advskew", ("0", given.place))
    made.set("advskew", skew[0], skew[1])


def _add_secret(given: _Given, made: DraftSection, draft: Draft) -> None:
    if "pass" in given.words:
        made.set("password", *given.words["pass"])
    elif "passfile" in given.words:
        draft.remark("ucarp-passfile", given.words["passfile"][1], file=given.value("passfile")[:100])


def _remark_on_rest(given: _Given, made: DraftSection, draft: Draft) -> None:
    for word, (value, place) in given.words.items():
        if word in ("upscript", "downscript") and value not in _OWN_SCRIPTS:
            action = "active" if word == "upscript" else "backup"
            draft.remark("ucarp-script", place, keyword=word, command=value[:100], action=action)
        elif word == "deadratio" and value != DEFAULT_RATIO:
            draft.remark("ucarp-ratio", place, value=value[:20])
        elif word == "mcast" and value != "224.0.0.18":
            draft.remark("multicast-group", place, keyword="--mcast")
        elif word == "nomcast":
            made.set("broadcast", 1, place)
        elif word == "ignoreifstate":
            draft.remark("ucarp-ignoreifstate", place)
        elif word in ("neutral", "debug", "shutdown", "daemonize", "facility", "xparam"):
            draft.remark("needless", place, keyword=f"--{word}")
