# SPDX-License-Identifier: GPL-2.0-or-later
"""What changes in the kernel's tables, besides the links that go up and down."""

from haven.core.value import Value


class LinkReplaced(Value):
    """A device of this name appeared, or came back as another one or with another MAC address."""

    def __init__(self, device: str) -> None:
        self.device = device


class AddressCame(Value):
    """A device has one more address that can be used, behind the others."""

    def __init__(self, device: str, address: bytes) -> None:
        self.device = device
        self.address = address


class AddressGone(Value):
    """An address was taken off a device by somebody, or ran out."""

    def __init__(self, device: str, address: bytes) -> None:
        self.device = device
        self.address = address


class AddressesRead(Value):
    """The addresses of a family on a device were read as a whole: they or their order may differ."""

    def __init__(self, device: str, family: int) -> None:
        self.device = device
        self.family = family


class FamilyBack(Value):
    """A device has addresses of a family again after it had none."""

    def __init__(self, device: str, family: int) -> None:
        self.device = device
        self.family = family


def family_of(address: bytes) -> int:
    """Return the family that an address is of."""
    return 6 if len(address) == 16 else 4
