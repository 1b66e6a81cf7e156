// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// The correspondent node's part of route optimization, for hosts that know nothing of it. In: the Home Address option
// of a node that has registered its care-of address here becomes the source (RFC 6275 s9.3.1). Out: see
// address_bindings. Only one shape of header is touched, next to the IPv6 header; before ESP, AH and Mobility Headers
// never, as those are for the destination itself.

control RouteOptimization(inout headers_t hdr, inout local_metadata_t md) {
    // 1 once the source is known to be the care-of address of the home address
    action expect_care_of(ipv6_address_t care_of_address) {
        md.care_of_difference = hdr.ipv6.src ^ care_of_address;
    }

    action not_registered() { }

    // One row per home address whose Binding Update this switch has accepted for the hosts behind it.
    table care_of_bindings {
        key = { hdr.home_address_option.home_address : exact @name("home_address"); }
        actions = { expect_care_of; @defaultonly not_registered; }
        const default_action = not_registered();
        size = SIZE_CARE_OF_BINDINGS;
    }

    action accept_home_address() {
        hdr.ipv6.src = hdr.home_address_option.home_address;
        hdr.ipv6.next_header = hdr.home_address_option.next_header;
        hdr.ipv6.payload_length = hdr.ipv6.payload_length - ROUTE_OPTIMIZATION_LENGTH;
        hdr.home_address_option.setInvalid();
    }

    action punt_care_of_mismatch() {
        md.verdict = PUNT;
        md.punt_reason = PUNT_CARE_OF_MISMATCH;
        md.drop_reason = DROP_CARE_OF_MISMATCH;
    }

    // A comparison of two addresses, as a table because no gateway of Tofino does it.
    table care_of_checks {
        key = { md.care_of_difference : exact @name("difference"); }
        actions = { accept_home_address; punt_care_of_mismatch; }
        const entries = { 0 : accept_home_address(); }
        const default_action = punt_care_of_mismatch();
        CONSTANT_ENTRIES(1)
    }

    apply {
        if (hdr.ipv6.isValid() && hdr.home_address_option.isValid() && hdr.home_address_option.next_header != PROTO_ESP
            && hdr.home_address_option.next_header != PROTO_AH
            && hdr.home_address_option.next_header != PROTO_MOBILITY) {
            if (care_of_bindings.apply().hit) {
                care_of_checks.apply();
            }
        }
    }
}
