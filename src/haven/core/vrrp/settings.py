# SPDX-License-Identifier: GPL-2.0-or-later
"""What of an ADVERTISEMENT has to be as it is configured here."""

from haven.core.clock import SECOND
from haven.core.vrrp.advert import PacketError, check_auth

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.spec import RouterSpec
    from haven.core.vrrp.advert import Advert


def check_settings(advert: "Advert", spec: "RouterSpec") -> None:
    """Raise PacketError where an ADVERTISEMENT differs from a configuration as it must not."""
    if advert.version != spec.version:
        raise PacketError("version", "version %d, ours is %d" % (advert.version, spec.version))
    if advert.version == 2:
        check_auth(advert, spec.auth)
        if advert.interval_us != spec.advert_interval_us:
            raise PacketError("interval", "interval %d s is not ours" % (advert.interval_us // SECOND))


def has_settings(advert: "Advert", spec: "RouterSpec") -> bool:
    """Tell whether check_settings() has nothing against it."""
    try:
        check_settings(advert, spec)
    except PacketError:
        return False
    return True
