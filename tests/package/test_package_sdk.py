# SPDX-License-Identifier: GPL-2.0-or-later
"""What reviewers of OpenWrt's feeds read stands in the Makefiles as it is, and is what the package says."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from haven import VERSION
from tests.package.conftest import ROOT
from tests.package.sdk import FEED, Makefile, own_fields, packages

sys.path.insert(0, str(ROOT / "openwrt-feed"))
import described  # noqa: E402

PAGES = ("luci-app-haven", "luci-app-haven-classic")
OURS = ("haven", *PAGES)
SCRIPTS = ("preinst", "postinst", "prerm", "postrm")


@pytest.mark.parametrize("name", OURS)
def test_the_literal_fields_are_those_of_the_one_source(name: str):
    said, variables = described.fields(name), Makefile(name).variables
    assert f"{variables['PKG_VERSION']}-r{variables['PKG_RELEASE']}" == said["Version"]
    assert variables["PKG_VERSION"] == VERSION and variables["PKG_NAME"] == name
    assert variables["PKG_MAINTAINER"] == said["Maintainer"] == "The haven project"
    assert variables["PKG_LICENSE"] == said["License"]
    prefix = "" if name == "haven" else "LUCI_"
    assert f"{variables[f'{prefix}TITLE']}." == said["Description"].split("\n")[0]
    depends = variables[f"{prefix}DEPENDS"].split()
    assert [each[:1] for each in depends] == ["+"] * len(depends)
    assert {each[1:] for each in depends} == set(said["Depends"].split(", "))
    assert variables[f"{prefix}URL"] == said["URL"] and "$" not in said["URL"]


def test_the_long_descriptions_are_those_of_the_one_source():
    rest = own_fields("haven")["Description"].split("\n")[1:]
    assert [line.strip() for line in Makefile("haven").blocks["Package/haven/description"].splitlines()] == [
        line.strip() for line in rest
    ]
    for name in PAGES:
        (line,) = own_fields(name)["Description"].split("\n")[1:]
        assert Makefile(name).variables["LUCI_DESCRIPTION"] == line.strip()


def test_what_reviewers_ask_for_is_there():
    variables = Makefile("haven").variables
    assert variables["PKG_LICENSE_FILES"] == "LICENSE" and (ROOT / "LICENSE").exists()
    assert variables["SUBMENU"] and variables["PKG_SOURCE_URL"].startswith("https://")
    assert re.fullmatch("[0-9a-f]{64}", variables["PKG_HASH"])
    # Elsewhere the SDK's own default, the target's architecture, comes after it.
    assert "PKGARCH:=all" in Makefile("haven").blocks["Package/haven"]
    for path in FEED.glob("*/Makefile"):
        text = path.read_text()
        # Only their $(eval $(call ...)) lines are found by the scan, which looks for names.
        assert "$(PKG_NAME))" not in text and "$(shell" not in text and "\r" not in text, path
        assert "PKG_MAINTAINER:=" in text, path


def test_the_scripts_are_those_that_are_tested():
    makefile = Makefile("haven")
    for name in SCRIPTS:
        assert makefile.script(f"Package/haven/{name}") == (FEED / "haven" / name).read_text(), name
    conffiles = makefile.blocks["Package/haven/conffiles"]
    assert conffiles == (FEED / "haven/conffiles").read_text()
    assert all(line.startswith("/") for line in conffiles.splitlines())


def test_no_package_has_a_list_for_sysupgrade_of_its_own():
    assert not list((ROOT / "files").rglob("keep.d"))
    assert "/etc/haven/" in (FEED / "haven/conffiles").read_text().splitlines()


def test_what_the_sdk_leaves_out_is_what_the_archive_leaves_out():
    listed = Makefile("haven").blocks["Py3Package/haven/filespec"].splitlines()
    sdk = {line.rpartition("/usr/lib/haven/")[2] for line in listed if line[0] == "-"}
    rows = [line.split() for line in (FEED / "haven/contents").read_text().splitlines()]
    archive = {row[1].removeprefix("src/") for row in rows if row[0] == "-"}
    # What is compiled at the build compiles nothing on the router.
    assert sdk == archive | {"haven/openwrt/bytecode.py"}
    assert all((ROOT / "src" / name).is_file() for name in sdk)


def test_the_sdk_installs_every_file_of_the_package_but_the_one_that_compiles():
    block = Makefile("haven").blocks["Py3Package/haven/install"]
    named = set(re.findall(r"\$\(PKG_BUILD_DIR\)/files/(\S+)", block))
    files = [path.relative_to(ROOT / "files") for path in (ROOT / "files").rglob("*") if path.is_file()]
    missed = [
        str(path)
        for path in files
        if path.parts[0] != "www" and not any(path.match(each) or each[:-1] in str(path) for each in named)
    ]
    assert missed == ["etc/uci-defaults/90_haven"]


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_laid_out_as_lucis_own(name: str):
    assert Makefile(name).source.splitlines()[-3:] == [
        "include $(TOPDIR)/feeds/luci/luci.mk",
        "",
        "# call BuildPackage - OpenWrt buildroot signature",
    ]
    # Copied with the folder, as the feed of LuCI has it, these are plain folders.
    for folder in {"luci-app-haven": ("htdocs", "root", "po"), PAGES[1]: ("luasrc",)}[name]:
        assert any((FEED / name / folder).iterdir()), folder
    root = FEED / name / "root"
    assert not [path for path in root.rglob("*") if path.is_symlink()]


def test_translations_are_found_by_their_folders():
    languages = {path.name for path in (FEED / "luci-app-haven/po").iterdir()} - {"templates"}
    ours = [path for path in packages() if "i18n" in path.name]
    rows = [(path / "contents").read_text().split() for path in ours]
    assert languages == {Path(catalogue).parent.name for _plus, catalogue, *_code in rows}
    assert [path.name for path in ours] == [f"luci-i18n-haven-{code}" for _plus, _po, code, *_title in rows]
    assert not any((path / "Makefile").exists() for path in ours)


@pytest.mark.parametrize(
    ("form", "place"),
    [
        ("javascript", "files/www/luci-static/resources/haven/catalogue.js"),
        ("lua", "luasrc/haven/catalogue.lua"),
    ],
)
def test_the_catalogue_of_the_pages_is_what_the_contract_says(form: str, place: str):
    argv = [sys.executable, "-m", "haven.openwrt.catalogue", form]
    printed = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert (ROOT / place).read_text() == printed, "run 'make po'"


@pytest.mark.parametrize("path", sorted({*FEED.glob("*.py")} - {FEED / "po.py"}), ids=lambda path: path.name)
def test_the_least_python_that_openwrt_builds_with_understands_it(path: Path):
    tree = ast.parse(path.read_text(), feature_version=(3, 8))
    first = [node.module for node in tree.body if isinstance(node, ast.ImportFrom)][:1]
    assert first == ["__future__"], "annotations are of later Pythons"
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not attributes & {"removeprefix", "removesuffix", "unparse"}, "these came with 3.9"


@pytest.mark.parametrize("path", sorted((ROOT / "src").rglob("*.py")), ids=lambda path: path.name)
def test_what_it_compiles_is_of_the_same_grammar(path: Path):
    ast.parse(path.read_text(), feature_version=(3, 8))


def test_every_package_has_the_fields_of_the_one_source():
    assert len(packages()) == 6
    for path in packages():
        said = described.fields(path.name)
        assert tuple(said) == described.ORDER and not [text for text in said.values() if "@" in text]
        assert said["Maintainer"] == "The haven project" and said["URL"].startswith("https://")
        assert not (own_fields(path.name).keys() & {"Maintainer", "Version", "URL", "License"})
