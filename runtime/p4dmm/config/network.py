# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The network a controller runs, as one TOML file: domain, admission, switches, links; for the lab also hosts.

Every object is frozen and refuses unknown keys. Values that another key refers to (``"s1:12"`` is port 12 of switch s1)
are checked against the whole file by :class:`Network`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import IPv6Address, IPv6Interface, IPv6Network
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    model_validator,
)

from p4dmm.wire import MacAddress

from .limits import LinkProbes, NodeRates, PuntRates
from .model import ConfigModel

MIN_LINK_MTU = 1280
"""RFC 8200 section 5, octets."""

TUNNEL_OVERHEAD = 40
"""One IPv6 header (RFC 2473 section 7), octets."""

CPU_PORT = 510
DROP_PORT = 511


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


def _endpoint(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not (colon and host and port.isascii() and port.isdecimal() and 0 < int(port) < 1 << 16):
        raise ValueError(f'{value!r} is no address of a P4Runtime service; write host and port, "127.0.0.1:9559"')
    return value


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
    """A P4 switch. One with access ports is a MAAR and has a pool of home network prefixes."""

    name: Name
    address: Annotated[str, AfterValidator(_endpoint)]
    """host:port of its P4Runtime service."""
    device_id: Annotated[StrictInt, Field(ge=1, lt=2**64)]
    loopback: Address
    """End of its tunnels, source of its ICMPv6 errors."""
    pool: Prefix | None = None
    mac: Mac | None = None
    """Of the router, the same on every port; default 02:00:00 and the low three octets of the device id."""
    ports: tuple[Port, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _unique((port.number for port in self.ports), f"port number of switch {self.name}")
        maar = any(port.role == "access" for port in self.ports)
        if maar != (self.pool is not None):
            raise ValueError(
                f"switch {self.name} has {'' if maar else 'no '}access ports and {'no ' if maar else ''}pool: a switch "
                'with access ports needs one such as pool = "2001:db8:1000::/48", others have none'
            )
        if self.pool is not None and self.pool.prefixlen > 64:
            raise ValueError(f"pool {self.pool} of switch {self.name} holds no /64")
        return self

    @property
    def router_mac(self) -> MacAddress:
        """MAC of the router on every port, and of its logical interface elsewhere (RFC 8885 section 3.7)."""
        return self.mac or MacAddress(bytes((2, 0, 0)) + (self.device_id & 0xFFFFFF).to_bytes(3, "big"))

    def ports_of_role(self, role: str) -> Iterator[Port]:
        return (port for port in self.ports if port.role == role)

    def port(self, number: int) -> Port | None:
        return next((port for port in self.ports if port.number == number), None)


class Link(ConfigModel):
    """A cable between two core ports."""

    ends: tuple[PortRef, PortRef]
    metric: Annotated[StrictInt, Field(ge=1, le=65535)] = 1


class Admission(ConfigModel):
    """Who may attach."""

    open: StrictBool = False
    """Anybody; otherwise only ``nodes``."""
    nodes: tuple[Mac, ...] = ()
    nodes_per_port: Annotated[StrictInt, Field(ge=1, le=65535)] = 64
    uplink: NodeRates | None = None
    """Of what a node sends; without it there is no limit."""
    downlink: NodeRates | None = None
    """Of what a node is sent."""

    @model_validator(mode="after")
    def _someone(self) -> Self:
        if self.open and self.nodes:
            raise ValueError("admission is open and has a list of nodes: drop one of the two")
        return self


class Domain(ConfigModel):
    """Times of the domain; the defaults serve a laboratory and a small network alike."""

    name: str
    router_lifetime_s: Annotated[StrictInt, Field(ge=0, le=9000)] = 1800
    """In RAs (RFC 4861 section 6.2.1). Longer than a controller may be away."""
    preferred_lifetime_s: Annotated[StrictInt, Field(ge=1)] = 3600
    valid_lifetime_s: Annotated[StrictInt, Field(ge=1, lt=2**32 - 1)] = 7200
    """Of home network prefixes; refreshed at a third of it. RFC 4862 section 5.5.3 makes less than two hours
    useless."""
    drain_s: Annotated[StrictFloat, Field(ge=0, le=60)] = 1.0
    """After a move, how long the old path is kept for what is still in it."""
    hold_down_s: Annotated[StrictFloat, Field(ge=0, le=60)] = 0.05
    """After a reactive move, how long signalling at the place just left does not count as a return (data is not seen
    there at all); after a planned one, when the node hears both links for a while, it is drain_s. Then the node is
    asked where it is."""
    planned_timeout_s: Annotated[StrictFloat, Field(gt=0, le=600)] = 10.0
    """How long a planned handover waits for its node before it is undone."""
    probe_interval_s: Annotated[StrictFloat, Field(gt=0)] = 30.0
    """Between looks whether an idle node is still there."""
    probe_timeout_s: Annotated[StrictFloat, Field(gt=0)] = 1.0
    """Of one Neighbor Solicitation (RFC 4861 section 10: RETRANS_TIMER)."""
    probe_count: Annotated[StrictInt, Field(ge=1, le=10)] = 3
    """Unanswered solicitations that make a node detached (MAX_UNICAST_SOLICIT)."""
    deprecated_s: Annotated[StrictFloat, Field(gt=0)] = 86400.0
    """How long a prefix outlives its node's move away from its anchor, at most."""
    connect_timeout_s: Annotated[StrictFloat, Field(gt=0)] = 30.0
    """How long a starting controller waits for switches that do not answer before it begins without them."""
    detached_s: Annotated[StrictFloat, Field(ge=0)] = 300.0
    """How long the prefixes of a detached node wait for its return."""

    @model_validator(mode="after")
    def _lifetimes(self) -> Self:
        if self.preferred_lifetime_s > self.valid_lifetime_s:
            raise ValueError(
                f"preferred_lifetime_s {self.preferred_lifetime_s} exceeds valid_lifetime_s {self.valid_lifetime_s} "
                "(RFC 4861 section 4.6.2)"
            )
        return self


class Node(ConfigModel):
    """A mobile node of the lab."""

    name: Name
    mac: Mac
    at: PortRef


class Correspondent(ConfigModel):
    """A host of the lab behind an external port."""

    name: Name
    mac: Mac
    at: PortRef
    address: Interface


class Network(ConfigModel):
    """The whole file."""

    domain: Domain
    admission: Admission
    punt_rates: PuntRates = PuntRates()
    link_probes: LinkProbes = LinkProbes()
    switches: Annotated[tuple[Switch, ...], Field(alias="switch", min_length=1)]
    links: Annotated[tuple[Link, ...], Field(alias="link")] = ()
    nodes: Annotated[tuple[Node, ...], Field(alias="node")] = ()
    correspondents: Annotated[tuple[Correspondent, ...], Field(alias="correspondent")] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for what, values in (
            ("switch name", [s.name for s in self.switches]),
            ("device_id", [s.device_id for s in self.switches]),
            ("address", [s.address for s in self.switches]),
            ("loopback", [s.loopback for s in self.switches]),
            ("router MAC", [s.router_mac for s in self.switches]),
            ("link end", [str(end) for link in self.links for end in link.ends]),
            ("host name", [*(n.name for n in self.nodes), *(c.name for c in self.correspondents)]),
            ("host MAC", [*(n.mac for n in self.nodes), *(c.mac for c in self.correspondents)]),
            ("host address", [c.address.ip for c in self.correspondents]),
        ):
            _unique(values, what)
        routers = {s.router_mac: s.name for s in self.switches}
        for what, mac in (
            *((f"node {n.name}", n.mac) for n in self.nodes),
            *((f"correspondent {c.name}", c.mac) for c in self.correspondents),
        ):
            if mac in routers:
                raise ValueError(f"{what} has the MAC address of router {routers[mac]}, {mac}")
        for link in self.links:
            for end in link.ends:
                self.require_port(end, "core", "link")
            if link.ends[0].switch == link.ends[1].switch:
                raise ValueError(f"link {link.ends[0]} to {link.ends[1]} joins a switch to itself")
        for node in self.nodes:
            self.require_port(node.at, "access", f"node {node.name}")
        for correspondent in self.correspondents:
            port = self.require_port(correspondent.at, "external", f"correspondent {correspondent.name}")
            if port.address is not None and correspondent.address.network != port.address.network:
                raise ValueError(
                    f"correspondent {correspondent.name} has address {correspondent.address}, "
                    f"port {correspondent.at} is in {port.address.network}"
                )
            if correspondent.address == port.address:
                raise ValueError(f"correspondent {correspondent.name} has the address of port {correspondent.at}")
        self._refuse_overlaps()
        return self

    def _refuse_overlaps(self) -> None:
        networks = [(f"pool of {s.name}", s.pool) for s in self.switches if s.pool]
        networks += [
            (f"subnet of {s.name}:{p.number}", p.address.network) for s in self.switches for p in s.ports if p.address
        ]
        networks += [(f"loopback of {s.name}", IPv6Network(s.loopback)) for s in self.switches]
        for i, (what, network) in enumerate(networks):
            for other, other_network in networks[:i]:
                if network.overlaps(other_network):
                    raise ValueError(f"{what} {network} overlaps {other} {other_network}")

    def switch(self, name: str) -> Switch | None:
        return next((switch for switch in self.switches if switch.name == name), None)

    def require_port(self, ref: PortRef, role: str, what: str) -> Port:
        """The port that ``ref`` names; ValueError if there is none or its role is not ``role``."""
        switch = self.switch(ref.switch)
        if switch is None:
            raise ValueError(
                f"{what} names switch {ref.switch!r}; there are {', '.join(s.name for s in self.switches)}"
            )
        port = switch.port(ref.port)
        if port is None or port.role != role:
            allowed = ", ".join(str(p.number) for p in switch.ports_of_role(role)) or "none"
            raise ValueError(f"{what} names port {ref}; {role} ports of {switch.name}: {allowed}")
        return port


def _unique(values: Iterable[object], what: str) -> None:
    twice = [str(value) for value, count in Counter(values).items() if count > 1]
    if twice:
        raise ValueError(f"{what} used twice: {', '.join(twice)}")
