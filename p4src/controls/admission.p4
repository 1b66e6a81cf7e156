// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Who may speak on this port: the port's role, frames fit to be looked at, and on access ports the mobile nodes.

control Admission(inout headers_t hdr, inout local_metadata_t md) {
    bit<16> beyond = 0;   // octets that the packet's length has and the frame has not

    action set_role(port_role_t role) {
        md.port_role = role;
    }

    action drop_port_unknown() {
        md.verdict = DROP;
        md.drop_reason = DROP_PORT_UNKNOWN;
    }

    // One row per port, written once from the configuration.
    table ports {
        key = { md.ingress_port : exact @name("port"); }
        actions = { set_role; @defaultonly drop_port_unknown; }
        const default_action = drop_port_unknown();
        size = SIZE_PORTS;
    }

    action set_node(node_id_t node_id, path_id_t path_id) {
        md.node_id = node_id;
        md.path_id = path_id;
    }

    // Any frame of an unknown node is the trigger of its attachment: hosts that roam send MLD reports and data, not
    // Router Solicitations.
    action punt_node_unknown() {
        md.verdict = PUNT;
        md.punt_reason = PUNT_NODE_UNKNOWN;
    }

    // One row per attached mobile node, written when it attaches.
    table access_nodes {
        key = {
            md.ingress_port  : exact @name("port");
            hdr.ethernet.src : exact @name("link_layer_address");
        }
        actions = { set_node; @defaultonly punt_node_unknown; }
        const default_action = punt_node_unknown();
        size = SIZE_ACCESS_NODES;
    }

    @hidden
    action drop(drop_reason_t reason) {
        md.verdict = DROP;
        md.drop_reason = reason;
    }

    @hidden
    action punt_link_probe() {
        md.verdict = PUNT;
        md.punt_reason = PUNT_LINK_PROBE;
    }

    @hidden
    action fit() { }

    // The first that matches. RFC 1812 s5.2.2; the checksum of a header with options is not verified, nor ever made
    // good.
    @hidden
    table frames {
        key = {
            hdr.ipv6.isValid()     : ternary;
            hdr.ipv6.version       : ternary;
            hdr.ipv4.isValid()     : ternary;
            hdr.ipv4.version       : ternary;
            hdr.ipv4.ihl           : ternary;
            hdr.ipv4.total_length  : ternary;
            md.checksum_failed     : ternary;
            beyond                 : ternary;
            hdr.arp.isValid()      : ternary;
            hdr.ethernet.ethertype : ternary;
            md.port_role           : ternary;
        }
        actions = { fit; drop; punt_link_probe; }
        const entries = {
            (true,  6, _,    _, _, _, _, 0, _, _, _) : fit();
            (true,  _, _,    _, _, _, _, _, _, _, _) : drop(DROP_MALFORMED);
            // ihl < 5, and total_length < 4 * ihl, spelt out: a subtraction before this table costs Tofino 2 three
            // stages it does not have.
            (false, _, true, _, _, 0x0000 &&& 0xfff0, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, _, 0x0010 &&& 0xfffc, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 6 &&& 0xe, 20 &&& 0xfffc, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 8 &&& 8, 20 &&& 0xfffc, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 7, 24 &&& 0xfffc, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 8 &&& 8, 24 &&& 0xfffc, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 8 &&& 8, 28 &&& 0xfffc, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 9, 32 &&& 0xfffc, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 10 &&& 0xe, 32 &&& 0xfffc, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 12 &&& 0xc, 32 &&& 0xfffc, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 10 &&& 0xe, 36 &&& 0xfffc, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 12 &&& 0xc, 36 &&& 0xfffc, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 11, 40 &&& 0xfffc, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 12 &&& 0xc, 40 &&& 0xfffc, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 12 &&& 0xc, 44 &&& 0xfffc, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 13, 48 &&& 0xfffc, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 14 &&& 0xe, 48 &&& 0xfffc, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 14 &&& 0xe, 52 &&& 0xfffc, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 15, 56 &&& 0xfffc, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 0 &&& 0xc, _, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, _, 4, _, _, _, _, _, _) : drop(DROP_MALFORMED);
            (false, _, true, 4, 5, _, 1, _, _, _, _)                 : drop(DROP_MALFORMED);
            (false, _, true, 4, _, _, _, 0, _, _, _)                 : fit();
            (false, _, true, _, _, _, _, _, _, _, _)                 : drop(DROP_MALFORMED);
            (false, _, false, _, _, _, _, _, _, ETHERTYPE_IPV6, _)   : drop(DROP_MALFORMED);
            (false, _, false, _, _, _, _, _, _, ETHERTYPE_IPV4, _)   : drop(DROP_MALFORMED);
            (false, _, false, _, _, _, _, _, _, ETHERTYPE_LINK_PROBE, ROLE_CORE) : punt_link_probe();
            (false, _, false, _, _, _, _, _, true, _, ROLE_SELF)     : drop(DROP_ETHERTYPE);
            (false, _, false, _, _, _, _, _, true, _, _)             : fit();
        }
        const default_action = drop(DROP_ETHERTYPE);
        CONSTANT_ENTRIES(31)
    }

    apply {
        if (md.port_role != ROLE_SELF) {
            ports.apply();
        }
        if (md.verdict == UNDECIDED) {
            // Bit 40 of a source is the group bit (IEEE 802-2014 s8.2): no station has such an address.
            if (!hdr.ethernet.isValid() || hdr.ethernet.src[40:40] == 1) {
                drop(DROP_MALFORMED);
            } else if (md.port_role == ROLE_ACCESS) {
                access_nodes.apply();
            } else if (md.port_role == ROLE_EXTERNAL) {
                md.path_id = EXTERNAL_PATH | (path_id_t)md.ingress_port;
            }
        }
        if (md.verdict == UNDECIDED) {
            if (hdr.ipv6.isValid()) {
                md.length = hdr.ipv6.payload_length |+| IPV6_HEADER_LENGTH;
            } else if (hdr.ipv4.isValid()) {
                md.length = hdr.ipv4.total_length;
                md.dscp_before = hdr.ipv4.dscp;
                md.ecn_before = hdr.ipv4.ecn;
            }
            // No gateway of Tofino compares two fields.
            OCTETS_BEYOND_FRAME(beyond, md.length, md.frame_length)

            frames.apply();
        }
    }
}
