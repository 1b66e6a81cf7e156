// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Which way: into the tunnel that a binding or the anchor of the source asks for, or by the longest prefix; then the
// next hop, one of several by the flow where paths are of equal cost.

control Routing(inout headers_t hdr, inout local_metadata_t md) {
    action to_next_hop(@refers_to(next_hops, next_hop_id) next_hop_id_t next_hop_id) {
        md.next_hop_id = next_hop_id;
    }

    action to_next_hop_group(@refers_to(next_hop_groups, next_hop_group_id) next_hop_group_id_t next_hop_group_id) {
        md.next_hop_group = next_hop_group_id;
    }

    // An address of this switch.
    action local() {
        md.local = 1;
    }

    // The pool of this switch, below its bindings: the prefix is not in use.
    action no_binding() {
        md.verdict = PUNT;
        md.punt_reason = PUNT_NO_BINDING;
        md.drop_reason = DROP_NO_BINDING;
    }

    // A subnet on an external port: the host's MAC is not known yet (RFC 4861 s7.2.2).
    action resolve() {
        md.verdict = PUNT;
        md.punt_reason = PUNT_NEIGHBOR_UNRESOLVED;
    }

    action no_route() {
        md.verdict = PUNT;
        md.punt_reason = PUNT_NO_ROUTE;
        md.drop_reason = DROP_NO_ROUTE;
    }

    // Written from the topology; rows of length 128 also for resolved hosts on external ports.
    table routes {
        key = { md.destination : lpm @name("destination"); }
        actions = { to_next_hop; to_next_hop_group; local; no_binding; resolve; @defaultonly no_route; }
        const default_action = no_route();
        size = SIZE_ROUTES;
    }

    table ipv4_routes {
        key = { hdr.ipv4.dst : lpm @name("destination"); }
        actions = { to_next_hop; to_next_hop_group; local; no_binding; resolve; @defaultonly no_route; }
        const default_action = no_route();
        size = SIZE_IPV4_ROUTES;
    }

    action set_path(@refers_to(next_hops, next_hop_id) next_hop_id_t next_hop_id, bit<16> mtu) {
        md.next_hop_id = next_hop_id;
        md.mtu = mtu;
    }

    action set_path_group(@refers_to(next_hop_groups, next_hop_group_id) next_hop_group_id_t next_hop_group_id,
                          bit<16> mtu) {
        md.next_hop_group = next_hop_group_id;
        md.mtu = mtu;
    }

    action drop_tunnel_unknown() {
        md.verdict = DROP;
        md.drop_reason = DROP_TUNNEL_UNKNOWN;
    }

    // One row per tunnel: the way to its far end, and the largest packet that fits in (link MTU less the outer
    // headers). The headers are added in egress, by table tunnels.
    table tunnel_paths {
        key = { md.tunnel_id : exact @name("tunnel_id"); }
        actions = { set_path; set_path_group; @defaultonly drop_tunnel_unknown; }
        const default_action = drop_tunnel_unknown();
        size = SIZE_TUNNELS;
    }

    action forward(port_id_t port, mac_t link_layer_address, mac_t router_address) {
        md.egress_port = port;
        md.link_layer_address = link_layer_address;
        md.router_address = router_address;
    }

    action drop_next_hop_unknown() {
        md.verdict = DROP;
        md.drop_reason = DROP_NEXT_HOP_UNKNOWN;
    }

    // One row per core link and per resolved host.
    table next_hops {
        key = { md.next_hop_id : exact @name("next_hop_id"); }
        actions = { forward; @defaultonly drop_next_hop_unknown; }
        const default_action = drop_next_hop_unknown();
        size = SIZE_NEXT_HOPS;
    }

    MEMBER_SELECTOR(next_hop_selector);

    // One row per set of core links of equal cost; a link that fails leaves it at once. A table with a selector has no
    // default action: the reason is set on a miss.
    table next_hop_groups {
        key = {
            md.next_hop_group : exact @name("next_hop_group_id");
            md.flow_hash      : selector;
        }
        actions = { forward; }
        WITH_SELECTOR(next_hop_selector);
        size = SIZE_NEXT_HOP_GROUPS;
    }

    @hidden
    action drop(drop_reason_t reason) {
        md.verdict = DROP;
        md.drop_reason = reason;
    }

    @hidden
    action pass() { }

    // Back into the tunnel it came by goes only what is between two nodes at its far end (an LMA with both behind one
    // MAG), and a replica: the switch expecting the node takes it by path_bindings, and it ends there.
    @hidden
    table hairpins {
        key = {
            md.elsewhere         : ternary;
            md.mcast_group       : ternary;
            md.source_bound      : ternary;
            md.destination_bound : ternary;
        }
        actions = { drop; pass; }
        const entries = {
            (0, 0, 0, _) : drop(DROP_TUNNEL_HAIRPIN);
            (0, 0, _, 0) : drop(DROP_TUNNEL_HAIRPIN);
        }
        const default_action = pass();
        CONSTANT_ENTRIES(2)
    }

    @hidden
    action punt_local() {
        md.verdict = PUNT;
        md.punt_reason = PUNT_LOCAL;
        md.punt_argument = (bit<32>)md.in_tunnel;
    }

    apply {
        if (md.tunnel_id != 0) {
            switch (hairpins.apply().action_run) {
                pass: { tunnel_paths.apply(); }
                default: { }
            }
        } else if (md.destination_bound == 0) {
            if (hdr.ipv6.isValid()) {
                routes.apply();
            } else if (hdr.ipv4.isValid()) {
                ipv4_routes.apply();
            }
        }

        if (md.local == 1) {
            // Signalling and ICMP go to the controller, nothing else is offered here.
            if (hdr.ipv6.isValid()) {
                if (md.protocol == PROTO_ICMPV6 || md.protocol == PROTO_MOBILITY || md.protocol == PROTO_HOP_BY_HOP
                    || md.protocol == PROTO_ROUTING || md.protocol == PROTO_FRAGMENT || md.protocol == PROTO_ESP
                    || md.protocol == PROTO_AH || md.protocol == PROTO_DESTINATION) {
                    punt_local();
                } else if (md.protocol == PROTO_IPV6 || md.protocol == PROTO_IPV4 || md.protocol == PROTO_GRE) {
                    drop(DROP_TUNNEL_PEER_UNKNOWN);
                } else {
                    drop(DROP_LOCAL_UNSUPPORTED);
                }
            } else if (!hdr.ipv4.isValid() || hdr.ipv4.more_fragments == 1 || hdr.ipv4.fragment_offset != 0) {
                drop(DROP_TUNNEL_FRAGMENT);
            } else if (md.protocol == PROTO_ICMPV4 || md.protocol == PROTO_ESP) {
                punt_local();
            } else if (md.signalling == 1) {
                punt_local();   // RFC 5555 s4.2: the first Binding Update of a care-of address comes by no known tunnel
            } else if (md.protocol == PROTO_UDP
                       && (md.dst_port == UDP_PMIP6_CONTROL || md.dst_port == UDP_DHCP_SERVER)) {
                punt_local();
            } else if (md.protocol == PROTO_IPV6 || md.protocol == PROTO_IPV4 || md.protocol == PROTO_GRE
                       || md.udp_tunnel == 1) {
                drop(DROP_TUNNEL_PEER_UNKNOWN);
            } else {
                drop(DROP_LOCAL_UNSUPPORTED);
            }
        }

        if (md.verdict == UNDECIDED) {
            // Replicas find their way by their group.
            if (md.mcast_group == 0) {
                if (md.next_hop_group != 0) {
                    if (!next_hop_groups.apply().hit) {
                        drop(DROP_NEXT_HOP_GROUP_UNKNOWN);
                    }
                } else if (md.next_hop_id != 0) {
                    next_hops.apply();
                }
            }
        }
    }
}
