// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Where a tunnel ends: IP in IP (RFC 2473; with a SID of this switch as destination, End.DT6 and End.DT4 of RFC 8986),
// GRE with and without key (RFC 5845), and over IPv4 also in UDP (RFC 5555, RFC 5844), with a TLV header if negotiated.
//
// A tunnel is recognised by everything its peer's packets have in common: both outer addresses, what stands between
// outer and inner header, the UDP ports, and the path it comes by. The path makes it safe on any port: at an
// attachment or an external port only that node's or that subnet's own address is given a row, and Sources keeps forged
// ones out of the core. A tunnel between others is forwarded unread.

control TunnelTermination(inout headers_t hdr, inout local_metadata_t md) {
    bit<16> headers_length = 0;   // octets that the outer length counts, and the inner one does not
    bit<16> missing = 0;
    bit<16> udp_difference = 0;
    bit<16> tlv_difference = 0;
    bit<2> outer_ecn = 0;
    bit<2> inner_ecn = 0;
    bit<1> malformed = 0;
    DIRECT_COUNTER(tunnel_peer_packets);
    DIRECT_COUNTER(ipv4_tunnel_peer_packets);

    // node_id is 0 where many nodes share the tunnel.
    action decapsulate(tunnel_id_t tunnel_id, node_id_t node_id) {
        md.in_tunnel = tunnel_id;
        md.path_id = TUNNEL_PATH | tunnel_id;
        md.node_id = node_id;
        COUNT_DIRECT(tunnel_peer_packets);
    }

    action pass() { }

    // One row per peer switch and encapsulation, from the configuration; one per registered care-of address.
    table tunnel_peers {
        key = {
            hdr.ipv6.src         : exact @name("remote");
            hdr.ipv6.dst         : exact @name("local");
            hdr.ipv6.next_header : exact @name("next_header");
            md.path_id           : exact @name("path_id");
        }
        actions = { decapsulate; @defaultonly pass; }
        const default_action = pass();
        WITH_DIRECT_COUNTER(tunnel_peer_packets);
        size = SIZE_TUNNELS;
    }

    action decapsulate_ipv4(tunnel_id_t tunnel_id, node_id_t node_id) {
        md.in_tunnel = tunnel_id;
        md.path_id = TUNNEL_PATH | tunnel_id;
        md.node_id = node_id;
        COUNT_DIRECT(ipv4_tunnel_peer_packets);
    }

    action pass_ipv4() { }

    // The same for IPv4. Ports are 0 without UDP; a node behind a NAT is told from its neighbours by the remote port.
    table ipv4_tunnel_peers {
        key = {
            hdr.ipv4.src      : exact @name("remote");
            hdr.ipv4.dst      : exact @name("local");
            hdr.ipv4.protocol : exact @name("protocol");
            md.encapsulation  : exact @name("encapsulation");
            md.src_port       : exact @name("remote_port");
            md.dst_port       : exact @name("local_port");
            md.path_id        : exact @name("path_id");
        }
        actions = { decapsulate_ipv4; @defaultonly pass_ipv4; }
        const default_action = pass_ipv4();
        WITH_DIRECT_COUNTER(ipv4_tunnel_peer_packets);
        size = SIZE_TUNNELS;
    }

    action set_session(path_id_t path_id, node_id_t node_id) {
        md.path_id = path_id;
        md.node_id = node_id;
    }

    action drop_gre_key_unknown() {
        md.verdict = DROP;
        md.drop_reason = DROP_GRE_KEY_UNKNOWN;
    }

    // One row per mobile node whose packets have a key of their own in a tunnel (RFC 5845 s5.2: the key finds the
    // node).
    table gre_keys {
        key = {
            md.in_tunnel    : exact @name("tunnel_id") @refers_to(tunnels, tunnel_id);
            hdr.gre_key.key : exact @name("gre_key");
        }
        actions = { set_session; @defaultonly drop_gre_key_unknown; }
        const default_action = drop_gre_key_unknown();
        size = SIZE_GRE_KEYS;
    }

    @hidden
    action set_shape(encapsulation_t encapsulation, bit<16> length) {
        md.encapsulation = encapsulation;
        headers_length = length;
    }

    // What stands before the inner header, and how long that is; the parser makes no others.
    @hidden
    table shapes {
        key = {
            hdr.inner_ipv6.isValid() : exact;
            hdr.ipv6.isValid()    : exact;
            hdr.udp.isValid()     : exact;
            hdr.tlv.isValid()     : exact;
            hdr.gre.isValid()     : exact;
            hdr.gre_key.isValid() : exact;
        }
        actions = { set_shape; }
        const entries = {
            (false, true,  false, false, false, false) : set_shape(ENCAPSULATION_IP, 40);
            (false, true,  false, false, true,  false) : set_shape(ENCAPSULATION_GRE, 44);
            (false, true,  false, false, true,  true) : set_shape(ENCAPSULATION_GRE, 48);
            (false, false, false, false, false, false) : set_shape(ENCAPSULATION_IP, 20);
            (false, false, false, false, true,  false) : set_shape(ENCAPSULATION_GRE, 24);
            (false, false, false, false, true,  true) : set_shape(ENCAPSULATION_GRE, 28);
            (false, false, true,  false, false, false) : set_shape(ENCAPSULATION_UDP, 28);
            (false, false, true,  true,  false, false) : set_shape(ENCAPSULATION_UDP_TLV, 32);
            (false, false, true,  true,  true,  false) : set_shape(ENCAPSULATION_UDP_TLV_GRE, 36);
            (false, false, true,  true,  true,  true) : set_shape(ENCAPSULATION_UDP_TLV_GRE, 40);
            // The length of IPv6 does not count its own header.
            (true,  true,  false, false, false, false) : set_shape(ENCAPSULATION_IP, 80);
            (true,  true,  false, false, true,  false) : set_shape(ENCAPSULATION_GRE, 84);
            (true,  true,  false, false, true,  true) : set_shape(ENCAPSULATION_GRE, 88);
            (true,  false, false, false, false, false) : set_shape(ENCAPSULATION_IP, 60);
            (true,  false, false, false, true,  false) : set_shape(ENCAPSULATION_GRE, 64);
            (true,  false, false, false, true,  true) : set_shape(ENCAPSULATION_GRE, 68);
            (true,  false, true,  false, false, false) : set_shape(ENCAPSULATION_UDP, 68);
            (true,  false, true,  true,  false, false) : set_shape(ENCAPSULATION_UDP_TLV, 72);
            (true,  false, true,  true,  true,  false) : set_shape(ENCAPSULATION_UDP_TLV_GRE, 76);
            (true,  false, true,  true,  true,  true) : set_shape(ENCAPSULATION_UDP_TLV_GRE, 80);
        }
        const default_action = set_shape(0, 0);
        CONSTANT_ENTRIES(20)
    }

    // What the outer packet has beyond what the inner length counts is to be no less than the headers between; no
    // gateway of Tofino compares two fields.
    @hidden
    action subtract_beyond() {
        missing = headers_length |-| missing;
    }

    @hidden
    action set_malformed() {
        malformed = 1;
    }

    @hidden
    action set_well_formed() {
        malformed = 0;
    }

    @hidden
    table inner_headers {
        key = {
            hdr.inner_ipv6.isValid()    : ternary;
            hdr.inner_ipv6.version      : ternary;
            hdr.inner_ipv4.version      : ternary;
            hdr.inner_ipv4.ihl          : ternary;
            hdr.inner_ipv4.total_length : ternary;
        }
        actions = { set_malformed; set_well_formed; }
        const entries = {
            (true,  6, _, _, _)                  : set_well_formed();
            (true,  _, _, _, _)                  : set_malformed();
            (false, _, _, _, 0x0000 &&& 0xfff0)  : set_malformed();   // less than 20
            (false, _, _, _, 0x0010 &&& 0xfffc)  : set_malformed();
            (false, _, _, 0 &&& 0xc, _)          : set_malformed();   // less than 5
            (false, _, _, 4, _)                  : set_malformed();
            (false, _, 4, _, _)                  : set_well_formed();
        }
        const default_action = set_malformed();
        CONSTANT_ENTRIES(7)
    }

    @hidden
    action drop(drop_reason_t reason) {
        md.verdict = DROP;
        md.drop_reason = reason;
    }

    @hidden
    action accept_inner() { }

    // The UDP length is that of the IPv4 packet less its header, the TLV length less those before it too (RFC 5845
    // s7.1). RFC 6040 s4.2: congestion seen in the tunnel is passed on, or the packet dropped.
    @hidden
    table inner_packets {
        key = {
            malformed         : ternary;
            missing           : ternary;
            hdr.udp.isValid() : ternary;
            udp_difference    : ternary;
            hdr.tlv.isValid() : ternary;
            tlv_difference    : ternary;
            outer_ecn         : ternary;
            inner_ecn         : ternary;
        }
        actions = { drop; accept_inner; }
        const entries = {
            (1, _, _,     _,  _,     _,  _,      _)           : drop(DROP_MALFORMED);
            (0, 0, false, _,  _,     _,  ECN_CE, ECN_NOT_ECT) : drop(DROP_TUNNEL_ECN);
            (0, 0, true,  20, false, _,  ECN_CE, ECN_NOT_ECT) : drop(DROP_TUNNEL_ECN);
            (0, 0, true,  20, true,  32, ECN_CE, ECN_NOT_ECT) : drop(DROP_TUNNEL_ECN);
            (0, 0, false, _,  _,     _,  _,      _)           : accept_inner();
            (0, 0, true,  20, false, _,  _,      _)           : accept_inner();
            (0, 0, true,  20, true,  32, _,      _)           : accept_inner();
        }
        const default_action = drop(DROP_TUNNEL_LENGTH);
        CONSTANT_ENTRIES(7)
    }

    apply {
        if (hdr.inner_ipv6.isValid() || hdr.inner_ipv4.isValid()) {
            shapes.apply();
            inner_headers.apply();
            if (hdr.ipv6.isValid()) {
                outer_ecn = hdr.ipv6.ecn;
            } else {
                outer_ecn = hdr.ipv4.ecn;
            }
            if (hdr.inner_ipv6.isValid()) {
                missing = md.length |-| hdr.inner_ipv6.payload_length;
                inner_ecn = hdr.inner_ipv6.ecn;
            } else {
                missing = md.length |-| hdr.inner_ipv4.total_length;
                inner_ecn = hdr.inner_ipv4.ecn;
            }
            subtract_beyond();
            if (hdr.udp.isValid()) {
                udp_difference = hdr.ipv4.total_length - hdr.udp.length;
                md.src_port = hdr.udp.src_port;
                md.dst_port = hdr.udp.dst_port;
            }
            if (hdr.tlv.isValid()) {
                tlv_difference = hdr.ipv4.total_length - hdr.tlv.length;
            }

            if (hdr.ipv6.isValid()) {
                tunnel_peers.apply();
            } else {
                ipv4_tunnel_peers.apply();
            }
            md.src_port = 0;
            md.dst_port = 0;
        }

        if (md.in_tunnel != 0) {
            if (hdr.gre_key.isValid()) {
                gre_keys.apply();
            }
            if (md.verdict == UNDECIDED) {
                inner_packets.apply();
            }

            // RFC 6040 s4.2, figure 4
            if (hdr.inner_ipv4.isValid()) {
                md.dscp_before = hdr.inner_ipv4.dscp;
                md.ecn_before = hdr.inner_ipv4.ecn;
                md.ipv4_changed = 1;
                if (outer_ecn == ECN_CE) {
                    hdr.inner_ipv4.ecn = ECN_CE;
                } else if (outer_ecn == ECN_ECT_1 && inner_ecn == ECN_ECT_0) {
                    hdr.inner_ipv4.ecn = ECN_ECT_1;
                }
            } else if (outer_ecn == ECN_CE) {
                hdr.inner_ipv6.ecn = ECN_CE;
            } else if (outer_ecn == ECN_ECT_1 && inner_ecn == ECN_ECT_0) {
                hdr.inner_ipv6.ecn = ECN_ECT_1;
            }

            hdr.ipv6.setInvalid();
            hdr.ipv4.setInvalid();
            hdr.udp.setInvalid();
            hdr.tlv.setInvalid();
            hdr.gre.setInvalid();
            hdr.gre_key.setInvalid();
            if (hdr.inner_ipv6.isValid()) {
                hdr.ipv6 = hdr.inner_ipv6;
                hdr.inner_ipv6.setInvalid();
                hdr.ethernet.ethertype = ETHERTYPE_IPV6;
            } else {
                hdr.ipv4 = hdr.inner_ipv4;
                hdr.inner_ipv4.setInvalid();
                hdr.ethernet.ethertype = ETHERTYPE_IPV4;
            }
        }
    }
}
