// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Where packets enter the domain, is the source one that belongs there (BCP 38)? On an access port it has to be bound
// to the path of its node, behind a tunnel to the path that is the tunnel; the path is part of the key, so that a move
// can insert the new path's row before it deletes the old one's. On an external port it has to be of the subnet there.
// Core ports are not asked: with every other port checked, what arrives by one comes from a switch. On that rests that
// tunnels may go by addresses.

control AddressSources(inout headers_t hdr, inout local_metadata_t md) {
#include "source_actions.p4"

    // One row per home address and path (RFC 6275 s10.4.5: what a mobile node sends through its home agent).
    table address_sources {
        key = {
            hdr.ipv6.src : exact @name("address");
            md.path_id   : exact @name("path_id");
        }
        actions = { permit; relay_to_tunnel; relay_to_tunnel_gre; @defaultonly source_unbound; }
        const default_action = source_unbound();
        WITH_DIRECT_COUNTER(packets);
        size = SIZE_ADDRESS_SOURCES;
    }

    apply {
        address_sources.apply();
    }
}

control PrefixSources(inout headers_t hdr, inout local_metadata_t md) {
#include "source_actions.p4"

    // One row per home network prefix and path, written when its node attaches here or at a peer.
    table prefix_sources {
        key = {
            hdr.ipv6.src[127:64] : exact @name("prefix");
            md.path_id           : exact @name("path_id");
        }
        actions = { permit; relay_to_tunnel; relay_to_tunnel_gre; @defaultonly source_unbound; }
        const default_action = source_unbound();
        WITH_DIRECT_COUNTER(packets);
        size = SIZE_PREFIX_SOURCES;
    }

    apply {
        prefix_sources.apply();
    }
}

control NetworkSources(inout headers_t hdr, inout local_metadata_t md) {
#include "source_actions.p4"

    // One row per mobile network prefix and path (RFC 3963 s6.4: from the mobile router's care-of address only).
    table network_sources {
        key = {
            md.path_id   : exact @name("path_id");
            hdr.ipv6.src : lpm   @name("network");
        }
        actions = { permit; relay_to_tunnel; relay_to_tunnel_gre; @defaultonly source_unbound; }
        const default_action = source_unbound();
        WITH_DIRECT_COUNTER(packets);
        size = SIZE_NETWORK_SOURCES;
    }

    apply {
        network_sources.apply();
    }
}

control Ipv4Sources(inout headers_t hdr, inout local_metadata_t md) {
#include "source_actions.p4"

    // One row per IPv4 home address and path (RFC 5844 s3.1, RFC 5555 s3).
    table ipv4_sources {
        key = {
            hdr.ipv4.src : exact @name("address");
            md.path_id   : exact @name("path_id");
        }
        actions = { permit; relay_to_tunnel; relay_to_tunnel_gre; @defaultonly source_unbound; }
        const default_action = source_unbound();
        WITH_DIRECT_COUNTER(packets);
        size = SIZE_IPV4_SOURCES;
    }

    apply {
        ipv4_sources.apply();
    }
}

control ExternalSources(inout headers_t hdr, inout local_metadata_t md) {
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

    table ipv4_external_sources {
        key = {
            md.ingress_port : exact @name("port");
            hdr.ipv4.src    : lpm   @name("source");
        }
        actions = { permit_external; @defaultonly punt_source_external; }
        const default_action = punt_source_external();
        size = SIZE_EXTERNAL_SOURCES;
    }

    apply {
        if (hdr.ipv6.isValid()) {
            external_sources.apply();
        } else if (hdr.ipv4.isValid()) {
            ipv4_external_sources.apply();
        }
    }
}

control Sources(inout headers_t hdr, inout local_metadata_t md) {
    AddressSources() address;
    PrefixSources() prefix;
    NetworkSources() network;
    Ipv4Sources() ipv4;
    ExternalSources() external;
    bit<1> martian = 0;

    @hidden
    action set_martian() {
        martian = 1;
    }

    @hidden
    action not_martian() { }

    // Never a source or destination beyond its link: RFC 4291 s2.5.2, s2.5.3, s2.5.5.2, s2.7; RFC 6890 s2.2.2, s2.2.3.
    // A decapsulated packet has not been through the controls of link scope.
    @hidden
    table martian_sources {
        key = { hdr.ipv6.src : ternary; }
        actions = { set_martian; @defaultonly not_martian; }
        const entries = {
            0xff000000000000000000000000000000 &&& 0xff000000000000000000000000000000 : set_martian();
            0xfe800000000000000000000000000000 &&& 0xffc00000000000000000000000000000 : set_martian();
            0                                  &&& 0xfffffffffffffffffffffffffffffffe : set_martian();   // ::, ::1
            0x00000000000000000000ffff00000000 &&& 0xffffffffffffffffffffffff00000000 : set_martian();   // IPv4-mapped
        }
        const default_action = not_martian();
        CONSTANT_ENTRIES(4)
    }

    @hidden
    table martian_destinations {
        key = { hdr.ipv6.dst : ternary; }
        actions = { set_martian; @defaultonly not_martian; }
        const entries = {
            0xff000000000000000000000000000000 &&& 0xff000000000000000000000000000000 : set_martian();
            0xfe800000000000000000000000000000 &&& 0xffc00000000000000000000000000000 : set_martian();
            0                                  &&& 0xfffffffffffffffffffffffffffffffe : set_martian();   // ::, ::1
            0x00000000000000000000ffff00000000 &&& 0xffffffffffffffffffffffff00000000 : set_martian();   // IPv4-mapped
        }
        const default_action = not_martian();
        CONSTANT_ENTRIES(4)
    }

    @hidden
    table ipv4_martian_sources {
        key = { hdr.ipv4.src : ternary; }
        actions = { set_martian; @defaultonly not_martian; }
        const entries = {
            0xe0000000 &&& 0xe0000000 : set_martian();
            0x00000000 &&& 0xff000000 : set_martian();
            0x7f000000 &&& 0xff000000 : set_martian();
            0xa9fe0000 &&& 0xffff0000 : set_martian();
        }
        const default_action = not_martian();
        CONSTANT_ENTRIES(4)
    }

    @hidden
    table ipv4_martian_destinations {
        key = { hdr.ipv4.dst : ternary; }
        actions = { set_martian; @defaultonly not_martian; }
        const entries = {
            0xe0000000 &&& 0xe0000000 : set_martian();
            0x00000000 &&& 0xff000000 : set_martian();
            0x7f000000 &&& 0xff000000 : set_martian();
            0xa9fe0000 &&& 0xffff0000 : set_martian();
        }
        const default_action = not_martian();
        CONSTANT_ENTRIES(4)
    }

    apply {
        if (hdr.ipv6.isValid()) {
            martian_sources.apply();
            martian_destinations.apply();
        } else if (hdr.ipv4.isValid()) {
            ipv4_martian_sources.apply();
            ipv4_martian_destinations.apply();
        }
        if (martian == 1) {
            md.verdict = DROP;
            md.drop_reason = DROP_MARTIAN;
        } else if (md.port_role == ROLE_EXTERNAL && md.in_tunnel == 0) {
            external.apply(hdr, md);
        } else if (md.path_id != 0) {
            if (hdr.ipv6.isValid()) {
                // The most exact first, as for destinations (control Bindings)
                address.apply(hdr, md);
                if (md.source_bound == 0) {
                    prefix.apply(hdr, md);
                }
                if (md.source_bound == 0) {
                    network.apply(hdr, md);
                }
            } else if (hdr.ipv4.isValid()) {
                ipv4.apply(hdr, md);
            }
            if (md.source_bound == 0 && md.in_tunnel == 0) {
                md.verdict = PUNT;
                md.punt_reason = PUNT_SOURCE_UNBOUND;
                md.drop_reason = DROP_SOURCE_UNBOUND;
            }
        }
    }
}
