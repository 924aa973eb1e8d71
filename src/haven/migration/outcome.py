# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of other programs in, haven's configuration out, checked as `haven validate` checks it."""

import os
import re
from typing import Any

from haven.config.load import load_text
from haven.config.spelling import visible
from haven.config.uci.document import UciSection, parse
from haven.contract.diagnostics import Diagnostic
from haven.migration.conntrackd_import import import_conntrackd
from haven.migration.draft import Draft
from haven.migration.keepalived_import import import_conf, take_blocks
from haven.migration.origin import Origin, Remark, SourceError
from haven.migration.source_files import SourceFiles
from haven.migration.ucarp_import import import_interfaces, import_ucarp
from haven.migration.uci_ha_cluster import ha_cluster_blocks
from haven.migration.uci_keepalived import alternative, blocks_of

_UCI = re.compile(r"\s*config\s+\S")
_CONNTRACKD = re.compile(r"\s*(Sync|Stats|General)\s*(\{|$)", re.I)
_IFUPDOWN = re.compile(r"\s*ucarp-\w+\s")
# The first one is enough: to try each again, with what follows, would take hours for a line of them.
_UCARP = re.compile(r"(?>(?:.*?[\s/'\"=])??ucarp\s).*-")
_VARIABLES = re.compile(r"\s*(VIP_ADDRESS|VIP|VHID|UCARP_\w+|ID)=")
_KEEPALIVED = re.compile(
    r"\s*([@$~]|include|vrrp_|global_defs|static_|bfd_instance|virtual_server|track_|net_namespace|garp_group)"
)
HEADER = "Made by haven import from {files}"


class ImportOutcome:
    """What became of the files: the configuration, what is wrong with it, and remarks in their order."""

    def __init__(self, text: str, problems: list[Diagnostic], warnings: list[Diagnostic]) -> None:
        self.configuration = text
        self.problems = problems
        self.warnings = warnings
        self.remarks: list[Remark] = []
        # How many virtual routers and groups came of it.
        self.counts: dict[str, int] = {}

    @property
    def empty(self) -> bool:
        """Tell whether nothing in the files was of haven's kind."""
        return not any(self.counts.values())

    def as_dict(self) -> dict[str, Any]:
        """Return the document; the configuration is null where it would not be valid, or would be empty."""
        good = not self.problems and not self.empty
        return {
            "valid": good,
            "configuration": self.configuration if good else None,
            "problems": [each.as_dict() for each in self.problems],
            "warnings": [each.as_dict() for each in self.warnings],
            "remarks": [each.as_dict() for each in self.remarks],
        }


class Import:
    """What is imported together: files, and what stands in none of them."""

    def __init__(self, config_id: str, root: str = "/", peer: str = "", name: str = "") -> None:
        self._config_id = config_id
        self._root = root
        self._peer = peer
        self._name = name

    def run(self, paths: list[str]) -> ImportOutcome:
        """Import files. Raises SourceError, and then nothing has come of any of them."""
        draft, files = Draft(), SourceFiles()
        main = draft.only("haven", "main", Origin(paths[0]))
        # As long as the other program runs on this router, haven must not.
        main.set("enabled", 0)
        if self._name:
            main.set("node", self._name)
        for path in paths:
            self._take(path, files, draft)
        return _checked(draft, paths)

    def _take(self, path: str, files: SourceFiles, draft: Draft) -> None:
        lines = files.lines(path)
        kind = kind_of(path, lines)
        if kind == "keepalived":
            import_conf(files, path, self._config_id, draft)
        elif kind == "conntrackd":
            import_conntrackd(files, path, self._peer, draft)
        elif kind == "ucarp":
            import_ucarp(files, path, draft)
        elif kind == "interfaces":
            import_interfaces(files, path, draft)
        else:
            self._take_uci(path, lines, files, draft)

    def _take_uci(self, path: str, lines: list[str], files: SourceFiles, draft: Draft) -> None:
        sections = uci_sections("\n".join(lines), path)
        if any(section.type == "vip" for section in sections):
            take_blocks(ha_cluster_blocks(sections, path, draft), draft)
            return
        other, line = alternative(sections)
        if other:
            # The init script uses the file, and nothing else of these.
            inside = self._root.rstrip("/") + other
            files.lines(inside, Origin(path, line))
            import_conf(files, inside, self._config_id, draft)
        else:
            take_blocks(blocks_of(sections, path, draft), draft)


def kind_of(path: str, lines: list[str]) -> str:
    """Tell what a file is by its content. Raises SourceError."""
    plain = [line for line in lines if line.strip() and not line.lstrip().startswith(("#", "!"))]
    for kind, pattern in (
        ("uci", _UCI),
        ("interfaces", _IFUPDOWN),
        ("keepalived", _KEEPALIVED),
        ("conntrackd", _CONNTRACKD),
        ("ucarp", _UCARP),
        ("ucarp", _VARIABLES),
    ):
        if any(pattern.match(line) for line in plain):
            return kind
    raise SourceError("format-unknown", Origin(path, 1))


def uci_sections(text: str, path: str) -> list[UciSection]:
    """Return the sections of a UCI file. Raises SourceError for the first thing that is wrong."""
    package = path.rsplit("/", 1)[-1]
    sections, problems = parse(text, path, package)
    if problems:
        raise SourceError("uci-wrong", Origin(path, problems[0].line), problem=problems[0].message)
    return sections


def _checked(draft: Draft, paths: list[str]) -> ImportOutcome:
    header = [HEADER.format(files=", ".join(visible(os.path.basename(path)) for path in paths))]
    text, origins = draft.text(header)
    model, problems = load_text(text, "")
    warnings = list(model.warnings) if model is not None else []
    outcome = ImportOutcome(text, _placed(problems, origins), _placed(warnings, origins))
    outcome.remarks = sorted(draft.remarks, key=lambda each: each.place)
    outcome.counts = {kind: len(draft.of_type(kind)) for kind in ("virtual_router", "group", "conntrack")}
    return outcome


def _placed(found: list[Diagnostic], origins: dict[int, Origin]) -> list[Diagnostic]:
    """Return diagnostics with the lines that their options come from."""
    for each in found:
        each.file, each.line = origins.get(each.line, Origin("", each.line))
    return found
