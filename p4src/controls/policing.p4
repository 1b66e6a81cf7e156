// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// What a mobile node may send and be sent: a two-rate three-colour meter (RFC 2698) per node, and what to do with
// packets of each colour. Instantiated once per direction, where the node is attached or where its own tunnel ends.

control NodePolicing(inout headers_t hdr, inout local_metadata_t md, in node_id_t node_id) {
    // By node id; not configured means green.
    BYTE_METER(node_meters, SIZE_ACCESS_NODES);

    action remark(bit<6> dscp) {
        md.remarked = 1;
        md.remarked_dscp = dscp;
    }

    action discard() {
        md.verdict = DROP;
        md.drop_reason = DROP_NODE_METERED;
    }

    action pass() { }

    // Up to two rows per node with a meter: for yellow and for red.
    table node_policies {
        key = {
            node_id  : exact @name("node_id");
            md.color : exact @name("color");
        }
        actions = { remark; discard; @defaultonly pass; }
        const default_action = pass();
        size = SIZE_NODE_POLICIES;
    }

    apply {
        if (node_id != 0) {
            meter_color_t color = 0;
            EXECUTE_METER(node_meters, node_id, color);
            if (color == METER_RED) {
                md.color = COLOR_RED;
            } else if (color == METER_YELLOW) {
                md.color = COLOR_YELLOW;
            } else {
                md.color = COLOR_GREEN;
            }
            if (md.color != COLOR_GREEN) {
                node_policies.apply();
            }
        }
    }
}
