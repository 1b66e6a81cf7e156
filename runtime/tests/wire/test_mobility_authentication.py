# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Authenticators (RFC 4285 s5, RFC 6275 s6.2.7) beside the same computed step by step from the RFC's words."""

import hashlib
from dataclasses import replace
from ipaddress import IPv6Address

import pytest

from p4dmm import wire
from p4dmm.wire import mobility

KEY = bytes(range(16))
COA, HOA, HA = (IPv6Address(f"2001:db8:{n}::1") for n in ("c", "1", "a"))
BU = mobility.BindingUpdate(
    sequence=1,
    acknowledge=True,
    home_registration=True,
    lifetime=15,
    options=(mobility.MobileNodeIdentifier(identifier=b"node1@example.com"),),
)


def slow_hmac(key: bytes, data: bytes) -> bytes:
    """RFC 2104 as it reads."""
    padded = key.ljust(64, b"\0")
    inner = hashlib.sha1(bytes(octet ^ 0x36 for octet in padded) + data).digest()
    return hashlib.sha1(bytes(octet ^ 0x5C for octet in padded) + inner).digest()


def test_hmac_of_rfc_2202() -> None:
    """Test case 2, the data split over addresses and header."""
    assert slow_hmac(b"Jefe", b"what do ya want for nothing?").hex() == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"


def test_mn_ha() -> None:
    signed = mobility.sign_mn_ha(BU, KEY, 256, care_of=COA, home=HOA)
    option = signed.options[-1]
    assert isinstance(option, mobility.MessageAuthentication)
    octets = mobility.encode_mobility(signed, COA, HA)
    # The option ends the message: what is covered ends with its SPI, 12 octets before.
    covered = octets[:4] + b"\0\0" + octets[6:-12]
    assert covered.endswith(bytes.fromhex("09110100000100"))
    expected = slow_hmac(KEY, COA.packed + HOA.packed + covered)[:12]
    assert octets[-12:] == expected == option.authenticator

    received = mobility.decode_mobility(octets, COA, HA)
    assert received == signed
    assert isinstance(received, mobility.BindingUpdate)
    assert mobility.covered_by(octets, received, received.options[-1]) == covered
    found = received.options[-1]
    assert isinstance(found, mobility.MessageAuthentication)
    assert mobility.is_authentic(mobility.mn_ha_authenticator(KEY, COA, HOA, covered), found)


@pytest.mark.parametrize("at", [6, 8, 10, 20, -13])
def test_mn_ha_covers_everything_before_it(at: int) -> None:
    signed = mobility.sign_mn_ha(BU, KEY, 256, care_of=COA, home=HOA)
    octets = bytearray(mobility.encode_mobility(signed, None, None))
    octets[at] ^= 1
    received = mobility.decode_mobility(bytes(octets), None, None)
    assert isinstance(received, mobility.Message)
    found = received.options[-1]
    assert isinstance(found, mobility.MessageAuthentication)
    covered = mobility.covered_by(bytes(octets), received, found)
    assert not mobility.is_authentic(mobility.mn_ha_authenticator(KEY, COA, HOA, covered), found)
    for coa, hoa in ((HOA, HOA), (COA, COA)):
        assert not mobility.is_authentic(mobility.mn_ha_authenticator(KEY, coa, hoa, covered), found)


def test_mn_ha_covers_a_message_with_unusual_padding() -> None:
    signed = mobility.sign_mn_ha(BU, KEY, 256, care_of=COA, home=HOA)
    odd = replace(signed, padding=(b"\0\0", b"\1\0", b"\0"))
    octets = mobility.encode_mobility(odd, None, None)
    received = mobility.decode_mobility(octets, None, None)
    assert received == odd
    assert isinstance(received, mobility.Message)
    found = received.options[-1]
    assert isinstance(found, mobility.MessageAuthentication)
    head = bytes.fromhex("09110100000100")
    assert mobility.covered_by(octets, received, found) == octets[: octets.index(head) + len(head)]


def test_return_routability_covers_what_stands_behind_the_authenticator() -> None:
    """RFC 6275 s6.2.7: all of the Mobility Header but the authenticator, padding of a sloppy sender included."""
    for option, head in (
        (mobility.BindingAuthorizationData(authenticator=bytes(12)), 2),
        (mobility.BindingAuthorizationDataFmipv6(spi=7, authenticator=bytes(12)), 6),
    ):
        size = len(option.encode())
        message = replace(BU, options=(option,), padding=(b"", b"\0" * (-(12 + size) % 8 + 8)))
        octets = mobility.encode_mobility(message, None, None)
        covered = mobility.covered_by(octets, message, option)
        assert covered == octets[: 12 + head] + octets[12 + size :]


def test_mn_aaa() -> None:
    """SPI 3: the key hashes a hash (RFC 4285 s5.2)."""
    covered = b"Mobility Header up to the SPI"
    digest = hashlib.sha1(COA.packed + HOA.packed + covered).digest()
    assert mobility.mn_aaa_authenticator(KEY, COA, HOA, covered) == slow_hmac(KEY, digest)
    assert mobility.HMAC_SHA1_SPI == 3


def test_return_routability() -> None:
    kbm = mobility.binding_management_key(bytes(range(8)), bytes(range(8, 16)))
    assert kbm == hashlib.sha1(bytes(range(16))).digest()
    assert mobility.binding_management_key(bytes(8)) == hashlib.sha1(bytes(8)).digest()
    message = replace(BU, home_registration=False, options=(mobility.NonceIndices(home=1, care_of=2),))
    signed = mobility.sign_return_routability(message, kbm, care_of=COA, correspondent=HA)
    octets = mobility.encode_mobility(signed, HOA, HA)
    # RFC 6275 s6.2.7: the option is the last and the message ends with it; what is before the authenticator is covered.
    covered = octets[:4] + b"\0\0" + octets[6:-12]
    assert octets[-12:] == slow_hmac(kbm, COA.packed + HA.packed + covered)[:12]
    assert mobility.covered_by(octets, signed, signed.options[-1]) == covered


def test_the_option_has_to_be_in_the_message() -> None:
    option = mobility.MessageAuthentication(spi=256, authenticator=bytes(12))
    with pytest.raises(wire.FieldError, match="an option of the message"):
        mobility.covered_by(mobility.encode_mobility(BU, None, None), BU, option)
