# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""A controller that comes up reads the bindings back from the rows, whatever state the last one left them in."""

import itertools
from ipaddress import IPv6Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p4dmm.forwarding import (
    EXTERNAL_PATH,
    FIRST_HOST_NEXT_HOP,
    GROUPS,
    MAX_NODE_ID,
    TABLES,
    TUNNEL_PATH,
    Change,
    Recovered,
    Row,
    RowKey,
    base_rows,
    entries_for,
    host_rows,
    recover,
)
from p4dmm.forwarding.rows import group_row, row
from p4dmm.mobility import BindingCacheEntry, Event, NodeGone, PrepareHandover
from p4dmm.wire import MacAddress
from tests.forwarding.support import MAC, PLACES, TRIANGLE, Rows, Walk

BASE: Rows = {r.at: r for name in TRIANGLE.switches for r in base_rows(TRIANGLE, name)}
NOW = 1000.0
HOST = IPv6Address("2001:db8:f::10")
HOST_MAC = MacAddress.parse("02:00:5e:00:02:01")
OTHER_MAC = MacAddress.parse("02:00:5e:00:01:02")


def recovered(rows: Rows) -> Recovered:
    return recover([*BASE.values(), *rows.values()], TRIANGLE, NOW)


def the_node(rows: Rows) -> BindingCacheEntry | None:
    found = recovered(rows).bindings
    assert len(found) <= 1
    return found[0] if found else None


def without_groups(rows: Rows) -> Rows:
    return {key: r for key, r in rows.items() if key.table != GROUPS}


def check(found: BindingCacheEntry | None, bce: BindingCacheEntry) -> None:
    """The same as the binding, of which times and link-local address are not in the rows."""
    assert found is not None
    assert (found.mac, found.node_id) == (bce.mac, bce.node_id)
    assert found.serving == bce.serving
    assert {(h.prefix, h.anchor) for h in found.hnps} == {(h.prefix, h.anchor) for h in bce.hnps}
    assert {h.anchor: h.deprecated_at is None for h in found.hnps} == {
        h.anchor: h.deprecated_at is None for h in bce.hnps
    }
    assert (found.target, found.draining) == (None, ())


def walked(places: list[tuple[str, int]], *, drained: bool = True, reverse: bool = False) -> Walk:
    walk = Walk(reverse=reverse)
    for place in places:
        walk.do(walk.seen(place))
        if drained:
            walk.drain()
    return walk


tours = st.lists(st.sampled_from(PLACES), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(tour=tours, drained=st.booleans())
def test_binding_is_read_back(tour: list[tuple[str, int]], drained: bool) -> None:
    walk = walked(tour, drained=drained)
    check(the_node(walk.rows), walk.bce)
    if drained:
        # Nothing to repair, and nothing lost.
        found = the_node(walk.rows)
        assert entries_for(found, TRIANGLE) == walk.rows


@settings(max_examples=80, deadline=None)
@given(tour=tours, drained=st.booleans(), target=st.sampled_from(PLACES))
def test_prepared_node_is_where_it_was(tour: list[tuple[str, int]], drained: bool, target: tuple[str, int]) -> None:
    """It has not moved; at the place it was expected nothing is sent to it after the repair."""
    walk = walked(tour, drained=drained)
    walk.do(PrepareHandover(walk.attachment(target)))
    check(the_node(walk.rows), walk.bce)


@pytest.mark.parametrize(("at", "target"), list(itertools.permutations(PLACES, 2)))
def test_prepared_node_is_where_it_was_from_everywhere_to_everywhere(
    at: tuple[str, int], target: tuple[str, int]
) -> None:
    walk = walked([at])
    walk.do(PrepareHandover(walk.attachment(target)))
    assert walk.bce.target is not None
    check(the_node(walk.rows), walk.bce)


@settings(max_examples=60, deadline=None)
@given(
    tour=tours,
    drained=st.booleans(),
    planned=st.booleans(),
    reverse=st.booleans(),
    place=st.sampled_from(PLACES),
)
def test_a_controller_may_die_after_any_write(
    tour: list[tuple[str, int]], drained: bool, planned: bool, reverse: bool, place: tuple[str, int]
) -> None:
    """In the middle of a plan the node is at one end of it or the other, with every prefix that both ends know."""
    walk = walked(tour, drained=drained, reverse=reverse)
    events: list[Event | None] = [PrepareHandover(walk.attachment(place))] if planned else []
    events += [walk.seen(place), *(() if drained else (None,))]
    for event in events:
        old = walk.bce
        if event is None:
            assert old.serving is not None
            event = NodeGone(old.serving.path_id)  # noqa: PLW2901 its path is known only now
        states = [dict(walk.rows) for _ in walk.event(event)]
        new = walk.bce
        for rows in states:
            found = the_node(rows)
            if new.serving is None and found is None:
                continue
            assert found is not None
            assert found.serving is not None
            assert old.serving is not None
            # Of a node that is gone any row may be the last.
            allowed = (
                {a.place for a in (old.serving, new.serving)} if new.serving else {a.place for a in old.attachments}
            )
            assert found.serving.place in allowed
            assert found.hnp_of(found.serving.switch) is not None
            have, before, after = ({h.prefix for h in b.hnps} for b in (found, old, new))
            assert have <= before | after
            if new.serving is not None:
                assert have >= before & after
            # Brought to what is recovered, the rows are those of a node that never moved otherwise.
            check(the_node(entries_for(found, TRIANGLE)), found)


def test_a_half_attached_node_is_nobody_yet() -> None:
    walk = Walk()
    writes = list(walk.event(walk.seen(PLACES[0])))
    held: Rows = {}
    for write in writes[:-1]:
        held[write.row.at] = write.row
        assert recovered(held).bindings == ()


def test_several_nodes_are_read_back_each_with_his_own() -> None:
    rows: Rows = {}
    walks = []
    for number, place in enumerate(PLACES, start=1):
        walk = Walk(MacAddress.from_int(0x02005E000100 + number), node_id=number, first_path=100 * number)
        walk.do(walk.seen(place))
        walk.do(walk.seen(PLACES[number % len(PLACES)]))
        walk.drain()
        rows |= walk.rows
        walks.append(walk)
    found = {b.mac: b for b in recovered(rows).bindings}
    assert len(found) == len(walks)
    for walk in walks:
        check(found[walk.bce.mac], walk.bce)
    assert {r.at: r for b in found.values() for r in entries_for(b, TRIANGLE).values()} == rows


# Hosts


def test_hosts_are_read_back() -> None:
    rows = {r.at: r for r in host_rows(TRIANGLE, "c1", 1, HOST, HOST_MAC, FIRST_HOST_NEXT_HOP + 3)}
    (host,) = recovered(rows).hosts
    assert (host.switch, host.port, host.address, host.mac, host.next_hop_id) == (
        "c1",
        1,
        HOST,
        HOST_MAC,
        FIRST_HOST_NEXT_HOP + 3,
    )
    assert {r.at: r for r in host_rows(TRIANGLE, "c1", 1, host.address, host.mac, host.next_hop_id)} == rows


@pytest.mark.parametrize("missing", [0, 1])
def test_half_a_host_is_none(missing: int) -> None:
    both = host_rows(TRIANGLE, "c1", 1, HOST, HOST_MAC, FIRST_HOST_NEXT_HOP)
    assert recovered({both[missing].at: both[missing]}).hosts == ()


def test_a_host_outside_its_port_s_subnet_is_none() -> None:
    for switch, port, address in (("c1", 1, "2001:db8:e::1"), ("c1", 11, str(HOST)), ("s1", 1, str(HOST))):
        rows = host_rows(TRIANGLE, switch, port, IPv6Address(address), HOST_MAC, FIRST_HOST_NEXT_HOP)
        assert recovered({r.at: r for r in rows}).hosts == ()


# Rows of a stranger


def node_rows(walk: Walk) -> Rows:
    walk.do(walk.seen(("s1", 1)))
    return dict(walk.rows)


@pytest.mark.parametrize(
    "strange",
    [
        pytest.param(row("s1", "access_nodes", (1, int(OTHER_MAC)), "set_node", 0, 7), id="node-id-0"),
        pytest.param(row("s1", "access_nodes", (1, int(OTHER_MAC)), "set_node", 7, 0), id="path-id-0"),
        pytest.param(row("s1", "access_nodes", (1, int(OTHER_MAC)), "set_node", 7, TUNNEL_PATH | 2), id="tunnel-path"),
        pytest.param(row("s1", "access_nodes", (1, int(OTHER_MAC)), "set_node", 7, EXTERNAL_PATH | 1), id="external"),
        pytest.param(row("s1", "access_nodes", (1, int(OTHER_MAC)), "set_node", MAX_NODE_ID + 1, 7), id="no-meter"),
        pytest.param(row("s1", "access_nodes", (9, int(OTHER_MAC)), "set_node", 7, 7), id="no-such-port"),
        pytest.param(row("s1", "access_nodes", (11, int(OTHER_MAC)), "set_node", 7, 7), id="core-port"),
        pytest.param(row("s1", "access_nodes", (1, 0), "set_node", 7, 7), id="no-mac"),
        pytest.param(row("s1", "access_nodes", (1, 1 << 40), "set_node", 7, 7), id="group-mac"),
        pytest.param(row("s2", "access_nodes", (1, int(OTHER_MAC)), "set_node", 7, 7), id="no-native-prefix"),
    ],
)
def test_a_place_that_cannot_be_is_left_out(strange: Row) -> None:
    """The pools refuse such numbers: to adopt them would end the controller."""
    mac = MacAddress.from_int(strange.at.key[1])  # type: ignore[arg-type]
    prefix = int(TRIANGLE.pools["s1"].network_address) >> 64
    binding = row("s1", "prefix_bindings", (prefix + 5,), "deliver", 1, int(mac), 2, 0)
    known = node_rows(Walk())
    found = recovered(known | {strange.at: strange, binding.at: binding}).bindings
    assert [b.mac for b in found] == [MAC]


def test_a_prefix_in_two_hands_is_given_to_one() -> None:
    """Invariant 3: no prefix is ever given to two nodes."""
    first, second = Walk(), Walk(OTHER_MAC, node_id=1, first_path=50)
    assert first.prefix("s1") == second.prefix("s1")
    first.do(first.seen(("s1", 1)))
    second.do(second.seen(("s2", 1)))
    second.do(second.seen(("s3", 1)))
    second.drain()
    rows = second.rows | first.rows
    upper = int(first.prefix("s1").network_address) >> 64
    stolen = row("s3", "prefix_bindings", (upper,), "deliver", 1, int(OTHER_MAC), 2, 0)
    assert_disjoint(recovered(rows | {stolen.at: stolen}))


def test_numbers_of_two_nodes_are_never_the_same() -> None:
    first, second = Walk(), Walk(OTHER_MAC)
    first.do(first.seen(("s1", 1)))
    second.do(second.seen(("s2", 1)))
    assert first.bce.node_id == second.bce.node_id
    assert_disjoint(recovered(first.rows | second.rows))


def assert_disjoint(found: Recovered) -> None:
    """What the pools of a controller demand of what it adopts."""
    assert found.bindings
    for values in (
        [b.node_id for b in found.bindings],
        [b.serving.path_id for b in found.bindings if b.serving],
        [h.prefix for b in found.bindings for h in b.hnps],
        [b.mac for b in found.bindings],
        [(h.switch, h.address) for h in found.hosts],
    ):
        assert len(set(values)) == len(values), values
    for b in found.bindings:
        assert b.serving is not None
        assert 1 <= b.node_id <= MAX_NODE_ID
        assert 1 <= b.serving.path_id < EXTERNAL_PATH
        assert not b.mac.is_group
        assert len({h.anchor for h in b.hnps}) == len(b.hnps)
        for h in b.hnps:
            assert h.prefix.subnet_of(TRIANGLE.pools[h.anchor])


@st.composite
def strange_rows(draw: st.DrawFn) -> Row:
    """Any row the program takes, of values that are ours a little too often."""
    switch = draw(st.sampled_from(sorted(TRIANGLE.switches)))
    if draw(st.integers(0, 9)) == 0:
        members = draw(st.lists(st.tuples(st.integers(0, 511), st.integers(0, 4)), max_size=3))
        return group_row(switch, draw(st.integers(1, 12)), tuple(members))
    table = TABLES[draw(st.sampled_from(("access_nodes", "prefix_bindings", "prefix_bindings", *TABLES)))]
    action = draw(st.sampled_from(table.actions))
    macs = st.sampled_from((0, int(MAC), int(OTHER_MAC), 1 << 40))
    pool = int(TRIANGLE.pools["s1"].network_address) >> 64
    fields = {
        "port": st.integers(0, 13) | st.just(511),
        "link_layer_address": macs,
        "router_address": macs,
        "prefix": st.sampled_from((0, pool, pool + 1, pool + 0x10000000, (1 << 64) - 1)),
        "path_id": st.sampled_from((0, 1, 2, EXTERNAL_PATH | 1, TUNNEL_PATH, TUNNEL_PATH | 1, TUNNEL_PATH | 0xFFFF)),
        "tunnel_id": st.sampled_from((0, 1, 2, 3, 4, 0xFFFF)),
        "group": st.integers(0, 12),
        "node_id": st.integers(0, 3) | st.just(MAX_NODE_ID + 1),
        "next_hop_id": st.sampled_from((0, 11, FIRST_HOST_NEXT_HOP, 0xFFFF)),
    }
    small = st.integers(0, 300)

    def value(name: str) -> int | tuple[int, int]:
        if name == "destination":
            return int(draw(st.sampled_from((HOST, IPv6Address("::"), IPv6Address(1))))), draw(
                st.sampled_from((0, 64, 128))
            )
        return draw(fields.get(name, small))

    key = tuple(value(name) for name in table.keys)
    parameters = tuple(v for v in (value(name) for name in action.parameters) if isinstance(v, int))
    return Row(RowKey(switch, table.name, key), action.name, parameters)


@settings(max_examples=120, deadline=None)
@given(strangers=st.lists(strange_rows(), max_size=14), tour=st.lists(st.sampled_from(PLACES), max_size=2))
def test_rows_of_a_stranger_cannot_hurt(strangers: list[Row], tour: list[tuple[str, int]]) -> None:
    walk = walked(tour)
    # A stranger who was here writes also over what we wrote.
    found = recover([*BASE.values(), *walk.rows.values(), *strangers], TRIANGLE, NOW)
    if found.bindings:
        assert_disjoint(found)
    for binding in found.bindings:
        assert entries_for(binding, TRIANGLE)


def test_the_walks_change_rows_in_every_way() -> None:
    """Or the tests above would prove little."""
    walk = walked([("s1", 1), ("s2", 1)], drained=False)
    changes = {w.change for w in walk.event(walk.seen(("s3", 1)))}
    while walk.bce.draining:
        before = len(walk.rows)
        walk.drain()
        assert len(walk.rows) < before
    assert changes >= {Change.INSERT, Change.MODIFY}
