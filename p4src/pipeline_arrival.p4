// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// The first part of the ingress pipeline of every target, in the order packets meet it: who sends this, and may they?
// Included inside of an apply block; pipeline_crossing.p4 and pipeline_departure.p4 follow.

        from_controller.apply(hdr, md);
        if (md.verdict == UNDECIDED) {
            admission.apply(hdr, md);
        }
        if (md.verdict == UNDECIDED && md.port_role != ROLE_SELF) {
            if (hdr.ipv6.isValid()) {
                neighbor_discovery.apply(hdr, md);
            } else {
                ipv4_link.apply(hdr, md);
            }
            if (md.verdict == UNDECIDED) {
                stations.apply(hdr, md);
            }
            if (md.verdict == UNDECIDED) {
                tunnel_termination.apply(hdr, md);
            }
        }
        flow_ports.apply(hdr, md);
        if (md.verdict == UNDECIDED) {
            sources.apply(hdr, md);
        }
