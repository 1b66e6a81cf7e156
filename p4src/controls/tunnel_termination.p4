// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// IPv6-in-IPv6 from a peer switch ends here (RFC 2473 s3.3). Only on core ports: a packet from an access or external
// port with a peer's address as source is a forgery, and Sources keeps it out of the core. A packet in a tunnel between
// others is forwarded unread.

control TunnelTermination(inout headers_t hdr, inout local_metadata_t md) {
    action decapsulate(tunnel_id_t tunnel_id) {
        md.in_tunnel = tunnel_id;
        md.path_id = TUNNEL_PATH | (path_id_t)tunnel_id;
    }

    action pass() { }

    // One row per peer switch, written from the configuration.
    table tunnel_peers {
        key = {
            hdr.ipv6.src : exact @name("remote");
            hdr.ipv6.dst : exact @name("local");
        }
        actions = { decapsulate; @defaultonly pass; }
        const default_action = pass();
        size = SIZE_TUNNELS;
    }

    apply {
        if (hdr.inner_ipv6.isValid() && md.port_role == ROLE_CORE && tunnel_peers.apply().hit) {
            // RFC 6040 s4.2: congestion seen in the tunnel is passed on, or the packet is dropped
            if (hdr.ipv6.ecn == ECN_CE && hdr.inner_ipv6.ecn == ECN_NOT_ECT) {
                md.verdict = DROP;
                md.drop_reason = DROP_TUNNEL_ECN;
            } else if (hdr.ipv6.ecn == ECN_CE) {
                hdr.inner_ipv6.ecn = ECN_CE;
            } else if (hdr.ipv6.ecn == ECN_ECT_1 && hdr.inner_ipv6.ecn == ECN_ECT_0) {
                hdr.inner_ipv6.ecn = ECN_ECT_1;
            }
            if (hdr.inner_ipv6.version != 6) {
                md.verdict = DROP;
                md.drop_reason = DROP_MALFORMED;
            }
            hdr.ipv6 = hdr.inner_ipv6;
            hdr.inner_ipv6.setInvalid();
        }
    }
}
