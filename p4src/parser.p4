// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// From the controller: packet_out. Then Ethernet, then ARP or IP, then as far as needed to find a tunnel's inner
// packet, a Neighbor Solicitation down to its first option, the Home Address option, or the ports of a flow. Only first
// headers are looked at: behind extension headers, IPv4 options and in fragments nothing is read.
//
// What is not parsed is carried unread. A frame that ends inside a header is not rejected here (BMv2 has no reject):
// the header stays invalid. Without its base header a packet is dropped in ingress; what may follow it concerns its
// destination, and the packet is carried as it is.

parser DmmParser(packet_in packet, out headers_t hdr, inout local_metadata_t md, in port_id_t ingress_port) {
    PARSER_CHECKSUMS
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
            ETHERTYPE_IPV4: parse_ipv4;
            ETHERTYPE_ARP: parse_arp;
            default: accept;
        }
    }

    state parse_arp {
        packet.extract(hdr.arp);
        transition accept;
    }

    state parse_ipv6 {
        packet.extract(hdr.ipv6);
        ND_CHECKSUM_IPV6
        transition select(hdr.ipv6.next_header) {
            PROTO_IPV6: parse_inner_ipv6;
            PROTO_IPV4: parse_inner_ipv4;
            PROTO_GRE: look_at_gre;
            PROTO_ICMPV6: parse_icmpv6;
            PROTO_DESTINATION: look_at_payload_length;
            PROTO_TCP: parse_ports;
            PROTO_UDP: parse_ports;
            PROTO_SCTP: parse_ports;
            PROTO_ESP: parse_esp;
            PROTO_AH: parse_ah;
            default: accept;
        }
    }

    state parse_ipv4 {
        packet.extract(hdr.ipv4);
        IPV4_CHECKSUM_VERIFY
        transition select(hdr.ipv4.ihl, hdr.ipv4.more_fragments, hdr.ipv4.fragment_offset, hdr.ipv4.protocol) {
            (5, 0, 0, PROTO_IPV6): parse_inner_ipv6;
            (5, 0, 0, PROTO_IPV4): parse_inner_ipv4;
            (5, 0, 0, PROTO_GRE): look_at_gre;
            (5, 0, 0, PROTO_UDP): look_at_udp;
            (5, 0, 0, PROTO_TCP): parse_ports;
            (5, 0, 0, PROTO_SCTP): parse_ports;
            (5, 0, 0, PROTO_ESP): parse_esp;
            (5, 0, 0, PROTO_AH): parse_ah;
            default: accept;
        }
    }

    state look_at_udp {
        transition select(packet.lookahead<ports_t>().dst_port) {
            UDP_DSMIPV6: parse_udp;
            UDP_PMIP6_DATA: parse_udp;
            default: parse_ports;
        }
    }

    state parse_udp {
        packet.extract(hdr.udp);
        transition select(packet.lookahead<bit<4>>()) {
            4: parse_inner_ipv4;
            6: parse_inner_ipv6;
            0: parse_tlv;
            default: accept;
        }
    }

    state parse_tlv {
        packet.extract(hdr.tlv);
        transition select(hdr.tlv.next_header) {
            PROTO_IPV6: parse_inner_ipv6;
            PROTO_IPV4: parse_inner_ipv4;
            PROTO_GRE: look_at_gre;
            default: accept;
        }
    }

    state look_at_gre {
        transition select(packet.lookahead<gre_t>().flags, packet.lookahead<gre_t>().protocol) {
            (GRE_NO_KEY, ETHERTYPE_IPV6): parse_gre;
            (GRE_NO_KEY, ETHERTYPE_IPV4): parse_gre;
            (GRE_KEY, ETHERTYPE_IPV6): parse_gre_and_key;
            (GRE_KEY, ETHERTYPE_IPV4): parse_gre_and_key;
            default: accept;
        }
    }

    state parse_gre {
        packet.extract(hdr.gre);
        transition parse_in_gre;
    }

    state parse_gre_and_key {
        packet.extract(hdr.gre);
        packet.extract(hdr.gre_key);
        transition parse_in_gre;
    }

    state parse_in_gre {
        transition select(hdr.gre.protocol) {
            ETHERTYPE_IPV6: parse_inner_ipv6;
            ETHERTYPE_IPV4: parse_inner_ipv4;
            default: accept;
        }
    }

    state parse_inner_ipv6 {
        packet.extract(hdr.inner_ipv6);
        transition select(hdr.inner_ipv6.next_header) {
            PROTO_TCP: parse_ports;
            PROTO_UDP: parse_ports;
            PROTO_SCTP: parse_ports;
            PROTO_ESP: parse_esp;
            PROTO_AH: parse_ah;
            default: accept;
        }
    }

    state parse_inner_ipv4 {
        packet.extract(hdr.inner_ipv4);
        IPV4_CHECKSUM_SUBTRACT(hdr.inner_ipv4)
        transition select(hdr.inner_ipv4.ihl, hdr.inner_ipv4.more_fragments, hdr.inner_ipv4.fragment_offset,
                          hdr.inner_ipv4.protocol) {
            (5, 0, 0, PROTO_TCP): parse_ports;
            (5, 0, 0, PROTO_UDP): parse_ports;
            (5, 0, 0, PROTO_SCTP): parse_ports;
            (5, 0, 0, PROTO_ESP): parse_esp;
            (5, 0, 0, PROTO_AH): parse_ah;
            default: accept;
        }
    }

    state parse_icmpv6 {
        packet.extract(hdr.icmpv6);
        ND_CHECKSUM_ICMPV6
        transition select(hdr.icmpv6.type, hdr.ipv6.payload_length) {
            (ICMPV6_NS, NS_LENGTH): parse_neighbor;
            (ICMPV6_NS, NS_LENGTH_WITH_OPTION): parse_neighbor_and_option;
            default: accept;
        }
    }

    state parse_neighbor {
        packet.extract(hdr.neighbor);
        ND_CHECKSUM_NEIGHBOR
        transition accept;
    }

    state parse_neighbor_and_option {
        packet.extract(hdr.neighbor);
        packet.extract(hdr.link_layer_option);
        ND_CHECKSUM_NEIGHBOR_AND_OPTION
        transition accept;
    }

    // Octets behind the IPv6 packet, as Ethernet pads short frames, are no header: this one takes 24.
    state look_at_payload_length {
        transition select(hdr.ipv6.payload_length) {
            0 &&& 0xfff0: accept;
            16 &&& 0xfff8: accept;
            default: look_at_destination_options;
        }
    }

    // Length 2, PadN of 4 octets; then Home Address option of 16 octets
    state look_at_destination_options {
        transition select(packet.lookahead<bit<32>>()) {
            0x00020102 &&& 0x00ffffff: look_at_home_address_option;
            default: accept;
        }
    }

    state look_at_home_address_option {
        transition select(packet.lookahead<bit<64>>()[31:0]) {
            0x0000c910: parse_home_address_option;
            default: accept;
        }
    }

    state parse_home_address_option {
        packet.extract(hdr.home_address_option);
        transition accept;
    }

    state parse_ports {
        packet.extract(hdr.ports);
        transition accept;
    }

    state parse_esp {
        packet.extract(hdr.esp);
        transition accept;
    }

    state parse_ah {
        packet.extract(hdr.ah);
        transition accept;
    }
}
