// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Everything the controls know of a packet beside its headers.

#ifndef DMM_METADATA_P4
#define DMM_METADATA_P4

struct local_metadata_t {
    port_id_t      ingress_port;
    port_id_t      egress_port;
    port_role_t    port_role;
    verdict_t      verdict;
    drop_reason_t  drop_reason;
    punt_reason_t  punt_reason;
    bit<32>        punt_argument;
    bit<16>        frame_length;      // octets; where the target does not know it, more than any frame
    bit<1>         checksum_failed;   // of ND or of the first IPv4 header
    bit<1>         answered;          // an NS became its NA: checksum to be computed
    bit<1>         local;             // for an address of this switch
    node_id_t      node_id;           // the sender
    path_id_t      path_id;
    encapsulation_t encapsulation;    // of the packet as it came
    tunnel_id_t    in_tunnel;
    bit<1>         source_bound;      // to path_id
    bit<1>         destination_expected;  // from path_id: what a peer sends here for a node
    tunnel_id_t    relay_tunnel;      // to the anchor of the source, if that is another switch
    bit<1>         relay_gre_keyed;
    bit<32>        relay_gre_key;
    ipv6_address_t care_of_difference;
    bit<1>         route_optimized;
    ipv6_address_t destination;       // that is looked up, and sent to: the packet's own, or its care-of address
    bit<1>         destination_bound;
    node_id_t      destination_node_id;
    flow_set_t     flow_set;
    bit<8>         protocol;
    bit<6>         dscp;
    bit<16>        src_port;          // of an unfragmented packet whose ports follow its base header, else 0
    bit<16>        dst_port;
    bit<32>        spi;
    bit<16>        flow_hash;
    bit<1>         signalling;        // of an unknown care-of address: RFC 5555 s4.2
    bit<1>         udp_tunnel;        // the ports are those of tunnels in UDP
    bit<1>         ipv4_changed;
    bit<6>         dscp_before;       // of hdr.ipv4, when its checksum was right
    bit<2>         ecn_before;
    bit<1>         hop_taken;
    bit<16>        ipv4_residual;     // of hdr.ipv4, where parsers take checksums apart
    color_t        color;
    bit<1>         remarked;
    bit<6>         remarked_dscp;
    tunnel_id_t    tunnel_id;         // the tunnel the packet leaves by
    tunnel_id_t    elsewhere;         // 0 if it is the one it came by
    bit<1>         gre_keyed;
    bit<32>        gre_key;
    bit<1>         own_key;           // of the tunnel itself
    bit<32>        tunnel_key;
    bit<20>        tunnel_flow_label;
    bit<16>        mcast_group;
    next_hop_id_t  next_hop_id;
    next_hop_group_id_t next_hop_group;
    mac_t          link_layer_address;  // of the next hop; written to the frame once it is sure to leave
    mac_t          router_address;
    bit<16>        length;            // of the IP packet as it is looked up, at most 0xffff
    bit<16>        mtu;
}

#endif
