// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// From the controller: packet_out. Then Ethernet, IPv6, then at most one of: another IPv6 header, ICMPv6 (a Neighbor Solicitation down to its first option).
// What is not parsed is carried unread. A frame that ends inside a header is not rejected here (BMv2 has no reject): the
// top level sets md.parser_failed and ingress drops it.

parser DmmParser(packet_in packet, out headers_t hdr, in port_id_t ingress_port) {
    state start {
        transition select(ingress_port) {
            CPU_PORT: parse_packet_out;
            default: parse_ethernet;
        }
    }

    state parse_packet_out {
        packet.extract(hdr.packet_out);
        transition parse_ethernet;
    }

    state parse_ethernet {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.ethertype) {
            ETHERTYPE_IPV6: parse_ipv6;
            default: accept;
        }
    }

    state parse_ipv6 {
        packet.extract(hdr.ipv6);
        transition select(hdr.ipv6.next_header) {
            PROTO_IPV6: parse_inner_ipv6;
            PROTO_ICMPV6: parse_icmpv6;
            default: accept;
        }
    }

    state parse_inner_ipv6 {
        packet.extract(hdr.inner_ipv6);
        transition accept;
    }

    state parse_icmpv6 {
        packet.extract(hdr.icmpv6);
        transition select(hdr.icmpv6.type, hdr.ipv6.payload_length) {
            (ICMPV6_NS, NS_LENGTH): parse_neighbor;
            (ICMPV6_NS, NS_LENGTH_WITH_OPTION): parse_neighbor_and_option;
            default: accept;
        }
    }

    state parse_neighbor {
        packet.extract(hdr.neighbor);
        transition accept;
    }

    state parse_neighbor_and_option {
        packet.extract(hdr.neighbor);
        packet.extract(hdr.link_layer_option);
        transition accept;
    }
}
