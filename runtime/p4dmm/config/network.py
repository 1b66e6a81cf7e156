# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The network a controller runs, as one TOML file: domain, admission, switches, links; for the lab also hosts.

Every object is frozen and refuses unknown keys. Values that another key refers to (``"s1:12"`` is port 12 of switch s1)
are checked against the whole file by :class:`Network`.
"""

from collections.abc import Collection
from ipaddress import IPv6Network
from typing import Annotated, Any, Self

from pydantic import Field, StrictBool, StrictFloat, StrictInt, ValidationError, model_validator

from .errors import ConfigError
from .fields import Interface, Mac, Name, unique
from .limits import LinkProbes, NodeRates, PuntRates
from .model import ConfigModel
from .signalling import Mobility, Mode, Peer, Store, check_peers, check_roles
from .switch import Port, PortRef, Switch


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
    mobility: Mobility = Mobility()
    store: Store | None = None
    """Where bindings are kept; without it only the switches have them."""
    switches: Annotated[tuple[Switch, ...], Field(alias="switch", min_length=1)]
    links: Annotated[tuple[Link, ...], Field(alias="link")] = ()
    peers: Annotated[tuple[Peer, ...], Field(alias="peer")] = ()
    """What is special about signalling with some switches; with the others it is as `Peer` has it."""
    nodes: Annotated[tuple[Node, ...], Field(alias="node")] = ()
    correspondents: Annotated[tuple[Correspondent, ...], Field(alias="correspondent")] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for what, values in (
            ("switch name", [s.name for s in self.switches]),
            ("device_id", [s.device_id for s in self.switches if s.device_id is not None]),
            ("address", [s.address for s in self.switches if s.address is not None]),
            ("loopback", [s.loopback for s in self.switches]),
            ("router MAC", [s.router_mac for s in self.switches]),
            ("link end", [str(end) for link in self.links for end in link.ends]),
            ("host name", [*(n.name for n in self.nodes), *(c.name for c in self.correspondents)]),
            ("host MAC", [*(n.mac for n in self.nodes), *(c.mac for c in self.correspondents)]),
            ("host address", [c.address.ip for c in self.correspondents]),
        ):
            unique(values, what)
        check_roles(self.mobility, self.switches)
        check_peers(self.mobility, self.peers, self.switches)
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

    @property
    def controlled_switches(self) -> tuple[Switch, ...]:
        """Those that this controller runs."""
        return tuple(switch for switch in self.switches if switch.controlled)

    def controlled(self, names: Collection[str]) -> "Network":
        """The same for a controller that runs only these switches; others share the file. Raises ConfigError for a name
        that is not in the file, or where the mode needs one controller for all."""
        for name in names:
            switch = self.switch(name)
            if switch is None or not switch.controlled:
                what = "is not in the file" if switch is None else "has controlled = false"
                allowed = ", ".join(s.name for s in self.controlled_switches) or "none"
                raise ConfigError(None, f"switch {name!r} {what}; there are {allowed}")
        switches = tuple(s if s.name in names else s.model_copy(update={"controlled": False}) for s in self.switches)
        return self._changed(switches=switches)

    def in_mode(self, mode: Mode) -> "Network":
        """The same in another mode of mobility. Raises ConfigError if the file lacks what that needs."""
        return self._changed(mobility=self.mobility.model_copy(update={"mode": mode}))

    def _changed(self, **changes: object) -> "Network":
        fields: dict[str, Any] = {
            field.alias or name: changes.get(name, getattr(self, name))
            for name, field in type(self).model_fields.items()
        }
        try:
            return type(self).model_validate(fields)
        except ValidationError as error:
            raise ConfigError(None, error.errors()[0]["msg"].removeprefix("Value error, ")) from error

    def peer(self, name: str) -> Peer:
        """How signalling with that switch is to be."""
        return next((peer for peer in self.peers if peer.name == name), None) or Peer(name=name)

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
