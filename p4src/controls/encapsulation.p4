// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Egress: the outer header (RFC 2473 s3.1), for a packet or a replica that leaves by md.tunnel_id.

control Encapsulation(inout headers_t hdr, inout local_metadata_t md) {
    // Traffic class and flow label are copied: RFC 2473 s6.4 and s6.5, ECN normal mode RFC 6040 s4.1, and the flow label
    // lets equal-cost paths tell flows apart (RFC 6438).
    action encapsulate(ipv6_address_t local, ipv6_address_t remote, mac_t link_layer_address, mac_t router_address) {
        hdr.outer_ipv6.setValid();
        hdr.outer_ipv6.version = 6;
        hdr.outer_ipv6.dscp = hdr.ipv6.dscp;
        hdr.outer_ipv6.ecn = hdr.ipv6.ecn;
        hdr.outer_ipv6.flow_label = hdr.ipv6.flow_label;
        hdr.outer_ipv6.payload_length = hdr.ipv6.payload_length + IPV6_HEADER_LENGTH;
        hdr.outer_ipv6.next_header = PROTO_IPV6;
        hdr.outer_ipv6.hop_limit = TUNNEL_HOP_LIMIT;
        hdr.outer_ipv6.src = local;
        hdr.outer_ipv6.dst = remote;
        hdr.ethernet.dst = link_layer_address;
        hdr.ethernet.src = router_address;
    }

    action drop_unencapsulated() {
        md.verdict = DROP;
        md.drop_reason = DROP_TUNNEL_UNKNOWN;
    }

    // One row per peer switch, shared by all mobile nodes; the MACs are those of the link towards it.
    table tunnels {
        key = { md.tunnel_id : exact @name("tunnel_id"); }
        actions = { encapsulate; @defaultonly drop_unencapsulated; }
        const default_action = drop_unencapsulated();
        size = SIZE_TUNNELS;
    }

    apply {
        if (md.tunnel_id != 0) {
            tunnels.apply();
        }
    }
}
