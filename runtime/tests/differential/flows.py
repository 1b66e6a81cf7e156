# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Random packets between two addresses: what flow selectors look at, what tunnels look like, and what neither reads."""

from collections.abc import Callable, Sequence
from random import Random

from p4dmm.softswitch.match import MatchValue, Range, Ternary

from .packets import IPV4, IPV6, gre, home_address_option, icmpv6, ipv4, ipv6, tlv, udp
from .rows import ADDRESSES, FAR, FLOW_PORTS, NOWHERE, POOLS, PREFIXES, UDP_TUNNEL_PORTS, Row

HOP_LIMITS = (0, 1, 2, *(64,) * 12, 255)
PAYLOADS = (0, 3, 8, 20, 60, 61, 100, 400, 1220, 1221, 1240, 1241, 1440, 1460, 1461)
PORTED, SECURED = (6, 17, 132), (50, 51)
UNREAD = {IPV6: (0, 43, 44, 59, 60, 135, 255), IPV4: (1, 2, 89, 255)}
FRAGMENTS = (0, *(0x4000,) * 12, 0x2000, 0x2001, 0x00B9, 0x8000)
DEEPEST = 2


class Flows:
    """Packets, half of them as a flow selector wants them."""

    def __init__(self, random: Random, selectors: Sequence[Row]) -> None:
        self._random = random
        self._selectors = {
            kind: [dict(row.key) for row in selectors if row.table.startswith("ipv4_") == (kind == IPV4)]
            for kind in (IPV6, IPV4)
        }

    def home_or_router(self) -> int:
        """An address of a node, or of a switch."""
        if self._random.random() < 0.6:
            return self._random.choice(PREFIXES) << 64 | self._random.getrandbits(2)
        return self._random.choice((*ADDRESSES, *FAR, NOWHERE))

    def packet(self, kind: int, source: int, destination: int, depth: int = 0) -> tuple[int, bytes]:
        """A packet with anything inside; its source may become that of a flow selector."""
        selector = self._random.choice(self._selectors[kind] or [{}]) if self._random.random() < 0.5 else {}
        if self._random.random() < 0.3 and isinstance(wanted := selector.get("source"), Ternary) and wanted.mask:
            source = wanted.value
        contents: tuple[Callable[[], tuple[int, bytes]], ...] = (
            lambda: self._ported(selector),
            lambda: self._secured(selector),
            lambda: self._message(kind, source, destination),
            lambda: (self._random.choice(UNREAD[kind]), self._payload()),
            lambda: self._nested(depth),
        )
        protocol, payload = self._random.choices(contents, (8, 2, 2, 2, 2 if depth < DEEPEST else 0))[0]()
        make = self.ipv6 if kind == IPV6 else self.ipv4
        return make(source, destination, protocol, payload, selector)

    def ipv6(
        self,
        source: int,
        destination: int,
        next_header: int,
        payload: bytes,
        selector: dict[str, MatchValue] | None = None,
    ) -> tuple[int, bytes]:
        """An IPv6 packet with a random rest of its header."""
        packet = ipv6(
            source,
            destination,
            next_header,
            payload,
            traffic_class=self._traffic_class(selector),
            flow_label=self._wanted(selector, "flow_label", POOLS["flow_label"]),
            hop_limit=self._random.choice(HOP_LIMITS),
        )
        return IPV6, packet

    def ipv4(
        self,
        source: int,
        destination: int,
        protocol: int,
        payload: bytes,
        selector: dict[str, MatchValue] | None = None,
    ) -> tuple[int, bytes]:
        """An IPv4 packet with a random rest of its header, at times with options, a fragment, or a wrong checksum."""
        options = self._random.randbytes(4 * self._random.randrange(1, 11)) if self._random.random() < 0.1 else b""
        packet = ipv4(
            source,
            destination,
            protocol,
            payload,
            traffic_class=self._traffic_class(selector),
            fragment=self._random.choice(FRAGMENTS),
            ttl=self._random.choice(HOP_LIMITS),
            options=options,
            wrong=self._random.choice((0,) * 30 + (1, 0x100)),
        )
        return IPV4, packet

    def home_address(self, care_of: int, destination: int, home: int) -> bytes:
        """A packet with a Home Address option, at times in another place than expected."""
        protocol, payload = (
            self._ported({}) if self._random.random() < 0.7 else (self._random.choice((50, 51, 135)), bytes(8))
        )
        option = home_address_option(protocol, home)
        if self._random.random() < 0.1:
            option = option[:2] + option[4:6] + option[2:4] + option[6:]
        return self.ipv6(care_of, destination, 60, option + payload)[1]

    def _traffic_class(self, selector: dict[str, MatchValue] | None) -> int:
        return self._wanted(selector, "dscp", POOLS["dscp"]) << 2 | self._random.getrandbits(2)

    def _wanted(self, selector: dict[str, MatchValue] | None, name: str, pool: Sequence[int]) -> int:
        """What the selector asks for, or any value."""
        match (selector or {}).get(name):
            case Range(low, high):
                fitting = [value for value in pool if low <= value <= high]
                return self._random.choice(fitting or [low, high])
            case Ternary(value, mask) if mask:
                return value
            case _:
                return self._random.choice(pool)

    def _payload(self) -> bytes:
        return self._random.randbytes(self._random.choice(PAYLOADS))

    def _ported(self, selector: dict[str, MatchValue]) -> tuple[int, bytes]:
        wanted = selector.get("next_header", selector.get("protocol"))
        protocols = [each for each in PORTED if not isinstance(wanted, Range) or wanted.low <= each <= wanted.high]
        source = self._wanted(selector, "source_port", FLOW_PORTS)
        destination = self._wanted(selector, "destination_port", FLOW_PORTS)
        return self._random.choice(protocols or PORTED), udp(source, destination, self._payload())

    def _secured(self, selector: dict[str, MatchValue]) -> tuple[int, bytes]:
        protocol = self._random.choice(SECURED)
        spi = self._wanted(selector, "spi", POOLS["spi"]).to_bytes(4, "big")
        return protocol, (b"" if protocol == 50 else b"\x06\x04\x00\x00") + spi + self._payload()

    def _message(self, kind: int, source: int, destination: int) -> tuple[int, bytes]:
        body = self._random.randbytes(20)
        message_type = self._random.choice((1, 8, 128, 129))
        return (
            (58, icmpv6(source, destination, message_type, body))
            if kind == IPV6
            else (1, bytes((message_type, 0)) + body)
        )

    def _nested(self, depth: int) -> tuple[int, bytes]:
        """A tunnel, mostly somebody else's."""
        kind = self._random.choice((IPV6, IPV4))
        pool = POOLS["tunnel_id"]  # any small numbers
        ends = (self.home_or_router(), self.home_or_router()) if kind == IPV6 else (0xC0000201, 0xC6336401)
        _, inner = self.packet(kind, *ends, depth + 1)
        protocol = 41 if kind == IPV6 else 4
        key = self._random.choice((None, *pool))
        port = self._random.choice(UDP_TUNNEL_PORTS)
        shapes: tuple[tuple[int, bytes], ...] = (
            (protocol, inner),
            (47, gre(kind, inner, key)),
            (47, gre(self._random.choice((0x6558, kind)), inner)),
            (17, udp(port, port, inner)),
            (17, udp(port, port, b"\x00\x00\x00\x00" + inner)),
            (17, udp(40000, port, tlv(self._random.choice((protocol, 47, 59)), inner))),
        )
        return self._random.choice(shapes)
