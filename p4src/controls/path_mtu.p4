// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// What a router does to every packet it forwards: does it fit the way it goes, may it go one hop further, and then all
// that changes in it. Not before: a punted packet still has the MACs and the header it came with, by which its sender
// is told.

control PathMtu(inout headers_t hdr, inout local_metadata_t md) {
    bit<16> tunnel_mtu = 0;
    bit<16> tunnel_beyond = 0;   // octets that the tunnel has no room for
    bit<16> beyond = 0;          // the same of the port, or of the tunnel where only that counts

    action set_mtu(bit<16> mtu) {
        md.mtu = mtu;
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

    @hidden
    action depart() {
        md.verdict = FORWARD;
    }

    @hidden
    action punt_hop_limit() {
        md.verdict = PUNT;
        md.punt_reason = PUNT_HOP_LIMIT;
        md.drop_reason = DROP_HOP_LIMIT;
    }

    @hidden
    action punt_packet_too_big() {
        md.verdict = PUNT;
        md.punt_reason = PUNT_PACKET_TOO_BIG;
        md.drop_reason = DROP_PACKET_TOO_BIG;
        md.punt_argument = (bit<32>)md.mtu;
    }

    @hidden
    action punt_tunnel_too_small() {
        md.verdict = PUNT;
        md.punt_reason = PUNT_PACKET_TOO_BIG;
        md.drop_reason = DROP_PACKET_TOO_BIG;
        md.punt_argument = (bit<32>)tunnel_mtu;
    }

    // RFC 4443 s3.3 before s3.2: a packet that may go no further is not told about the way ahead. The controller's own
    // may.
    @hidden
    table departures {
        key = {
            md.port_role       : ternary;
            hdr.ipv6.isValid() : ternary;
            hdr.ipv6.hop_limit : ternary;
            hdr.ipv4.isValid() : ternary;
            hdr.ipv4.ttl       : ternary;
            tunnel_beyond      : ternary;
            beyond             : ternary;
        }
        actions = { depart; punt_hop_limit; punt_packet_too_big; punt_tunnel_too_small; }
        const entries = {
            (ROLE_SELF, _, _, _, _, 0, 0)       : depart();
            (ROLE_SELF, _, _, _, _, 0, _)       : punt_packet_too_big();
            (ROLE_SELF, _, _, _, _, _, _)       : punt_tunnel_too_small();
            (_, true, 0 &&& 0xfe, _, _, _, _)   : punt_hop_limit();
            (_, _, _, true, 0 &&& 0xfe, _, _)   : punt_hop_limit();
            (_, _, _, _, _, 0, 0)               : depart();
            (_, _, _, _, _, 0, _)               : punt_packet_too_big();
        }
        const default_action = punt_tunnel_too_small();
        CONSTANT_ENTRIES(7)
    }

    @hidden
    action insert_routing_header() {
        hdr.routing_type_2.setValid();
        hdr.routing_type_2.length = 2;
        hdr.routing_type_2.routing_type = ROUTING_TYPE_2;
        hdr.routing_type_2.segments_left = 1;
        hdr.routing_type_2.reserved = 0;
        hdr.routing_type_2.home_address = hdr.ipv6.dst;
        hdr.ipv6.payload_length = hdr.ipv6.payload_length + ROUTE_OPTIMIZATION_LENGTH;
    }

    // An action of its own: Tofino's take constants or fields for what lies side by side, not both.
    @hidden
    action link_routing_header() {
        hdr.routing_type_2.next_header = hdr.ipv6.next_header;
        hdr.ipv6.next_header = PROTO_ROUTING;
        hdr.ipv6.dst = md.destination;
    }

    apply {
        if (md.tunnel_id != 0) {
            tunnel_mtu = md.mtu;
            tunnel_beyond = md.length |-| md.mtu;
        }
        // A replica for a tunnel is beside one for a port here: both have to fit.
        if (md.tunnel_id == 0 || md.mcast_group != 0) {
            port_mtus.apply();
        }
        // No gateway of Tofino compares two fields.
        beyond = md.length |-| md.mtu;
        if (md.route_optimized == 1) {
            tunnel_mtu = tunnel_mtu |-| ROUTE_OPTIMIZATION_LENGTH;
            // As the sender is told: md.length counts the header to be added.
            md.mtu = md.mtu |-| ROUTE_OPTIMIZATION_LENGTH;
        }
        switch (departures.apply().action_run) {
            depart: {
                hdr.ethernet.dst = md.link_layer_address;
                hdr.ethernet.src = md.router_address;
                if (hdr.ipv6.isValid() && md.route_optimized == 1) {
                    insert_routing_header();
                    link_routing_header();
                }
                // What the controller sends is not on its way through.
                if (md.port_role != ROLE_SELF) {
                    if (hdr.ipv6.isValid()) {
                        hdr.ipv6.hop_limit = hdr.ipv6.hop_limit - 1;
                        if (md.remarked == 1) {
                            hdr.ipv6.dscp = md.remarked_dscp;
                        }
                    } else if (hdr.ipv4.isValid()) {
                        hdr.ipv4.ttl = hdr.ipv4.ttl - 1;
                        md.hop_taken = 1;
                        md.ipv4_changed = 1;
                        if (md.remarked == 1) {
                            hdr.ipv4.dscp = md.remarked_dscp;
                        }
                    }
                }
            }
            default: { }
        }
    }
}
