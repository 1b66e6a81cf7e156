// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Who may speak on this port: the port's role, frames fit to be looked at, and on access ports the mobile nodes.

control Admission(inout headers_t hdr, inout local_metadata_t md) {
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

    apply {
        if (md.port_role != ROLE_SELF) {
            ports.apply();
        }
        if (md.verdict == UNDECIDED) {
            // Bit 40 of a source is the group bit (IEEE 802-2014 s8.2): no station has such an address.
            if (md.parser_failed == 1 || hdr.ethernet.src[40:40] == 1) {
                md.verdict = DROP;
                md.drop_reason = DROP_MALFORMED;
            } else if (md.port_role == ROLE_ACCESS) {
                access_nodes.apply();
            }
        }
        if (md.verdict == UNDECIDED) {
            if (!hdr.ipv6.isValid()) {
                md.verdict = DROP;
                md.drop_reason = DROP_ETHERTYPE;
            } else if (hdr.ipv6.version != 6) {
                md.verdict = DROP;
                md.drop_reason = DROP_MALFORMED;
            }
        }
    }
}
