# SPDX-License-Identifier: GPL-2.0-or-later
"""Two routers from their factory state to a pair with one configuration, by LuCI alone, without a shell."""

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page, Playwright, expect

from tests.lab.factory_router import FactoryRouter, short_folder
from tests.lab.namespace import Namespace, lab_number
from tests.lab.test_setup_pair import LAN_OF_ONE
from tests.lab.wait import wait_until
from tests.luci.conftest import OPTIONS
from tests.luci.factory_luci import FactoryLuci, browser_in
from tests.luci.pages import SIZE

LONG_MS = 60_000
RULE = "\nconfig rule\n\toption name '%s'\n\toption src 'wan'\n\toption target '%s'\n"


class Household:
    """Two routers, each with a computer on its LAN; a cable between the routers, and one between the LANs."""

    def __init__(self, folder: Path) -> None:
        number = lab_number()
        self.folder = folder
        self.computers = [Namespace(word, number) for word in ("pc1", "pc2")]
        self.routers = [
            FactoryRouter(folder / word, word, number, network=LAN_OF_ONE) for word in ("r1", "r2")
        ]
        self.console: list[str] = []

    def connect(self) -> None:
        first, second = (router.namespace for router in self.routers)
        first.ip(f"link add eth7 type veth peer name eth7 netns {second.name}")
        one, two = self.computers
        one.ip(f"link add between type veth peer name between netns {two.name}")
        for index, (router, computer) in enumerate(zip(self.routers, self.computers, strict=True)):
            router.namespace.ip("link set eth7 up")
            router.boot(computer, "lan1")
            computer.ip(
                "link set lo up",
                "link add lan type bridge",
                "link set lan1 master lan",
                "link set lan up",
                f"address add 192.168.1.{50 + index}/24 dev lan",
            )

    def join_lans(self) -> None:
        for computer in self.computers:
            computer.ip("link set between master lan up")

    def close(self) -> None:
        for router in self.routers:
            router.print_logs()
        for namespace in [*(router.namespace for router in self.routers), *self.computers]:
            namespace.delete()


@pytest.fixture
def household(lab: None) -> Iterator[Household]:
    with short_folder() as folder, contextlib.ExitStack() as after:
        made = Household(folder)
        after.callback(made.close)
        made.connect()
        yield made


class Desk:
    """A browser on one of the computers, at the pages of the router there."""

    def __init__(
        self, household: Household, index: int, playwright: Playwright, after: contextlib.ExitStack
    ) -> None:
        self.luci = FactoryLuci(household.routers[index])
        self._web = self.luci.serve()
        after.callback(self._web.close)
        browser = browser_in(playwright, household.computers[index], OPTIONS, household.folder)
        after.callback(browser.close)
        self.page = browser.new_page(viewport=SIZE)
        self.page.set_default_timeout(LONG_MS)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: household.console.append(str(error)))
        self._console = household.console

    def _hear(self, message: ConsoleMessage) -> None:
        # The network of the computer changes while the LANs are joined: Chromium breaks off what it loads.
        if message.type in ("error", "warning") and "ERR_NETWORK_CHANGED" not in message.text:
            self._console.append(message.text)

    def open(self, path: str, address: str = "192.168.1.1") -> Page:
        self.page.goto(f"http://{address}/haven/{path}")
        self.page.wait_for_selector("#view .haven h2")
        return self.page


def test_two_routers_from_the_factory_are_a_pair_with_one_configuration(
    household: Household, playwright: Playwright
):
    with contextlib.ExitStack() as after:
        first, second = (Desk(household, index, playwright, after) for index in (0, 1))
        _set_up(first)
        _waits_for_another(first)
        code = _show_a_code(first)
        _join(second, code)
        household.join_lans()
        # Whoever sat at the second router has followed it to its own address.
        for desk, name, address in ((first, "r1", "192.168.1.1"), (second, "r2", "192.168.1.3")):
            page = desk.open("overview", address)
            expect(page.locator("[data-part=problems]")).to_have_text("No problem is known.", timeout=LONG_MS)
            expect(page.locator("[data-router=r1]")).to_contain_text("Active")
            expect(page.locator("[data-router=r2]")).to_contain_text("Backup")
            assert desk.luci.ask_agent("status", {})[1]["node"] == name
        _change_and_decide(household, first)
        _hand_over_there(first)
        for router in household.routers:
            assert code not in "".join(path.read_text() for path in router.root.rglob("*.log"))
    assert household.console == []


def _set_up(desk: Desk) -> None:
    page = desk.open("setup")
    page.locator("[data-action=first]").click()
    expect(page.locator("[data-question=own_address]")).to_have_value("192.168.1.2", timeout=LONG_MS)
    # What will not do is refused at its question, and the proposal stands until another answer fits.
    _answer(page, "own_address", "192.168.9.9")
    expect(page.locator("[data-refused=own_address]")).to_contain_text("is outside of 192.168.1.0/24")
    expect(page.locator("[data-action=go]")).to_have_count(0)
    _answer(page, "own_address", "192.168.1.2")
    expect(page.locator("[data-action=go]")).to_be_visible()
    _answer(page, "sync", "eth7")
    expect(page.locator("[data-part=changes]")).to_contain_text("+ network.sync.device=eth7")
    _dial(page)
    expect(page.locator("[data-part=changes]")).to_contain_text("+ network.lan.ipaddr=192.168.1.2/24")
    page.locator("[data-action=go]").click()
    expect(page.locator("[data-part=done]")).to_contain_text("the first one of a pair", timeout=LONG_MS)


def _answer(page: Page, question: str, value: str) -> None:
    field = page.locator(f"[data-question={question}]")
    field.fill(value)
    field.press("Tab")


def _dial(page: Page) -> None:
    """Ask for PPPoE, and leave it: what it needs is asked beside it, and the password is not shown."""
    _answer(page, "wan", "wan")
    page.locator("[data-question=wan_proto]").select_option("pppoe")
    expect(page.locator("[data-refused=wan_user]")).to_be_visible()
    names = page.locator("[data-question]").evaluate_all(
        "found => found.map((each) => each.dataset.question)"
    )
    assert names[names.index("wan_proto") + 1] == "wan_user"
    _answer(page, "wan_user", "me@provider")
    expect(page.locator("[data-refused=wan_password]")).to_be_visible()
    expect(page.locator("[data-question=wan_user]")).to_have_value("me@provider")
    expect(page.locator("[data-question=wan_password]")).to_have_attribute("type", "password")
    _answer(page, "wan_password", "a word of mine")
    expect(page.locator("[data-part=changes]")).to_contain_text("+ network.wan.password=hidden")
    expect(page.locator("[data-part=changes]")).to_contain_text("+ haven.wan.interface=wan")
    assert "a word of mine" not in page.inner_text("#view")
    _answer(page, "wan", "none")
    expect(page.locator("[data-part=changes]")).not_to_contain_text("network.wan.")


def _waits_for_another(desk: Desk) -> None:
    """One configuration is what a setup proposes; there is nobody yet to have it with."""
    expect(desk.open("configuration").locator("[data-in-sync=alone]")).to_be_visible()


def _show_a_code(desk: Desk) -> str:
    page = desk.open("setup")
    page.locator("[data-action=pair]").click()
    return str(page.locator("[data-code]").get_attribute("data-code"))


def _join(desk: Desk, code: str) -> None:
    page = desk.open("setup")
    expect(page.locator("[data-offer=r1]")).to_be_checked()
    page.locator("[data-input=code]").fill(code[:11] + ("0" if code[11] != "0" else "1"))
    page.locator("[data-action=join]").click()
    expect(page.locator("[data-refused=code-mistyped]")).to_be_visible()
    page.locator("[data-input=code]").fill(" ".join(code[at : at + 4].lower() for at in (0, 4, 8)))
    expect(page.locator("[data-offer=r1]")).to_be_checked()
    page.locator("[data-action=join]").click()
    expect(page.locator("[data-question=own_address]")).to_have_value("192.168.1.3", timeout=LONG_MS)
    _answer(page, "node", "r2")
    expect(page.locator("[data-part=changes]")).to_contain_text("+ haven.main.node=r2")
    page.locator("[data-action=go]").click()
    link = page.locator("[data-part=whereabouts] a")
    expect(link).to_have_attribute("href", "http://192.168.1.3/")


def _firewall(router: FactoryRouter) -> Path:
    return router.root / "etc/config/firewall"


def _agents(household: Household, what: signal.Signals) -> None:
    for router in household.routers:
        subprocess.run(["kill", f"-{what.name[3:]}", (router.root / "agent").read_text().strip()], check=True)


def _rule(path: Path) -> str:
    return path.read_text().partition("'one'")[2].partition("config ")[0]


def _change_and_decide(household: Household, desk: Desk) -> None:
    """A change goes to the other; two that were made in a split wait for a button."""
    page = desk.open("configuration", "192.168.1.1")
    expect(page.locator("[data-in-sync='1']")).to_be_visible(timeout=LONG_MS)
    first, second = (_firewall(router) for router in household.routers)
    first.write_text(first.read_text() + RULE % ("one", "ACCEPT"))
    wait_until(lambda: "'one'" in second.read_text(), 30, "the rule is on the other router")
    expect(page.locator("[data-change]").first).to_contain_text("changed by r1")
    _agents(household, signal.SIGSTOP)
    for path, target in ((first, "DROP"), (second, "REJECT")):
        before, _, after = path.read_text().partition("'one'")
        path.write_text(before + "'one'" + after.replace("ACCEPT", target, 1))
    _agents(household, signal.SIGCONT)
    conflict = page.locator("[data-conflict]")
    expect(conflict).to_have_count(1, timeout=LONG_MS)
    expect(conflict.locator("[data-version=r1]")).to_contain_text("DROP")
    expect(conflict.locator("[data-version=r2]")).to_contain_text("REJECT")
    conflict.locator("[data-take=r2]").click()
    expect(page.locator("[data-conflict]")).to_have_count(0)
    expect(page.locator("[data-in-sync='1']")).to_be_visible(timeout=LONG_MS)
    wait_until(lambda: all("'REJECT'" in _rule(path) for path in (first, second)), 30, "both have that of r2")
    expect(page.locator("[data-change]").first).to_contain_text("decided for r2")
    page.locator("[data-change] [data-undo]").first.click()
    page.locator(".modal [data-confirm]").click()
    wait_until(
        lambda: all("DROP" in path.read_text() for path in (first, second)), 30, "it is undone on both"
    )


def _hand_over_there(desk: Desk) -> None:
    """Maintenance of the other router, and this one's own switchover, from one page."""
    page = desk.open("actions")
    page.locator("[data-choice=router]").select_option("r2")
    page.locator("[data-action=maintenance-on]").click()
    page.locator(".modal [data-confirm]").click()
    expect(page.locator("[data-part=outcome]")).to_have_text("Done.")
    overview = desk.open("overview")
    expect(overview.locator("[data-router=r2]")).to_contain_text("Maintenance")
