// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// The CPU port's guard: a meter per reason, so that no kind of packet crowds out another. Its rates are the
// controller's to set; not configured means no limit.

control PuntGuard(inout headers_t hdr, inout local_metadata_t md) {
    PACKET_METER(punt_meters, SIZE_PUNT_REASONS);
    REASON_COUNTER(punts, SIZE_PUNT_REASONS);
    REASON_COUNTER(punts_metered, SIZE_PUNT_REASONS);

    apply {
        if (md.verdict == PUNT) {
            meter_color_t color = 0;
            EXECUTE_METER(punt_meters, md.punt_reason, color);
            if (color == METER_RED) {
                COUNT_REASON(punts_metered, md.punt_reason);
                md.verdict = DROP;
                // A packet that is dropped anyway keeps the reason why.
                if (md.drop_reason == DROP_NONE) {
                    md.drop_reason = DROP_PUNT_METERED;
                }
            } else {
                COUNT_REASON(punts, md.punt_reason);
                hdr.packet_in.setValid();
                hdr.packet_in.ingress_port = (bit<16>)md.ingress_port;
                hdr.packet_in.reason = md.punt_reason;
                hdr.packet_in.argument = md.punt_argument;
            }
        }
    }
}
