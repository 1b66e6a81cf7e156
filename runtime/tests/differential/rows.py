# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Random table contents: every table of P4Info, every action that a row may have.

Values are from small pools, so that rows meet. A pool holds a few values that belong together and a few at the edges.
Port 8 and the prefixes under fd00::/16 are the sentinels', and in no pool.
"""

from ipaddress import IPv6Address
from random import Random
from typing import NamedTuple

from finsy.proto import p4i

PORTS = range(1, 8)
GROUPS = (1, 2, 3)
TUNNELS = (1, 2, 3, 0x8000)
TUNNEL_PATH = 0x800000
MACS = tuple(0x02_00_00_00_00_00 + number for number in (1, 2, 3, 4, 0xFF))
PREFIXES = tuple(0x20010DB8_0001_0000 + number for number in range(6))
ADDRESSES = tuple(
    int(IPv6Address(text)) for text in ("2001:db8:ffff::1", "2001:db8:ffff::2", "2001:db8:c::9", "fe80::1")
)
LPM_LENGTHS = (0, 1, 32, 48, 63, 64, 65, 127, 128)

POOLS: dict[str, tuple[int, ...]] = {
    "port": (*PORTS, *PORTS, *PORTS, 0, 77, 510, 511),
    "role": (1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 0, 255),
    "link_layer_address": MACS,
    "router_address": MACS,
    "node_id": (1, 2, 3),
    "path_id": (1, 2, 3, *(TUNNEL_PATH | tunnel for tunnel in TUNNELS)),
    "tunnel_id": TUNNELS,
    "prefix": PREFIXES,
    "target": ADDRESSES,
    "remote": ADDRESSES,
    "local": ADDRESSES,
    "source": (*ADDRESSES, *(prefix << 64 | 1 for prefix in PREFIXES)),
    "destination": (*ADDRESSES, *(prefix << 64 | 1 for prefix in PREFIXES)),
    "next_hop_id": (1, 2, 3, 0),
    "group": (*GROUPS, 99),
    "mtu": (48, 100, 1280, 1500, 1500, 65535),
}
ROWS_PER_TABLE = (3, 8, 24, 24)  # sparse tables are missed, dense ones hit
TRIES = 60


class Row(NamedTuple):
    """One table row; an LPM key is (value, length)."""

    table: str
    key: tuple[tuple[str, int | tuple[int, int]], ...]
    action: str
    params: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        key = ", ".join(f"{name}={_shown(value)}" for name, value in self.key)
        params = ", ".join(f"{name}={_shown(value)}" for name, value in self.params)
        return f"{self.table}({key}) -> {self.action}({params})"


class Group(NamedTuple):
    """A replication group of (port, instance) pairs."""

    number: int
    replicas: tuple[tuple[int, int], ...]


def random_rows(random: Random, info: p4i.P4Info) -> list[Row]:
    actions = {action.preamble.id: action for action in info.actions}
    rows: list[Row] = []
    for table in info.tables:
        allowed = [actions[ref.id] for ref in table.action_refs if ref.scope != p4i.ActionRef.DEFAULT_ONLY]
        found: dict[object, Row] = {}
        for _ in range(TRIES):
            key = tuple((field.name, _key(random, field)) for field in table.match_fields)
            action = random.choice(allowed)
            params = tuple((param.name, _value(random, param.name, param.bitwidth)) for param in action.params)
            found.setdefault(key, Row(table.preamble.alias, key, action.preamble.alias, params))
        rows += list(found.values())[: random.choice(ROWS_PER_TABLE)]
    return rows


def random_groups(random: Random) -> list[Group]:
    choices = [(port, instance) for port in (*PORTS, 77) for instance in (0, *TUNNELS, 4)]
    return [Group(number, tuple(random.sample(choices, random.randrange(4)))) for number in GROUPS]


def _key(random: Random, field: p4i.MatchField) -> int | tuple[int, int]:
    value = _value(random, field.name, field.bitwidth)
    if field.match_type != p4i.MatchField.LPM:
        return value
    length = random.choice(LPM_LENGTHS)
    return value >> (field.bitwidth - length) << (field.bitwidth - length), length


def _value(random: Random, name: str, bits: int) -> int:
    pool = POOLS.get(name)
    return random.choice(pool) if pool else random.getrandbits(bits)


def _shown(value: int | tuple[int, int]) -> str:
    return f"{value[0]:#x}/{value[1]}" if isinstance(value, tuple) else f"{value:#x}"
