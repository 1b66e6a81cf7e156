// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Egress: the outer headers, for a packet or a replica that leaves by md.tunnel_id.

control Encapsulation(inout headers_t hdr, inout local_metadata_t md) {
    DIRECT_COUNTER(tunnel_packets);

    // own_key 1: the tunnel has a GRE key of its own, gre_key; 0: the binding may have set one. The MACs are for
    // replicas; the next hop of other packets has been chosen in ingress.
    //
    // With a SID of the peer as remote this is H.Encaps.Red of one segment (RFC 8986 s5.2): no other header is needed.
    action encapsulate(ipv6_address_t local, ipv6_address_t remote, encapsulation_t encapsulation, bit<1> own_key,
                       bit<32> gre_key, mac_t link_layer_address, mac_t router_address) {
        hdr.outer_ipv6.setValid();
        hdr.outer_ipv6.version = 6;
        hdr.outer_ipv6.flow_label = md.tunnel_flow_label;   // lets equal-cost paths tell flows apart: RFC 6438
        hdr.outer_ipv6.hop_limit = TUNNEL_HOP_LIMIT;
        hdr.outer_ipv6.src = local;
        hdr.outer_ipv6.dst = remote;
        hdr.ethernet.ethertype = ETHERTYPE_IPV6;
        md.encapsulation = encapsulation;
        md.own_key = own_key;
        md.tunnel_key = gre_key;
        md.link_layer_address = link_layer_address;
        md.router_address = router_address;
        COUNT_DIRECT(tunnel_packets);
    }

    // Ports are 0 without UDP. The UDP checksum is 0 (RFC 5555 s4.1, RFC 3948 s2.1): what is inside has its own.
    action encapsulate_ipv4(ipv4_address_t local, ipv4_address_t remote, bit<16> local_port, bit<16> remote_port,
                            encapsulation_t encapsulation, bit<1> own_key, bit<32> gre_key, mac_t link_layer_address,
                            mac_t router_address) {
        hdr.outer_ipv4.setValid();
        hdr.outer_ipv4.version = 4;
        hdr.outer_ipv4.ihl = 5;
        hdr.outer_ipv4.identification = 0;   // RFC 6864 s4.1: never fragmented
        hdr.outer_ipv4.reserved = 0;
        hdr.outer_ipv4.dont_fragment = 1;
        hdr.outer_ipv4.more_fragments = 0;
        hdr.outer_ipv4.fragment_offset = 0;
        hdr.outer_ipv4.ttl = TUNNEL_HOP_LIMIT;
        hdr.outer_ipv4.checksum = 0;
        hdr.outer_ipv4.src = local;
        hdr.outer_ipv4.dst = remote;
        md.src_port = local_port;
        md.dst_port = remote_port;
        hdr.ethernet.ethertype = ETHERTYPE_IPV4;
        md.encapsulation = encapsulation;
        md.own_key = own_key;
        md.tunnel_key = gre_key;
        md.link_layer_address = link_layer_address;
        md.router_address = router_address;
        COUNT_DIRECT(tunnel_packets);
    }

    action drop_unencapsulated() {
        md.verdict = DROP;
        md.drop_reason = DROP_TUNNEL_UNKNOWN;
    }

    // One row per peer and encapsulation, shared by all mobile nodes, or per registered care-of address.
    table tunnels {
        key = { md.tunnel_id : exact @name("tunnel_id"); }
        actions = { encapsulate; encapsulate_ipv4; @defaultonly drop_unencapsulated; }
        const default_action = drop_unencapsulated();
        WITH_DIRECT_COUNTER(tunnel_packets);
        size = SIZE_TUNNELS;
    }

    apply {
        if (md.tunnel_id != 0) {
            tunnels.apply();
        }
        if (hdr.outer_ipv6.isValid() || hdr.outer_ipv4.isValid()) {
            bit<8> protocol = PROTO_IPV6;
            bit<16> ethertype = ETHERTYPE_IPV6;
            bit<6> dscp = hdr.ipv6.dscp;
            bit<2> ecn = hdr.ipv6.ecn;
            bit<16> length = hdr.ipv6.payload_length + IPV6_HEADER_LENGTH;
            if (hdr.ipv4.isValid()) {
                protocol = PROTO_IPV4;
                ethertype = ETHERTYPE_IPV4;
                dscp = hdr.ipv4.dscp;
                ecn = hdr.ipv4.ecn;
                length = hdr.ipv4.total_length;
            }
            if (md.mcast_group != 0) {
                hdr.ethernet.dst = md.link_layer_address;
                hdr.ethernet.src = md.router_address;
            }
            if (md.own_key == 1) {
                md.gre_keyed = 1;
                md.gre_key = md.tunnel_key;
            }

            // From the inside out
            if (md.encapsulation == ENCAPSULATION_GRE || md.encapsulation == ENCAPSULATION_UDP_TLV_GRE) {
                hdr.outer_gre.setValid();
                hdr.outer_gre.flags = GRE_NO_KEY;
                hdr.outer_gre.protocol = ethertype;
                length = length + GRE_HEADER_LENGTH;
                protocol = PROTO_GRE;
                if (md.gre_keyed == 1) {
                    hdr.outer_gre.flags = GRE_KEY;
                    hdr.outer_gre_key.setValid();
                    hdr.outer_gre_key.key = md.gre_key;
                    length = length + GRE_KEY_LENGTH;
                }
            }
            if (md.encapsulation == ENCAPSULATION_UDP_TLV || md.encapsulation == ENCAPSULATION_UDP_TLV_GRE) {
                hdr.outer_tlv.setValid();
                hdr.outer_tlv.type = 0;
                hdr.outer_tlv.reserved = 0;
                hdr.outer_tlv.next_header = protocol;
                hdr.outer_tlv.length = length;
                length = length + TLV_HEADER_LENGTH;
            }
            if (md.encapsulation == ENCAPSULATION_UDP || hdr.outer_tlv.isValid()) {
                length = length + UDP_HEADER_LENGTH;
                hdr.outer_udp.setValid();
                hdr.outer_udp.src_port = md.src_port;
                hdr.outer_udp.dst_port = md.dst_port;
                hdr.outer_udp.length = length;
                hdr.outer_udp.checksum = 0;
                protocol = PROTO_UDP;
            }

            // Traffic class: RFC 2473 s6.4; ECN in normal mode: RFC 6040 s4.1
            if (hdr.outer_ipv6.isValid()) {
                hdr.outer_ipv6.dscp = dscp;
                hdr.outer_ipv6.ecn = ecn;
                hdr.outer_ipv6.payload_length = length;
                hdr.outer_ipv6.next_header = protocol;
            } else {
                hdr.outer_ipv4.dscp = dscp;
                hdr.outer_ipv4.ecn = ecn;
                hdr.outer_ipv4.total_length = length + IPV4_HEADER_LENGTH;
                hdr.outer_ipv4.protocol = protocol;
            }
        }
    }
}
