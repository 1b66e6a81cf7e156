// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// What both tables of flow selectors have in common: where packets go, and two actions of their own.

#include "delivery_actions.p4"

    action discard() {
        md.verdict = DROP;
        md.drop_reason = DROP_FLOW_DISCARDED;
        COUNT_DIRECT(packets);
    }

    action drop_flow_unmatched() {
        md.verdict = DROP;
        md.drop_reason = DROP_FLOW_UNMATCHED;
    }
