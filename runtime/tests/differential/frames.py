# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Random frames: mostly such as the installed rows want, then changed at a random place, cut, or garbage."""

from collections.abc import Sequence
from ipaddress import IPv6Address
from random import Random

from p4dmm.wire.checksum import upper_layer_checksum

from .rows import ADDRESSES, MACS, PORTS, PREFIXES, Row

IPV6 = 0x86DD
ALL_NODES = 0x33_33_00_00_00_01
ODD_ADDRESSES = (0, 1, 2, 0xFE80 << 112 | 0xA, 0xFEBF << 112, 0xFEC0 << 112, 0xFF02 << 112 | 1, 0xFF02 << 112 | 0x10002)
NEXT_HEADERS = (0, 4, 6, 17, 41, 43, 44, 50, 51, 58, 59, 60, 135, 255)
ND_TYPES = (133, 134, 135, 136, 137)
FIRST_CUTS = (1, 13, 14, 53, 54, 57, 58, 77, 78, 85, 86, 93, 94)


class Traffic:
    """Frames for the rows of one seed."""

    def __init__(self, random: Random, rows: Sequence[Row]) -> None:
        self._random = random
        self._rows: dict[str, list[dict[str, int]]] = {}
        for row in rows:
            fields = {name: value[0] if isinstance(value, tuple) else value for name, value in row.key}
            # A parameter of the same name as a key field is of no use here.
            self._rows.setdefault(row.table, []).append(dict(row.params) | fields)

    def next(self) -> tuple[int, bytes]:
        """Return a port and a frame that comes in by it."""
        kinds = (
            *(self._uplink, self._downlink, self._external),
            *(self._tunnelled, self._solicitation, self._link_scope, self._garbage),
        )
        port, frame = self._random.choices(kinds, (6, 5, 3, 6, 4, 3, 1))[0]()
        if self._random.random() < 0.25:
            frame = self._changed(frame)
        return port, frame

    def _uplink(self) -> tuple[int, bytes]:
        node = self._row("access_nodes")
        source = self._row("prefix_sources", path_id=node.get("path_id"))
        packet = self._packet(self._in_prefix(source.get("prefix")), self._destination())
        return self._sent(node.get("port"), packet, source_mac=node.get("link_layer_address"))

    def _downlink(self) -> tuple[int, bytes]:
        return self._sent(self._row("ports").get("port"), self._packet(self._any_address(), self._destination()))

    def _external(self) -> tuple[int, bytes]:
        port = self._row("ports", role=3).get("port")
        near = self._row("external_sources", port=port).get("source", 0) ^ self._random.getrandbits(2)
        source = near if self._random.random() < 0.7 else self._any_address()
        return self._sent(port, self._packet(source, self._destination()))

    def _tunnelled(self) -> tuple[int, bytes]:
        peer = self._row("tunnel_peers")
        path = self._row(self._random.choice(("path_bindings", "prefix_sources")))
        bound = self._in_prefix(path.get("prefix"))
        inner = self._packet(
            *((self._any_address(), bound) if self._random.random() < 0.5 else (bound, self._destination()))
        )
        outer = self._ipv6(peer.get("remote", 2), peer.get("local", 3), 41, inner)
        return self._sent(self._row("ports", role=2).get("port"), outer)

    def _solicitation(self) -> tuple[int, bytes]:
        wanted = self._row("router_addresses")
        node = self._row("access_nodes", port=wanted.get("port"))
        source = self._random.choice((0xFE80 << 112 | 0xA, self._any_address(), 0))
        destination = self._random.choice((wanted.get("target", 1), 0xFF02 << 112 | 0x1_FF00_0001))
        body = bytes(4) + wanted.get("target", 1).to_bytes(16, "big")
        if self._random.random() < 0.6:
            body += b"\x01\x01" + self._random.choice(MACS).to_bytes(6, "big")
        packet = self._icmpv6(source, destination, 135, body, hop_limit=255)
        return self._sent(wanted.get("port"), packet, source_mac=node.get("link_layer_address"), mac=ALL_NODES)

    def _link_scope(self) -> tuple[int, bytes]:
        node = self._row("access_nodes")
        source = self._random.choice((0xFE80 << 112 | 0xA, 0, self._any_address()))
        destination = self._random.choice(ODD_ADDRESSES)
        if self._random.random() < 0.5:
            body = self._random.randbytes(self._random.choice((4, 20, 28)))
            packet = self._icmpv6(source, destination, self._random.choice((*ND_TYPES, 128)), body, hop_limit=255)
        else:
            next_header = self._random.choice((0, 0, *NEXT_HEADERS))  # 0: MLD stands behind a Router Alert
            packet = self._ipv6(source, destination, next_header, self._random.randbytes(24))
        return self._sent(node.get("port"), packet, source_mac=node.get("link_layer_address"), mac=ALL_NODES)

    def _garbage(self) -> tuple[int, bytes]:
        return self._random.choice(PORTS), self._random.randbytes(self._random.randrange(1, 200))

    def _row(self, table: str, **wanted: int | None) -> dict[str, int]:
        """Any row of a table, by preference one with these fields."""
        rows = self._rows.get(table, [])
        fitting = [row for row in rows if all(row.get(name) == value for name, value in wanted.items())]
        return self._random.choice(fitting or rows or [{}])

    def _sent(
        self, port: int | None, packet: bytes, *, source_mac: int | None = None, mac: int | None = None
    ) -> tuple[int, bytes]:
        """In a frame to the router, by a port that exists."""
        number = port if port in PORTS else self._random.choice(PORTS)
        station = mac or self._row("my_stations", port=number).get("link_layer_address", MACS[0])
        source = source_mac or self._row("access_nodes", port=number).get("link_layer_address", MACS[0])
        return number, station.to_bytes(6, "big") + source.to_bytes(6, "big") + IPV6.to_bytes(2, "big") + packet

    def _packet(self, source: int, destination: int) -> bytes:
        if self._random.random() < 0.2:
            return self._icmpv6(source, destination, self._random.choice((1, 128, 129)), self._random.randbytes(20))
        payload = self._random.randbytes(self._random.choice((0, 8, 20, 60, 61, 1240, 1241, 1460, 1461)))
        return self._ipv6(source, destination, self._random.choice(NEXT_HEADERS), payload)

    def _icmpv6(self, source: int, destination: int, kind: int, body: bytes, hop_limit: int | None = None) -> bytes:
        message = bytes((kind, 0, 0, 0)) + body
        checksum = upper_layer_checksum(IPv6Address(source), IPv6Address(destination), 58, message)
        message = message[:2] + checksum.to_bytes(2, "big") + message[4:]
        return self._ipv6(source, destination, 58, message, hop_limit)

    def _ipv6(
        self, source: int, destination: int, next_header: int, payload: bytes, hop_limit: int | None = None
    ) -> bytes:
        first = 6 << 28 | self._random.getrandbits(28)
        limit = self._random.choice((0, 1, 2, 64, 255)) if hop_limit is None else hop_limit
        fixed = first.to_bytes(4, "big") + len(payload).to_bytes(2, "big") + bytes((next_header, limit))
        return fixed + source.to_bytes(16, "big") + destination.to_bytes(16, "big") + payload

    def _in_prefix(self, prefix: int | None) -> int:
        return (PREFIXES[0] if prefix is None else prefix) << 64 | self._random.getrandbits(2)

    def _destination(self) -> int:
        table = self._random.choice(("prefix_bindings", "prefix_bindings", "routes"))
        row = self._row(table)
        return self._in_prefix(row.get("prefix")) if "prefix" in row else row.get("destination", self._any_address())

    def _any_address(self) -> int:
        prefixed = [self._in_prefix(prefix) for prefix in PREFIXES]
        return self._random.choices((*prefixed, *ADDRESSES, *ODD_ADDRESSES), (3,) * 6 + (3,) * 4 + (1,) * 8)[0]

    def _changed(self, frame: bytes) -> bytes:
        match self._random.randrange(4):
            case 0:
                return frame[: self._random.choice(FIRST_CUTS)]
            case 1:
                return frame[: self._random.randrange(1, len(frame) + 1)]
            case 2:
                return frame + self._random.randbytes(self._random.randrange(1, 20))
            case _:
                position = self._random.randrange(min(len(frame), 100))
                octet = frame[position] ^ 1 << self._random.randrange(8)
                return frame[:position] + bytes([octet]) + frame[position + 1 :]
