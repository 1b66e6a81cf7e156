// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// One node, several care-of addresses: the flow chooses (RFC 6089 s4.3). Rows are ordered by FID-PRI; the one of lowest
// priority, matching on the set alone, is the default binding. Fragments, and packets whose ports stand behind
// extension headers, match no selector that names ports.

control Ipv6FlowBindings(inout headers_t hdr, inout local_metadata_t md) {
#include "flow_actions.p4"

    table flow_selectors {
        key = {
            md.flow_set         : exact   @name("flow_set");
            hdr.ipv6.src        : ternary @name("source");
            hdr.ipv6.dst        : ternary @name("destination");
            md.spi              : ternary @name("spi");
            hdr.ipv6.flow_label : range   @name("flow_label");
            md.src_port         : range   @name("source_port");
            md.dst_port         : range   @name("destination_port");
            md.dscp             : range   @name("dscp");
            md.protocol         : range   @name("next_header");
        }
        actions = { deliver; to_tunnel; to_tunnel_gre; replicate; discard; @defaultonly drop_flow_unmatched; }
        const default_action = drop_flow_unmatched();
        WITH_DIRECT_COUNTER(packets);
        size = SIZE_FLOW_SELECTORS;
    }

    apply {
        flow_selectors.apply();
    }
}

control Ipv4FlowBindings(inout headers_t hdr, inout local_metadata_t md) {
#include "flow_actions.p4"

    table ipv4_flow_selectors {
        key = {
            md.flow_set  : exact   @name("flow_set");
            hdr.ipv4.src : ternary @name("source");
            hdr.ipv4.dst : ternary @name("destination");
            md.spi       : ternary @name("spi");
            md.src_port  : range   @name("source_port");
            md.dst_port  : range   @name("destination_port");
            md.dscp      : range   @name("dscp");
            md.protocol  : range   @name("protocol");
        }
        actions = { deliver; to_tunnel; to_tunnel_gre; replicate; discard; @defaultonly drop_flow_unmatched; }
        const default_action = drop_flow_unmatched();
        WITH_DIRECT_COUNTER(packets);
        size = SIZE_FLOW_SELECTORS;
    }

    apply {
        ipv4_flow_selectors.apply();
    }
}

control FlowBindings(inout headers_t hdr, inout local_metadata_t md) {
    Ipv6FlowBindings() ipv6;
    Ipv4FlowBindings() ipv4;

    apply {
        if (md.flow_set != 0) {
            if (hdr.ipv6.isValid()) {
                ipv6.apply(hdr, md);
            } else if (hdr.ipv4.isValid()) {
                ipv4.apply(hdr, md);
            }
        } else if (md.destination_bound == 0 && md.relay_tunnel != 0) {
            // Unbound here: by the anchor of the source, if that is another switch
            md.tunnel_id = md.relay_tunnel;
            md.gre_keyed = md.relay_gre_keyed;
            md.gre_key = md.relay_gre_key;
        }
        md.elsewhere = md.in_tunnel ^ md.tunnel_id;   // no gateway of Tofino compares two fields
    }
}
