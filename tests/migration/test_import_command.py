# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven import` as a person calls it: what it prints and writes, and what it leaves alone."""

import json
from pathlib import Path

import pytest

from haven.cli.main import main

GOOD = """vrrp_instance lan {
    state BACKUP
    interface br-lan
    virtual_router_id 51
    priority 150
    smtp_alert
    virtual_ipaddress {
        10.1.0.1/24
    }
}
"""
OLD = "config haven 'main'\n\toption enabled '0'\n\toption node 'old'\n"
IN_USE = OLD.replace("'0'", "'1'") + (
    "config virtual_router 'lan'\n\toption device 'br-lan'\n\toption vrid '7'\n\tlist address '10.1.0.1/24'\n"
)


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    path = tmp_path / "keepalived.conf"
    path.write_text(GOOD)
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "haven"


def call(config: Path, *words: object) -> int:
    return main(["--config", str(config), "import", *map(str, words)])


def test_the_configuration_is_on_stdout_and_remarks_on_stderr(
    conf: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(config, conf) == 0
    printed = capsys.readouterr()
    assert "config virtual_router 'lan'\n\toption group 'lan_group'\n\toption device 'br-lan'" in printed.out
    assert f"{conf}:6: to do: smtp_alert is not taken over; config notify" in printed.err
    assert not config.exists()


def test_what_is_printed_is_valid_as_it_stands(
    conf: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call(config, conf, "--name", "r9")
    config.write_text(capsys.readouterr().out)
    assert main(["--config", str(config), "validate"]) == 0
    assert "option node 'r9'" in config.read_text()


def test_json_has_the_configuration_and_every_remark(
    conf: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(config, conf, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["valid"] and "list address '10.1.0.1/24'" in found["configuration"]
    (remark,) = found["remarks"]
    assert (remark["file"], remark["line"], remark["code"], remark["level"]) == (
        str(conf),
        6,
        "mail",
        "to do",
    )
    assert remark["facts"] == {"keyword": "smtp_alert"} and remark["message"] and remark["do"]


def test_json_of_a_broken_file_has_the_place(
    conf: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf.write_text(GOOD + "}\n")
    assert call(config, conf, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["configuration"] is None
    assert (found["error"]["line"], found["error"]["code"]) == (11, "brace-extra")


def test_diff_shows_what_would_change_and_changes_nothing(
    conf: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(OLD)
    assert call(config, conf, "--diff") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "-\toption node 'old'" in lines and "+config virtual_router 'lan'" in lines
    assert config.read_text() == OLD


def test_write_keeps_the_old_file_each_time(conf: Path, config: Path) -> None:
    config.write_text(OLD)
    config.chmod(0o640)
    assert call(config, conf, "--write") == 0
    first = config.read_text()
    assert "virtual_router 'lan'" in first and config.stat().st_mode & 0o777 == 0o640
    kept = config.with_name("haven.before-import")
    assert kept.read_text() == OLD
    assert call(config, conf, "--write") == 0 and not config.with_name("haven.before-import.2").exists()
    conf.write_text(GOOD.replace("51", "52"))
    assert call(config, conf, "--write") == 0
    assert kept.read_text() == OLD and config.with_name("haven.before-import.2").read_text() == first


@pytest.mark.parametrize("text", [IN_USE, IN_USE + "\toption vrid 'none'\n"])
def test_write_does_not_replace_a_configuration_in_use(
    text: str, conf: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(text)
    assert call(config, conf, "--write") == 1
    assert "is in use" in capsys.readouterr().err
    assert config.read_text() == text and list(config.parent.glob("haven.*")) == []


@pytest.mark.parametrize("text", [GOOD + "}\n", GOOD.replace("150", "999"), "global_defs {\n}\n"])
def test_nothing_is_written_or_printed_of_a_bad_one(
    text: str, conf: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf.write_text(text)
    config.write_text(OLD)
    assert call(config, conf, "--write") == 1
    assert capsys.readouterr().out == "" and config.read_text() == OLD
    assert call(config, conf) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err


def test_names_of_others_do_nothing_to_a_terminal(
    conf: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf.write_text(GOOD.replace("smtp_alert", "smtp\x1b[2Jalert"))
    assert call(config, conf) == 0
    assert "\x1b" not in capsys.readouterr().err
