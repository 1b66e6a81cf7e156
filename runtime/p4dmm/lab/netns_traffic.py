# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Streams between two real hosts, gathered from the agents of both."""

import asyncio
from ipaddress import IPv6Address

from .base import TcpLog, Traffic, TrafficLog, TrafficSpec
from .errors import LabError
from .host_client import HostProcess
from .stats import Arrival, StreamLog

TCP_PORT = 7000
_UDP_PORT = 7100
_LAST_PACKETS_S = 0.5
_OPEN_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 10.0


class _End:
    """One end of a stream at one host; keeps what was fetched, so that each look fetches what is new."""

    def __init__(self, host: HostProcess, name: str) -> None:
        self.host, self.name = host, name
        self.sent: list[float] = []
        self.arrivals: list[Arrival] = []

    async def fetch(self) -> None:
        new = await self.host.ask(
            "stream_log", name=self.name, sent_since=len(self.sent), arrivals_since=len(self.arrivals)
        )
        self.sent += new["sent"]
        self.arrivals += (Arrival(*arrival) for arrival in new["arrivals"])


class _TcpEnd:
    def __init__(self, host: HostProcess, name: str) -> None:
        self.host, self.name = host, name
        self.arrivals: list[tuple[float, int]] = []
        self.problems: list[str] = []

    async def fetch(self) -> None:
        new = await self.host.ask("tcp_log", name=self.name, arrivals_since=len(self.arrivals))
        self.arrivals += ((at, octets) for at, octets in new["arrivals"])
        self.problems = new["problems"]


class NetnsTraffic(Traffic):
    """Echo from the node, UDP both ways, one TCP connection opened by the node."""

    def __init__(
        self,
        number: int,
        *,
        node: HostProcess,
        peer: HostProcess,
        source: IPv6Address,
        remote: IPv6Address,
        spec: TrafficSpec,
    ) -> None:
        self._node, self._peer, self._spec = node, peer, spec
        self._source, self._remote = source, remote
        self._port = _UDP_PORT + number
        self._ping = _End(node, f"ping{number}")
        self._udp = _End(node, f"udp{number}"), _End(peer, f"udp{number}")
        self._tcp = _TcpEnd(node, f"tcp{number}"), _TcpEnd(peer, f"tcp{number}")
        self._stopped = False

    async def start(self) -> None:
        """Start every stream of the specification."""
        spec, source, remote = self._spec, str(self._source), str(self._remote)
        if spec.tcp_rate:
            await self._node.ask(
                "tcp_open",
                _OPEN_TIMEOUT_S + 1,
                name=self._tcp[0].name,
                source=source,
                to=(remote, TCP_PORT),
                rate=spec.tcp_rate,
                timeout_s=_OPEN_TIMEOUT_S,
            )
        if spec.udp_interval_s:
            at_node, at_peer = self._udp
            # Both sockets are there before the first datagram: one to a closed port would count as lost.
            await self._node.ask("udp", name=at_node.name, address=source, port=self._port)
            await self._peer.ask("udp", name=at_peer.name, address=remote, port=self._port)
            for end, to in ((at_node, remote), (at_peer, source)):
                await end.host.ask("send", name=end.name, to=(to, self._port), interval=spec.udp_interval_s)
        if spec.ping_interval_s:
            await self._node.ask("echo", name=self._ping.name, source=source)
            await self._node.ask("send", name=self._ping.name, to=(remote, 0), interval=spec.ping_interval_s)

    async def log(self) -> TrafficLog:
        spec, (node_udp, peer_udp), (node_tcp, peer_tcp) = self._spec, self._udp, self._tcp
        wanted: list[_End | _TcpEnd] = []
        wanted += [self._ping] if spec.ping_interval_s else []
        wanted += [*self._udp] if spec.udp_interval_s else []
        wanted += [*self._tcp] if spec.tcp_rate else []
        await asyncio.gather(*(end.fetch() for end in wanted))
        tcp = TcpLog(
            local=self._source,
            remote=self._remote,
            down=tuple(node_tcp.arrivals),
            up=tuple(peer_tcp.arrivals),
            problems=(*node_tcp.problems, *peer_tcp.problems),
        )
        return TrafficLog(
            source=self._source,
            ping=StreamLog("ping", tuple(self._ping.sent), tuple(self._ping.arrivals)),
            udp_up=StreamLog("udp up", tuple(node_udp.sent), tuple(peer_udp.arrivals)),
            udp_down=StreamLog("udp down", tuple(peer_udp.sent), tuple(node_udp.arrivals)),
            tcp=tcp if spec.tcp_rate else None,
        )

    async def stop(self) -> TrafficLog:
        if self._stopped:
            raise LabError("this traffic was stopped before")
        self._stopped = True
        senders = [self._ping] if self._spec.ping_interval_s else []
        senders += [*self._udp] if self._spec.udp_interval_s else []
        await asyncio.gather(*(end.host.ask("stop_sending", name=end.name) for end in senders))
        if self._spec.tcp_rate:
            end = self._tcp[0]
            await end.host.ask("tcp_finish", _CLOSE_TIMEOUT_S + 2, name=end.name, timeout_s=_CLOSE_TIMEOUT_S)
        await asyncio.sleep(_LAST_PACKETS_S)
        log = await self.log()
        await asyncio.gather(*(end.host.ask("close_stream", name=end.name) for end in senders))
        return log
