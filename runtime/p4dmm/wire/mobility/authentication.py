# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Authenticators of binding messages: by a shared key (RFC 4285) and by return routability (RFC 6275).

Both cover the care-of address, another address, and the Mobility Header with its checksum zero up to the authenticator.
`data` is always the whole Mobility Header as it is on the wire; a MAC is compared in constant time.
"""

import hashlib
import hmac
from dataclasses import replace
from ipaddress import IPv6Address
from typing import TypeVar

from p4dmm.wire.errors import FieldError
from p4dmm.wire.mobility.header import Message, encode_mobility
from p4dmm.wire.mobility.options import MobilityOption
from p4dmm.wire.mobility.options_fast import BindingAuthorizationDataFmipv6
from p4dmm.wire.mobility.options_mipv6 import BindingAuthorizationData, MessageAuthentication
from p4dmm.wire.mobility.types import OptionType
from p4dmm.wire.mobility.values import AuthSubtype

# The first 96 bits of HMAC-SHA1 (RFC 4285 s5.1, RFC 6275 s6.2.7).
AUTHENTICATOR = 12
# The well-known SPI between mobile node and AAA server (RFC 4285 s8); up to 255 they are reserved for such.
HMAC_SHA1_SPI = 3

Authentication = MessageAuthentication | BindingAuthorizationData | BindingAuthorizationDataFmipv6
# Octets of the option before its authenticator.
_HEAD = {
    OptionType.AUTH: 7,
    OptionType.AUTHORIZATION_DATA: 2,
    OptionType.BINDING_AUTHORIZATION_DATA_FOR_FMIPV6: 6,
}
_M = TypeVar("_M", bound=Message)


def mn_ha_authenticator(key: bytes, care_of: IPv6Address, home: IPv6Address, covered: bytes) -> bytes:
    """Return First(96, HMAC_SHA1(key, care-of address | home address | covered)) (RFC 4285 s5.1)."""
    return _hmac_sha1(key, _mobility_data(care_of, home, covered))[:AUTHENTICATOR]


def mn_aaa_authenticator(key: bytes, care_of: IPv6Address, home: IPv6Address, covered: bytes) -> bytes:
    """Return HMAC_SHA1(key, SHA1(care-of address | home address | covered)), 20 octets, for SPI 3 (RFC 4285 s5.2)."""
    digest = hashlib.sha1(_mobility_data(care_of, home, covered), usedforsecurity=False).digest()
    return _hmac_sha1(key, digest)


def return_routability_authenticator(
    kbm: bytes, care_of: IPv6Address, correspondent: IPv6Address, covered: bytes
) -> bytes:
    """Return First(96, HMAC_SHA1(Kbm, care-of address | correspondent | covered)) (RFC 6275 s6.2.7)."""
    return _hmac_sha1(kbm, _mobility_data(care_of, correspondent, covered))[:AUTHENTICATOR]


def binding_management_key(home_keygen_token: bytes, care_of_keygen_token: bytes = b"") -> bytes:
    """Return Kbm, SHA1 of the tokens; to delete a binding the care-of token is left out (RFC 6275 s5.2.5)."""
    return hashlib.sha1(home_keygen_token + care_of_keygen_token, usedforsecurity=False).digest()


def covered_by(data: bytes, message: Message, option: Authentication) -> bytes:
    """Return the octets of `data` that the authenticator in `option` covers, the checksum zero.

    RFC 6275's (and RFC 5568's) covers all but the authenticator itself; RFC 4285's ends with its SPI.
    """
    at = message.options_start()
    for other in message.options:
        at = _skip_padding(data, at)
        length = len(other.encode())
        if other is option:
            before = data[:4] + b"\0\0" + data[6 : at + _HEAD[OptionType(option.TYPE)]]
            return before if option.TYPE == OptionType.AUTH else before + data[at + length : (data[1] + 1) * 8]
        at += length
    raise FieldError("option", option, "an option of the message", "RFC 4285 s5")


def sign_mn_ha(message: _M, key: bytes, spi: int, *, care_of: IPv6Address, home: IPv6Address) -> _M:
    """Return the message with an MN-HA authentication option at its end (RFC 4285 s5.1)."""
    empty = MessageAuthentication(subtype=AuthSubtype.MN_HA, spi=spi, authenticator=bytes(AUTHENTICATOR))
    covered, options = _with_last(message, empty)
    mac = mn_ha_authenticator(key, care_of, home, covered)
    return replace(message, options=(*options[:-1], replace(empty, authenticator=mac)), padding=None)


def sign_return_routability(message: _M, kbm: bytes, *, care_of: IPv6Address, correspondent: IPv6Address) -> _M:
    """Return the message with a Binding Authorization Data option at its end (RFC 6275 s6.2.7)."""
    empty = BindingAuthorizationData(authenticator=bytes(AUTHENTICATOR))
    covered, options = _with_last(message, empty)
    mac = return_routability_authenticator(kbm, care_of, correspondent, covered)
    return replace(message, options=(*options[:-1], replace(empty, authenticator=mac)), padding=None)


def is_authentic(expected: bytes, option: Authentication) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(expected, option.authenticator)


def _with_last(message: _M, option: Authentication) -> tuple[bytes, tuple[MobilityOption, ...]]:
    options = (*message.options, option)
    unsigned = replace(message, options=options, padding=None)
    return covered_by(encode_mobility(unsigned, None, None), unsigned, option), options


def _skip_padding(data: bytes, at: int) -> int:
    while data[at] <= 1:
        at += 2 + data[at + 1] if data[at] else 1
    return at


def _mobility_data(first: IPv6Address, second: IPv6Address, covered: bytes) -> bytes:
    return first.packed + second.packed + covered


def _hmac_sha1(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha1")
