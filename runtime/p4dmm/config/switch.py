# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Switches and their ports."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, StrictInt, model_validator

from p4dmm.wire import MacAddress

from .fields import Address, Interface, Mac, Name, Prefix, endpoint, unique
from .model import ConfigModel

MIN_LINK_MTU = 1280
"""RFC 8200 section 5, octets."""

TUNNEL_OVERHEAD = 40
"""One IPv6 header (RFC 2473 section 7), octets."""

MAX_LOCAL_PREFIXES = 2
"""Of one switch. All its nodes' acknowledgements have them for every anchor (RFC 8885 section 4.4), and end at 2048
octets."""

CPU_PORT = 510
DROP_PORT = 511


class PortRef(ConfigModel):
    """A port of a switch, written ``"s1:12"``."""

    switch: str
    port: StrictInt

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        switch, colon, port = value.rpartition(":")
        if not (colon and switch and port.isascii() and port.isdecimal()):
            raise ValueError(f'{value!r} is no port; write it as switch and number, "s1:12"')
        return {"switch": switch, "port": int(port)}

    def __str__(self) -> str:
        return f"{self.switch}:{self.port}"


class Port(ConfigModel):
    """A port of a switch: what is behind it decides what the pipeline does with its frames."""

    number: Annotated[StrictInt, Field(ge=1, lt=CPU_PORT)]
    role: Literal["access", "core", "external"]
    mtu: Annotated[StrictInt, Field(ge=MIN_LINK_MTU, le=9216)] = 1500
    address: Interface | None = None
    """The router's address and subnet; external ports have one, others none."""

    @model_validator(mode="after")
    def _address_where_due(self) -> Self:
        if (self.role == "external") != (self.address is not None):
            raise ValueError(
                f"port {self.number} is {self.role}: an external port needs an address such as "
                '"2001:db8:f::1/64", other ports have none'
            )
        if self.role == "core" and self.mtu < MIN_LINK_MTU + TUNNEL_OVERHEAD:
            raise ValueError(
                f"core port {self.number} has mtu {self.mtu}: tunnelled packets of {MIN_LINK_MTU} octets need at least "
                f"{MIN_LINK_MTU + TUNNEL_OVERHEAD} (RFC 8200 section 5, RFC 2473 section 7)"
            )
        return self


class Switch(ConfigModel):
    """A P4 switch. One with access ports serves mobile nodes there, one with a pool anchors their prefixes; which of
    them is what depends on the mode (`signalling.check_roles`)."""

    name: Name
    controlled: StrictBool = True
    """Whether this controller runs it. Of one that another runs, maybe another domain's, it knows the way there."""
    address: Annotated[str, AfterValidator(endpoint)] | None = None
    """host:port of its P4Runtime service; every controlled switch has one."""
    device_id: Annotated[StrictInt, Field(ge=1, lt=2**64)] | None = None
    """Of that service; every controlled switch has one."""
    loopback: Address
    """End of its tunnels, source of its ICMPv6 errors, and its name in mobility signalling."""
    pool: Prefix | None = None
    local_prefixes: Annotated[tuple[Prefix, ...], Field(max_length=MAX_LOCAL_PREFIXES)] = ()
    """Of networks behind its external ports that are reached by this switch alone: nodes that it anchors have a route
    by way of it wherever they are (RFC 8885 section 3.7)."""
    mac: Mac | None = None
    """Of the router, the same on every port; default 02:00:00 and the low three octets of the device id."""
    ports: tuple[Port, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        unique((port.number for port in self.ports), f"port number of switch {self.name}")
        for key, value in (("address", self.address), ("device_id", self.device_id)):
            if self.controlled and value is None:
                raise ValueError(
                    f"switch {self.name} has no {key}: one that this controller runs needs address and device_id of "
                    "its P4Runtime service, one that another runs needs controlled = false"
                )
        if self.mac is None and self.device_id is None:
            raise ValueError(
                f"switch {self.name} has neither mac nor device_id: the address of its router comes from one of them"
            )
        if self.pool is not None and self.pool.prefixlen > 64:
            raise ValueError(f"pool {self.pool} of switch {self.name} holds no /64")
        self._check_local_prefixes()
        return self

    def _check_local_prefixes(self) -> None:
        unique(self.local_prefixes, f"local prefix of switch {self.name}")
        if self.local_prefixes and self.controlled and not self.serves_nodes:
            raise ValueError(
                f"switch {self.name} has local_prefixes and no access ports: only nodes that have been there are told"
            )
        subnets = [port.address.network for port in self.ports if port.address is not None]
        for prefix in self.local_prefixes:
            if not any(prefix.subnet_of(subnet) for subnet in subnets):
                allowed = ", ".join(str(subnet) for subnet in subnets) or "none"
                raise ValueError(
                    f"local prefix {prefix} of switch {self.name} is in no subnet of its external ports: {allowed}"
                )

    @property
    def p4runtime(self) -> tuple[str, int]:
        """Address and device id of its P4Runtime service. Only a controlled switch has one."""
        assert self.address is not None, f"switch {self.name} is not controlled"
        assert self.device_id is not None, f"switch {self.name} is not controlled"
        return self.address, self.device_id

    @property
    def serves_nodes(self) -> bool:
        """Whether it has access ports."""
        return any(self.ports_of_role("access"))

    @property
    def router_mac(self) -> MacAddress:
        """MAC of the router on every port, and of its logical interface elsewhere (RFC 8885 section 3.7)."""
        if self.mac is not None:
            return self.mac
        assert self.device_id is not None, f"switch {self.name} was accepted without mac and device_id"
        return MacAddress(bytes((2, 0, 0)) + (self.device_id & 0xFFFFFF).to_bytes(3, "big"))

    def ports_of_role(self, role: str) -> Iterator[Port]:
        return (port for port in self.ports if port.role == role)

    def port(self, number: int) -> Port | None:
        return next((port for port in self.ports if port.number == number), None)
