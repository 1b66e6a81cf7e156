// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Downlink: where is the mobile node that has this destination? To it, into the tunnel to the switch that serves it, or
// during a planned handover to both. Consulted before routing and before the relay to the source's anchor: a packet
// between two nodes takes the best path this switch knows.
//
// What comes out of a tunnel is either from a node attached at the peer (control Sources has admitted it: its source is
// bound to the tunnel) or for a node that the peer sends here; path_bindings knows those. Anything else is dropped.

control Bindings(inout headers_t hdr, inout local_metadata_t md) {
    DIRECT_COUNTER(prefix_binding_packets);

    action deliver(port_id_t port, mac_t link_layer_address, mac_t router_address) {
        md.destination_bound = 1;
        md.egress_port = port;
        md.link_layer_address = link_layer_address;
        md.router_address = router_address;
        COUNT_DIRECT(prefix_binding_packets);
    }

    action to_tunnel(tunnel_id_t tunnel_id) {
        md.destination_bound = 1;
        md.tunnel_id = tunnel_id;
        COUNT_DIRECT(prefix_binding_packets);
    }

    // To the path the node has and the one it is about to have. Replica id 0 is a neighbour, any other the tunnel of that
    // id. The MTU that counts is that of tunnel_id, or without a tunnel that of port, where the node is.
    action replicate(bit<16> group, port_id_t port, tunnel_id_t tunnel_id, mac_t link_layer_address,
                     mac_t router_address) {
        md.destination_bound = 1;
        md.mcast_group = group;
        md.egress_port = port;
        md.tunnel_id = tunnel_id;
        md.link_layer_address = link_layer_address;
        md.router_address = router_address;
        COUNT_DIRECT(prefix_binding_packets);
    }

    action destination_unbound() { }

    // One row per home network prefix that is anchored here or whose node is attached here.
    table prefix_bindings {
        key = { hdr.ipv6.dst[127:64] : exact @name("prefix"); }
        actions = { deliver; to_tunnel; replicate; @defaultonly destination_unbound; }
        const default_action = destination_unbound();
        WITH_DIRECT_COUNTER(prefix_binding_packets);
        size = SIZE_PREFIX_BINDINGS;
    }

    action accept_from_tunnel() {
        md.admitted = 1;
    }

    // A node that is expected here: what its serving switch copies to this one is delivered, while everybody else still
    // goes by prefix_bindings to where the node is.
    action deliver_from_tunnel(port_id_t port, mac_t link_layer_address, mac_t router_address) {
        md.admitted = 1;
        md.destination_bound = 1;
        md.egress_port = port;
        md.link_layer_address = link_layer_address;
        md.router_address = router_address;
    }

    action not_from_tunnel() { }

    // One row per home network prefix served here and tunnel its packets come by: from its anchor, and around a handover
    // from the switch that served it before.
    table path_bindings {
        key = {
            hdr.ipv6.dst[127:64] : exact @name("prefix");
            md.path_id           : exact @name("path_id");
        }
        actions = { accept_from_tunnel; deliver_from_tunnel; @defaultonly not_from_tunnel; }
        const default_action = not_from_tunnel();
        size = SIZE_PATH_BINDINGS;
    }

    apply {
        if (md.in_tunnel != 0) {
            path_bindings.apply();
        }
        if (md.in_tunnel != 0 && md.admitted == 0) {
            md.verdict = DROP;
            md.drop_reason = DROP_TUNNEL_SOURCE_UNBOUND;
        } else {
            if (md.destination_bound == 0) {
                prefix_bindings.apply();
            }
            if (md.destination_bound == 0 && md.relay_tunnel != 0) {
                md.tunnel_id = md.relay_tunnel;
            }
            tunnel_id_t elsewhere = md.in_tunnel ^ md.tunnel_id;   // no gateway of Tofino compares two fields
            // A replica may: the switch expecting the node takes it by path_bindings, and it ends there.
            if (md.in_tunnel != 0 && elsewhere == 0 && md.mcast_group == 0) {
                md.verdict = DROP;
                md.drop_reason = DROP_TUNNEL_HAIRPIN;
            } else if (md.destination_bound == 1 || md.tunnel_id != 0) {
                md.verdict = FORWARD;
            }
        }
    }
}
