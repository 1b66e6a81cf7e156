// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Packets from the controller: out of a port as they are, or through the pipeline.

control PacketOut(inout headers_t hdr, inout local_metadata_t md) {
    apply {
        if (hdr.packet_out.isValid()) {
            md.frame_length = md.frame_length - PACKET_OUT_LENGTH;
            if (hdr.packet_out.mode != OUT_ROUTED && hdr.packet_out.port >= (bit<16>)CPU_PORT) {
                md.verdict = DROP;
                md.drop_reason = DROP_PACKET_OUT_INVALID;
            } else if (hdr.packet_out.mode == OUT_TO_PORT) {
                md.egress_port = (port_id_t)hdr.packet_out.port;
                md.verdict = FORWARD;
            } else if (hdr.packet_out.mode == OUT_AS_RECEIVED) {
                md.ingress_port = (port_id_t)hdr.packet_out.port;
            } else if (hdr.packet_out.mode == OUT_ROUTED) {
                md.port_role = ROLE_SELF;
            } else {
                md.verdict = DROP;
                md.drop_reason = DROP_PACKET_OUT_INVALID;
            }
            hdr.packet_out.setInvalid();
        }
    }
}
