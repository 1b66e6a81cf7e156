// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// The second part of the ingress pipeline of every target: what is the packet to be taken for? Included inside of an
// apply block, after pipeline_arrival.p4 or in a gress of its own.

        if (md.verdict == UNDECIDED) {
            uplink_policing.apply(hdr, md, md.node_id);
        }
        if (md.verdict == UNDECIDED) {
            route_optimization.apply(hdr, md);
        }
        if (md.verdict == UNDECIDED) {
            flow_key.apply(hdr, md);
        }
