# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether connections would live on: their copies, the link for them, and what the kernels know."""

from haven.doctor.case import Case


def connections(case: Case) -> None:
    """Look at the helpers of the firewall, and at who is on the link for copies."""
    for here, there in case.pairs("rules"):
        missing = sorted(set(there.part("rules")["helpers"]) - set(here.part("rules")["helpers"]))
        if missing:
            case.find("helpers-differ", node=here.node, peer=there.node, helpers=missing)
    ours = case.macs()
    for router in case.routers:
        copies = router.part("copies")
        for mac in sorted(set(copies.get("macs", ())) - ours) if case.knows_all("kernel") else ():
            case.find("link-shared", node=router.node, device=copies["device"], mac=mac)
    if not any(router.part("plan").get("copy_device") for router in case.routers):
        case.find("no-copies")
