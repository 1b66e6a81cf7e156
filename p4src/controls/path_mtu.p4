// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// What a router does to every packet it forwards: does it fit the way it goes, and may it go one hop further?

control PathMtu(inout headers_t hdr, inout local_metadata_t md) {
    action set_path(port_id_t port, bit<16> mtu) {
        md.egress_port = port;
        md.mtu = (bit<32>)mtu;
    }

    action drop_tunnel_unknown() {
        md.verdict = DROP;
        md.drop_reason = DROP_TUNNEL_UNKNOWN;
    }

    // One row per peer switch: the port towards it, and the largest packet that fits into the tunnel (link MTU less the
    // outer header). Its headers are added in egress, by table tunnels.
    table tunnel_paths {
        key = { md.tunnel_id : exact @name("tunnel_id"); }
        actions = { set_path; @defaultonly drop_tunnel_unknown; }
        const default_action = drop_tunnel_unknown();
        size = SIZE_TUNNELS;
    }

    action set_mtu(bit<16> mtu) {
        md.mtu = (bit<32>)mtu;
    }

    // 1280 octets pass any link (RFC 8200 s5); a port without a row gets no more.
    action set_minimum_mtu() {
        md.mtu = 1280;
    }

    // One row per port, from the configuration.
    table port_mtus {
        key = { md.egress_port : exact @name("port"); }
        actions = { set_mtu; @defaultonly set_minimum_mtu; }
        const default_action = set_minimum_mtu();
        size = SIZE_PORTS;
    }

    apply {
        if (md.tunnel_id != 0) {
            tunnel_paths.apply();
        } else {
            port_mtus.apply();
        }
        if (md.verdict == FORWARD) {
            // Negative, seen in the top bit: no gateway of Tofino compares two fields.
            bit<32> room = md.mtu - (bit<32>)hdr.ipv6.payload_length - (bit<32>)IPV6_HEADER_LENGTH;
            // RFC 4443 s3.3 before s3.2: a packet that may go no further is not told about the way ahead
            if (md.port_role != ROLE_SELF && hdr.ipv6.hop_limit <= 1) {
                md.verdict = PUNT;
                md.punt_reason = PUNT_HOP_LIMIT;
                md.drop_reason = DROP_HOP_LIMIT;
            } else if (room[31:31] == 1) {
                md.verdict = PUNT;
                md.punt_reason = PUNT_PACKET_TOO_BIG;
                md.punt_argument = md.mtu[15:0];
                md.drop_reason = DROP_PACKET_TOO_BIG;
            } else {
                // Not before: a punted packet still has the MACs it came with, by which its sender is told.
                hdr.ethernet.dst = md.link_layer_address;
                hdr.ethernet.src = md.router_address;
                if (md.port_role != ROLE_SELF) {
                    hdr.ipv6.hop_limit = hdr.ipv6.hop_limit - 1;
                }
            }
        }
    }
}
