# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Random frames: mostly such as the installed rows want, then changed at a random place, cut, or garbage."""

from collections.abc import Sequence
from random import Random

from .flows import Flows
from .packets import ARP, IPV4, IPV6, LINK_PROBE, arp, ethernet, gre, icmpv6, ipv6, tlv, udp
from .rows import (
    EXTERNAL_PATH,
    HOMES,
    IPV4_ADDRESSES,
    IPV4_FAR,
    IPV4_NOWHERE,
    MACS,
    NOWHERE,
    PORTS,
    TUNNEL_PATH,
    Row,
    value_of,
)

ALL_NODES = 0x33_33_00_00_00_01
LINK_LOCAL = 0xFE80 << 112 | 0xA
ODD_ADDRESSES = (0, 1, 2, LINK_LOCAL, 0xFEBF << 112, 0xFEC0 << 112, 0xFF02 << 112 | 1, 0xFF02 << 112 | 0x10002)
ODD_IPV4_ADDRESSES = (0, 1, 0x7F000001, 0xA9FE0001, 0xE0000001, 0xEFFFFFFF, 0xF0000000, 0xFFFFFFFF)
NEXT_HEADERS = (0, 4, 6, 17, 41, 43, 44, 50, 51, 58, 59, 60, 132, 135, 255)
ND_TYPES = (133, 134, 135, 136, 137)
FIRST_CUTS = (1, 13, 14, 33, 34, 41, 42, 53, 54, 57, 58, 61, 62, 65, 66, 73, 74, 77, 78, 85, 86, 93, 94)
CHANGED = 0.15

Address = tuple[int, int]  # ethertype of its kind, value
Frame = tuple[int, bytes]  # port, octets


class Traffic:
    """Frames for the rows of one seed."""

    def __init__(self, random: Random, rows: Sequence[Row]) -> None:
        self._random = random
        self._rows: dict[str, list[dict[str, int]]] = {}
        self._own: list[Address] = []
        for row in rows:
            # A parameter of the same name as a key field is the same thing, or of no use here.
            bits = 32 if row.table.startswith("ipv4_") else 128
            fields = dict(row.params) | {name: value_of(random, part, bits) for name, part in row.key}
            self._rows.setdefault(row.table, []).append(fields)
            if row.action.endswith(".routing.local"):
                self._own.append((IPV4 if bits == 32 else IPV6, fields["destination"]))
        self._flows = Flows(random, [row for row in rows if row.table.endswith("flow_selectors")])
        self._kinds = {
            self._uplink: 6,
            self._downlink: 6,
            self._external: 3,
            self._tunnelled: 9,
            self._home_address: 2,
            self._signalling: 3,
            self._solicitation: 2,
            self._asked: 2,
            self._link_scope: 2,
            self._ipv4_link_scope: 2,
            self._other: 1,
            self._garbage: 1,
        }

    def next(self) -> Frame:
        """Return a port and a frame that comes in by it."""
        (kind,) = self._random.choices([*self._kinds], [*self._kinds.values()])
        port, frame = kind()
        if self._random.random() < CHANGED:
            frame = self._changed(frame)
        return port, frame

    # --- where packets come from

    def _uplink(self) -> Frame:
        node = self._node()
        source = self._bound(node.get("path_id")) if self._random.random() < 0.85 else self._any_address()
        return self._sent(node.get("port"), self._packet(source), source_mac=node.get("link_layer_address"))

    def _node(self) -> dict[str, int]:
        """A node, by preference one at an access port."""
        return self._row("access_nodes", port=self._row("ports", role=1).get("port"))

    def _downlink(self) -> Frame:
        port = self._row("ports", role=2).get("port")
        return self._sent(port, self._packet(self._any_address()))

    def _external(self) -> Frame:
        port = self._row("ports", role=3).get("port")
        subnets = [
            (kind, row["source"])
            for kind, table in ((IPV6, "external_sources"), (IPV4, "ipv4_external_sources"))
            for row in self._rows.get(table, ())
            if row["port"] == port
        ]
        near = self._random.choice(subnets or [self._any_address()])
        return self._sent(port, self._packet(near if self._random.random() < 0.8 else self._any_address()))

    def _tunnelled(self) -> Frame:
        """Out of a tunnel whose peer is known: for a node here, or from one at its far end."""
        peers = self._random.choice(("tunnel_peers", "ipv4_tunnel_peers"))
        peer = self._row(peers)
        tunnel = peer.get("tunnel_id", 1)
        key = None
        if self._random.random() < 0.5:
            key = self._row("gre_keys", tunnel_id=tunnel) if self._random.random() < 0.9 else {"gre_key": 9}
        path = TUNNEL_PATH | tunnel if key is None else key.get("path_id", 0)
        inner_kind = {41: IPV6, 4: IPV4}.get(peer.get("next_header", peer.get("protocol", 0)))
        if self._random.random() < 0.5:
            inner = self._packet(self._any_address(inner_kind), self._expected(path, inner_kind))
        else:
            inner = self._packet(self._bound(path, inner_kind))
        if self._random.random() < 0.05:
            inner = inner[0], bytes([self._random.randrange(256)]) + inner[1][1:]
        between, outer = self._between(peer, inner, None if key is None else key.get("gre_key", 1))
        if peers == "tunnel_peers":
            packet = self._flows.ipv6(peer.get("remote", 2), peer.get("local", 3), outer, between)
        else:
            packet = self._flows.ipv4(peer.get("remote", 2), peer.get("local", 3), outer, between)
        return self._by_path(peer.get("path_id", 0), packet)

    def _between(self, peer: dict[str, int], inner: tuple[int, bytes], key: int | None) -> tuple[bytes, int]:
        """What stands behind the outer header, and its protocol."""
        kind, data = inner
        inner_protocol = 41 if kind == IPV6 else 4
        encapsulation = peer.get("encapsulation", 2 if peer.get("next_header") == 47 else 1)
        ports = peer.get("remote_port", 4191), peer.get("local_port", 4191)
        wrong = self._random.choice((None,) * 9 + (7,))
        match encapsulation:
            case 2:
                return gre(kind, data, key), 47
            case 3:
                return udp(*ports, data, wrong), 17
            case 4:
                return udp(*ports, tlv(inner_protocol, data), wrong), 17
            case 5:
                return udp(*ports, tlv(47, gre(kind, data, key)), wrong), 17
            case _:
                return data, inner_protocol

    def _by_path(self, path: int, packet: tuple[int, bytes]) -> Frame:
        if not path:
            return self._sent(self._row("ports", role=2).get("port"), packet)
        if path < EXTERNAL_PATH:
            node = self._row("access_nodes", path_id=path)
            return self._sent(node.get("port"), packet, source_mac=node.get("link_layer_address"))
        return self._sent(path & 0x1FF, packet)

    def _home_address(self) -> Frame:
        binding = self._row("care_of_bindings")
        care_of = binding.get("care_of_address", 1) if self._random.random() < 0.7 else self._any_address(IPV6)[1]
        home = binding.get("home_address", 1) if self._random.random() < 0.8 else self._any_address(IPV6)[1]
        packet = self._flows.home_address(care_of, self._destination(IPV6)[1], home)
        return self._sent(self._row("ports", role=2).get("port"), (IPV6, packet))

    def _signalling(self) -> Frame:
        """For an address of the switch itself, by no tunnel that it knows."""
        kind, address = self._random.choice(self._own or [self._any_address()])
        source = self._any_address(kind)[1]
        protocol = self._random.choice((58, 135, 0, 43, 44, 50, 51, 60, 41, 4, 47, 6, 1))
        packet = self._flows.ipv6(source, address, protocol, bytes(40)) if kind == IPV6 else None
        if packet is None:
            update = self._flows.ipv6(*self._random.sample(HOMES, 2), self._random.choice((135, 50, 60, 58)), bytes(24))
            contents = (
                (protocol, bytes(40)),
                (17, udp(40000, 4191, update[1])),
                (17, udp(40000, self._random.choice((5436, 67, 80)), bytes(8))),
            )
            packet = self._flows.ipv4(source, address, *self._random.choice(contents))
        return self._sent(self._row("ports", role=2).get("port"), packet)

    # --- what belongs to a link

    def _solicitation(self) -> Frame:
        wanted = self._row("router_addresses")
        node = self._row("access_nodes", port=wanted.get("port"))
        source = self._random.choice((LINK_LOCAL, self._any_address(IPV6)[1], 0))
        destination = self._random.choice((wanted.get("target", 1), 0xFF02 << 112 | 0x1_FF00_0001))
        target = wanted.get("target", 1) if self._random.random() < 0.8 else self._any_address(IPV6)[1]
        body = bytes(4) + target.to_bytes(16, "big")
        if self._random.random() < 0.6:
            body += b"\x01\x01" + self._random.choice(MACS).to_bytes(6, "big")
        packet = ipv6(source, destination, 58, icmpv6(source, destination, 135, body), hop_limit=255)
        return self._sent(wanted.get("port"), (IPV6, packet), source_mac=node.get("link_layer_address"), mac=ALL_NODES)

    def _asked(self) -> Frame:
        wanted = self._row("ipv4_router_addresses")
        node = self._row("access_nodes", port=wanted.get("port"))
        target = wanted.get("target", 1) if self._random.random() < 0.7 else self._any_address(IPV4)[1]
        operation = self._random.choice((1, 1, 1, 2, 3))
        packet = arp(operation, self._random.choice(MACS), self._any_address(IPV4)[1], target)
        return self._sent(
            wanted.get("port"), (ARP, packet), source_mac=node.get("link_layer_address"), mac=0xFFFF_FFFF_FFFF
        )

    def _link_scope(self) -> Frame:
        node = self._node()
        source = self._random.choice((LINK_LOCAL, 0, self._any_address(IPV6)[1]))
        destination = self._random.choice(ODD_ADDRESSES)
        if self._random.random() < 0.5:
            body = self._random.randbytes(self._random.choice((4, 20, 28)))
            message = icmpv6(source, destination, self._random.choice((*ND_TYPES, 128)), body)
            packet = ipv6(source, destination, 58, message, hop_limit=255)
        else:
            next_header = self._random.choice((0, 0, *NEXT_HEADERS))  # 0: MLD stands behind a Router Alert
            packet = ipv6(source, destination, next_header, self._random.randbytes(24))
        return self._sent(node.get("port"), (IPV6, packet), source_mac=node.get("link_layer_address"), mac=ALL_NODES)

    def _ipv4_link_scope(self) -> Frame:
        node = self._node()
        source = self._random.choice((0, *ODD_IPV4_ADDRESSES, *IPV4_ADDRESSES))
        destination = self._random.choice(ODD_IPV4_ADDRESSES)
        if self._random.random() < 0.5:
            packet = self._flows.ipv4(source, destination, 17, udp(68, self._random.choice((67, 67, 68)), bytes(30)))
        else:
            packet = self._flows.packet(IPV4, source, destination)
        return self._sent(node.get("port"), packet, source_mac=node.get("link_layer_address"))

    def _other(self) -> Frame:
        """A link probe, mostly where none is to be expected, and other protocols."""
        kind = self._random.choice((LINK_PROBE, LINK_PROBE, IPV6, IPV4, ARP, 0x88CC))
        return self._sent(self._random.choice(PORTS), (kind, self._random.randbytes(60)))

    def _garbage(self) -> Frame:
        return self._random.choice(PORTS), self._random.randbytes(self._random.randrange(1, 200))

    # --- rows, addresses

    def _row(self, table: str, **wanted: int | None) -> dict[str, int]:
        """Any row of a table, by preference one with these fields; a field of no value is of no importance."""
        rows = self._rows.get(table, [])
        fitting = [row for row in rows if all(value in (None, row.get(name)) for name, value in wanted.items())]
        return self._random.choice(fitting or rows or [{}])

    def _one_of(self, tables: Sequence[tuple[int, str, str]], kind: int | None, path: int | None = None) -> Address:
        """The address that a row of one of the tables (kind, table, field) is about, or one beside it."""
        of_kind = [each for each in tables if kind in (None, each[0])]
        fitting = [each for each in of_kind if any(row.get("path_id") == path for row in self._rows.get(each[1], ()))]
        chosen = self._random.choice(fitting or of_kind)
        value = self._row(chosen[1], path_id=path)[chosen[2]]
        if chosen[2] == "prefix":
            value = value << 64 | self._random.getrandbits(2)
        elif self._random.random() < 0.2:
            value ^= self._random.getrandbits(2)
        return chosen[0], value

    def _bound(self, path: int | None, kind: int | None = None) -> Address:
        """A source that is bound to the path."""
        tables = (
            (IPV6, "address_sources", "address"),
            (IPV6, "prefix_sources", "prefix"),
            (IPV6, "network_sources", "network"),
            (IPV4, "ipv4_sources", "address"),
            (IPV4, "ipv4_sources", "address"),
        )
        return self._one_of(tables, kind, path)

    def _expected(self, path: int, kind: int | None) -> Address:
        """A destination that is expected from the path."""
        tables = (
            (IPV6, "path_bindings", "prefix"),
            (IPV6, "network_path_bindings", "network"),
            (IPV4, "ipv4_path_bindings", "address"),
        )
        return self._one_of(tables, kind, path)

    def _destination(self, kind: int) -> Address:
        if self._random.random() < 0.05:
            return kind, NOWHERE if kind == IPV6 else IPV4_NOWHERE
        if self._random.random() < 0.15:
            return self._any_address(kind)
        tables = (
            (IPV6, "address_bindings", "address"),
            (IPV6, "prefix_bindings", "prefix"),
            (IPV6, "network_bindings", "network"),
            (IPV6, "routes", "destination"),
            (IPV6, "routes", "destination"),
            (IPV4, "ipv4_bindings", "address"),
            (IPV4, "ipv4_routes", "destination"),
        )
        return self._one_of(tables, kind)

    def _any_address(self, kind: int | None = None) -> Address:
        kind = kind or self._random.choice((IPV6, IPV4))
        odd = self._random.random() < 0.1
        if kind == IPV4:
            return kind, self._random.choice(ODD_IPV4_ADDRESSES if odd else (*IPV4_ADDRESSES, *IPV4_FAR, IPV4_NOWHERE))
        return kind, self._random.choice(ODD_ADDRESSES) if odd else self._flows.home_or_router()

    def _packet(self, source: Address, destination: Address | None = None) -> tuple[int, bytes]:
        """A packet of the kind of its source, for a destination that there is a row for unless one is given."""
        kind, address = source
        other, value = destination or self._destination(kind)
        if other != kind:
            value = self._destination(kind)[1]
        return self._flows.packet(kind, address, value)

    # --- frames

    def _sent(
        self, port: int | None, packet: tuple[int, bytes], *, source_mac: int | None = None, mac: int | None = None
    ) -> Frame:
        """In a frame to the router, by a port that exists."""
        number = port if port in PORTS else self._random.choice(PORTS)
        station = mac or self._row("my_stations", port=number).get("link_layer_address", MACS[0])
        source = source_mac or self._row("access_nodes", port=number).get("link_layer_address", MACS[0])
        return number, ethernet(station, source, *packet)

    def _changed(self, frame: bytes) -> bytes:
        match self._random.randrange(4):
            case 0:
                return frame[: self._random.choice(FIRST_CUTS)]
            case 1:
                return frame[: self._random.randrange(1, len(frame) + 1)]
            case 2:
                return frame + self._random.randbytes(self._random.randrange(1, 20))
            case _:
                position = self._random.randrange(min(len(frame), 120))
                octet = frame[position] ^ 1 << self._random.randrange(8)
                return frame[:position] + bytes([octet]) + frame[position + 1 :]
