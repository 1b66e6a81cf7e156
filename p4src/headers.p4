// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// What is on the wire, and what stands between the switch and its controller.

#ifndef DMM_HEADERS_P4
#define DMM_HEADERS_P4

typedef bit<48>  mac_t;
typedef bit<128> ipv6_address_t;
typedef bit<32>  ipv4_address_t;
typedef bit<24>  node_id_t;       // 0 is no node
typedef bit<24>  tunnel_id_t;     // 0 is no tunnel; at most 0xffff where it is a replica id in a multicast group
typedef bit<16>  flow_set_t;
typedef bit<16>  next_hop_id_t;
typedef bit<16>  next_hop_group_id_t;

// Where a packet came from: 0 a core port; an attachment of a node; EXTERNAL_PATH | port; TUNNEL_PATH | tunnel id; or
// 0xc00000 | n, one node's GRE key in a tunnel (RFC 5845 s5.2).
typedef bit<24>  path_id_t;
const path_id_t EXTERNAL_PATH = 0x400000;
const path_id_t TUNNEL_PATH   = 0x800000;

header ethernet_t {
    mac_t   dst;
    mac_t   src;
    bit<16> ethertype;
}

header arp_t {                  // RFC 826, Ethernet and IPv4
    bit<16> hardware_type;
    bit<16> protocol_type;
    bit<8>  hardware_length;
    bit<8>  protocol_length;
    bit<16> operation;
    mac_t   sender_mac;
    ipv4_address_t sender;
    mac_t   target_mac;
    ipv4_address_t target;
}

header ipv6_t {                 // RFC 8200 s3
    bit<4>  version;
    bit<6>  dscp;
    bit<2>  ecn;
    bit<20> flow_label;
    bit<16> payload_length;
    bit<8>  next_header;
    bit<8>  hop_limit;
    ipv6_address_t src;
    ipv6_address_t dst;
}

header ipv4_t {                 // RFC 791 s3.1
    bit<4>  version;
    bit<4>  ihl;
    bit<6>  dscp;
    bit<2>  ecn;
    bit<16> total_length;
    bit<16> identification;
    bit<1>  reserved;
    bit<1>  dont_fragment;
    bit<1>  more_fragments;
    bit<13> fragment_offset;
    bit<8>  ttl;
    bit<8>  protocol;
    bit<16> checksum;
    ipv4_address_t src;
    ipv4_address_t dst;
}

header icmpv6_t {               // RFC 4443 s2.1
    bit<8>  type;
    bit<8>  code;
    bit<16> checksum;
}

header neighbor_t {             // the body of NS and NA, RFC 4861 s4.3 and s4.4
    bit<32> flags;
    ipv6_address_t target;
}

header link_layer_option_t {    // RFC 4861 s4.6.1
    bit<8> type;
    bit<8> length;              // in units of 8 octets
    mac_t  address;
}

// A destination options header of PadN and the Home Address option, and nothing else (RFC 6275 s6.3).
header home_address_option_t {
    bit<8>  next_header;
    bit<8>  length;             // in units of 8 octets, not counting the first: 2
    bit<32> padding;            // PadN of 4 octets puts the option at 8n + 6
    bit<8>  type;
    bit<8>  option_length;
    ipv6_address_t home_address;
}

header routing_type_2_t {       // RFC 6275 s6.4
    bit<8>  next_header;
    bit<8>  length;
    bit<8>  routing_type;
    bit<8>  segments_left;
    bit<32> reserved;
    ipv6_address_t home_address;
}

header udp_t {                  // RFC 768
    bit<16> src_port;
    bit<16> dst_port;
    bit<16> length;
    bit<16> checksum;
}

header tlv_t {                  // RFC 5845 s7.2: type 0 cannot be taken for an IP version
    bit<4>  type;
    bit<4>  reserved;
    bit<8>  next_header;
    bit<16> length;             // of what follows
}

header gre_t {                  // RFC 2784 s2.1
    bit<16> flags;
    bit<16> protocol;
}

header gre_key_t {              // RFC 2890 s2
    bit<32> key;
}

header ports_t {                // of TCP, UDP, SCTP
    bit<16> src_port;
    bit<16> dst_port;
}

header esp_t {                  // RFC 4303 s2
    bit<32> spi;
}

header ah_t {                   // RFC 4302 s2
    bit<8>  next_header;
    bit<8>  length;
    bit<16> reserved;
    bit<32> spi;
}

@controller_header("packet_in")
header packet_in_t {
    bit<16> ingress_port;
    bit<8>  reason;
    bit<32> argument;
}

@controller_header("packet_out")
header packet_out_t {
    bit<16> port;
    bit<8>  mode;
}

// From one pipe to the next, where a target has the pipeline in several: what the first has found out, in octets.
header carried_t {
    @padding bit<7> pad_ingress_port;
    bit<9>  ingress_port;
    @padding bit<7> pad_egress_port;
    bit<9>  egress_port;
    @padding bit<6> pad_verdict;
    bit<2>  verdict;
    bit<8>  port_role;
    bit<8>  drop_reason;
    bit<8>  punt_reason;
    @padding bit<8> pad_node_id;
    bit<24> node_id;
    @padding bit<8> pad_path_id;
    bit<24> path_id;
    @padding bit<8> pad_in_tunnel;
    bit<24> in_tunnel;
    @padding bit<8> pad_relay_tunnel;
    bit<24> relay_tunnel;
    bit<32> relay_gre_key;
    @padding bit<7> pad_relay_gre_keyed;
    bit<1>  relay_gre_keyed;
    @padding bit<7> pad_source_bound;
    bit<1>  source_bound;
    @padding bit<7> pad_remarked;
    bit<1>  remarked;
    @padding bit<2> pad_remarked_dscp;
    bit<6>  remarked_dscp;
    @padding bit<2> pad_dscp;
    bit<6>  dscp;
    @padding bit<7> pad_optioned;
    bit<1>  optioned;               // a home_address_option_t follows the IPv6 header
    @padding bit<7> pad_signalling;
    bit<1>  signalling;
    @padding bit<7> pad_udp_tunnel;
    bit<1>  udp_tunnel;
    bit<16> src_port;
    bit<16> dst_port;
    bit<32> spi;
    @padding bit<16> pad_flow_hash;
    bit<16> flow_hash;
    @padding bit<12> pad_tunnel_flow_label;
    bit<20> tunnel_flow_label;
}

// From ingress to egress, where a target shares no metadata between them.
header bridged_t {
    @padding bit<7> pad_is_replica;
    bit<1>  is_replica;
    @padding bit<12> pad_tunnel_flow_label;
    bit<20> tunnel_flow_label;
    @padding bit<7> pad_gre_keyed;
    bit<1>  gre_keyed;
    bit<24> tunnel_id;
    bit<32> gre_key;
}

struct headers_t {
    carried_t           carried;
    bridged_t           bridged;
    packet_out_t        packet_out;
    packet_in_t         packet_in;
    ethernet_t          ethernet;
    arp_t               arp;
    // Written by encapsulation, never parsed
    ipv6_t              outer_ipv6;
    ipv4_t              outer_ipv4;
    udp_t               outer_udp;
    tlv_t               outer_tlv;
    gre_t               outer_gre;
    gre_key_t           outer_gre_key;
    // The packet as it is looked up: one of the two; a tunnel that ends here has been removed before
    ipv6_t              ipv6;
    routing_type_2_t    routing_type_2;   // written by route optimization, never parsed
    home_address_option_t home_address_option;
    ipv4_t              ipv4;
    // What follows if it looks like a tunnel
    udp_t               udp;
    tlv_t               tlv;
    gre_t               gre;
    gre_key_t           gre_key;
    ipv6_t              inner_ipv6;
    ipv4_t              inner_ipv4;
    // What follows the innermost of those
    icmpv6_t            icmpv6;
    neighbor_t          neighbor;
    link_layer_option_t link_layer_option;
    ports_t             ports;
    esp_t               esp;
    ah_t                ah;
}

#endif
