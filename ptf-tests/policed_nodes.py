# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
"""Whose meter a packet is measured by: that of the node which the row names that it meets, of whatever table."""

import rows
import ways
from base import PacketTest
from frames import (
    ACCESS,
    CORE,
    CORRESPONDENT,
    CORRESPONDENT_IPV4,
    EXTERNAL,
    GRE_PATH,
    NODE,
    NODE_IPV4,
    OTHER,
    OTHER_ACCESS,
    PEER,
    SECOND_PEER,
    from_core,
    from_peer,
    prefix,
    to_next_hop,
    udp,
    udp4,
)
from peers import DOWNLINK, DOWNLINK_IPV4, GRE_PEER, UPLINK
from policing import SLOW
from rows import METERS, Row, policy


class MetersNodeOfEveryBindingTest(PacketTest):
    """Whatever the binding does, and of whichever table, it names its node; a flow's row names it as well."""

    def runTest(self):
        node_id = 0x12345
        self.insert(policy("downlink", node_id, "COLOR_RED", "discard"))
        self.set_meter(METERS["downlink"], node_id, **SLOW, cburst=0, pburst=0)
        gre_peer = SECOND_PEER._replace(encapsulation="ENCAPSULATION_GRE")
        self.insert(*rows.tunnel(PEER), *rows.tunnel(gre_peer))
        self.insert_group(21, (ACCESS, 0), (OTHER_ACCESS, 0))
        actions = [
            ways.deliver(NODE, node_id=node_id),
            ways.to_tunnel(PEER, node_id),
            ways.to_tunnel(gre_peer, node_id, gre_key=7),
            ways.replicate(21, NODE, node_id=node_id),
        ]
        bindings = {
            "address_bindings": ({"address": NODE.address}, DOWNLINK),
            "network_bindings": ({"network": "2001:db8:6::/48"}, udp(CORRESPONDENT, "2001:db8:6::1")),
            "prefix_bindings": ({"prefix": OTHER.prefix}, udp(CORRESPONDENT, OTHER.address)),
            "ipv4_bindings": ({"address": NODE_IPV4.address}, DOWNLINK_IPV4),
            "flow_selectors": ({"flow_set": 6}, udp(CORRESPONDENT, "2001:db8:1:c::1")),
            "ipv4_flow_selectors": ({"flow_set": 4}, udp4(CORRESPONDENT_IPV4, "203.0.113.12")),
        }
        self.insert(Row("prefix_bindings", {"prefix": prefix("2001:db8:1:c::1")}, *ways.to_flows(6)))
        self.insert(Row("ipv4_bindings", {"address": "203.0.113.12"}, *ways.to_flows(4)))
        for table, (key, packet) in bindings.items():
            for number, way in enumerate(actions):
                row = Row(table, key, *way, priority=int("flow" in table))
                if number:
                    self.modify(row)
                else:
                    self.insert(row)
                self.send(CORE, from_core(packet))
                self.expect(drops=["DROP_NODE_METERED"])


class MetersNodeExpectedFromTunnelTest(PacketTest):
    """Where it is copied to ahead of a handover."""

    def runTest(self):
        self.insert(*rows.tunnel(PEER), policy("downlink", NODE.node_id, "COLOR_RED", "discard"))
        self.set_meter(METERS["downlink"], NODE.node_id, **SLOW, cburst=0, pburst=0)
        key = {"path_id": PEER.path_id, "network": "2001:db8:6::/48"}
        self.insert(rows.delivered_from(NODE, PEER), rows.delivered_from(NODE_IPV4, PEER))
        self.insert(Row("network_path_bindings", key, *ways.deliver_from(NODE, NODE.node_id)))
        for packet in (DOWNLINK, DOWNLINK_IPV4, udp(CORRESPONDENT, "2001:db8:6::1")):
            self.send(CORE, from_peer(packet))
            self.expect(drops=["DROP_NODE_METERED"])


class MetersNodeOfGreKeyTest(PacketTest):
    """The key finds the node (RFC 5845 s5.2), not the tunnel that many nodes share."""

    def runTest(self):
        path, node_id = GRE_PATH | 1, 77
        self.insert(*rows.tunnel_way(GRE_PEER), rows.tunnel_end(GRE_PEER, node_id=5), *rows.to_correspondent())
        self.insert(rows.gre_session(GRE_PEER, 7, path, node_id), rows.permitted(NODE, path))
        for number in (5, node_id):
            self.insert(policy("uplink", number, "COLOR_RED", "discard"))
        self.set_meter(METERS["uplink"], 5, **SLOW, cburst=0, pburst=0)
        self.send(CORE, from_peer(UPLINK, GRE_PEER, gre_key=7))
        self.expect((EXTERNAL, to_next_hop(UPLINK)))
        self.set_meter(METERS["uplink"], node_id, **SLOW, cburst=0, pburst=0)
        self.send(CORE, from_peer(UPLINK, GRE_PEER, gre_key=7))
        self.expect(drops=["DROP_NODE_METERED"])
