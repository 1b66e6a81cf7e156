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
    bit<16>        punt_argument;
    bit<1>         parser_failed;
    bit<1>         checksum_failed;
    bit<1>         answered;          // an NS became its NA: checksum to be computed
    node_id_t      node_id;
    path_id_t      path_id;           // where the packet came from: attachment or tunnel; 0 elsewhere
    tunnel_id_t    in_tunnel;
    bit<1>         admitted;          // may come by path_id: its source is bound to it, or its destination expects it
    tunnel_id_t    relay_tunnel;      // to the anchor of the source, if that is another switch
    bit<1>         destination_bound;
    tunnel_id_t    tunnel_id;         // the tunnel the packet leaves by
    bit<16>        mcast_group;
    next_hop_id_t  next_hop_id;
    mac_t          link_layer_address;  // of the next hop; written to the frame once it is sure to leave
    mac_t          router_address;
    bit<32>        mtu;
}

#endif
