# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""What every lab can do, whatever its hosts and switches are made of."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from typing import Literal

from p4dmm.config import Correspondent, Network, Node, PortRef

from .errors import LabError
from .stats import StreamLog


@dataclass(frozen=True, slots=True)
class HostAddress:
    """A global or link-local address a host has."""

    address: IPv6Address
    prefix_length: int
    deprecated: bool = False
    """Not for new connections (RFC 4862 section 5.5.4)."""
    tentative: bool = False
    """Not usable yet: duplicate address detection runs."""

    @property
    def network(self) -> IPv6Network:
        return IPv6Network((self.address, self.prefix_length), strict=False)

    @property
    def preferred(self) -> bool:
        """Whether the host would choose it for a new connection to the world (RFC 4862 section 2)."""
        return not (self.deprecated or self.tentative or self.address.is_link_local)


def preferred_in(pool: IPv6Network, addresses: Iterable[HostAddress]) -> IPv6Address | None:
    """The address a host would choose for a new connection, if it has to be one of the pool."""
    preferred = [held.address for held in addresses if held.preferred]
    return preferred[0] if preferred and all(address in pool for address in preferred) else None


def no_address(node: str, pool: IPv6Network, found: Iterable[HostAddress], timeout_s: float) -> LabError:
    """What is wrong where :func:`preferred_in` found none for so long."""
    has = ", ".join(f"{held.address}{'' if held.preferred else ' (not preferred)'}" for held in found) or "none"
    return LabError(f"{node} has no usable address in {pool} after {timeout_s:.0f} s; it has {has}")


@dataclass(frozen=True, slots=True)
class MoveTimes:
    """Instants of one move, as time.monotonic()."""

    left: float
    """The old link fell silent (planned: the node stopped listening there)."""
    attached: float
    """From now on the node can send on the new link."""
    done: float


@dataclass(frozen=True, slots=True)
class TrafficSpec:
    """Intervals between packets in seconds, goodput in octets per second; 0 leaves the kind out.

    The rates leave an embedded switch on a small machine idle most of the time, so that what is lost is lost by a move.
    """

    ping_interval_s: float = 0.01
    udp_interval_s: float = 0.01
    tcp_rate: int = 200_000


@dataclass(frozen=True, slots=True)
class TcpLog:
    """One long connection; the node opened it, both ends send all the time and verify what they get."""

    local: IPv6Address
    remote: IPv6Address
    down: tuple[tuple[float, int], ...] = ()
    """At the node: when so many octets arrived."""
    up: tuple[tuple[float, int], ...] = ()
    """At the correspondent."""
    problems: tuple[str, ...] = ()
    """Resets, timeouts and wrong octets, at either end."""


@dataclass(frozen=True, slots=True)
class TrafficLog:
    """Everything the streams of one Traffic did so far."""

    source: IPv6Address
    """The address the node uses from the first packet to the last."""
    ping: StreamLog
    udp_up: StreamLog
    udp_down: StreamLog
    tcp: TcpLog | None

    @property
    def streams(self) -> tuple[StreamLog, ...]:
        return tuple(log for log in (self.ping, self.udp_up, self.udp_down) if log.sent)


@dataclass(frozen=True, slots=True)
class NewConnection:
    """A short exchange without a chosen source address, opened after a move."""

    source: IPv6Address
    """What the host's source address selection took (RFC 6724)."""
    octets: int
    """Verified at the receiver."""
    seconds: float


class Traffic(ABC):
    """Streams that run between a node and a correspondent."""

    @abstractmethod
    async def log(self) -> TrafficLog:
        """What happened so far."""

    @abstractmethod
    async def stop(self) -> TrafficLog:
        """Stop sending, wait for what is on its way (at most a second or two), and tell everything."""


class Lab(ABC):
    """A network with its hosts. Start it, run a controller for ``lab.network``, attach nodes, stop it."""

    kind: Literal["netns", "simulated"]
    claim: str
    """What the hosts are, for whoever reads the output."""
    has_tcp: bool

    network: Network
    """As configured; the addresses of the switches are those they really listen at, once the lab has started."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def node(self, name: str) -> Node:
        """Return a node by its name."""
        for node in self.network.nodes:
            if node.name == name:
                return node
        raise LabError(f"no node {name!r}; there are {', '.join(n.name for n in self.network.nodes) or 'none'}")

    def correspondent(self, name: str) -> Correspondent:
        """Return a correspondent by its name."""
        for host in self.network.correspondents:
            if host.name == name:
                return host
        raise LabError(
            f"no correspondent {name!r}; there are {', '.join(c.name for c in self.network.correspondents) or 'none'}"
        )

    @abstractmethod
    async def start(self) -> None:
        """Bring up switches and hosts; return when every switch listens. The nodes are not attached yet."""

    @abstractmethod
    async def stop(self) -> None:
        """End everything; also after a start that failed, and more than once."""

    @abstractmethod
    async def attach(self, node: str, to: PortRef) -> MoveTimes:
        """Associate a node that is nowhere."""

    @abstractmethod
    async def detach(self, node: str) -> None:
        """Take the node's link away without a word."""

    @abstractmethod
    async def move(
        self, node: str, to: PortRef, *, planned: bool = False, gap_s: float = 0.0, overlap_s: float = 0.3
    ) -> MoveTimes:
        """Reassociate a node.

        Reactive: its carrier drops, for ``gap_s`` it is nowhere, then the new link is there. Planned: from one instant
        on it sends on the new link, for ``overlap_s`` it hears both, then the old one goes; its carrier stays.
        """

    @abstractmethod
    def where(self, node: str) -> PortRef | None:
        """Return the port a node is attached to."""

    @abstractmethod
    async def addresses(self, host: str) -> tuple[HostAddress, ...]:
        """Return a host's addresses, link-local ones included."""

    @abstractmethod
    async def wait_preferred(self, node: str, pool: IPv6Network, timeout_s: float) -> IPv6Address:
        """Wait until the node has a usable, preferred address in ``pool`` and none elsewhere: it may hear what is
        deprecated a moment later. LabError after ``timeout_s``."""

    @abstractmethod
    async def start_traffic(self, node: str, correspondent: str, source: IPv6Address, spec: TrafficSpec) -> Traffic:
        """Start the streams from and to the node's address ``source``."""

    @abstractmethod
    async def new_connection(self, node: str, correspondent: str, timeout_s: float = 5.0) -> NewConnection:
        """Exchange a few thousand octets (TCP, or UDP where hosts are simulated) from an address the host chooses."""

    @abstractmethod
    async def restart_switch(self, name: str) -> None:
        """Kill a switch and start it again, empty."""
