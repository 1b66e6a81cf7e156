# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Random contents for every table of P4Info, every action that a row may have, groups and meters.

Values are from small pools, so that rows meet. A pool holds a few values that belong together and a few at the edges.
Port 8 and the prefixes under fd00::/16 are the sentinels', and in no pool.
"""

from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from random import Random
from typing import NamedTuple

from finsy.proto import p4i

from p4dmm.softswitch.match import Exact, Lpm, MatchValue, Range, Ternary

PORTS = range(1, 8)
GROUPS = (1, 2, 3)
TUNNELS = (1, 2, 3, 0x8000)
EXTERNAL_PATH, TUNNEL_PATH, SESSION_PATH = 0x400000, 0x800000, 0xC00000
MACS = tuple(0x02_00_00_00_00_00 + number for number in (1, 2, 3, 4, 0xFF))
PREFIXES = tuple(0x20010DB8_0001_0000 + number for number in range(6))
ADDRESSES = tuple(
    int(IPv6Address(text)) for text in ("2001:db8:ffff::1", "2001:db8:ffff::2", "3fff:c::9", "3fff:c:0:1::9")
)
HOMES = tuple(prefix << 64 | 1 for prefix in PREFIXES)
FAR = tuple(int(IPv6Address(text)) for text in ("3fff::1", "3fff::2", "3fff:1::1"))
"""In no table of bindings; NOWHERE in no table at all."""
NOWHERE = int(IPv6Address("2620::1"))
IPV4_ADDRESSES = tuple(
    int(IPv4Address(text)) for text in ("192.0.2.1", "192.0.2.2", "192.0.2.3", "198.51.100.1", "10.1.0.1", "10.1.0.9")
)
IPV4_FAR = tuple(int(IPv4Address(text)) for text in ("203.0.113.1", "203.0.113.2"))
IPV4_NOWHERE = int(IPv4Address("100.64.0.1"))
FLOW_PORTS = (53, 67, 80, 443, 4191, 5436, 5437, 65535)
UDP_TUNNEL_PORTS = (4191, 5437)
LPM_LENGTHS = {
    128: (0, 1, 16, 32, 32, *(48,) * 12, 63, *(64,) * 24, 65, 127, *(128,) * 20),
    32: (0, 1, 8, 8, 16, *(24,) * 12, 31, *(32,) * 24),
}
PATHS = (1, 2, 3, *(TUNNEL_PATH | tunnel for tunnel in TUNNELS), SESSION_PATH | 1, SESSION_PATH | 2)

POOLS: dict[str, tuple[int, ...]] = {
    "port": (*PORTS, *PORTS, *PORTS, 0, 77, 510, 511),
    "role": (1, 1, 1, 2, 2, 2, 3, 3, 4, 0, 255),
    "link_layer_address": MACS,
    "router_address": MACS,
    "node_id": (0, 1, 2, 3),
    "color": (1, 2),
    "path_id": PATHS,
    "tunnel_id": (*TUNNELS, *TUNNELS, 0x123456, 0x234567, 0x345678),
    "prefix": PREFIXES,
    "flow_set": (1, 2, 3),
    "next_hop_id": (1, 2, 3, 1, 2, 3, 0, 9),
    "next_hop_group_id": (1, 2, 3, 1, 2, 3, 0, 9),
    "group": (*GROUPS, 99),
    "mtu": (48, 100, 1280, 1500, 1500, 1500, 65535),
    "encapsulation": (1, 1, 2, 2, 3, 4, 5, 0),
    "gre_key": (1, 2, 0xFFFFFFFF),
    "local_port": UDP_TUNNEL_PORTS,
    "remote_port": (*UDP_TUNNEL_PORTS, 40000),
    "source_port": (0, *FLOW_PORTS),
    "destination_port": (0, *FLOW_PORTS),
    "spi": (0, 1, 0xDEADBEEF),
    "flow_label": (0, 1, 0xFFFFF),
    "dscp": (0, 10, 46),
    "next_header": (0, 6, 17, 50, 51, 58, 132),
    "protocol": (1, 6, 17, 50, 51, 132),
    "care_of_address": (*ADDRESSES, *HOMES),
}
ADDRESS_POOLS = {128: (*ADDRESSES, *HOMES), 32: IPV4_ADDRESSES}
"""Of whatever is not in POOLS and as long as an address."""
PARAM_POOLS = {
    ("set_node", "path_id"): PATHS[:3],
    ("set_session", "path_id"): PATHS[-2:],
}
KEY_POOLS = {
    ("router_addresses", "target"): (*ADDRESSES, int(IPv6Address("fe80::1"))),
    ("tunnel_paths", "tunnel_id"): (*TUNNELS, 0x123456, 0x234567),
    ("tunnels", "tunnel_id"): (*TUNNELS, 0x123456),
    ("uplink_policing.node_policies", "node_id"): (1, 2),
    ("downlink_policing.node_policies", "node_id"): (1, 2),
    ("next_hops", "next_hop_id"): (0, 1, 2, 3),
    ("next_hop_groups", "next_hop_group_id"): (0, 1, 2, 3),
    ("routes", "destination"): (*FAR, *FAR, *FAR, *ADDRESS_POOLS[128]),
    ("ipv4_routes", "destination"): (*IPV4_FAR, *IPV4_FAR, *IPV4_FAR, *IPV4_ADDRESSES),
}
"""Where a name means less in one place than elsewhere."""
ACTION_WEIGHTS = {"to_flows": 3, "to_next_hop": 2, "to_next_hop_group": 2, "local": 3}

ROWS_PER_TABLE = (3, 8, 24, 24)  # sparse tables are missed, dense ones hit
DENSE_ROWS = (8, 24, 24, 24)
DENSE = {"ports", "my_stations", "routes", "ipv4_routes", "access_nodes", "next_hops", "tunnel_paths", "tunnels"}
"""Without a row here no packet comes far."""
TRIES = 60
WILDCARD = 0.75  # of ternary and range keys
TERNARY_MASKS = {128: (2**128 - 2**64, 2**128 - 1), 32: (0xFFFFFF00, 0xFFFFFFFF)}
GREEN, YELLOW, RED = range(3)
COLORS = (GREEN, YELLOW, YELLOW, RED)
GUARDED_REASONS = (1, 4, 5, 6, 9, 11, 12)


class Choice(NamedTuple):
    """One way of a row with a selector."""

    action: str
    params: tuple[tuple[str, int], ...]
    weight: int


class Row(NamedTuple):
    """One table row. Its action is named in full; choices stand in its place where the table has a selector."""

    table: str
    key: tuple[tuple[str, MatchValue], ...]
    action: str
    params: tuple[tuple[str, int], ...]
    priority: int = 0
    choices: tuple[Choice, ...] = ()

    def __str__(self) -> str:
        key = ", ".join(f"{name}={_shown(part)}" for name, part in self.key)
        ways = self.choices or (Choice(self.action, self.params, 1),)
        actions = " | ".join(
            f"{way.action.rpartition('.')[2]}({', '.join(f'{name}={value:#x}' for name, value in way.params)})"
            + (f" x{way.weight}" if way.weight > 1 else "")
            for way in ways
        )
        return f"{self.table}({key}){f' @{self.priority}' if self.priority else ''} -> {actions}"


class Group(NamedTuple):
    """A replication group of (port, instance) pairs."""

    number: int
    replicas: tuple[tuple[int, int], ...]


class Meter(NamedTuple):
    """A meter that gives every packet the same colour, whatever the time."""

    name: str
    index: int
    color: int


def random_rows(random: Random, info: p4i.P4Info) -> list[Row]:
    """Rows for every table that may be written."""
    actions = {action.preamble.id: action for action in info.actions}
    rows: list[Row] = []
    for table in info.tables:
        if table.is_const_table:
            continue
        allowed = [actions[ref.id] for ref in table.action_refs if ref.scope != p4i.ActionRef.DEFAULT_ONLY]
        ordered = any(
            field.match_type in {p4i.MatchField.TERNARY, p4i.MatchField.RANGE} for field in table.match_fields
        )
        # BMv2 leaves open which of two rows of one priority wins.
        priorities = random.sample(range(1, 10 * TRIES), TRIES) if ordered else [0] * TRIES
        found: dict[object, Row] = {}
        for priority in priorities:
            key = _random_key(random, table)
            if table.implementation_id:
                choices = tuple(_random_choice(random, allowed) for _ in range(random.randrange(1, 5)))
                row = Row(table.preamble.alias, key, "", (), priority, choices)
            else:
                action, params, _ = _random_choice(random, allowed)
                row = Row(table.preamble.alias, key, action, params, priority)
            found.setdefault(key, row)
        dense = table.preamble.alias in DENSE
        rows += list(found.values())[: random.choice(DENSE_ROWS if dense else ROWS_PER_TABLE)]
    return rows


def random_groups(random: Random) -> list[Group]:
    """Replication groups; some replicas leave by no port, some by no tunnel."""
    choices = [(port, instance) for port in (*PORTS, 77) for instance in (0, *TUNNELS, 4)]
    return [Group(number, tuple(random.sample(choices, random.randrange(4)))) for number in GROUPS]


def random_meters(random: Random) -> list[Meter]:
    """Meters of one colour for some nodes and some reasons to punt, never for the sentinels' own."""
    nodes = [
        Meter(f"{way}_policing.node_meters", node, random.choice(COLORS))
        for way in ("uplink", "downlink")
        for node in (1, 2, 3)
    ]
    guards = [Meter("punt_meters", reason, random.choice(COLORS)) for reason in random.sample(GUARDED_REASONS, 3)]
    return [*nodes, *guards]


def value_of(random: Random, part: MatchValue, bits: int) -> int:
    """A value that the part of a key matches, and something else may match as well."""
    match part:
        case Range(low, _):
            return low
        case Lpm(value, length):
            known = (*FAR, *ADDRESS_POOLS[128]) if bits == 128 else (*IPV4_FAR, *IPV4_ADDRESSES)
            shift = bits - length
            return random.choice([each for each in known if each >> shift == value >> shift] or [value])
        case Exact(value) | Ternary(value, _):
            return value


def _random_choice(random: Random, allowed: list[p4i.Action]) -> Choice:
    names = [action.preamble.name.rpartition(".")[2] for action in allowed]
    (position,) = random.choices(range(len(allowed)), [ACTION_WEIGHTS.get(name, 1) for name in names])
    params = tuple(
        (param.name, _value(random, (names[position], param.name), PARAM_POOLS, param.bitwidth))
        for param in allowed[position].params
    )
    return Choice(allowed[position].preamble.name, params, random.choice((1, 1, 2, 3)))


def _random_key(random: Random, table: p4i.Table) -> tuple[tuple[str, MatchValue], ...]:
    values = _FITTING.get(table.preamble.alias, _nothing)(random)
    return tuple(
        (field.name, Exact(values[field.name]) if field.name in values else _part(random, table.preamble.alias, field))
        for field in table.match_fields
    )


def _nothing(_: Random) -> dict[str, int]:
    return {}


def _tunnel_path(random: Random) -> int:
    """Where a tunnel may come by: mostly core ports, else an attachment or an external port."""
    return random.choice((0, 0, 0, 0, 0, 1, 2, 3, *(EXTERNAL_PATH | port for port in PORTS)))


def _ipv6_peer(random: Random) -> dict[str, int]:
    return {
        "remote": random.choice(ADDRESS_POOLS[128]),
        "local": random.choice(ADDRESSES),
        "next_header": random.choice((41, 4, 47)),
        "path_id": _tunnel_path(random),
    }


def _ipv4_peer(random: Random) -> dict[str, int]:
    """What there is between the headers, in a form that the parser can find."""
    protocol, encapsulation = random.choice(((41, 1), (4, 1), (47, 2), (17, 3), (17, 4), (17, 5)))
    udp = protocol == 17
    return {
        "protocol": protocol,
        "encapsulation": encapsulation,
        "remote_port": random.choice(POOLS["remote_port"]) if udp else 0,
        "local_port": random.choice(UDP_TUNNEL_PORTS) if udp else 0,
        "path_id": _tunnel_path(random),
    }


_FITTING: dict[str, Callable[[Random], dict[str, int]]] = {
    "tunnel_peers": _ipv6_peer,
    "ipv4_tunnel_peers": _ipv4_peer,
}
"""Keys whose parts belong together."""


def _part(random: Random, table: str, field: p4i.MatchField) -> MatchValue:
    bits = field.bitwidth
    value, other = (_value(random, (table, field.name), KEY_POOLS, bits) for _ in range(2))
    match field.match_type:
        case p4i.MatchField.LPM:
            length = random.choice(LPM_LENGTHS[bits])
            return Lpm(value >> (bits - length) << (bits - length), length)
        case p4i.MatchField.TERNARY:
            mask = 0 if random.random() < WILDCARD else random.choice(TERNARY_MASKS[bits])
            return Ternary(value & mask, mask)
        case p4i.MatchField.RANGE:
            whole = random.random() < WILDCARD
            return Range(0, (1 << bits) - 1) if whole else Range(min(value, other), max(value, other))
        case _:
            return Exact(value)


def _value(random: Random, place: tuple[str, str], special: Mapping[tuple[str, str], Sequence[int]], bits: int) -> int:
    pool = special.get(place) or POOLS.get(place[1]) or ADDRESS_POOLS.get(bits)
    return random.choice(pool) if pool else random.getrandbits(bits)


def _shown(part: MatchValue) -> str:
    match part:
        case Exact(value):
            return f"{value:#x}"
        case Lpm(value, length):
            return f"{value:#x}/{length}"
        case Ternary(value, mask):
            return f"{value:#x}&{mask:#x}"
        case Range(low, high):
            return f"{low:#x}..{high:#x}"
