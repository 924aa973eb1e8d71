# SPDX-License-Identifier: GPL-2.0-or-later
"""Codes, keys, proofs and the list of peers, each by itself."""

import base64
import json
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from haven.contract import channel
from haven.contract.fields import DocumentError
from haven.contract.pairing import REFUSALS, PairingRefusal, refusal_of
from haven.peers import code, proof, store, tls
from haven.peers.identity import IdentityError, ensure, fingerprint, normal, of_octets


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "peers")


def peer(tmp_path: Path, name: str, *addresses: str) -> store.Peer:
    return store.Peer(name, ensure(str(tmp_path / name)).pem, list(addresses))


# Codes


def test_code_has_twelve_characters_that_are_not_mistaken_for_others() -> None:
    made = {code.make() for _ in range(200)}
    assert len(made) == 200
    assert all(len(each) == 12 and set(each) <= set(code.ALPHABET) for each in made)
    assert all(code.read(each) == each for each in made)


def test_code_is_read_as_people_write_it() -> None:
    made = code.make()
    assert code.read(f" {code.spaced(made).lower()} ") == made
    assert code.read(made.replace("0", "O").replace("1", "l")) == made


def test_nearly_every_slip_is_found_out() -> None:
    made, missed = code.make(), 0
    for at in range(len(made)):
        for other in code.ALPHABET:
            slip = made[:at] + other + made[at + 1 :]
            try:
                missed += slip != made and bool(code.read(slip))
            except code.CodeError:
                continue
    assert missed < 0.1 * 12 * 31


@pytest.mark.parametrize("typed", ["", "ABC", "A" * 13, "ä" * 12])
def test_what_is_no_code_is_refused(typed: str) -> None:
    with pytest.raises(code.CodeError):
        code.read(typed)


# Keys


def test_key_is_made_once_and_is_roots_alone(folder: str) -> None:
    first, second = ensure(folder), ensure(folder)
    assert first.fingerprint == second.fingerprint
    assert os.stat(first.key).st_mode & 0o777 == 0o600
    assert os.stat(folder).st_mode & 0o777 == 0o700
    assert of_octets(ssl.PEM_cert_to_DER_cert(first.pem)) == first.fingerprint


def test_without_a_program_that_makes_keys_it_is_said_which(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(IdentityError, match="px5g-mbedtls"):
        ensure(folder)


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----", "x" * 9000, "-----END CERTIFICATE-----"])
def test_what_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(IdentityError):
        normal(text)
    with pytest.raises(IdentityError):
        fingerprint(text)


@pytest.mark.parametrize("body", ["ä" * 64, "A", "\u00b2AAA"])
def test_letters_that_no_certificate_has_are_refused(body: str) -> None:
    with pytest.raises(IdentityError):
        fingerprint(f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")


def test_who_is_told_of_without_a_certificate_keeps_nobody_else_out(tmp_path: Path) -> None:
    own = ensure(str(tmp_path / "own"))
    body = base64.b64encode(b"no certificate").decode()
    nobody = store.Peer("r3", f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n", [])
    good = peer(tmp_path, "r2")
    assert tls.peer_context(own, nobody).get_ca_certs() == []
    context = tls.server_context(own, [nobody, good])
    assert [of_octets(each) for each in context.get_ca_certs(binary_form=True)] == [good.fingerprint]


@pytest.mark.parametrize("address", ["192.0.2.2/24", "192.0.2.2/ accept", "r2", ""])
def test_a_peer_is_called_at_an_address_and_nothing_else(address: str) -> None:
    assert store.are_addresses(["192.0.2.2", "2001:db8::2"]) and not store.are_addresses([address])
    hello = {"kind": "hello", "protocol": 1, "version": "1", "node": "r2", "addresses": [address]}
    with pytest.raises(channel.MessageError):
        channel.read_message(json.dumps(hello).encode())


# Proofs


def test_only_who_knows_the_code_and_sees_the_same_certificates_has_the_tags() -> None:
    terms = proof.Terms("aa" * 32, "bb" * 32, proof.nonce(), proof.nonce())
    join, offer = terms.tags("K")
    assert join != offer
    assert terms.tags("K") == (join, offer) != terms.tags("L")
    between = proof.Terms("cc" * 32, "bb" * 32, terms.offer_nonce, terms.join_nonce)
    assert between.tags("K") != (join, offer)
    again = proof.Terms("aa" * 32, "bb" * 32, proof.nonce(), terms.join_nonce)
    assert again.tags("K") != (join, offer)


# The list


def test_list_is_kept_and_is_roots_alone(folder: str, tmp_path: Path) -> None:
    kept = store.PeerStore(folder)
    kept.put(peer(tmp_path, "r2", "192.0.2.2"))
    assert os.stat(f"{folder}/peers.json").st_mode & 0o777 == 0o600
    found = store.PeerStore(folder)
    found.read()
    assert [(each.node, each.addresses) for each in found.peers.values()] == [("r2", ["192.0.2.2"])]
    assert found.find("r2") is not None and found.find("r3") is None


def test_who_is_gone_does_not_come_back_by_hearsay(folder: str, tmp_path: Path) -> None:
    kept, r2, r3 = store.PeerStore(folder), peer(tmp_path, "r2"), peer(tmp_path, "r3")
    kept.put(r2)
    kept.merge([r3], [], r2.fingerprint)
    assert set(kept.peers) == {r2.fingerprint, r3.fingerprint}
    kept.remove(r3.fingerprint)
    kept.merge([r3], [], r2.fingerprint)
    assert set(kept.peers) == {r2.fingerprint}
    kept.merge([], [r2.fingerprint], r3.fingerprint)
    assert kept.peers == {}


def test_who_was_known_by_the_word_of_one_that_is_parted_from_goes_with_it(
    folder: str, tmp_path: Path
) -> None:
    kept, r2 = store.PeerStore(folder), peer(tmp_path, "r2")
    ghost, other = peer(tmp_path / "ghost", "r2"), peer(tmp_path, "r3")
    kept.put(r2)
    # Nobody is put in another's place.
    kept.merge([ghost], [], r2.fingerprint)
    assert set(kept.peers) == {r2.fingerprint}
    kept.merge([other], [], r2.fingerprint)
    kept.read()
    kept.remove(r2.fingerprint)
    assert kept.peers == {} and set(kept.gone) == {r2.fingerprint, other.fingerprint}
    # A list of inventions does not make room for its return.
    kept.merge([], ["%064x" % number for number in range(2 * store.MOST_GONE)], "")
    kept.merge([r2, other], [], "")
    assert kept.peers == {}


def test_no_more_peers_are_taken_than_there_may_be(folder: str, tmp_path: Path) -> None:
    kept = store.PeerStore(folder)
    many = [peer(tmp_path, f"r{number}") for number in range(channel.MOST_PEERS + 2)]
    kept.merge(many, [], "")
    assert len(kept.peers) == channel.MOST_PEERS
    with pytest.raises(store.StoreError, match="paired already"):
        kept.put(many[-1])


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"peers": [], "gone": 1}', '{"peers": [{}], "gone": []}', '{"peers": [1], "gone": []}']
    + [json.dumps({"peers": [{"node": "r", "certificate": "x", "addresses": []}], "gone": []})],
)
def test_damaged_list_is_named(folder: str, text: str) -> None:
    os.mkdir(folder)
    Path(folder, "peers.json").write_text(text)
    with pytest.raises(store.StoreError, match="damaged"):
        store.PeerStore(folder).read()


# Messages


def test_message_comes_as_it_was_sent_however_it_is_cut() -> None:
    octets = channel.encode("beat", groups={"lan": "active"}, in_sync=True) + channel.encode("unpair")
    reader = channel.MessageReader()
    found = [message for at in range(len(octets)) for message in reader.take(octets[at : at + 1])]
    assert [message["kind"] for message in found] == ["beat", "unpair"]


@pytest.mark.parametrize(
    "octets",
    [
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x02{}",
        b"\x00\x00\x00\x02[]",
        b"\x00\x00\x00\x01\xff",
        b'\x00\x00\x00\x10{"kind": "hello"}',
        b'\x00\x00\x00\x11{"kind": "unheard"}',
        b'\x00\x00\x00\x0b{"kind": []}',
    ],
)
def test_what_is_no_message_is_refused(octets: bytes) -> None:
    with pytest.raises(channel.MessageError):
        channel.MessageReader().take(octets)


def test_message_that_is_too_long_is_not_sent() -> None:
    with pytest.raises(DocumentError):
        channel.encode("answer", id=1, answer={"text": "x" * channel.LONGEST_MESSAGE})


def test_refusal_arrives_as_it_was_meant_and_one_of_a_newer_haven_in_its_words() -> None:
    assert all(REFUSALS.values())
    why = refusal_of({"code": "node-taken", "facts": {"node": "r2"}, "error": "x"})
    assert isinstance(why, PairingRefusal) and "'r2'" in str(why)
    assert str(refusal_of({"code": "of-tomorrow", "facts": {}, "error": "not today"})) == "not today"


def test_who_is_not_paired_pays_for_no_tls() -> None:
    seen = "import sys, haven.agent.agent; print({'ssl', '_ssl', '_hashlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
