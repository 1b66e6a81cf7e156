# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The policy file (RFC 5213 section 6.1): which mobile node may do what, where, with which prefixes."""

from collections import defaultdict
from functools import cached_property
from ipaddress import IPv6Network
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StrictBool, StrictInt, model_validator

from p4dmm.wire import MacAddress

from .fields import Mac, Name, Prefix, unique
from .model import ConfigModel
from .network import Network

MAX_PREFIXES = 16
"""Of one interface."""


def _nai(value: str) -> str:
    if not 1 <= len(value.encode("utf-8", "surrogatepass")) <= 253 or any(
        c.isspace() or not c.isprintable() for c in value
    ):
        raise ValueError(f"{value!r} is no network access identifier: 1 to 253 octets without spaces (RFC 7542)")
    return value


def _slash_64(prefix: IPv6Network) -> IPv6Network:
    if prefix.prefixlen != 64:
        raise ValueError(f"home network prefix {prefix} is no /64")
    return prefix


class _Rights(ConfigModel):
    mags: tuple[Name, ...] | None = None
    """Switches where it may attach, the gateways that may register it (status 154 for others); default: every switch of
    the network file."""
    prefixes_per_interface: Annotated[StrictInt, Field(ge=1, le=MAX_PREFIXES)] = 1
    """How many it is given where the file names none."""
    lma: Name | None = None
    """The switch that is its local mobility anchor; default: mobility.lma of the network file."""


class UnknownNodes(_Rights):
    """Nodes that the file does not list."""

    admit: StrictBool = False
    """Whether they are served; status 153 otherwise."""


class NodePolicy(_Rights):
    """An interface of a mobile node."""

    mac: Mac
    mn_id: Annotated[str, AfterValidator(_nai)] | None = None
    """The node's network access identifier (RFC 4283 section 3.1), the same for all its interfaces; default: the MAC
    address as EUI-48."""
    allow: StrictBool = True
    """Whether network-based mobility is provided to it; status 152 otherwise."""
    prefixes: Annotated[tuple[Annotated[Prefix, AfterValidator(_slash_64)], ...], Field(max_length=MAX_PREFIXES)] = ()
    """Its home network prefixes; none: some of the anchor's pool."""


class Policy(ConfigModel):
    """The whole file."""

    default: UnknownNodes = UnknownNodes()
    nodes: Annotated[tuple[NodePolicy, ...], Field(alias="node")] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        unique((node.mac for node in self.nodes), "mac")
        unique((prefix for node in self.nodes for prefix in node.prefixes), "prefix")
        for mn_id, (first, *others) in self._named.items():
            for other in others:
                for key in ("allow", "mags", "prefixes_per_interface", "lma"):
                    if getattr(first, key) != getattr(other, key):
                        raise ValueError(
                            f"node {mn_id} has a different {key} at {first.mac} and {other.mac}: interfaces of one "
                            "node may differ in their prefixes only"
                        )
        return self

    def check(self, network: Network) -> None:
        """Raise ValueError if a switch is not in the network, or a prefix cannot be anchored there."""
        names = [switch.name for switch in network.switches]
        for what, entry in (("default", self.default), *((f"node {node.mac}", node) for node in self.nodes)):
            for key, wanted in (("mags", entry.mags or ()), ("lma", () if entry.lma is None else (entry.lma,))):
                for name in wanted:
                    if name not in names:
                        raise ValueError(f"{what}: {key} names switch {name!r}; there are {', '.join(names)}")
            lma = None if entry.lma is None else network.switch(entry.lma)
            if lma is not None and lma.controlled and lma.pool is None:
                raise ValueError(f"{what}: lma {lma.name} has no pool, so it cannot be an anchor")
        pools = {switch.name: switch.pool for switch in network.switches if switch.pool is not None}
        for node in self.nodes:
            lma_name = node.lma or (network.mobility.lma if network.mobility.mode == "pmip" else None)
            anchors = [lma_name] if lma_name is not None else list(pools)
            for prefix in node.prefixes:
                if all(name in pools and not prefix.subnet_of(pools[name]) for name in anchors):
                    allowed = ", ".join(f"{pools[name]} of {name}" for name in anchors) or "none"
                    raise ValueError(f"node {node.mac}: prefix {prefix} is not in the pool of its anchor: {allowed}")

    def node(self, mac: MacAddress) -> NodePolicy | None:
        """The interface with that address, if the file lists it."""
        return self._by_mac.get(mac)

    def named(self, mn_id: str) -> tuple[NodePolicy, ...]:
        """The interfaces of the node with that network access identifier."""
        return tuple(self._named.get(mn_id, ()))

    def owner_of(self, prefix: IPv6Network) -> NodePolicy | None:
        """The interface that the /64 is kept for."""
        return self._owners.get(prefix)

    @cached_property
    def _by_mac(self) -> dict[MacAddress, NodePolicy]:
        return {node.mac: node for node in self.nodes}

    @cached_property
    def _named(self) -> dict[str, list[NodePolicy]]:
        named = defaultdict(list)
        for node in self.nodes:
            if node.mn_id is not None:
                named[node.mn_id].append(node)
        return dict(named)

    @cached_property
    def _owners(self) -> dict[IPv6Network, NodePolicy]:
        return {prefix: node for node in self.nodes for prefix in node.prefixes}
