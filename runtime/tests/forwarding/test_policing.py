# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Meters of nodes and of punts: the rows, and what the pipeline does with them."""

from ipaddress import IPv6Address
from typing import Any

from p4dmm.config import TUNNEL_OVERHEAD, Admission, NodeRates, PuntRates
from p4dmm.forwarding import METERS, Change, PuntReason, Row, Topology, Write, base_rows, diff, entries_for, host_rows
from p4dmm.mobility import Attachment, BindingCacheEntry, HomePrefix
from p4dmm.wire import IPv6Packet, MacAddress
from tests.forwarding.support import MAC, TRIANGLE
from tests.support.domain import CN, CN_ADDRESS, udp_frame
from tests.support.mesh import Mesh, Out, is_punt

PAYLOAD = bytes(100)
FRAME_OCTETS = 14 + 40 + 8 + len(PAYLOAD)
NODE = 7
DSCP = 14
DROP_NODE_METERED, DROP_PUNT_METERED = 28, 29
"""p4src/constants.p4"""


def with_rates(*, octets: int = FRAME_OCTETS, **directions: dict[str, Any]) -> Topology:
    """The triangle with rates: of frames of that size three are green and two yellow, all others red."""
    rates = {
        name: NodeRates.model_validate({"cir": 1, "cburst": 3 * octets, "pir": 1, "pburst": 5 * octets} | given)
        for name, given in directions.items()
    }
    admission = Admission.model_validate({"open": True, **rates})
    return Topology(TRIANGLE.network.model_copy(update={"admission": admission}))


def bound(topology: Topology, at: str) -> BindingCacheEntry:
    """A node with a prefix of s1, at port 1 of a switch."""
    prefix = next(topology.pools["s1"].subnets(new_prefix=64))
    hnps = (HomePrefix(prefix, "s1"),)
    return BindingCacheEntry(mn_id="mn", mac=MAC, node_id=NODE, serving=Attachment(at, 1, 5), hnps=hnps)


class World:
    """The node at s1, or at s2 with its prefix of s1, and a correspondent behind c1."""

    def __init__(self, topology: Topology, at: str = "s1") -> None:
        self.topology = topology
        self.at = at
        self.bce = bound(topology, at)
        self.mesh = Mesh(topology)
        rows = [
            *entries_for(self.bce, topology).values(),
            *host_rows(topology, "c1", 1, CN_ADDRESS, CN, 1024),
        ]
        self.mesh.apply(Write(Change.INSERT, row) for row in rows)

    @property
    def address(self) -> IPv6Address:
        return self.bce.hnps[0].prefix[1]

    def up(self) -> list[Out]:
        router = self.topology.router_mac(self.at)
        return self.mesh.send(self.at, 1, udp_frame(MAC, router, self.address, CN_ADDRESS, PAYLOAD))

    def down(self) -> list[Out]:
        return self.mesh.send("c1", 1, udp_frame(CN, self.topology.router_mac("c1"), CN_ADDRESS, self.address, PAYLOAD))


def dscps(out: list[list[Out]]) -> list[int | None]:
    """Of what came out for each frame; None where nothing did."""
    return [IPv6Packet.decode(one[0].frame[14:]).traffic_class >> 2 if one else None for one in out]


def test_uplink_green_yellow_red() -> None:
    world = World(with_rates(uplink={"yellow": DSCP}))
    assert dscps([world.up() for _ in range(7)]) == [0, 0, 0, DSCP, DSCP, None, None]
    assert world.mesh.drops() == {("s1", DROP_NODE_METERED): 2}
    assert dscps([world.down() for _ in range(7)]) == [0] * 7, "the other direction has no rate"


def test_downlink_is_metered_where_the_node_is_and_nowhere_else() -> None:
    for at, octets in (("s1", FRAME_OCTETS), ("s2", FRAME_OCTETS + TUNNEL_OVERHEAD)):  # as frames come in there
        world = World(with_rates(octets=octets, downlink={"yellow": "discard", "red": DSCP}), at)
        assert dscps([world.down() for _ in range(7)]) == [0, 0, 0, None, None, DSCP, DSCP]
        assert world.mesh.drops() == {(at, DROP_NODE_METERED): 2}
        assert dscps([world.up() for _ in range(7)]) == [0] * 7


def test_what_passes_in_every_colour_needs_no_row() -> None:
    topology = with_rates(uplink={"yellow": "pass", "red": "pass"}, downlink={"yellow": "discard", "red": "discard"})
    rows = entries_for(bound(topology, "s2"), topology)
    tables = [key.table for key in rows if key.table.endswith("node_policies")]
    assert tables == ["downlink_policing.node_policies"] * 2
    assert {key.switch for key in rows if key.table in METERS} == {"s2"}
    assert dscps([World(topology).up() for _ in range(7)]) == [0] * 7


def test_without_rates_a_node_has_no_meter() -> None:
    assert not {key.table for key in entries_for(bound(TRIANGLE, "s1"), TRIANGLE)} & {
        *METERS,
        "uplink_policing.node_policies",
    }


def test_a_node_s_meters_are_there_before_its_packets_and_go_after_them() -> None:
    topology = with_rates(uplink={}, downlink={})
    rows = entries_for(bound(topology, "s1"), topology)
    limits = {row.at for row in rows.values() if "policing" in row.at.table}
    assert len(limits) == 4
    attach, detach = diff({}, rows), diff(rows, {})

    def step_of(plan_steps: tuple[tuple[Write, ...], ...], at: Any) -> int:
        return next(number for number, step in enumerate(plan_steps) if at in {write.row.at for write in step})

    access = next(key for key in rows if key.table == "access_nodes")
    for at in limits:
        assert step_of(attach.steps, at) < step_of(attach.steps, access)
        assert step_of(detach.steps, at) > step_of(detach.steps, access)


def test_a_switch_punts_no_more_of_a_kind_than_it_may() -> None:
    network = TRIANGLE.network.model_copy(update={"punt_rates": PuntRates(node_unknown=3)})
    topology = Topology(network)
    mesh = Mesh(topology)
    stranger = MacAddress.parse("02:00:5e:00:09:09")
    frame = udp_frame(stranger, topology.router_mac("s1"), IPv6Address("2001:db8:1000::9"), CN_ADDRESS, PAYLOAD)
    punted = [mesh.send("s1", 1, frame) for _ in range(5)]
    assert [bool(out) and is_punt(out[0]) for out in punted] == [True, True, True, False, False]
    assert mesh.drops() == {("s1", DROP_PUNT_METERED): 2}
    # Nobody else's share.
    unresolved = udp_frame(CN, topology.router_mac("c1"), CN_ADDRESS, IPv6Address("2001:db8:f::77"), PAYLOAD)
    assert is_punt(mesh.send("c1", 1, unresolved)[0])


def test_every_reason_has_a_rate_and_probes_have_room_for_all_links() -> None:
    rows: dict[tuple[Any, ...], Row] = {r.at.key: r for r in base_rows(TRIANGLE, "c1") if r.at.table == "punt_meters"}
    assert rows.keys() == {(reason.value,) for reason in PuntReason}
    probes = rows[(PuntReason.LINK_PROBE.value,)].parameters[0]
    assert probes >= 3 / TRIANGLE.network.link_probes.interval_s
