// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Destinations that no binding knows: longest prefix, then next hop.

control Routing(inout headers_t hdr, inout local_metadata_t md) {
    action to_next_hop(next_hop_id_t next_hop_id) {
        md.next_hop_id = next_hop_id;
    }

    // An address of this switch. Signalling and ICMPv6 go to the controller, nothing else is offered here.
    action local() {
        if (hdr.ipv6.next_header == PROTO_ICMPV6 || hdr.ipv6.next_header == PROTO_MOBILITY
            || hdr.ipv6.next_header == PROTO_HOP_BY_HOP || hdr.ipv6.next_header == PROTO_ROUTING
            || hdr.ipv6.next_header == PROTO_FRAGMENT || hdr.ipv6.next_header == PROTO_ESP
            || hdr.ipv6.next_header == PROTO_AH || hdr.ipv6.next_header == PROTO_DESTINATION) {
            md.verdict = PUNT;
            md.punt_reason = PUNT_LOCAL;
        } else {
            md.verdict = DROP;
            md.drop_reason = DROP_LOCAL_UNSUPPORTED;
        }
        if (hdr.ipv6.next_header == PROTO_IPV6) {
            md.drop_reason = DROP_TUNNEL_PEER_UNKNOWN;
        }
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
        key = { hdr.ipv6.dst : lpm @name("destination"); }
        actions = { to_next_hop; local; no_binding; resolve; @defaultonly no_route; }
        const default_action = no_route();
        size = SIZE_ROUTES;
    }

    action forward(port_id_t port, mac_t link_layer_address, mac_t router_address) {
        md.egress_port = port;
        md.verdict = FORWARD;
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

    apply {
        routes.apply();
        if (md.verdict == UNDECIDED) {
            next_hops.apply();
        }
    }
}
