# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What keys of several tables hold: addresses, names, paths."""

from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from p4dmm.wire import MacAddress


def _parse_mac(value: object) -> MacAddress:
    if isinstance(value, MacAddress):
        return value
    if not isinstance(value, str):
        raise ValueError('a MAC address is a string such as "02:00:5e:00:01:01"')  # noqa: TRY004 pydantic reports ValueErrors
    return MacAddress.parse(value)


def _unicast(mac: MacAddress) -> MacAddress:
    if mac.is_group or not int(mac):
        raise ValueError(f"{mac} is no unicast MAC address (IEEE 802-2014 section 8.2)")
    return mac


Mac = Annotated[MacAddress, BeforeValidator(_parse_mac), AfterValidator(_unicast)]


def _text(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError(f'{value!r} is no address; write it as a string such as "2001:db8::1"')  # noqa: TRY004
    return value


_Ip = TypeVar("_Ip", IPv6Address, IPv6Interface, IPv6Network)


def _routable(value: _Ip) -> _Ip:
    # What the pipeline drops as a martian cannot be a router's, a host's or a node's.
    address = value.network_address if isinstance(value, IPv6Network) else IPv6Address(int(value))
    zone = getattr(value, "scope_id", None)
    if zone or address.is_multicast or address.is_link_local or address.is_loopback or not int(address):
        raise ValueError(f"{value} is no global unicast address (RFC 4291 section 2.4)")
    return value


Address = Annotated[IPv6Address, BeforeValidator(_text), AfterValidator(_routable)]
Interface = Annotated[IPv6Interface, BeforeValidator(_text), AfterValidator(_routable)]
Prefix = Annotated[IPv6Network, BeforeValidator(_text), AfterValidator(_routable)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,15}$")]


def endpoint(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not (colon and host and port.isascii() and port.isdecimal() and 0 < int(port) < 1 << 16):
        raise ValueError(f'{value!r} is no address of a P4Runtime service; write host and port, "127.0.0.1:9559"')
    return value


def unique(values: Iterable[object], what: str) -> None:
    """Raise ValueError that says which of the values are there twice."""
    twice = [str(value) for value, count in Counter(values).items() if count > 1]
    if twice:
        raise ValueError(f"{what} used twice: {', '.join(twice)}")


def _beside(value: Path, info: ValidationInfo) -> Path:
    return info.context["directory"] / value if info.context else value


def _path_text(value: object) -> object:
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError(f'{value!r} is no path; write it as a string such as "policy.toml"')
    return value


FilePath = Annotated[Path, BeforeValidator(_path_text), AfterValidator(_beside)]
"""Written relative to the file it stands in; once that is read, relative to the working directory."""
