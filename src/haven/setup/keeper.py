# SPDX-License-Identifier: GPL-2.0-or-later
"""The program setup-keeper: carries a trial out, waits for the word, and takes it back without one.

    setup-keeper               waits for its turn, then goes on from whatever was left
    setup-keeper --at-start    as the service starts: sees to what a reboot or a kill has left

What it finds is enough to go on from, so that one that was killed is followed by another.
"""

import sys
import time
from contextlib import suppress
from typing import Any

from haven.arguments import ROOT, RUN_DIR, CommandOption, begin_program
from haven.contract.message import render
from haven.contract.setup import CONFIRM_S, OUTCOMES, SetupRefused
from haven.openwrt.applied_files import RouterFiles, give_back_beside_dhcp
from haven.setup.own_addresses import has_address, keep_address
from haven.setup.packages import HAVEN, NETWORK, read_packages
from haven.setup.proposal import SECOND_ROLE
from haven.setup.router_services import RouterServices
from haven.setup.trial import KEEPER, Busy, locked, note, now, start_keeper
from haven.setup.trial_folder import PENDING, UNDOING, Marker, TrialFolder, boot_id
from haven.setup.trial_times import GATEWAY_S, GUARD_S, OWN_ADDRESS_S

POLL_S = 0.2
SUMMARY = "Carries a setup of this router out, and takes it back unless somebody confirms it."
AT_START = CommandOption("--at-start", "see to what a reboot or a kill has left, and wait for nobody")


class _Failed(Exception):
    """The trial cannot go on: a code of OUTCOMES, and its facts."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(render(OUTCOMES[code], facts, {}))
        self.code = code
        self.facts = facts


class Keeper:
    """Carries out what the folder of a trial holds."""

    def __init__(self, folder: TrialFolder, services: RouterServices) -> None:
        self._folder = folder
        self._services = services

    def run(self) -> None:
        """Try what is pending and wait for the word, or end what is being taken back."""
        outcome: dict[str, Any] = {"code": "undone"}
        try:
            marker = self._folder.marker()
            if marker is not None:
                self._try(marker)
                self._wait(marker)
        except _Failed as failed:
            outcome = {"code": failed.code, **failed.facts}
        except Exception as error:
            # Whatever it is: without us nobody would take the trial back.
            outcome = {"code": "not-written", "error": repr(error)}
        self._services.let_wait_for_others(False)
        self._folder.give_up(PENDING)
        if self._folder.is_there(UNDOING):
            self.take_back(outcome, haven_too=True)

    def _try(self, marker: Marker) -> None:
        if marker.boot != boot_id():
            raise _Failed("interrupted")
        self._services.call("haven", "enable")
        for address, length in marker.guards:
            keep_address(marker.device, address, length, GUARD_S)
        self._services.keep_bridge(marker.device)
        try:
            self._folder.put_in_place()
        except OSError as error:
            raise _Failed("not-written", error="%s: %s" % (error.filename2, error.strerror)) from None
        self._services.call("firewall", "reload")
        self._services.call("network", "reload")
        if not self._becomes(lambda: has_address(marker.device, marker.own, True), OWN_ADDRESS_S):
            raise _Failed("own-address-late", device=marker.device, address=marker.own)
        self._services.let_wait_for_others(marker.role == SECOND_ROLE)
        self._services.call("haven", "start")
        wanted = ("active",) if marker.gateway else ("active", "backup", "maintenance")
        if not self._becomes(lambda: self._services.state() in wanted, GATEWAY_S):
            code = "gateway-late" if marker.gateway else "standby-late"
            raise _Failed(code, address=marker.gateway, word=self._services.word())

    def _becomes(self, condition: Any, seconds: float) -> bool:
        """Wait until something holds; at once false when the trial is taken back meanwhile."""
        end = time.monotonic() + seconds
        while self._folder.is_there(PENDING):
            if condition():
                return True
            if time.monotonic() > end:
                return False
            time.sleep(POLL_S)
        return True

    def _wait(self, marker: Marker) -> None:
        marker.until = now() + CONFIRM_S
        if not self._folder.is_there(PENDING):
            return
        self._folder.extend(marker)
        note(self._services.run_dir, "waiting", address=marker.own, left_s=CONFIRM_S)
        while self._folder.is_there(PENDING):
            if now() >= marker.until:
                raise _Failed("no-answer")
            time.sleep(POLL_S)

    def take_back(self, outcome: dict[str, Any], haven_too: bool) -> None:
        """Put back what was there before, and let the services follow."""
        device, dialled = self._old_device(), self._dialled()
        # The note of it is among the files: afterwards nobody would know.
        for text in give_back_beside_dhcp(RouterFiles(self._folder.root)):
            self._services.log(text)
        try:
            self._folder.restore()
        except SetupRefused as refused:
            self._services.log(str(refused))
            note(self._services.run_dir, refused.code, **refused.facts)
            return
        self._services.call("network", "reload")
        if haven_too:
            # While haven holds the virtual address nothing is lost; it goes when the own one is back.
            for address, _length in device[1]:
                self._becomes_own(device[0], address)
            self._services.call("haven", "stop")
            # It has taken them down, and netifd remembers that rather than what is configured.
            self._services.bring_up(self._up_by_themselves(dialled))
            self._services.forget_plan()
            self._services.release_bridge()
        marker = self._folder.marker(UNDOING)
        if marker is not None and marker.role == SECOND_ROLE:
            self._folder.forget_pair()
        self._services.call("firewall", "reload")
        self._services.call("dnsmasq", "reload")
        self._services.reload_config()
        if haven_too:
            self._services.call("haven", "start")
        self._folder.forget(UNDOING)
        note(self._services.run_dir, outcome.pop("code"), **outcome)

    def _old_device(self) -> tuple[str, list[tuple[str, int]]]:
        marker = self._folder.marker(UNDOING)
        return (marker.device, marker.guards) if marker is not None else ("", [])

    def _dialled(self) -> list[str]:
        with suppress(SetupRefused):
            haven = read_packages(self._folder.root, (HAVEN,))[HAVEN]
            return [wan.value("interface") for wan in haven.of_type("wan")]
        return []

    def _up_by_themselves(self, names: list[str]) -> list[str]:
        with suppress(SetupRefused):
            network = read_packages(self._folder.root, (NETWORK,))[NETWORK]
            found = [section for section in network.of_type("interface") if section.name in names]
            return [section.name for section in found if section.value("auto") != "0"]
        return []

    def _becomes_own(self, device: str, address: str) -> None:
        end = time.monotonic() + OWN_ADDRESS_S
        # What cannot be known is not waited for.
        with suppress(Exception):
            while not has_address(device, address, True) and time.monotonic() < end:
                time.sleep(POLL_S)


def see_to_leftovers(folder: TrialFolder, services: RouterServices) -> None:
    """Take back what a reboot has interrupted; a trial whose keeper was killed gets another."""
    marker = folder.marker(PENDING) or folder.marker(UNDOING)
    if marker is not None and marker.boot == boot_id():
        start_keeper(folder.root, services.run_dir)
        return
    folder.give_up(PENDING)
    if folder.is_there(UNDOING):
        # The service that asks us starts haven by what it finds then.
        Keeper(folder, services).take_back({"code": "interrupted"}, haven_too=False)


def _run(folder: TrialFolder, services: RouterServices) -> None:
    Keeper(folder, services).run()


def main() -> int:
    """Do what the folder of the trial says; nothing there is nothing to do."""
    found = begin_program(sys.argv[1:], KEEPER, SUMMARY, (ROOT, RUN_DIR, AT_START))
    if isinstance(found, int):
        return found
    root, run_dir = found.values[ROOT.name].rstrip("/"), found.values[RUN_DIR.name]
    services, at_start = RouterServices(root, run_dir), AT_START.name in found.flags
    try:
        with locked(run_dir, wait=not at_start):
            act = see_to_leftovers if at_start else _run
            act(TrialFolder(root), services)
    except Busy:
        # A keeper is at work.
        return 0
    except OSError as error:
        services.log("setup: %s" % error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
