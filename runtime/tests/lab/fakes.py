# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A lab and a controller that are nothing but a script."""

import time
from collections import Counter
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

from p4dmm.config import PortRef
from p4dmm.lab.base import HostAddress, Lab, MoveTimes, NewConnection, TcpLog, Traffic, TrafficLog
from p4dmm.lab.errors import LabError
from p4dmm.lab.stats import Arrival, StreamLog


@dataclass(frozen=True)
class Event:
    mac: object
    stage: str
    at: float
    kind: str = "planned"
    new: object = None
    detail: str = ""


@dataclass(frozen=True)
class Prefix:
    prefix: IPv6Network
    anchor: str
    tunnel: tuple[str, str] | None
    deprecated: bool


@dataclass(frozen=True)
class NodeView:
    mac: object
    at: PortRef
    prefixes: tuple[Prefix, ...]


class FakeController:
    def __init__(self, network, on_event, fail_start=False):
        self.network, self.on_event, self.fail_start = network, on_event, fail_start
        self.calls = []
        self.counters = Counter()

    async def start(self):
        self.calls.append("start")
        if self.fail_start:
            raise LabError("switch s1 refused")

    async def stop(self):
        self.calls.append("stop")

    async def prepare(self, mac, to):
        self.calls.append(f"prepare {to}")
        self.on_event(Event(mac, "prepared", time.monotonic()))

    def nodes(self):
        node = self.network.nodes[0]
        old = Prefix(IPv6Network("2001:db8:1000::/64"), "s1", ("s1", "s2"), True)
        new = Prefix(IPv6Network("2001:db8:2000::/64"), "s2", None, False)
        return (NodeView(node.mac, node.at, (old, new)),)


class FakeTraffic(Traffic):
    """Packets every 10 ms since it began; ``dark`` has the intervals in which none arrives."""

    def __init__(self, source, broken=()):
        self.source, self.broken = source, broken
        self.begun = time.monotonic()
        self.dark = []

    async def log(self):
        now = time.monotonic()
        sent = tuple(self.begun + i * 0.01 for i in range(int((now - self.begun) / 0.01)))
        due = (Arrival(i, at + 0.001) for i, at in enumerate(sent))
        # What is in the air when it gets dark is lost too: it would pass for what comes after.
        arrivals = tuple(a for a in due if not any(start <= a.at < end for start, end in self.dark))
        streams = [StreamLog(name, sent, arrivals) for name in ("ping", "udp up", "udp down")]
        amounts = tuple((at, 1000) for _, at in arrivals)
        tcp = TcpLog(self.source, IPv6Address("2001:db8:f::10"), amounts, amounts, tuple(self.broken))
        return TrafficLog(self.source, *streams, tcp)

    async def stop(self):
        return await self.log()


class FakeLab(Lab):
    kind = "simulated"
    claim = "FAKE"
    has_tcp = True

    def __init__(self, network, *, broken=(), dark_s=0.0, preferred=True, addresses=None):
        """`addresses`: of the node at each switch, where it is not that of the switch itself."""
        super().__init__(network)
        self.given = addresses or {}
        self.at = {}
        self.broken, self.dark_s, self.preferred = broken, dark_s, preferred
        self.traffic = None
        self.signals = None
        """Called with the port at every move, after it."""
        self.calls = []

    async def start(self):
        self.calls.append("start")

    async def stop(self):
        self.calls.append("stop")

    async def attach(self, node, to):
        self.at[node] = to
        now = time.monotonic()
        return MoveTimes(now, now, now)

    async def detach(self, node):
        del self.at[node]

    async def move(self, node, to, *, planned=False, gap_s=0.0, overlap_s=0.3):
        now = time.monotonic()
        self.at[node] = to
        if self.signals:
            self.signals(to)
        self.traffic.dark.append((now, now + self.dark_s))
        return MoveTimes(now, now, now)

    def where(self, node):
        return self.at.get(node)

    def address(self, node):
        if given := self.given.get(self.at[node].switch):
            return IPv6Address(given)
        number = self.at[node].switch[1:]
        return IPv6Address(f"2001:db8:{number}000::1")

    async def addresses(self, host):
        return (HostAddress(self.address(host), 64),)

    async def wait_preferred(self, node, pool, timeout_s):
        if not self.preferred and self.traffic:
            raise LabError("no address came")
        return self.address(node)

    async def start_traffic(self, node, correspondent, source, spec):
        self.traffic = FakeTraffic(source, self.broken)
        return self.traffic

    async def new_connection(self, node, correspondent, timeout_s=5.0):
        return NewConnection(self.address(node), 1000, 0.01)

    async def restart_switch(self, name):
        raise NotImplementedError
