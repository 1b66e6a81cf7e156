// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// IPv4 on a link: the default router's ARP is answered here, so that hosts keep their router while no controller runs
// (RFC 5844 s3.4.1); other ARP and DHCP go to the controller. Nothing of link scope is ever forwarded.

#define LINK_LOCAL 0xa9fe0000 &&& 0xffff0000
#define MULTICAST  0xe0000000 &&& 0xf0000000
#define BROADCAST  0xffffffff

control Ipv4Link(inout headers_t hdr, inout local_metadata_t md) {
    action answer_arp(mac_t link_layer_address) {
        md.egress_port = md.ingress_port;
        md.verdict = FORWARD;
        hdr.ethernet.dst = hdr.ethernet.src;
        hdr.ethernet.src = link_layer_address;
        hdr.arp.operation = ARP_REPLY;
        hdr.arp.target_mac = hdr.arp.sender_mac;
        hdr.arp.sender_mac = link_layer_address;
        ipv4_address_t target = hdr.arp.target;
        hdr.arp.target = hdr.arp.sender;
        hdr.arp.sender = target;
    }

    action punt_arp() {
        md.verdict = PUNT;
        md.punt_reason = PUNT_ARP;
    }

    // One row per port and IPv4 address the router has there. The same on every switch where a node may come: its
    // default router (RFC 5844 s3.1.4). Written from the configuration.
    table ipv4_router_addresses {
        key = {
            md.ingress_port : exact @name("port");
            hdr.arp.target  : exact @name("target");
        }
        actions = { answer_arp; @defaultonly punt_arp; }
        const default_action = punt_arp();
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
    table ipv4_link_scope {
        key = {
            hdr.arp.isValid()       : ternary;
            hdr.arp.hardware_type   : ternary;
            hdr.arp.protocol_type   : ternary;
            hdr.arp.hardware_length : ternary;
            hdr.arp.protocol_length : ternary;
            hdr.arp.operation       : ternary;
            hdr.ipv4.isValid()      : ternary;
            hdr.ipv4.protocol       : ternary;
            hdr.ipv4.src            : ternary;
            hdr.ipv4.dst            : ternary;
            hdr.ports.isValid()     : ternary;
            hdr.ports.dst_port      : ternary;
        }
        actions = { drop; punt; look_up; pass; }
        const entries = {
            (true, 1, ETHERTYPE_IPV4, 6, 4, ARP_REQUEST, _, _, _, _, _, _) : look_up();
            (true, 1, ETHERTYPE_IPV4, 6, 4, _, _, _, _, _, _, _)           : punt(PUNT_ARP);
            (true, _, _, _, _, _, _, _, _, _, _, _)                        : drop(DROP_MALFORMED);
            (_, _, _, _, _, _, true, PROTO_UDP, _, MULTICAST, true, UDP_DHCP_SERVER) : punt(PUNT_DHCP);
            (_, _, _, _, _, _, true, PROTO_UDP, _, BROADCAST, true, UDP_DHCP_SERVER) : punt(PUNT_DHCP);
            (_, _, _, _, _, _, true, _, _, MULTICAST, _, _)                : drop(DROP_MULTICAST);
            (_, _, _, _, _, _, true, _, _, BROADCAST, _, _)                : drop(DROP_MULTICAST);
            (_, _, _, _, _, _, true, _, LINK_LOCAL, _, _, _)               : drop(DROP_LINK_LOCAL);   // RFC 3927 s2.7
            (_, _, _, _, _, _, true, _, _, LINK_LOCAL, _, _)               : drop(DROP_LINK_LOCAL);
        }
        const default_action = pass();
        CONSTANT_ENTRIES(9)
    }

    apply {
        switch (ipv4_link_scope.apply().action_run) {
            look_up: { ipv4_router_addresses.apply(); }
            default: { }
        }
    }
}

#undef LINK_LOCAL
#undef MULTICAST
#undef BROADCAST
