# SPDX-License-Identifier: GPL-2.0-or-later
"""conntrackd's statistics as conntrackd 1.4.7 prints them."""

from haven.agent.conntrack.conntrackd_statistics import parse, unacknowledged, unsent, well_formed

GENERAL = """cache internal:
current active connections:	          17
connections created:		          20	failed:	           0
connections updated:		           3	failed:	           0
connections destroyed:		           3	failed:	           0

external inject:
connections created:		         976	failed:	           2
connections updated:		           0	failed:	           0
connections destroyed:		           0	failed:	           0

traffic processed:
                   0 Bytes                         0 Pckts

UDP traffic (active device=sync):
                 328 Bytes sent                  328 Bytes recv
                  17 Pckts sent                   15 Pckts recv
                   0 Error send                    4 Error recv

message tracking:
                   1 Malformed msgs                    9 Lost msgs
"""

QUEUE = """allocated queue nodes:		           0

queue txqueue:
current elements:		           3
maximum elements:		  2147483647
not enough space errors:	           0

queue errorq:
current elements:		          50
maximum elements:		         128
not enough space errors:	           0

queue rsqueue:
current elements:		           4
maximum elements:		      131072
not enough space errors:	           0
"""


def test_the_figures_are_read_from_where_they_stand() -> None:
    assert parse(GENERAL) == {
        "injected": 976,
        "inject_failed": 2,
        "internal": 17,
        "received_packets": 15,
        "sent_packets": 17,
        "errors": 4,
        "malformed": 1,
        "lost": 9,
    }


def test_what_is_not_there_is_left_out() -> None:
    assert parse("") == {}


def test_what_is_malformed_is_not_counted_as_received() -> None:
    assert well_formed(parse(GENERAL)) == 14
    assert well_formed({"received_packets": 7}) == 7
    assert well_formed({"malformed": 7}) is None


def test_what_waits_to_be_sent_is_counted_and_errors_are_not() -> None:
    assert unsent(QUEUE) == 3
    assert unsent("") == 0


def test_what_the_peer_has_not_acknowledged_has_its_number() -> None:
    text = "control -> seq:1689 flags:2\nobject -> seq:1690\nobject -> seq:1702\n"
    assert unacknowledged(text) == [1689, 1690, 1702]
    assert unacknowledged("") == []


def test_what_is_too_long_to_be_a_number_is_none() -> None:
    digits = "9" * 5000
    text = f"{digits} Pckts sent {digits} Pckts recv\nqueue txqueue:\ncurrent elements: {digits}\n"
    assert parse(text + "7 Error recv") == {"errors": 7}
    assert unsent(text) == 0
    assert unacknowledged(f"seq:{digits} flags:2\nseq:5 ") == [5]
    # Where each digit is tried as the first of a number this takes very long.
    assert parse("9" * (1 << 18)) == {}
