// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Link-scope traffic. The default router's NS is answered here, so that hosts keep their router while no controller
// runs; the rest of ND, MLD and DHCP goes to the controller. Nothing of link scope is ever forwarded.

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

    apply {
        bool from_link = hdr.ipv6.src[127:118] == 0x3fa || hdr.ipv6.src == 0;   // fe80::/10, ::
        if (hdr.icmpv6.isValid() && hdr.icmpv6.type >= ICMPV6_RS && hdr.icmpv6.type <= ICMPV6_REDIRECT) {
            // RFC 4861 s6.1 and s7.1: only a neighbor can send hop limit 255
            if (hdr.ipv6.hop_limit != ND_HOP_LIMIT || hdr.icmpv6.code != 0 || md.checksum_failed == 1) {
                drop(DROP_ND_INVALID);
            } else if (hdr.neighbor.isValid() && hdr.ipv6.src != 0) {
                router_addresses.apply();
            } else {
                punt(PUNT_ND);   // also duplicate address detection (source ::), answered by the controller
            }
        } else if (hdr.ipv6.dst[127:120] == 0xff) {
            if (from_link && hdr.ipv6.next_header == PROTO_HOP_BY_HOP) {
                punt(PUNT_MLD);  // RFC 3810 s5: always behind a Router Alert; RFC 3590: the source may be ::
            } else if (hdr.ipv6.dst == ALL_DHCP_AGENTS) {
                punt(PUNT_DHCP);
            } else {
                drop(DROP_MULTICAST);
            }
        } else if (from_link || hdr.ipv6.dst[127:118] == 0x3fa) {
            if (hdr.icmpv6.isValid() && hdr.ipv6.dst[127:118] == 0x3fa) {
                punt(PUNT_LOCAL);   // a host pings its router
            } else {
                drop(DROP_LINK_LOCAL);
            }
        }
    }
}
