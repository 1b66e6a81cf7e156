// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Where packets for a mobile node go; included inside of each control with a table of bindings or of flow selectors.
// Every row names its node, for its meter; 0 where the node is metered elsewhere.

    DIRECT_COUNTER(packets);

    action deliver(port_id_t port, mac_t link_layer_address, mac_t router_address, node_id_t node_id) {
        md.destination_bound = 1;
        md.destination_node_id = node_id;
        md.egress_port = port;
        md.link_layer_address = link_layer_address;
        md.router_address = router_address;
        COUNT_DIRECT(packets);
    }

    action to_tunnel(@refers_to(tunnel_paths, tunnel_id) @refers_to(tunnels, tunnel_id) tunnel_id_t tunnel_id,
                     node_id_t node_id) {
        md.destination_bound = 1;
        md.destination_node_id = node_id;
        md.tunnel_id = tunnel_id;
        COUNT_DIRECT(packets);
    }

    // With the key by which the far end knows the node (RFC 5845 s5.2).
    action to_tunnel_gre(@refers_to(tunnel_paths, tunnel_id) @refers_to(tunnels, tunnel_id) tunnel_id_t tunnel_id,
                         bit<32> gre_key, node_id_t node_id) {
        md.destination_bound = 1;
        md.destination_node_id = node_id;
        md.tunnel_id = tunnel_id;
        md.gre_keyed = 1;
        md.gre_key = gre_key;
        COUNT_DIRECT(packets);
    }

    // To the path the node has and the one it is about to have. Replica id 0 is a neighbour, any other the tunnel of
    // that id; a key is the tunnel's own (control Encapsulation). The packet has to fit through tunnel_id, if it is not
    // 0, and out of port: the neighbour's, or one towards a tunnel where all copies go into tunnels.
    action replicate(@refers_to(builtin::multicast_group_table, multicast_group_id) bit<16> group, port_id_t port,
                     tunnel_id_t tunnel_id, mac_t link_layer_address, mac_t router_address, node_id_t node_id) {
        md.destination_bound = 1;
        md.destination_node_id = node_id;
        md.mcast_group = group;
        md.egress_port = port;
        md.tunnel_id = tunnel_id;
        md.link_layer_address = link_layer_address;
        md.router_address = router_address;
        COUNT_DIRECT(packets);
    }
