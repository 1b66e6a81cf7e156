// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// What the tables of bindings have in common.

#include "delivery_actions.p4"

    // Several care-of addresses: which one, the flow decides (RFC 5648, RFC 6089).
    action to_flows(@refers_to(FLOW_SELECTORS, flow_set) flow_set_t flow_set) {
        md.destination_bound = 1;
        md.flow_set = flow_set;
        COUNT_DIRECT(packets);
    }

    action destination_unbound() { }
