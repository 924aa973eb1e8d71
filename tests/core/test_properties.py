# SPDX-License-Identifier: GPL-2.0-or-later
"""What holds whatever happens, thrown at by hypothesis."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haven.core.announce import announcement
from haven.core.checksum import internet_checksum, pseudo_header
from haven.core.clock import CENTISECOND, MILLISECOND, SECOND
from haven.core.effects import Dropped
from haven.core.events import Maintenance, Switchover
from haven.core.vrrp.advert import REASONS, Advert, PacketError, decode, encode
from haven.core.vrrp.constants import MESSAGE, PSEUDO_HEADER
from haven.core.vrrp.states import ACTIVE, BACKUP
from haven.core.vrrp.timing import active_down_interval, skew_time
from tests.core.wire import Wire, group, octets_of, pair, router

PEER = octets_of("10.0.0.9")
MULTICAST = octets_of("224.0.0.18")

addresses4 = st.binary(min_size=4, max_size=4)
addresses6 = st.binary(min_size=16, max_size=16)


# Octets


@given(st.binary(max_size=80), st.sampled_from(((4, addresses4), (6, addresses6))), st.data())
def test_any_octets_are_decoded_or_refused(message, family, data):
    source, destination = data.draw(family[1]), data.draw(family[1])
    try:
        advert = decode(message, source, destination)
    except PacketError as error:
        assert error.reason in REASONS
    else:
        assert advert.version in (2, 3)


@st.composite
def nearly_good(draw):
    """A packet whose fields are of the right shape, and whose checksum is right."""
    version = draw(st.sampled_from((2, 3)))
    count = draw(st.integers(0, 3))
    head = bytes((version << 4 | 1, 51, *draw(st.binary(min_size=1, max_size=1)), count))
    middle = draw(st.binary(min_size=2, max_size=2))
    body = draw(st.binary(min_size=4 * count, max_size=4 * count))
    if version == 2:
        body += draw(st.one_of(st.just(bytes(8)), st.binary(min_size=8, max_size=8)))
    blank = head + middle + b"\0\0" + body
    total = internet_checksum(blank)
    return head + middle + total.to_bytes(2, "big") + body


specs = st.builds(
    router,
    version=st.sampled_from((2, 3)),
    priority=st.integers(1, 255),
    auth=st.none(),
    unicast_peers=st.sampled_from(((), (PEER,))),
)


@given(
    st.lists(st.tuples(st.one_of(nearly_good(), st.binary(max_size=60)), st.integers(0, 255)), max_size=20),
    specs,
    st.integers(0, 5 * SECOND),
)
def test_any_packet_is_heard_without_harm(packets, spec, step):
    wire = Wire()
    node = wire.node("a", group(spec, preempt=True))
    node.start()
    for message, ttl in packets:
        for effect in node.hear(message, PEER, ttl=ttl):
            if type(effect) is Dropped:
                assert effect.reason in REASONS and effect.text
        wire.run(step)
    assert node.state() in (ACTIVE, BACKUP)


@st.composite
def adverts(draw):
    """A good ADVERTISEMENT with its source and destination."""
    version = draw(st.sampled_from((2, 3)))
    size = 4 if version == 2 else draw(st.sampled_from((4, 16)))
    octets = st.binary(min_size=size, max_size=size)
    unit, most = (SECOND, 255) if version == 2 else (CENTISECOND, 4095)
    advert = Advert(
        version,
        draw(st.integers(1, 255)),
        draw(st.integers(0, 255)),
        draw(st.integers(1, most)) * unit,
        tuple(draw(st.lists(octets, min_size=1, max_size=6))),
        draw(st.one_of(st.none(), st.binary(max_size=8))) if version == 2 else None,
        MESSAGE if version == 2 else draw(st.sampled_from((MESSAGE, PSEUDO_HEADER))),
    )
    return advert, draw(octets), draw(octets)


@given(adverts())
def test_what_is_encoded_is_decoded(case):
    advert, source, destination = case
    message = encode(advert, source, destination)
    again = decode(message, source, destination)
    for name in ("version", "vrid", "priority", "interval_us", "addresses"):
        assert getattr(again, name) == getattr(advert, name)
    if advert.version == 3:
        assert again.auth is None
    else:
        assert again.auth == (None if advert.auth is None else b"\x01" + advert.auth.ljust(8, b"\0"))


@given(adverts(), st.integers(0, 7), st.data())
def test_one_wrong_bit_is_noticed(case, bit, data):
    advert, source, destination = case
    message = bytearray(encode(advert, source, destination))
    message[data.draw(st.integers(0, len(message) - 1))] ^= 1 << bit
    try:
        decode(bytes(message), source, destination)
    except PacketError:
        return
    raise AssertionError("it was taken")


@given(st.binary(max_size=200))
def test_the_checksum_is_that_of_rfc_1071(octets):
    padded = octets + bytes(len(octets) % 2)
    total = sum(int.from_bytes(padded[at : at + 2], "big") for at in range(0, len(padded), 2))
    expected = 0 if total and total % 0xFFFF == 0 else 0xFFFF - total % 0xFFFF
    assert internet_checksum(octets) == expected


@given(st.binary(min_size=6, max_size=6), addresses6)
def test_a_neighbour_advertisement_carries_a_good_checksum(mac, address):
    frame = announcement(mac, address)
    message = frame[14 + 40 :]
    assert internet_checksum(pseudo_header(frame[22:38], frame[38:54], len(message), 58) + message) == 0


@given(st.sampled_from((2, 3)), st.integers(1, 254), st.integers(1, 4095))
def test_a_higher_priority_never_waits_longer(version, priority, centiseconds):
    advert_interval_us = centiseconds * CENTISECOND
    assert skew_time(version, priority + 1, advert_interval_us) <= skew_time(
        version, priority, advert_interval_us
    )
    down = active_down_interval(version, priority, advert_interval_us)
    assert 3 * advert_interval_us < down <= 3 * advert_interval_us + max(advert_interval_us, SECOND)


# Stories

nodes = st.integers(0, 2)
devices = st.sampled_from(("lan", "wan"))
priorities = st.sampled_from((1, 50, 100, 100, 150, 254, 255))

acts = st.one_of(
    st.tuples(st.just("run"), st.integers(1, 8000)),
    st.tuples(st.just("run"), st.integers(1, 8000)),
    st.tuples(st.just("link"), nodes, devices, st.booleans()),
    st.tuples(st.just("cut"), st.one_of(st.none(), nodes), st.one_of(st.none(), nodes), devices),
    st.tuples(st.just("heal")),
    st.tuples(st.just("off"), nodes),
    st.tuples(st.just("on"), nodes, st.booleans()),
    st.tuples(st.just("sleep"), nodes, st.integers(1, 15000)),
    st.tuples(st.just("switchover"), nodes),
    st.tuples(st.just("maintenance"), nodes, st.booleans()),
    st.tuples(st.just("stop"), nodes),
    st.tuples(st.just("load"), nodes, priorities, priorities, st.booleans(), st.sampled_from((100, 1000))),
    st.tuples(st.just("delay"), devices, st.integers(1, 400)),
    st.tuples(st.just("lose"), st.integers(2, 7)),
)


def spec_of(lan, wan, preempt, interval_ms):
    """Return a configuration of a LAN and a WAN side."""
    advert_interval_us = interval_ms * MILLISECOND
    return group(
        router("lan", priority=lan, advert_interval_us=advert_interval_us),
        router("wan", priority=wan, advert_interval_us=advert_interval_us),
        preempt=preempt,
        preempt_delay_us=SECOND if preempt and lan > 100 else 0,
    )


class World:
    """Two or three nodes to which things happen."""

    def __init__(self, count, opposed):
        self.wire = Wire()
        for number in range(count):
            wan = "10.1.0.%d" % (9 - number if opposed else number + 1)
            self.wire.node("abc"[number], pair(100), lan="10.0.0.%d" % (number + 1), wan=wan)

    def node(self, number):
        """Return a node, whatever the number."""
        return self.wire.nodes[number % len(self.wire.nodes)]

    def act(self, act):
        """Let something happen."""
        getattr(self, "_" + act[0])(*act[1:])

    def come_to_rest(self):
        """Mend everything and wait."""
        self.wire.heal()
        self.wire.delays = {}
        self.wire.loses = None
        for node in self.wire.nodes:
            node.asleep_until = 0
            for device in ("lan", "wan"):
                if node.powered:
                    node.set_link(device, True)
            node.down = []
            if not node.powered or node.told_to_stop:
                node.start()
            node.handle(Maintenance(False))
        self.wire.run(60 * SECOND)

    def _run(self, milliseconds):
        self.wire.run(milliseconds * MILLISECOND)

    def _link(self, number, device, up):
        node = self.node(number)
        if node.powered:
            node.set_link(device, up)

    def _cut(self, sender, receiver, device):
        self.wire.cut(
            device,
            None if sender is None else self.node(sender),
            None if receiver is None else self.node(receiver),
        )

    def _lose(self, each):
        seen = []

        def loses(_sender, _receiver, _device, _message):
            seen.append(1)
            return len(seen) % each == 0

        self.wire.loses = loses

    def _heal(self):
        self.wire.heal()

    def _off(self, number):
        self.node(number).power_off()

    def _on(self, number, adopt):
        node = self.node(number)
        if not node.powered:
            node.start(("gateway",) if adopt else ())

    def _sleep(self, number, milliseconds):
        self.node(number).sleep(milliseconds * MILLISECOND)

    def _switchover(self, number):
        self._tell(number, Switchover())

    def _maintenance(self, number, on):
        self._tell(number, Maintenance(on))

    def _tell(self, number, event):
        node = self.node(number)
        if node.is_awake():
            node.handle(event)

    def _stop(self, number):
        node = self.node(number)
        if node.is_awake():
            node.stop()

    def _load(self, number, lan, wan, preempt, interval_ms):
        node = self.node(number)
        node.specs = (spec_of(lan, wan, preempt, interval_ms),)
        if node.is_awake():
            node.load(*node.specs)

    def _delay(self, device, milliseconds):
        self.wire.delays[device] = milliseconds * MILLISECOND


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(2, 3), st.booleans(), st.lists(acts, max_size=25))
def test_whatever_happens_one_is_active_in_the_end(count, opposed, story):
    # The nodes check each effect: TakeOver and Release alternate, no two members of a group differ,
    # nothing is announced by a Backup, and no deadline is left in the past.
    world = World(count, opposed)
    for node in world.wire.nodes:
        node.start()
    for act in story:
        world.act(act)
    world.come_to_rest()
    assert len(world.wire.active()) == 1
    assert sorted(node.state() for node in world.wire.nodes) == [ACTIVE] + [BACKUP] * (count - 1)
    assert all(node.engine.groups["gateway"].handover is None for node in world.wire.nodes)


@settings(max_examples=100)
@given(st.lists(acts, max_size=15), st.integers(1, 254), st.integers(1, 254))
def test_in_the_end_the_highest_priority_is_active_where_all_preempt(story, one, other):
    world = World(2, False)
    for node, priority in zip(world.wire.nodes, (one, other), strict=True):
        node.start()
        node.specs = (pair(priority, preempt=True),)
    for act in story:
        if act[0] not in ("load", "switchover"):
            world.act(act)
    world.come_to_rest()
    for node in world.wire.nodes:
        node.load(*node.specs)
    world.wire.run(30 * SECOND)
    expected = {"a" if one > other else "b"} if one != other else {"a", "b"}
    assert len(world.wire.active()) == 1 and set(world.wire.active()) <= expected
