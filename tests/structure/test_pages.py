# SPDX-License-Identifier: GPL-2.0-or-later
"""What the pages say exists: links, options, configurations, and the words that they quote."""

import re
from functools import cache
from pathlib import Path

import pytest

from haven.config.load import load_text
from haven.config.options import SECTIONS
from haven.openwrt.catalogue import texts

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
LINK = re.compile(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
OPTIONS = {option.name for section in SECTIONS for option in section.options}
# What the pages say of /etc/config/network, dhcp and others with the word option or list.
OF_OTHERS = {"force", "auto", "start", "limit", "noping", "read"}
# In tables of keepalived's page, the column of its own uci names.
OF_KEEPALIVED = {"name", "state", "virtual_router_id", "advert_int", "auth_type", "nopreempt", "use_vmac"}
OF_KEEPALIVED |= {"virtual_ipaddress", "virtual_ipaddress_excluded", "virtual_routes", "track_script"}


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return the names of a page's headings, as a link has them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text()), re.M)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return frozenset(each.replace(" ", "-") for each in plain)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path):
    for found in LINK.findall(FENCE.sub("", path.read_text())):
        place, _, anchor = (found[0] or found[1]).partition("#")
        if place.startswith(("http:", "https:")):
            continue
        target = (path.parent / place).resolve() if place else path
        assert target.exists(), f"{path.name}: {place} does not exist"
        assert not anchor or anchor in anchors(target), f"{path.name}: {place} has no heading {anchor}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_option_that_is_named_exists(path: Path):
    text = path.read_text()
    known = OPTIONS | OF_OTHERS | (OF_KEEPALIVED if path.name == "keepalived.md" else set())
    # `option preempt '1'` in a sentence, and uci set haven.lan.priority='150' in a block.
    named = set(re.findall(r"`(?:option|list) ([a-z_]+)", text))
    named |= set(re.findall(r"\bhaven\.[\w$]+\.([a-z_]+)\b=", text))
    # /usr/lib/haven/haven.zip and the like are no options.
    assert named <= known, f"{path.name}: {sorted(named - known)}"


def configurations() -> list[tuple[str, str]]:
    """Return the files of /etc/config that the pages show, as (page, text)."""
    shown = []
    for path in PAGES:
        for block in FENCE.findall(path.read_text()):
            text = block.split("\n", 1)[1].removesuffix("```")
            if text.startswith("config ") or "\nconfig " in text:
                shown.append((path.name, text))
    return shown


@pytest.mark.parametrize(("page", "text"), configurations(), ids=lambda each: each[:20])
def test_every_configuration_that_is_shown_is_a_good_one(page: str, text: str):
    if re.search(r"config (haven|group|virtual_router) ", text):
        model, problems = load_text(text, page)
        assert model is not None and problems == [] and not model.warnings
        assert model.main.enabled


def test_the_example_of_the_first_page_is_the_pair_of_the_walk_through():
    (text,) = [text for page, text in configurations() if page == "README.md" and "virtual_router" in text]
    (rule,) = [text for page, text in configurations() if page == "README.md" and "config nat" in text]
    walk = (ROOT / "docs/openwrt.md").read_text()
    for name, option, value in re.findall(r"uci set firewall\.(virtual)\.(\w+)='([^']+)'", walk):
        assert f"option {option} '{value}'" in rule, f"firewall.{name}.{option}"
    for value in re.findall(r"(?:address|interface|vrid) '([^']+)'", text):
        assert f"'{value}'" in walk, value


def words_of_the_programs() -> list[str]:
    """Return every text that haven may show, and its sources for those of the command."""
    sources = [path.read_text() for path in sorted((ROOT / "src/haven").rglob("*.py"))]
    # Texts that were broken into lines.
    return [*texts(), *(re.sub(r"\"\s*\n\s*f?\"", "", source) for source in sources)]


def test_the_page_by_symptom_quotes_what_is_said():
    said = words_of_the_programs()
    page = FENCE.sub("", (ROOT / "docs/symptoms.md").read_text())
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    for quoted in (words for row in rows for words in re.findall(r"`([^`]+)`", row) if " " in words):
        if re.match(r"(option|list|uci|opkg|service|haven|ping|config|tcpdump) ", quoted):
            continue
        assert any(re.search(_shape(quoted), text) for text in said), f"nobody says {quoted!r}"


def _shape(quoted: str) -> str:
    # What is a fact of the message, an address, a device, a name or a number, may be anything.
    fact = re.compile(r"(\d[\d.]*(?: s\b)?|br-lan|eth\d|r[12])")
    return r"\S+".join(re.escape(part) for part in re.split(fact, quoted)[::2])
