// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// What is on the wire, and what stands between the switch and its controller.

#ifndef DMM_HEADERS_P4
#define DMM_HEADERS_P4

typedef bit<48>  mac_t;
typedef bit<128> ipv6_address_t;
typedef bit<16>  tunnel_id_t;   // also the replica id in a multicast group, hence 16 bits; 0 is no tunnel
typedef bit<24>  node_id_t;
typedef bit<24>  path_id_t;     // an attachment of a node, or TUNNEL_PATH | tunnel id
typedef bit<16>  next_hop_id_t;

const path_id_t TUNNEL_PATH = 0x800000;

header ethernet_t {
    mac_t   dst;
    mac_t   src;
    bit<16> ethertype;
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

@controller_header("packet_in")
header packet_in_t {
    bit<16> ingress_port;
    bit<8>  reason;
    bit<16> argument;
}

@controller_header("packet_out")
header packet_out_t {
    bit<16> port;
    bit<8>  mode;
}

struct headers_t {
    packet_out_t        packet_out;
    packet_in_t         packet_in;
    ethernet_t          ethernet;
    ipv6_t              outer_ipv6;   // written by encapsulation, never parsed
    ipv6_t              ipv6;
    ipv6_t              inner_ipv6;   // the next IPv6 header, if one follows at once
    icmpv6_t            icmpv6;
    neighbor_t          neighbor;
    link_layer_option_t link_layer_option;
}

#endif
