// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Frames that are for the router's own MAC, or for that of an anchor it stands in for.

control Stations(inout headers_t hdr, inout local_metadata_t md) {
    action drop_not_my_station() {
        md.verdict = DROP;
        md.drop_reason = DROP_NOT_MY_STATION;
    }

    action admit() { }

    // One row per port for the router's MAC, and on access ports one per anchor (RFC 8885 s3.7). From the
    // configuration.
    table my_stations {
        key = {
            md.ingress_port  : exact @name("port");
            hdr.ethernet.dst : exact @name("link_layer_address");
        }
        actions = { admit; @defaultonly drop_not_my_station; }
        const default_action = drop_not_my_station();
        size = SIZE_MY_STATIONS;
    }

    apply {
        my_stations.apply();
    }
}
