// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Downlink: where is the mobile node that has this destination? To it, into the tunnel to where it is, during a planned
// handover to both, or by the flow. Consulted before routing and before the relay to the source's anchor: a packet
// between two nodes takes the best path this switch knows.
//
// The most exact first: an address, then a home network prefix, then the longest mobile network prefix. What comes
// first hides what comes after.
//
// What comes out of a tunnel is either from a node at its far end (control Sources: its source is bound to the tunnel)
// or for a node that the peer sends here (the path bindings). Anything else is dropped.

control PathBindings(inout headers_t hdr, inout local_metadata_t md) {
    action accept_from_tunnel() {
        md.destination_expected = 1;
    }

    // A node that is expected here: what its serving switch copies to this one is delivered, while everybody else still
    // goes by the bindings to where the node is.
    action deliver_from_tunnel(port_id_t port, mac_t link_layer_address, mac_t router_address, node_id_t node_id) {
        md.destination_expected = 1;
        md.destination_bound = 1;
        md.destination_node_id = node_id;
        md.egress_port = port;
        md.link_layer_address = link_layer_address;
        md.router_address = router_address;
    }

    action not_from_tunnel() { }

    // One row per home network prefix served here and tunnel its packets come by: from its anchor, and around a
    // handover from the switch that served it before.
    table path_bindings {
        key = {
            hdr.ipv6.dst[127:64] : exact @name("prefix");
            md.path_id           : exact @name("path_id");
        }
        actions = { accept_from_tunnel; deliver_from_tunnel; @defaultonly not_from_tunnel; }
        const default_action = not_from_tunnel();
        size = SIZE_PATH_BINDINGS;
    }

    // The same for mobile network prefixes,
    table network_path_bindings {
        key = {
            md.path_id   : exact @name("path_id");
            hdr.ipv6.dst : lpm   @name("network");
        }
        actions = { accept_from_tunnel; deliver_from_tunnel; @defaultonly not_from_tunnel; }
        const default_action = not_from_tunnel();
        size = SIZE_NETWORK_PATH_BINDINGS;
    }

    // and for IPv4 home addresses.
    table ipv4_path_bindings {
        key = {
            hdr.ipv4.dst : exact @name("address");
            md.path_id   : exact @name("path_id");
        }
        actions = { accept_from_tunnel; deliver_from_tunnel; @defaultonly not_from_tunnel; }
        const default_action = not_from_tunnel();
        size = SIZE_IPV4_PATH_BINDINGS;
    }

    apply {
        if (hdr.ipv4.isValid()) {
            ipv4_path_bindings.apply();
        } else if (hdr.ipv6.isValid()) {
            path_bindings.apply();
            if (md.destination_expected == 0) {
                network_path_bindings.apply();
            }
        }
    }
}

#define FLOW_SELECTORS flow_selectors

control AddressBindings(inout headers_t hdr, inout local_metadata_t md) {
#include "binding_actions.p4"

    // To the care-of address itself, with a type 2 routing header (RFC 6275 s9.3.2): the node has registered it with
    // this switch, which stands in for the correspondent node.
    action optimize_route(ipv6_address_t care_of_address) {
        md.route_optimized = 1;
        md.destination = care_of_address;
        COUNT_DIRECT(packets);
    }

    // One row per home address: at its home agent, and at switches that optimize the route to it.
    table address_bindings {
        key = { hdr.ipv6.dst : exact @name("address"); }
        actions = {
            deliver; to_tunnel; to_tunnel_gre; replicate; to_flows; optimize_route; @defaultonly destination_unbound;
        }
        const default_action = destination_unbound();
        WITH_DIRECT_COUNTER(packets);
        WITH_IDLE_TIMEOUT;
        size = SIZE_ADDRESS_BINDINGS;
    }

    apply {
        address_bindings.apply();
    }
}

control PrefixBindings(inout headers_t hdr, inout local_metadata_t md) {
#include "binding_actions.p4"

    // One row per home network prefix that is anchored here or whose node is attached here.
    table prefix_bindings {
        key = { md.destination[127:64] : exact @name("prefix"); }
        actions = { deliver; to_tunnel; to_tunnel_gre; replicate; to_flows; @defaultonly destination_unbound; }
        const default_action = destination_unbound();
        WITH_DIRECT_COUNTER(packets);
        WITH_IDLE_TIMEOUT;
        size = SIZE_PREFIX_BINDINGS;
    }

    apply {
        prefix_bindings.apply();
    }
}

control NetworkBindings(inout headers_t hdr, inout local_metadata_t md) {
#include "binding_actions.p4"

    // One row per mobile network prefix (RFC 3963 s6.5).
    table network_bindings {
        key = { md.destination : lpm @name("network"); }
        actions = { deliver; to_tunnel; to_tunnel_gre; replicate; to_flows; @defaultonly destination_unbound; }
        const default_action = destination_unbound();
        WITH_DIRECT_COUNTER(packets);
        WITH_IDLE_TIMEOUT;
        size = SIZE_NETWORK_BINDINGS;
    }

    apply {
        network_bindings.apply();
    }
}

#undef FLOW_SELECTORS
#define FLOW_SELECTORS ipv4_flow_selectors

control Ipv4Bindings(inout headers_t hdr, inout local_metadata_t md) {
#include "binding_actions.p4"

    // One row per IPv4 home address (RFC 5844 s3.1.2.4, RFC 5555 s2.3).
    table ipv4_bindings {
        key = { hdr.ipv4.dst : exact @name("address"); }
        actions = { deliver; to_tunnel; to_tunnel_gre; replicate; to_flows; @defaultonly destination_unbound; }
        const default_action = destination_unbound();
        WITH_DIRECT_COUNTER(packets);
        WITH_IDLE_TIMEOUT;
        size = SIZE_IPV4_BINDINGS;
    }

    apply {
        ipv4_bindings.apply();
    }
}

control Bindings(inout headers_t hdr, inout local_metadata_t md) {
    PathBindings() path;
    AddressBindings() address;
    PrefixBindings() prefix;
    NetworkBindings() network;
    Ipv4Bindings() ipv4;

    apply {
        if (hdr.ipv6.isValid()) {
            md.destination = hdr.ipv6.dst;
            md.length = hdr.ipv6.payload_length |+| IPV6_HEADER_LENGTH;
        } else if (hdr.ipv4.isValid()) {
            md.length = hdr.ipv4.total_length;
        }
        if (md.in_tunnel != 0) {
            path.apply(hdr, md);
        }
        if (md.in_tunnel != 0 && md.source_bound == 0 && md.destination_expected == 0) {
            md.verdict = DROP;
            md.drop_reason = DROP_TUNNEL_SOURCE_UNBOUND;
        } else if (md.destination_bound == 0) {
            if (hdr.ipv4.isValid()) {
                ipv4.apply(hdr, md);
            } else if (hdr.ipv6.isValid()) {
                address.apply(hdr, md);
                // A routing header goes between these and the fixed header, or is not for them (RFC 6275 s6.4.2,
                // s9.3.2)
                if (md.route_optimized == 1) {
                    if (md.protocol == PROTO_HOP_BY_HOP || md.protocol == PROTO_ROUTING || md.protocol == PROTO_ESP
                        || md.protocol == PROTO_AH || md.protocol == PROTO_MOBILITY) {
                        md.route_optimized = 0;
                        md.destination = hdr.ipv6.dst;
                    }
                }
                if (md.destination_bound == 0) {
                    prefix.apply(hdr, md);
                }
                if (md.destination_bound == 0) {
                    network.apply(hdr, md);
                }
                if (md.route_optimized == 1) {
                    md.length = md.length |+| ROUTE_OPTIMIZATION_LENGTH;
                }
            }
        }
    }
}
