# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""How the values that have no parts are written into JSON and read again: a pair of functions for each type.

Each raises MismatchError for what is not of its type, and nothing else.
"""

import math
import types
from collections.abc import Callable
from enum import Enum
from ipaddress import IPv6Address, IPv6Network
from socket import AF_INET6, inet_ntop, inet_pton
from typing import Any

from p4dmm.wire import MacAddress
from p4dmm.wire.errors import WireError
from p4dmm.wire.mobility import (
    Message,
    MobilityMessage,
    MobilityOption,
    UnknownMessage,
    decode_mobility,
    encode_mobility,
)
from p4dmm.wire.mobility.options import decode_options, encode_options

Convert = Callable[[Any], Any]
Pair = tuple[Convert, Convert]


class MismatchError(Exception):
    """A value that its type does not allow, and where in the state it stands."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.where = ""

    def below(self, step: str) -> "MismatchError":
        """The same, seen from one level above."""
        self.where = step + self.where
        return self


def _exactly(kind: type) -> Convert:
    def convert(value: Any) -> Any:
        if type(value) is not kind:
            raise MismatchError(f"{value!r} is no {kind.__name__}")
        return value

    return convert


def _subclass_of(kind: type) -> Convert:
    """For str and int, whose enumerations stand in fields of the plain type; bool does not."""

    def convert(value: Any) -> Any:
        if type(value) is kind:
            return value
        if isinstance(value, kind) and not isinstance(value, bool):
            return kind(value)
        raise MismatchError(f"{value!r} is no {kind.__name__}")

    return convert


def _write_float(value: Any) -> float | str:
    if type(value) is not float:
        if type(value) is not int:
            raise MismatchError(f"{value!r} is no float")
        try:
            value = float(value)
        except OverflowError as error:
            raise MismatchError(str(error)) from None
    if math.isfinite(value):
        return float(value)
    if math.isnan(value):
        raise MismatchError("nan equals nothing")
    return "inf" if value > 0 else "-inf"


def _read_float(row: Any) -> float:
    if type(row) is float and math.isfinite(row):
        return row
    if row in ("inf", "-inf"):
        return float(row)
    raise MismatchError(f"{row!r} is no float")


def _write_bytes(value: Any) -> str:
    if type(value) is not bytes:
        raise MismatchError(f"{value!r} is no bytes")
    return value.hex()


def _read_bytes(row: Any) -> bytes:
    if type(row) is not str:
        raise MismatchError(f"{row!r} is no hex text")
    try:
        return bytes.fromhex(row)
    except ValueError as error:
        raise MismatchError(f"{row!r} is no hex text: {error}") from None


def _write_address(value: Any) -> str:
    if type(value) is not IPv6Address or value.scope_id is not None:
        raise MismatchError(f"{value!r} is no IPv6Address without a zone")
    # The C library's text is that of IPv6Address for all but IPv4-mapped addresses, and takes a tenth of the time.
    return inet_ntop(AF_INET6, value.packed)


def _read_address(row: Any) -> IPv6Address:
    if type(row) is not str:
        raise MismatchError(f"{row!r} is no text of an IPv6Address")
    try:
        return IPv6Address(inet_pton(AF_INET6, row))
    except (OSError, ValueError):
        raise MismatchError(f"{row!r} is no text of an IPv6Address") from None


def _write_network(value: Any) -> str:
    if type(value) is not IPv6Network:
        raise MismatchError(f"{value!r} is no IPv6Network")
    return f"{_write_address(value.network_address)}/{value.prefixlen}"


def _read_network(row: Any) -> IPv6Network:
    if type(row) is not str:
        raise MismatchError(f"{row!r} is no text of an IPv6Network")
    address, _, length = row.partition("/")
    try:
        return IPv6Network((inet_pton(AF_INET6, address), int(length)))
    except (OSError, ValueError):
        raise MismatchError(f"{row!r} is no text of an IPv6Network") from None


def _write_mac(value: Any) -> str:
    if type(value) is not MacAddress:
        raise MismatchError(f"{value!r} is no MacAddress")
    return str(value)


def _read_mac(row: Any) -> MacAddress:
    if type(row) is not str:
        raise MismatchError(f"{row!r} is no text of a MacAddress")
    try:
        return MacAddress.parse(row)
    except ValueError as error:
        raise MismatchError(str(error)) from None


LEAVES: dict[Any, Pair] = {
    str: (_subclass_of(str), _exactly(str)),
    int: (_subclass_of(int), _exactly(int)),
    bool: (_exactly(bool), _exactly(bool)),
    types.NoneType: (_exactly(types.NoneType), _exactly(types.NoneType)),
    float: (_write_float, _read_float),
    bytes: (_write_bytes, _read_bytes),
    IPv6Address: (_write_address, _read_address),
    IPv6Network: (_write_network, _read_network),
    MacAddress: (_write_mac, _read_mac),
}


def enum_member(kind: type[Enum]) -> Pair:
    """For the members of an enumeration: their names, which stay when `auto` counts anew."""
    names = {member: name for name, member in kind.__members__.items()}

    def write(value: Any) -> str:
        if type(value) is not kind:
            raise MismatchError(f"{value!r} is no {kind.__name__}")
        return names[value]

    def read(row: Any) -> Enum:
        member = kind.__members__.get(row) if type(row) is str else None
        if member is None:
            raise MismatchError(f"{row!r} is no {kind.__name__}; allowed: {', '.join(kind.__members__)}")
        return member

    return write, read


def _names(kinds: tuple[type, ...]) -> str:
    return " or ".join(kind.__name__ for kind in kinds)


def mobility_message(kinds: tuple[type[Message | UnknownMessage], ...]) -> Pair:
    """For messages of these classes and their subclasses: their octets, the checksum zero."""
    return _octets(kinds, lambda message: encode_mobility(message, None, None), _message_of)


def mobility_option(kinds: tuple[type[MobilityOption], ...]) -> Pair:
    """For options of these classes and their subclasses: their octets, padded to 8 as a message's are."""
    return _octets(kinds, lambda option: encode_options((option,), None, 0), _option_of)


def _message_of(octets: bytes) -> MobilityMessage:
    return decode_mobility(octets, None, None)


def _option_of(octets: bytes) -> MobilityOption | None:
    options, _ = decode_options(octets, 0, len(octets))
    return options[0] if len(options) == 1 else None


def _octets(kinds: tuple[type, ...], encode: Callable[[Any], bytes], decode: Callable[[bytes], object]) -> Pair:
    def write(value: Any) -> str:
        if not isinstance(value, kinds):
            raise MismatchError(f"{value!r} is no {_names(kinds)}")
        try:
            return encode(value).hex()
        except WireError as error:
            raise MismatchError(str(error)) from None

    def read(row: Any) -> object:
        try:
            value = decode(_read_bytes(row))
        except WireError as error:
            raise MismatchError(str(error)) from None
        if not isinstance(value, kinds):
            raise MismatchError(f"{row!r} is no {_names(kinds)}")
        return value

    return write, read
