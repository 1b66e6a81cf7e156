// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// The third part of the ingress pipeline of every target: where does this go, and does it fit? Included inside of an
// apply block, after pipeline_crossing.p4 or in a pipe of its own.

        if (md.verdict == UNDECIDED) {
            bindings.apply(hdr, md);
        }
        if (md.verdict == UNDECIDED) {
            flow_bindings.apply(hdr, md);
        }
        if (md.verdict == UNDECIDED) {
            downlink_policing.apply(hdr, md, md.destination_node_id);
        }
        if (md.verdict == UNDECIDED) {
            routing.apply(hdr, md);
        }
        if (md.verdict == UNDECIDED) {
            path_mtu.apply(hdr, md);
        }
        // What the controller sends is never punted back to it.
        if (md.verdict == PUNT && md.port_role == ROLE_SELF) {
            md.verdict = DROP;
            if (md.drop_reason == DROP_NONE) {
                md.drop_reason = DROP_PACKET_OUT_INVALID;
            }
        } else {
            punt_guard.apply(hdr, md);
        }
