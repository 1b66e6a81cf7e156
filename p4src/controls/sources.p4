// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Where packets enter the domain, is the source one that belongs there (BCP 38)? On an access port it has to be bound to
// the path of its node; the path is part of the key, so that a move can insert the new path's row before it deletes the
// old one's. On an external port it has to be of the subnet there. Core ports are not asked: with every other port
// checked, what arrives by one comes from a switch. On that rests that tunnel_peers may go by addresses.

control Sources(inout headers_t hdr, inout local_metadata_t md) {
    DIRECT_COUNTER(prefix_source_packets);

    action permit() {
        md.admitted = 1;
        COUNT_DIRECT(prefix_source_packets);
    }

    // The prefix is anchored elsewhere: unless the destination is bound here, its packets leave by its anchor.
    action relay_to_tunnel(tunnel_id_t tunnel_id) {
        md.admitted = 1;
        md.relay_tunnel = tunnel_id;
        COUNT_DIRECT(prefix_source_packets);
    }

    // What that means depends on the path: a drop below on an access port; from a tunnel the binding of the destination
    // may still speak for the packet (control Bindings).
    action source_unbound() { }

    // One row per home network prefix and path, written when its node attaches here or at a peer.
    table prefix_sources {
        key = {
            hdr.ipv6.src[127:64] : exact @name("prefix");
            md.path_id           : exact @name("path_id");
        }
        actions = { permit; relay_to_tunnel; @defaultonly source_unbound; }
        const default_action = source_unbound();
        WITH_DIRECT_COUNTER(prefix_source_packets);
        size = SIZE_PREFIX_SOURCES;
    }

    action permit_external() { }

    action punt_source_external() {
        md.verdict = PUNT;
        md.punt_reason = PUNT_SOURCE_UNBOUND;
        md.drop_reason = DROP_SOURCE_UNBOUND;
    }

    // One row per external port: its subnet, from the configuration.
    table external_sources {
        key = {
            md.ingress_port : exact @name("port");
            hdr.ipv6.src    : lpm   @name("source");
        }
        actions = { permit_external; @defaultonly punt_source_external; }
        const default_action = punt_source_external();
        size = SIZE_EXTERNAL_SOURCES;
    }

    apply {
        // RFC 4291 s2.5.2, s2.5.3, s2.7: never a source or destination beyond its link. A decapsulated packet has not
        // been through NeighborDiscovery.
        if (hdr.ipv6.src[127:120] == 0xff || hdr.ipv6.src == 0 || hdr.ipv6.src == 1 || hdr.ipv6.src[127:118] == 0x3fa
            || hdr.ipv6.dst[127:120] == 0xff || hdr.ipv6.dst == 0 || hdr.ipv6.dst == 1
            || hdr.ipv6.dst[127:118] == 0x3fa) {
            md.verdict = DROP;
            md.drop_reason = DROP_MARTIAN;
        } else if (md.port_role == ROLE_EXTERNAL) {
            external_sources.apply();
        } else if (md.path_id != 0) {
            prefix_sources.apply();
            if (md.admitted == 0 && md.in_tunnel == 0) {
                md.verdict = PUNT;
                md.punt_reason = PUNT_SOURCE_UNBOUND;
                md.drop_reason = DROP_SOURCE_UNBOUND;
            }
        }
    }
}
