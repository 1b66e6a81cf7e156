# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Routes, tunnels and group numbers of a network, and the rows every switch has before any node comes."""

from collections import Counter
from ipaddress import IPv6Address, IPv6Network
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p4dmm.config import TUNNEL_OVERHEAD, Network, load_network
from p4dmm.forwarding import (
    FIRST_HOST_NEXT_HOP,
    TABLES,
    Change,
    Member,
    Row,
    RowKey,
    Topology,
    TopologyError,
    Via,
    Write,
    base_rows,
    host_rows,
    reroute,
    without_ports,
)
from p4dmm.forwarding.rows import MAX_GROUP_ID, group_row
from p4dmm.switches import RowCodec, default_pipeline
from p4dmm.switches.references import in_order
from tests.forwarding.support import TOPO, TRIANGLE, apply, make_network

NETWORKS = {path.stem: path for path in sorted(TOPO.glob("*.toml")) if "[[switch]]" in path.read_text()}
CODEC = RowCodec.from_file(default_pipeline().p4info)


@pytest.fixture(params=NETWORKS.values(), ids=NETWORKS.keys())
def topology(request: pytest.FixtureRequest) -> Topology:
    path = request.param
    assert isinstance(path, Path)
    return Topology(load_network(path))


def rows_of(topology: Topology) -> dict[str, list[Row]]:
    return {name: list(base_rows(topology, name)) for name in topology.switches}


def of_table(rows: list[Row], table: str) -> dict[tuple[object, ...], Row]:
    return {row.at.key: row for row in rows if row.at.table == table}


# Topology


def test_tunnel_ids_name_maars_and_nothing_else(topology: Topology) -> None:
    ids = {topology.tunnel_id(maar): maar for maar in topology.maars}
    assert len(ids) == len(topology.maars)
    assert 0 not in ids, "0 is no tunnel"
    for number, maar in ids.items():
        assert topology.peer_of_tunnel(number) == maar
    for number in (0, -1, len(ids) + 1, 0xFFFF):
        assert topology.peer_of_tunnel(number) is None


def test_unreachable_switch_is_named() -> None:
    network = make_network({"a": {1: "access", 2: "core"}, "b": {1: "access", 2: "core"}})
    topology = Topology(network)
    assert topology.reachable("a") == {}
    with pytest.raises(TopologyError, match=r"^no path of links leads from a to b$"):
        topology.via("a", "b")
    with pytest.raises(TopologyError, match=r"^no path of links leads from b to nowhere$"):
        topology.via("b", "nowhere")
    # Its rows name no tunnel that leads nowhere.
    assert of_table(list(base_rows(topology, "a")), "tunnels") == {}
    assert of_table(list(base_rows(topology, "a")), "routes").keys() == {
        ((int(IPv6Address("2001:db8:0:1::1")), 128),),
        ((int(IPv6Address("2001:db9:1::")), 48),),
    }


def test_cheapest_way_and_the_smallest_mtu_on_it() -> None:
    core = dict.fromkeys(range(1, 4), "core")
    network = make_network(
        {"a": {**core, 9: "access"}, "m": core, "b": {**core, 9: "access"}},
        [("a:1", "b:1", 3), ("a:2", "m:1", 1), ("m:2", "b:2", 1)],
    )
    ports = [p.model_copy(update={"mtu": 1400}) if p.number == 2 else p for p in network.switches[1].ports]
    narrow = network.switches[1].model_copy(update={"ports": tuple(ports)})
    topology = Topology(network.model_copy(update={"switches": (network.switches[0], narrow, network.switches[2])}))
    assert topology.via("a", "b") == Via(port=2, neighbour="m", mtu=1400)
    assert topology.tunnel_mtu("a", "b") == 1400 - TUNNEL_OVERHEAD
    assert topology.access_mtu("a", 9) == 1400 - TUNNEL_OVERHEAD
    assert topology.via("a", "m").mtu == 1500


def test_of_two_cables_the_cheaper_is_used_whatever_their_order() -> None:
    switches = {"a": {1: "core", 2: "core", 9: "access"}, "b": {1: "core", 2: "core", 9: "access"}}
    links = [("a:1", "b:1", 5), ("a:2", "b:2", 1)]
    for order in (links, links[::-1]):
        assert Topology(make_network(switches, order)).via("a", "b").port == 2


TWO_WAYS = [("a:1", "m:1", 1), ("m:2", "b:1", 1), ("a:2", "n:1", 1), ("n:2", "b:2", 1)]


def two_ways(links: list[tuple[str, str, int]] = TWO_WAYS) -> Topology:
    """From a to b by m or by n."""
    core = dict.fromkeys((1, 2, 3), "core")
    return Topology(make_network({"a": {**core, 9: "access"}, "m": core, "n": core, "b": {**core, 9: "access"}}, links))


def test_every_way_of_least_cost_is_used() -> None:
    topology = two_ways()
    assert topology.reachable("a")["b"] == (Via(1, "m", 1500), Via(2, "n", 1500))
    assert topology.reachable("m")["n"] == (Via(1, "a", 1500), Via(2, "b", 1500))
    assert topology.via("a", "b") == Via(1, "m", 1500), "of copies, which have but one"
    rows = list(base_rows(topology, "a"))
    group = topology.next_hop_group_id("b")
    mac = {name: int(topology.router_mac(name)) for name in "amn"}
    assert of_table(rows, "next_hop_groups")[(group,)].members == (
        Member("forward", (1, mac["m"], mac["a"])),
        Member("forward", (2, mac["n"], mac["a"])),
    )
    pool = topology.pools["b"]
    route = of_table(rows, "routes")[((int(pool.network_address), pool.prefixlen),)]
    assert (route.action, route.parameters) == ("to_next_hop_group", (group,))
    (path,) = of_table(rows, "tunnel_paths").values()
    assert (path.action, path.parameters) == ("set_path_group", (group, 1500 - TUNNEL_OVERHEAD))
    # What has one way needs no set.
    assert (topology.next_hop_group_id("m"),) not in of_table(rows, "next_hop_groups")


def test_cables_of_the_same_cost_side_by_side_count() -> None:
    switches = {"a": {1: "core", 2: "core", 9: "access"}, "b": {1: "core", 2: "core", 9: "access"}}
    topology = Topology(make_network(switches, [("a:1", "b:2", 2), ("a:2", "b:1", 2)]))
    assert [via.port for via in topology.reachable("a")["b"]] == [1, 2]


def test_a_tunnel_fits_the_narrowest_of_its_ways() -> None:
    network = two_ways().network
    ports = tuple(p.model_copy(update={"mtu": 1400}) if p.number == 2 else p for p in network.switches[2].ports)
    narrow = network.switches[2].model_copy(update={"ports": ports})
    topology = Topology(network.model_copy(update={"switches": (*network.switches[:2], narrow, network.switches[3])}))
    assert topology.tunnel_mtu("a", "b") == 1400 - TUNNEL_OVERHEAD
    assert topology.tunnel_mtu("b", "a") == 1400 - TUNNEL_OVERHEAD
    assert topology.via("a", "b").mtu == 1500


# Links that are down


def held_after(old: Topology, new: Topology, name: str) -> tuple[dict[RowKey, Row], list[Write]]:
    """What a switch holds after the reroute, and the writes of it."""
    held = {r.at: r for r in base_rows(old, name)}
    writes = reroute(held, [*held], {r.at: r for r in base_rows(new, name)}, new)
    apply(held, writes)
    return held, writes


def test_a_link_that_goes_down_and_comes_back() -> None:
    full = two_ways()
    for link in full.network.links:
        less = full.without({link})
        for name in full.switches:
            held, _ = held_after(full, less, name)
            assert held == {r.at: r for r in base_rows(less, name)}
            back, _ = held_after(less, full, name)
            assert back == {r.at: r for r in base_rows(full, name)}
    assert full.without(()).reachable("a") == full.reachable("a")


def test_members_are_taken_out_at_once_and_never_the_last() -> None:
    topology = two_ways()
    rows = {r.at: r for r in base_rows(topology, "a")}
    (write,) = without_ports(rows, {2})
    assert write.change is Change.MODIFY
    assert write.row.at.key == (topology.next_hop_group_id("b"),)
    assert [member.parameters[0] for member in write.row.members] == [1]
    assert list(without_ports(rows, {1, 2})) == []
    assert list(without_ports(rows, {7})) == []


def test_a_destination_cut_off_loses_its_routes_and_keeps_its_tunnel() -> None:
    """What is bound to the tunnel goes on pointing at it, and it at a next hop."""
    full = two_ways()
    links = {link for link in full.network.links if any(end.switch == "b" for end in link.ends)}
    cut = full.without(links)
    assert "b" not in cut.reachable("a")
    held, writes = held_after(full, cut, "a")
    rows = list(held.values())
    lost = of_table(list(base_rows(full, "a")), "routes").keys() - of_table(rows, "routes").keys()
    assert lost == {((int(IPv6Address("2001:db8:0:4::1")), 128),), ((int(IPv6Address("2001:db9:4::")), 48),)}
    assert of_table(rows, "next_hop_groups") == {}
    assert of_table(rows, "next_hops") == of_table(list(base_rows(full, "a")), "next_hops")
    assert of_table(rows, "tunnels") == of_table(list(base_rows(full, "a")), "tunnels")
    (path,) = of_table(rows, "tunnel_paths").values()
    assert (path.action, path.parameters) == ("set_path", (1, 1500 - TUNNEL_OVERHEAD))
    # The set goes last, when nothing points at it any more.
    parts = in_order(writes, CODEC.references)
    assert [{(w.change.value, w.row.at.table) for w in part} for part in parts] == [
        {("modify", "tunnel_paths")},
        {("delete", "routes")},
        {("delete", "next_hop_groups")},
    ]


def test_copies_of_a_planned_handover_take_the_way_that_is_left() -> None:
    full = two_ways()
    group = group_row("a", 5, ((9, 0), (1, full.tunnel_id("b"))))
    local = group_row("a", 6, ((9, 0), (8, 0)))
    held = {r.at: r for r in (*base_rows(full, "a"), group, local)}
    less = full.without({full.network.links[0]})
    base = {r.at: r for r in base_rows(less, "a")}
    apply(held, reroute(held, [*base], base, less))
    assert held[group.at] == group_row("a", 5, ((9, 0), (2, full.tunnel_id("b"))))
    assert held[local.at] == local
    mac = int(full.router_mac("n"))
    assert held[RowKey("a", "tunnels", (full.tunnel_id("b"),))].parameters[-2] == mac


def test_what_hosts_are_told_does_not_change_with_the_links() -> None:
    full = two_ways()
    for link in full.network.links:
        assert full.without({link}).access_mtu("a", 9) == full.access_mtu("a", 9)


def test_access_mtu_fits_every_tunnel(topology: Topology) -> None:
    for name in topology.maars:
        for port in topology.switches[name].ports_of_role("access"):
            mtu = topology.access_mtu(name, port.number)
            assert 1280 <= mtu <= port.mtu
            for a in topology.maars:
                for b in topology.maars:
                    assert a == b or mtu <= topology.tunnel_mtu(a, b)


def test_one_maar_alone_has_its_own_mtu() -> None:
    topology = Topology(make_network({"a": {1: "access"}}))
    assert topology.access_mtu("a", 1) == 1500


@st.composite
def connected_networks(draw: st.DrawFn) -> Network:
    """Up to seven switches, randomly linked, all with access ports, links of random MTU and few metrics (ties)."""
    count = draw(st.integers(2, 7))
    names = [f"n{i}" for i in range(count)]
    pairs = [(draw(st.integers(0, i - 1)), i) for i in range(1, count)]
    pairs += [p for p in combinations(range(count), 2) if p not in pairs and draw(st.booleans())]
    draw(st.randoms(use_true_random=False)).shuffle(pairs)
    switches: dict[str, dict[int, str]] = {name: {1: "access"} for name in names}
    links = []
    for a, b in pairs:
        ends = []
        for end in (a, b):
            port = 10 + len(switches[names[end]])
            switches[names[end]][port] = "core"
            ends.append(f"{names[end]}:{port}")
        links.append((ends[0], ends[1], draw(st.integers(1, 3))))
    network = make_network(switches, links)
    mtus = st.sampled_from((1400, 1500, 9000))
    return network.model_copy(
        update={
            "switches": tuple(
                s.model_copy(
                    update={
                        "ports": tuple(
                            p.model_copy(update={"mtu": draw(mtus)}) if p.role == "core" else p for p in s.ports
                        )
                    }
                )
                for s in network.switches
            )
        }
    )


@settings(max_examples=60, deadline=None)
@given(network=connected_networks())
def test_a_packet_that_follows_the_rows_arrives_and_fits(network: Network) -> None:
    """Every switch decides for itself: the hops must not loop, and none may have a smaller MTU than the first said."""
    topology = Topology(network)
    cables = {}
    for link in network.links:
        a, b = link.ends
        cables[a.switch, a.port], cables[b.switch, b.port] = b, a
    for source in topology.switches:
        for target in topology.switches:
            if source == target:
                continue
            fits = min(via.mtu for via in topology.reachable(source)[target])
            at, hops = {source}, 0
            while at:
                ways = [(near, via) for near in at for via in topology.reachable(near)[target]]
                for near, via in ways:
                    far = cables[near, via.port]
                    near_port, far_port = topology.port(near, via.port), topology.port(far.switch, far.port)
                    assert near_port is not None
                    assert far_port is not None
                    assert far.switch == via.neighbour
                    assert min(near_port.mtu, far_port.mtu) >= fits
                at, hops = {via.neighbour for _, via in ways} - {target}, hops + 1
                assert hops <= len(topology.switches), f"loop from {source} to {target}"


# Groups


def pairs_of(topology: Topology, name: str) -> list[tuple[int, tuple[int, int]]]:
    """Every pair of an access port and another path that a planned handover at that switch can ask for."""
    access = [p.number for p in topology.switches[name].ports_of_role("access")]
    tunnels = [(topology.via(name, m).port, topology.tunnel_id(m)) for m in topology.maars if m != name]
    return [(port, (other, 0)) for port in access for other in access if other != port] + [
        (port, tunnel) for port in access for tunnel in tunnels
    ]


def assert_groups_are_unique(topology: Topology) -> None:
    for name in topology.maars:
        found: dict[int, frozenset[tuple[int, int]]] = {}
        for port, other in pairs_of(topology, name):
            number = topology.group_id(name, port, other)
            members = frozenset({(port, 0), other})
            assert 1 <= number <= MAX_GROUP_ID
            assert found.setdefault(number, members) == members, f"{name}: group {number} twice"


def test_a_group_belongs_to_one_pair_of_paths(topology: Topology) -> None:
    assert_groups_are_unique(topology)


def test_a_group_belongs_to_one_pair_of_paths_in_a_large_domain() -> None:
    """400 MAARs and 30 access ports: more pairs of paths than there are ids, most of which nobody asks for."""
    switches: dict[str, dict[int, str]] = {
        "hub": dict.fromkeys(range(1, 401), "core") | dict.fromkeys((502, 503), "access")
    }
    links = []
    for n in range(1, 401):
        switches[f"n{n}"] = {1: "core", 2: "access"}
        links.append((f"n{n}:1", f"hub:{n}", 1))
    for p in range(3, 31):
        switches["n1"][p] = "access"
    topology = Topology(make_network(switches, links))
    for name in ("hub", "n1", "n400"):
        numbers = Counter(
            topology.group_id(name, port, other)
            for port, other in pairs_of(topology, name)
            if other[1] or port < other[0]
        )
        assert max(numbers.values()) == 1


def test_a_switch_with_too_many_paths_is_refused_before_anything_runs() -> None:
    """Not in the middle of the first handover that needs the group."""
    many: dict[int, str] = dict.fromkeys(range(1, 401), "access")
    said = "planned handovers need 80600 multicast groups, group ids end at 65535"
    with pytest.raises(TopologyError, match=f"^switch a has 400 access ports and 1 tunnels: {said}$"):
        Topology(make_network({"a": many, "b": {1: "access"}}))


# Base rows


def test_base_rows_have_no_key_twice_and_can_be_encoded(topology: Topology) -> None:
    for name, rows in rows_of(topology).items():
        assert all(row.at.switch == name for row in rows)
        twice = [key for key, count in Counter(row.at for row in rows).items() if count > 1]
        assert twice == []
        for row in rows:
            if row.at.table in TABLES and not row.members:
                assert row.action in {action.name for action in TABLES[row.at.table].actions}
            assert CODEC.decode(name, CODEC.encode(row)) == row


def test_every_reference_leads_to_a_row(topology: Topology) -> None:
    for name, rows in rows_of(topology).items():
        next_hops, groups = of_table(rows, "next_hops"), of_table(rows, "next_hop_groups")
        ports = of_table(rows, "ports")
        for row in of_table(rows, "routes").values():
            if row.action == "to_next_hop":
                assert row.parameters in next_hops, f"{name}: {row}"
            if row.action == "to_next_hop_group":
                assert row.parameters in groups, f"{name}: {row}"
        for row in groups.values():
            assert len(row.members) > 1
        for row in next_hops.values():
            assert (row.parameters[0],) in ports
            assert row.at.key[0] < FIRST_HOST_NEXT_HOP  # type: ignore[operator]
        assert set(of_table(rows, "port_mtus")) == set(ports)
        for table in ("my_stations", "router_addresses"):
            assert {(key[0],) for key in of_table(rows, table)} == set(ports)


def test_next_hop_macs_are_those_of_the_neighbour_on_that_port(topology: Topology) -> None:
    for link in topology.network.links:
        for near, far in (link.ends, link.ends[::-1]):
            hop = of_table(list(base_rows(topology, near.switch)), "next_hops")[near.port,]
            assert hop.parameters == (
                near.port,
                int(topology.router_mac(far.switch)),
                int(topology.router_mac(near.switch)),
            )


def test_every_tunnel_has_its_rows_at_both_ends(topology: Topology) -> None:
    rows = rows_of(topology)
    for here in topology.maars:
        others = {topology.tunnel_id(m): m for m in topology.maars if m != here}
        peers, paths, tunnels = (of_table(rows[here], t) for t in ("tunnel_peers", "tunnel_paths", "tunnels"))
        assert set(tunnels) == set(paths) == {(number,) for number in others}
        local = int(topology.switches[here].loopback)
        for number, there in others.items():
            remote = int(topology.switches[there].loopback)
            assert tunnels[(number,)].parameters[:2] == (local, remote)
            # What it sends, the other end takes, and calls by our number.
            for inner in (41, 4):  # IPv6 and IPv4 (IANA protocol numbers), by a core port, of nobody in particular
                far = of_table(rows[there], "tunnel_peers")[local, remote, inner, 0]
                assert far.parameters == (topology.tunnel_id(here), 0)
                assert peers[remote, local, inner, 0].parameters == (number, 0)
            way, mtu = paths[(number,)].parameters
            ways = topology.reachable(here)[there]
            assert mtu == min(via.mtu for via in ways) - TUNNEL_OVERHEAD
            assert way == (ways[0].port if len(ways) == 1 else topology.next_hop_group_id(there))


def test_switches_without_access_ports_have_no_tunnels(topology: Topology) -> None:
    for name, rows in rows_of(topology).items():
        if topology.switches[name].pool is None:
            assert not of_table(rows, "tunnels")
            assert not of_table(rows, "tunnel_peers")


def test_every_network_of_the_domain_has_a_route_everywhere(topology: Topology) -> None:
    networks = [IPv6Network(s.loopback) for s in topology.network.switches]
    networks += [s.pool for s in topology.network.switches if s.pool]
    networks += [p.address.network for s in topology.network.switches for p in s.ports if p.address]
    for rows in rows_of(topology).values():
        routes = of_table(rows, "routes")
        for network in networks:
            assert ((int(network.network_address), network.prefixlen),) in routes


def test_sources_of_external_ports_are_their_subnets_and_no_other_port_has_any(topology: Topology) -> None:
    for name, rows in rows_of(topology).items():
        wanted = {
            (port.number, (int(port.address.network.network_address), port.address.network.prefixlen))
            for port in topology.switches[name].ports
            if port.role == "external" and port.address
        }
        assert set(of_table(rows, "external_sources")) == wanted


def test_every_router_shows_itself_on_every_access_port(topology: Topology) -> None:
    """RFC 8885 section 3.7: a node finds the routers it knows wherever it comes."""
    for name, rows in rows_of(topology).items():
        stations, addresses = of_table(rows, "my_stations"), of_table(rows, "router_addresses")
        for port in topology.switches[name].ports:
            for router in topology.switches:
                mac = topology.router_mac(router)
                shown = router == name or (port.role == "access" and router in topology.maars)
                assert ((port.number, int(mac)) in stations) is shown
                assert ((port.number, int(mac.link_local())) in addresses) is shown


def test_host_rows_point_at_each_other() -> None:
    mac = TRIANGLE.network.correspondents[0].mac
    hop, route = host_rows(TRIANGLE, "c1", 1, IPv6Address("2001:db8:f::10"), mac, FIRST_HOST_NEXT_HOP + 5)
    assert route.parameters == hop.at.key == (FIRST_HOST_NEXT_HOP + 5,)
    assert route.at.key == ((int(IPv6Address("2001:db8:f::10")), 128),)
    assert hop.parameters == (1, int(mac), int(TRIANGLE.router_mac("c1")))


def test_core_port_without_a_cable_has_no_role() -> None:
    """It would be trusted, tunnels and all."""
    network = load_network(TOPO / "triangle.toml")
    cut = network.model_copy(update={"links": network.links[1:]})
    ends = {(end.switch, end.port) for end in network.links[0].ends}
    topology = Topology(cut)
    rows = [r for name in topology.switches for r in base_rows(topology, name)]
    assert not ends & {(r.at.switch, r.at.key[0]) for r in rows if r.at.table == "ports"}
