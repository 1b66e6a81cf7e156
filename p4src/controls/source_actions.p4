// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// What the tables of sources have in common; included inside of each control that holds one.

    DIRECT_COUNTER(packets);

    action permit() {
        md.source_bound = 1;
        COUNT_DIRECT(packets);
    }

    // Anchored elsewhere: unless the destination is bound here, its packets leave by their anchor.
    action relay_to_tunnel(@refers_to(tunnel_paths, tunnel_id) @refers_to(tunnels, tunnel_id) tunnel_id_t tunnel_id) {
        md.source_bound = 1;
        md.relay_tunnel = tunnel_id;
        COUNT_DIRECT(packets);
    }

    // With the key that the anchor knows the node by (RFC 5845 s5.2).
    action relay_to_tunnel_gre(
        @refers_to(tunnel_paths, tunnel_id) @refers_to(tunnels, tunnel_id) tunnel_id_t tunnel_id, bit<32> gre_key) {
        md.source_bound = 1;
        md.relay_tunnel = tunnel_id;
        md.relay_gre_keyed = 1;
        md.relay_gre_key = gre_key;
        COUNT_DIRECT(packets);
    }

    // What that means depends on the path: a drop on an access port; from a tunnel the binding of the destination may
    // still speak for the packet (control Bindings).
    action source_unbound() { }
