# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""The tables of a store; changes as statements over them, and rows as what was stored.

Every row has a checksum of its other columns, by the SQL function `checksum`: SQLite notices damage to its own
structures, and this notices damage to what stands in them.
"""

import math
from collections.abc import Callable, Iterable
from ipaddress import IPv6Address, IPv6Network
from typing import Any, NamedTuple
from zlib import crc32

from p4dmm.mobility.identity import MobileNodeId

from . import changes as c
from .codec import StateCodec
from .errors import PrefixConflictError, StoreError
from .leaves import LEAVES, MismatchError

APPLICATION_ID = 0x70346D6D
"""p4mm: says whose the file is (SQLite file format, section 1.3.17)."""
SCHEMA_VERSION = 1

COLUMNS = {
    "nodes": ("role", "switch", "node", "state"),
    "prefixes": ("prefix", "switch", "owner", "quarantined_until"),
    "peers": ("switch", "peer", "state"),
    "named_values": ("name", "value"),
}

SCHEMA = {
    "nodes": "CREATE TABLE nodes(role TEXT NOT NULL, switch TEXT NOT NULL, node TEXT NOT NULL, state TEXT NOT NULL,"
    " checksum INTEGER NOT NULL, PRIMARY KEY(role, switch, node)) STRICT",
    "prefixes": "CREATE TABLE prefixes(prefix TEXT NOT NULL PRIMARY KEY, switch TEXT NOT NULL, owner TEXT NOT NULL,"
    " quarantined_until REAL, checksum INTEGER NOT NULL) STRICT",
    "peers": "CREATE TABLE peers(switch TEXT NOT NULL, peer TEXT NOT NULL, state TEXT NOT NULL,"
    " checksum INTEGER NOT NULL, PRIMARY KEY(switch, peer)) STRICT",
    "named_values": "CREATE TABLE named_values(name TEXT NOT NULL PRIMARY KEY, value ANY NOT NULL,"
    " checksum INTEGER NOT NULL) STRICT",
}

_PUT_NODE = """INSERT INTO nodes VALUES(?1, ?2, ?3, ?4, checksum(?1, ?2, ?3, ?4))
    ON CONFLICT(role, switch, node) DO UPDATE SET state = excluded.state, checksum = excluded.checksum"""
_DELETE_NODE = "DELETE FROM nodes WHERE role = ?1 AND switch = ?2 AND node = ?3"
_HOLD_PREFIX = """INSERT INTO prefixes VALUES(?1, ?2, ?3, NULL, checksum(?1, ?2, ?3, NULL))
    ON CONFLICT(prefix) DO UPDATE SET switch = excluded.switch, owner = excluded.owner, quarantined_until = NULL,
    checksum = excluded.checksum
    WHERE (switch = excluded.switch AND owner = excluded.owner) OR quarantined_until <= ?4"""
_QUARANTINE_PREFIX = """UPDATE prefixes SET quarantined_until = ?2, checksum = checksum(prefix, switch, owner, ?2)
    WHERE prefix = ?1"""
_FREE_PREFIX = "DELETE FROM prefixes WHERE prefix = ?1"
HOLDER = "SELECT switch, owner, quarantined_until FROM prefixes WHERE prefix = ?1"
_PUT_PEER = """INSERT INTO peers VALUES(?1, ?2, ?3, checksum(?1, ?2, ?3))
    ON CONFLICT(switch, peer) DO UPDATE SET state = excluded.state, checksum = excluded.checksum"""
_DELETE_PEER = "DELETE FROM peers WHERE switch = ?1 AND peer = ?2"
_PUT_VALUE = """INSERT INTO named_values VALUES(?1, ?2, checksum(?1, ?2))
    ON CONFLICT(name) DO UPDATE SET value = excluded.value, checksum = excluded.checksum"""
_DELETE_VALUE = "DELETE FROM named_values WHERE name = ?1"


def checksum(*columns: object) -> int:
    """CRC-32 of the values of a row."""
    return crc32(repr(columns).encode())


Row = tuple[Any, ...]
Rows = Callable[[str], Iterable[Row]]


class Operation(NamedTuple):
    """A statement and its parameters. If it has to change a row and there is none, `refused` makes the error out of
    the row that is in its way, if there is one."""

    sql: str
    parameters: Row
    refused: Callable[[Row | None], StoreError] | None = None


def _text(what: str, value: str) -> str:
    if type(value) is not str or not value:
        raise StoreError(f"{what} {value!r} cannot be stored: it is no text with at least one character")
    if not _is_unicode(value):
        raise StoreError(f"{what} {value!r} cannot be stored: it has no UTF-8 form")
    return value


def _written(what: str, kind: type, value: object) -> str:
    write, _ = LEAVES[kind]
    try:
        return str(write(value))
    except MismatchError as error:
        raise StoreError(f"{what} cannot be stored: {error.problem}") from None


def _prefix(prefix: IPv6Network) -> str:
    return _written("prefix", IPv6Network, prefix)


def _peer(peer: IPv6Address) -> str:
    return _written("peer", IPv6Address, peer)


def _node_key(node: MobileNodeId) -> str:
    # Not str(node), which is for people: two nodes may look the same there.
    return f"{int(node.subtype)}:{node.identifier.hex()}"


def _node(key: str) -> MobileNodeId:
    subtype, _, identifier = key.partition(":")
    return MobileNodeId(int(subtype), bytes.fromhex(identifier))


def _holder(switch: str, node: MobileNodeId) -> str:
    return f"node {node} at switch {switch}"


def _conflict(change: c.HoldPrefix) -> Callable[[Row | None], StoreError]:
    def refused(row: Row | None) -> StoreError:
        assert row, "only the row of another holder makes the statement change nothing"
        switch, owner, until = row
        held = _holder(switch, _node(owner))
        if until is not None:
            held += f" and in quarantine until {until}"
        return PrefixConflictError(change.prefix, _holder(change.switch, change.owner), held)

    return refused


class RowCodec:
    """Changes to operations and rows to contents, for the classes of states that a store was told."""

    def __init__(self, kinds: c.Kinds) -> None:
        """Raise StoreError for a class that cannot be stored."""
        self._nodes = {role: StateCodec(kind) for role, kind in kinds.nodes.items()}
        self._peers = None if kinds.peers is None else StateCodec(kinds.peers)

    def operation(self, change: c.Change) -> Operation:
        """Return what carries out a change. StoreError names what in it cannot be stored."""
        match change:
            case c.PutNode():
                key = self._node_parameters(change)
                try:
                    state = self._node_codec(change.role).encode(change.state)
                except StoreError as error:
                    raise StoreError(f"{change.role} of {_holder(change.switch, change.node)}: {error}") from None
                return Operation(_PUT_NODE, (*key, state))
            case c.DeleteNode():
                return Operation(_DELETE_NODE, self._node_parameters(change))
            case c.HoldPrefix(prefix, switch, owner, now):
                parameters = (_prefix(prefix), _text("switch", switch), _node_key(owner), now)
                return Operation(_HOLD_PREFIX, parameters, _conflict(change))
            case c.QuarantinePrefix(prefix, until):
                if not math.isfinite(until):
                    raise StoreError(f"quarantine of {prefix} until {until} cannot be stored: it is no time")
                # SQLite has no negative zero, and the checksum would tell.
                time = float(until) + 0.0
                problem = StoreError(f"{prefix} cannot be quarantined: nobody holds it")
                return Operation(_QUARANTINE_PREFIX, (_prefix(prefix), time), lambda _: problem)
            case c.FreePrefix(prefix):
                return Operation(_FREE_PREFIX, (_prefix(prefix),))
            case c.PutPeer(switch, peer, state):
                try:
                    text = self._peer_codec().encode(state)
                except StoreError as error:
                    raise StoreError(f"peer {peer} of switch {switch}: {error}") from None
                return Operation(_PUT_PEER, (_text("switch", switch), _peer(peer), text))
            case c.DeletePeer(switch, peer):
                return Operation(_DELETE_PEER, (_text("switch", switch), _peer(peer)))
            case c.PutValue(name, value):
                return Operation(_PUT_VALUE, (_text("name", name), _value(name, value)))
            case c.DeleteValue(name):
                return Operation(_DELETE_VALUE, (_text("name", name),))

    def contents(self, rows: Rows) -> c.Contents:
        """Return what the rows of the tables say; StoreError names the one that says something else."""
        found = c.Contents()
        for role, switch, key, text in rows("nodes"):
            node = _node(key)
            try:
                found.nodes[c.NodeKey(role, switch, node)] = self._node_codec(role).decode(text)
            except StoreError as error:
                raise StoreError(f"{role} of {_holder(switch, node)}: {error}") from None
        for prefix, switch, owner, until in rows("prefixes"):
            found.prefixes[IPv6Network(prefix)] = c.StoredPrefix(switch, _node(owner), until)
        for switch, peer, text in rows("peers"):
            try:
                found.peers[c.PeerKey(switch, IPv6Address(peer))] = self._peer_codec().decode(text)
            except StoreError as error:
                raise StoreError(f"peer {peer} of switch {switch}: {error}") from None
        found.values.update(rows("named_values"))
        return found

    def _node_parameters(self, change: c.PutNode | c.DeleteNode) -> Row:
        return _text("role", change.role), _text("switch", change.switch), _node_key(change.node)

    def _node_codec(self, role: str) -> StateCodec[Any]:
        codec = self._nodes.get(role)
        if codec is None:
            raise StoreError(f"role {role} is unknown; allowed: {', '.join(self._nodes) or 'none'}")
        return codec

    def _peer_codec(self) -> StateCodec[Any]:
        if self._peers is None:
            raise StoreError("peers have no states here")
        return self._peers


def _value(name: str, value: object) -> c.Value:
    if isinstance(value, int) and not isinstance(value, bool) and -(1 << 63) <= value < 1 << 63:
        return int(value)
    if type(value) is bytes or (type(value) is str and _is_unicode(value)):
        return value
    raise StoreError(f"value {name} cannot be {value!r}; allowed: int of 64 bits, str, bytes")


def _is_unicode(text: str) -> bool:
    """Whether it is without surrogates, which SQLite cannot hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
