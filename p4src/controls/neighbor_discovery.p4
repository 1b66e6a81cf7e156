// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Link-scope traffic. The default router's NS is answered here, so that hosts keep their router while no controller
// runs; the rest of ND, MLD and DHCP goes to the controller. Nothing of link scope is ever forwarded.

#define LINK_LOCAL 0xfe800000000000000000000000000000 &&& 0xffc00000000000000000000000000000
#define MULTICAST  0xff000000000000000000000000000000 &&& 0xff000000000000000000000000000000

control NeighborDiscovery(inout headers_t hdr, inout local_metadata_t md) {
    action answer(mac_t link_layer_address) {
        md.answered = 1;
        md.egress_port = md.ingress_port;
        md.verdict = FORWARD;
        hdr.ethernet.dst = hdr.ethernet.src;
        hdr.ethernet.src = link_layer_address;
        hdr.ipv6.dscp = 0;
        hdr.ipv6.ecn = 0;
        hdr.ipv6.flow_label = 0;
        hdr.ipv6.payload_length = NS_LENGTH_WITH_OPTION;
        hdr.ipv6.dst = hdr.ipv6.src;
        hdr.ipv6.src = hdr.neighbor.target;
        hdr.icmpv6.type = ICMPV6_NA;
        hdr.neighbor.flags = NA_FLAGS;
        hdr.link_layer_option.setValid();
        hdr.link_layer_option.type = ND_OPTION_TARGET_LINK_LAYER_ADDRESS;
        hdr.link_layer_option.length = 1;
        hdr.link_layer_option.address = link_layer_address;
    }

    action punt_nd() {
        md.verdict = PUNT;
        md.punt_reason = PUNT_ND;
    }

    // One row per port and address the router has there: its own, and on access ports the link-local address of every
    // anchor whose logical interface may have to be shown (RFC 8885 s3.7). Written from the configuration.
    table router_addresses {
        key = {
            md.ingress_port     : exact @name("port");
            hdr.neighbor.target : exact @name("target");
        }
        actions = { answer; @defaultonly punt_nd; }
        const default_action = punt_nd();
        size = SIZE_ROUTER_ADDRESSES;
    }

    @hidden
    action drop(drop_reason_t reason) {
        md.verdict = DROP;
        md.drop_reason = reason;
    }

    @hidden
    action punt(punt_reason_t reason) {
        md.verdict = PUNT;
        md.punt_reason = reason;
    }

    @hidden
    action look_up() { }

    @hidden
    action pass() { }

    // The first that matches.
    @hidden
    table link_scope {
        key = {
            hdr.icmpv6.isValid()   : ternary;
            hdr.icmpv6.type        : ternary;
            hdr.icmpv6.code        : ternary;
            hdr.ipv6.hop_limit     : ternary;
            md.checksum_failed     : ternary;
            hdr.neighbor.isValid() : ternary;
            hdr.ipv6.next_header   : ternary;
            hdr.ipv6.src           : ternary;
            hdr.ipv6.dst           : ternary;
        }
        actions = { drop; punt; look_up; pass; }
        const entries = {
            // RFC 4861 s6.1 and s7.1: only a neighbor can send hop limit 255. Duplicate address detection (source ::)
            // is answered by the controller.
            (true, ICMPV6_NS, 0, ND_HOP_LIMIT, 0, true, _, 0, _)       : punt(PUNT_ND);
            (true, ICMPV6_NS, 0, ND_HOP_LIMIT, 0, true, _, _, _)       : look_up();
            (true, ICMPV6_RS, 0, ND_HOP_LIMIT, 0, _, _, _, _) : punt(PUNT_ND);
            (true, ICMPV6_RA, 0, ND_HOP_LIMIT, 0, _, _, _, _) : punt(PUNT_ND);
            (true, ICMPV6_NS, 0, ND_HOP_LIMIT, 0, _, _, _, _) : punt(PUNT_ND);
            (true, ICMPV6_NA, 0, ND_HOP_LIMIT, 0, _, _, _, _) : punt(PUNT_ND);
            (true, ICMPV6_REDIRECT, 0, ND_HOP_LIMIT, 0, _, _, _, _) : punt(PUNT_ND);
            (true, ICMPV6_RS, _, _, _, _, _, _, _) : drop(DROP_ND_INVALID);
            (true, ICMPV6_RA, _, _, _, _, _, _, _) : drop(DROP_ND_INVALID);
            (true, ICMPV6_NS, _, _, _, _, _, _, _) : drop(DROP_ND_INVALID);
            (true, ICMPV6_NA, _, _, _, _, _, _, _) : drop(DROP_ND_INVALID);
            (true, ICMPV6_REDIRECT, _, _, _, _, _, _, _) : drop(DROP_ND_INVALID);
            // RFC 3810 s5: always behind a Router Alert; RFC 3590: the source may be ::
            (_, _, _, _, _, _, PROTO_HOP_BY_HOP, 0, MULTICAST)         : punt(PUNT_MLD);
            (_, _, _, _, _, _, PROTO_HOP_BY_HOP, LINK_LOCAL, MULTICAST) : punt(PUNT_MLD);
            (_, _, _, _, _, _, _, _, ALL_DHCP_AGENTS)                  : punt(PUNT_DHCP);
            (_, _, _, _, _, _, _, _, MULTICAST)                        : drop(DROP_MULTICAST);
            (true, _, _, _, _, _, _, _, LINK_LOCAL)                    : punt(PUNT_LOCAL);   // a host pings its router
            (_, _, _, _, _, _, _, _, LINK_LOCAL)                       : drop(DROP_LINK_LOCAL);
            (_, _, _, _, _, _, _, LINK_LOCAL, _)                       : drop(DROP_LINK_LOCAL);
            (_, _, _, _, _, _, _, 0, _)                                : drop(DROP_LINK_LOCAL);
        }
        const default_action = pass();
        CONSTANT_ENTRIES(20)
    }

    apply {
        switch (link_scope.apply().action_run) {
            look_up: { router_addresses.apply(); }
            default: { }
        }
    }
}

#undef LINK_LOCAL
#undef MULTICAST
