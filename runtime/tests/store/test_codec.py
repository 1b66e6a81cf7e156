# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""States as text: everything they may consist of comes back equal, and nothing else is taken."""

import json
import math
from dataclasses import dataclass, field, fields, make_dataclass
from enum import Enum, Flag, IntEnum, auto
from ipaddress import IPv4Address, IPv6Address, IPv6Interface, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p4dmm.mobility.exchange import PendingUpdate, begin
from p4dmm.mobility.identity import MobileNodeId
from p4dmm.mobility.local import LocalBinding
from p4dmm.mobility.profile import NodeProfile
from p4dmm.store import StateCodec, StoreError
from p4dmm.wire import MacAddress, mobility
from p4dmm.wire.mobility import (
    BindingError,
    HomeNetworkPrefix,
    Message,
    MobilityMessage,
    MobilityOption,
    ProxyBindingAck,
    ProxyBindingUpdate,
    Timestamp,
    UnknownMessage,
)

A = IPv6Address("2001:db8::1")


class Phase(Enum):
    IDLE = auto()
    WAITING = auto()


class Level(IntEnum):
    LOW = 1


class Bit(Flag):
    ONE = auto()


@dataclass(frozen=True, slots=True)
class Waiting:
    since: float
    phase: Phase = Phase.WAITING


@dataclass(frozen=True)
class Gone:
    reason: str


@dataclass(frozen=True, slots=True)
class State:
    text: str
    number: int
    time: float
    flag: bool
    octets: bytes
    phase: Phase
    level: Level
    nothing: None
    address: IPv6Address
    network: IPv6Network
    mac: MacAddress
    waiting: Waiting
    waits: tuple[Waiting, ...]
    pair: tuple[int, str | None]
    networks: frozenset[IPv6Network]
    maybe: Waiting | None
    either: Waiting | Gone | int | bool | None
    update: ProxyBindingUpdate | None
    message: MobilityMessage
    messages: tuple[ProxyBindingAck | Gone, ...]
    option: MobilityOption | None


def unions(*strategies):
    return st.one_of(st.none(), *strategies)


FLOATS = st.floats(allow_nan=False)
ADDRESSES = st.ip_addresses(v=6)
NETWORKS = st.builds(
    lambda bits, length: IPv6Network((bits >> 128 - length << 128 - length if length else 0, length)),
    st.integers(0, 2**128 - 1),
    st.integers(0, 128),
)
WAITING = st.builds(Waiting, FLOATS, st.sampled_from(Phase))
GONE = st.builds(Gone, st.text())
UPDATES = st.builds(
    lambda sequence, seconds: ProxyBindingUpdate(
        sequence=sequence, lifetime=9, options=(Timestamp(seconds=seconds, fraction=1),)
    ),
    st.integers(0, 65535),
    st.integers(0, 2**48 - 1),
)
ACKS = st.builds(
    lambda status: ProxyBindingAck(
        status=status, sequence=1, lifetime=2, options=(HomeNetworkPrefix(prefix=A, prefix_length=64),)
    ),
    st.integers(0, 255),
)
STATES = st.builds(
    State,
    text=st.text(st.characters()),
    number=st.integers(),
    time=FLOATS,
    flag=st.booleans(),
    octets=st.binary(),
    phase=st.sampled_from(Phase),
    level=st.just(Level.LOW),
    nothing=st.none(),
    address=ADDRESSES,
    network=NETWORKS,
    mac=st.binary(min_size=6, max_size=6).map(MacAddress),
    waiting=WAITING,
    waits=st.lists(WAITING, max_size=3).map(tuple),
    pair=st.tuples(st.integers(), unions(st.text())),
    networks=st.frozensets(NETWORKS, max_size=3),
    maybe=unions(WAITING),
    either=unions(WAITING, GONE, st.integers(), st.booleans()),
    update=unions(UPDATES),
    message=st.one_of(UPDATES, ACKS, st.builds(UnknownMessage, st.just(200), st.binary(min_size=10, max_size=10))),
    messages=st.lists(st.one_of(ACKS, GONE), max_size=3).map(tuple),
    option=unions(
        st.just(HomeNetworkPrefix(prefix=A, prefix_length=64)), st.just(mobility.HandoffIndicator(indicator=3))
    ),
)
CODEC = StateCodec(State)


@given(STATES)
def test_what_is_read_equals_what_was_written(state):
    text = CODEC.encode(state)
    assert text.isascii()
    again = CODEC.decode(text)
    assert again == state
    for part in fields(State):
        assert type(getattr(again, part.name)) is type(getattr(state, part.name))


def test_text_is_readable_and_small():
    update = ProxyBindingUpdate(sequence=7, lifetime=75)
    pending = PendingUpdate(update, A, IPv6Address("::ffff:1.2.3.4"), 5.0)
    assert StateCodec(PendingUpdate).encode(pending) == (
        f'{{"update":"{mobility.encode_mobility(update, None, None).hex()}","source":"2001:db8::1",'
        '"peer":"::ffff:1.2.3.4","repeat_at":5.0,"wait_s":1.0,"copies":1}'
    )
    assert StateCodec(Waiting).encode(Waiting(math.inf)) == '{"since":"inf","phase":"WAITING"}'
    assert StateCodec(Waiting | Gone).encode(Gone("x")) == '["Gone",{"reason":"x"}]'


@pytest.mark.parametrize("kind", [LocalBinding, NodeProfile, PendingUpdate, MobileNodeId])
def test_shared_states_of_the_roles_can_be_stored(kind):
    StateCodec(kind)


def test_pending_request_comes_back():
    update = ProxyBindingUpdate(sequence=0, lifetime=75, options=(Timestamp(seconds=0, fraction=0),))
    pending = begin(update, source=A, peer=A, last_sequence=4, now=1e9)
    assert StateCodec(PendingUpdate).decode(StateCodec(PendingUpdate).encode(pending)) == pending


def test_member_of_int_enum_in_an_int_is_an_int():
    assert type(StateCodec(MobileNodeId).decode(StateCodec(MobileNodeId).encode(MobileNodeId.nai("a"))).subtype) is int


def one(hint):
    """A class of one field `x` of that type."""
    return make_dataclass("One", [("x", hint)], frozen=True)


def codec_of(hint):
    return StateCodec(one(hint))


WRONG_VALUES = [
    (str, 5, "5 is no str"),
    (int, True, "True is no int"),
    (int, 5.0, "5.0 is no int"),
    (bool, 1, "1 is no bool"),
    (float, True, "True is no float"),
    (float, math.nan, "nan"),
    (float, 10**400, "too large"),
    (bytes, "ab", "'ab' is no bytes"),
    (bytes, bytearray(1), "is no bytes"),
    (None, 0, "0 is no NoneType"),
    (Phase, Level.LOW, "is no Phase"),
    (Level, 1, "1 is no Level"),
    (IPv6Address, "::1", "is no IPv6Address"),
    (IPv6Address, IPv6Address("fe80::1%eth0"), "without a zone"),
    (IPv6Address, IPv6Interface("::1/64"), "is no IPv6Address"),
    (IPv6Address, IPv4Address("1.2.3.4"), "is no IPv6Address"),
    (IPv6Network, A, "is no IPv6Network"),
    (MacAddress, b"123456", "is no MacAddress"),
    (Waiting, Gone("x"), "is no Waiting"),
    (tuple[int, ...], [1], "is no tuple"),
    (tuple[int, ...], (1, "x"), r"One\.x\[1\] .*'x' is no int"),
    (tuple[int, str], (1,), "is no tuple of 2"),
    (tuple[int, str], (1, 2), r"One\.x\[1\] .*2 is no str"),
    (frozenset[int], {1}, "is no frozenset"),
    (int | None, "x", "'x' is no int"),
    (Waiting | Gone, None, "None is no Waiting or Gone"),
    (int | str, True, "True is no int"),
    (tuple[Waiting, ...], (Waiting(1), Waiting("x")), r"One\.x\[1\]\.since .*'x' is no float"),
    (ProxyBindingUpdate, BindingError(status=1, home_address=A), "is no ProxyBindingUpdate"),
    (Message, UnknownMessage(200, bytes(2)), "is no Message"),
    (Timestamp, HomeNetworkPrefix(prefix=A, prefix_length=64), "is no Timestamp"),
]


@pytest.mark.parametrize(("hint", "value", "problem"), WRONG_VALUES)
def test_wrong_value_is_not_written(hint, value, problem):
    kind = one(hint)
    with pytest.raises(StoreError, match=problem) as caught:
        StateCodec(kind).encode(kind(value))
    assert str(caught.value).startswith("One.x")


WRONG_ROWS = [
    (str, 5, "5 is no str"),
    (int, True, "True is no int"),
    (int, 5.0, "5.0 is no int"),
    (bool, 1, "1 is no bool"),
    (float, 1, "1 is no float"),
    (float, "nan", "'nan' is no float"),
    (float, [], "is no float"),
    (bytes, "abc", "no hex"),
    (bytes, 5, "no hex"),
    (None, 0, "0 is no NoneType"),
    (Phase, "BUSY", "'BUSY' is no Phase; allowed: IDLE, WAITING"),
    (Phase, [], "is no Phase"),
    (IPv6Address, "1.2.3.4", "no text of an IPv6Address"),
    (IPv6Address, "::\0", "no text of an IPv6Address"),
    (IPv6Address, 1, "no text of an IPv6Address"),
    (IPv6Network, "2001:db8::1/64", "no text of an IPv6Network"),
    (IPv6Network, "2001:db8::", "no text of an IPv6Network"),
    (IPv6Network, "2001:db8::/129", "no text of an IPv6Network"),
    (IPv6Network, 5, "no text of an IPv6Network"),
    (MacAddress, "02:00", "six pairs"),
    (MacAddress, None, "no text of a MacAddress"),
    (Waiting, 5, "no object of the fields of Waiting"),
    (Waiting, {"since": 1.0}, "field phase is missing"),
    (Waiting, {"since": 1.0, "phase": "IDLE", "until": 2}, "field until is unknown"),
    (Waiting, {"since": "x", "phase": "IDLE"}, r"One\.x\.since cannot be read: 'x' is no float"),
    (tuple[int, ...], {"0": 1}, "no array"),
    (tuple[int, ...], [1, 2, "x"], r"One\.x\[2\] cannot be read: 'x' is no int"),
    (tuple[int, str], [1, "a", 2], "no list of 2 elements"),
    (frozenset[int], "x", "no array"),
    (Waiting | Gone, ["Lost", {}], "class Lost is unknown; allowed: Waiting or Gone"),
    (Waiting | Gone, {"reason": "x"}, "no pair of a class name and a value"),
    (Waiting | Gone, None, "no pair"),
    (Waiting | Gone, [["Gone"], {}], "no pair"),
    (ProxyBindingUpdate, "3b00", "allowed: at least 8 octets"),
    (ProxyBindingUpdate, "3b00c80000000000", "no ProxyBindingUpdate"),
    (Timestamp, "0000000000000000", "is no Timestamp"),
    (MobileNodeId, {"subtype": 1, "identifier": "6"}, r"One\.x\.identifier cannot be read"),
]


@pytest.mark.parametrize(("hint", "row", "problem"), WRONG_ROWS)
def test_wrong_row_is_not_read(hint, row, problem):
    with pytest.raises(StoreError, match=problem):
        codec_of(hint).decode(json.dumps({"x": row}))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"x": 1', "[" * 100_000])
def test_what_is_no_state_at_all_is_not_read(text):
    with pytest.raises(StoreError, match=r"One.* cannot be read"):
        codec_of(int).decode(text)


def test_what_the_class_does_not_allow_is_not_read():
    @dataclass(frozen=True)
    class Positive:
        number: int

        def __post_init__(self):
            if self.number < 1:
                raise ValueError(f"{self.number} is not positive")

    with pytest.raises(StoreError, match=r"Positive cannot be read: 0 is not positive"):
        StateCodec(Positive).decode('{"number": 0}')


@dataclass
class Mutable:
    x: int


@dataclass(frozen=True)
class Computed:
    x: int = field(init=False, default=1)


def namesake():
    @dataclass(frozen=True)
    class Waiting:
        x: int

    return Waiting


@pytest.mark.parametrize(
    ("hint", "problem"),
    [
        (list[int], "list"),
        (dict[str, int], "dict"),
        (object, "object"),
        (complex, "complex"),
        (IPv4Address, "IPv4Address"),
        (Bit, "Bit"),
        (Mutable, "not frozen"),
        (Computed, "no parameter"),
        (tuple[set[int], ...], "set"),
        (Waiting | namesake(), "two members called Waiting"),
        (tuple[int, ...] | tuple[str, ...], "two members called tuple"),
    ],
)
def test_type_that_cannot_be_stored_is_refused_at_once(hint, problem):
    with pytest.raises(StoreError, match=rf"One\.x.*{problem}"):
        codec_of(hint)
