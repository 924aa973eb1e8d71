# SPDX-License-Identifier: GPL-2.0-or-later
"""A binding: an address that a device has by DHCP, and for how long. Times are seconds of time.monotonic().

No clock is the same on two routers, so only spans are told: how long ago, how much longer.
"""

import re
from ipaddress import IPv4Address
from typing import Any

# As DHCP writes a lease without an end.
FOREVER_S = 0xFFFFFFFF
# Of a client identifier of 255 octets, which DHCP can say, the hexadecimal digits and what is between them.
LONGEST_TEXT = 764
# A device without a hardware address, as on InfiniBand, has the type of it alone.
_MAC = re.compile(r"([0-9a-f]{2}-)?([0-9a-f]{2}:){0,15}[0-9a-f]{2}|[0-9a-f]{2}-")
_CLIENT_ID = re.compile(r"([0-9a-f]{2}:)*[0-9a-f]{2}|")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}|")

Key = tuple[str, str]


class BindingError(ValueError):
    """A document is not a binding."""


class Binding:
    """Who has an address: `began` when it got it, `changed` when that was last heard of, good till `until`.

    One that `is_over` before its time was given back, or given up; it stays known, so that nobody who has
    missed that brings it back.
    """

    def __init__(self, address: str, mac: str, now: float, lasts_s: float) -> None:
        self.address, self.mac = address, mac
        self.client_id = self.name = ""
        self.lasts_s = lasts_s
        self.began = self.changed = now
        self.until = now + lasts_s
        self.is_over = False

    @property
    def key(self) -> Key:
        """What tells it from others: the address and who has it."""
        return self.address, self.mac

    @property
    def who(self) -> str:
        """The device as a person knows it."""
        return f"{self.name} ({self.mac})" if self.name else self.mac

    def is_good(self, now: float) -> bool:
        """Tell whether the device has the address."""
        return not self.is_over and now < self.until

    def has_same_meaning(self, other: "Binding") -> bool:
        """Tell whether another says the same but for its times."""
        mine = self.client_id, self.name, self.is_over
        return mine == (other.client_id, other.name, other.is_over)

    def document(self, now: float) -> dict[str, Any]:
        """Return it as it is told and kept."""
        return {
            "address": self.address,
            "mac": self.mac,
            "client_id": self.client_id,
            "name": self.name,
            "lasts_s": round(self.lasts_s),
            "left_s": round(self.until - now, 3),
            "began_s": round(now - self.began, 3),
            "changed_s": round(now - self.changed, 3),
            "is_over": self.is_over,
        }


def read_binding(document: Any, now: float) -> Binding:
    """Return the binding of a document. Raises BindingError for anything else."""
    try:
        binding = Binding(_address(document["address"]), _text(document["mac"], _MAC), now, 0)
        binding.client_id = _text(document["client_id"], _CLIENT_ID)
        binding.name = _text(document["name"], _NAME)
        binding.lasts_s = _span(document["lasts_s"])
        binding.until = now + _left(document["left_s"])
        binding.began, binding.changed = now - _span(document["began_s"]), now - _span(document["changed_s"])
        binding.is_over = document["is_over"] is True
    except (KeyError, TypeError, ValueError, OverflowError) as why:
        raise BindingError(f"not a lease: {str(document)[:80]}") from why
    return binding


def read_new(document: Any, now: float) -> Binding:
    """Return what the holder has seen in an ACK. Raises BindingError."""
    if not isinstance(document, dict):
        raise BindingError("not a lease")
    spans = {"left_s": document.get("lasts_s"), "began_s": 0, "changed_s": 0, "is_over": False}
    return read_binding({**document, **spans}, now)


def _address(text: Any) -> str:
    return str(IPv4Address(text if isinstance(text, str) else ""))


def _text(text: Any, shape: re.Pattern[str]) -> str:
    if not isinstance(text, str) or len(text) > LONGEST_TEXT or not shape.fullmatch(text):
        raise ValueError(text)
    return text


def _left(value: Any) -> float:
    left = _number(value)
    # One that is no number is not less than any, either.
    if not left >= -FOREVER_S:
        raise ValueError(value)
    return min(left, FOREVER_S)


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise ValueError(value)
    return float(value)


def _span(value: Any) -> float:
    span = _number(value)
    if not 0 <= span <= FOREVER_S:
        raise ValueError(value)
    return span
