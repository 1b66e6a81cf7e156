// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// What distinguishes flows, for selectors and for equal-cost paths.

control FlowPorts(inout headers_t hdr, inout local_metadata_t md) {
    apply {
        // Ports behind an inner header that is still there are those of a packet in somebody else's tunnel.
        if (!hdr.inner_ipv6.isValid() && !hdr.inner_ipv4.isValid()) {
            if (hdr.ports.isValid()) {
                md.src_port = hdr.ports.src_port;
                md.dst_port = hdr.ports.dst_port;
            } else if (hdr.udp.isValid()) {
                md.src_port = hdr.udp.src_port;
                md.dst_port = hdr.udp.dst_port;
            } else if (hdr.esp.isValid()) {
                md.spi = hdr.esp.spi;
            } else if (hdr.ah.isValid()) {
                md.spi = hdr.ah.spi;
            }
        }
        if (hdr.udp.isValid()) {
            md.udp_tunnel = 1;
            if (hdr.udp.dst_port == UDP_DSMIPV6 && hdr.inner_ipv6.isValid()
                && (hdr.inner_ipv6.next_header == PROTO_MOBILITY || hdr.inner_ipv6.next_header == PROTO_ESP
                    || hdr.inner_ipv6.next_header == PROTO_DESTINATION)) {
                md.signalling = 1;
            }
        }
    }
}

control FlowKey(inout headers_t hdr, inout local_metadata_t md) {
    FLOW_HASH(ipv6_flow_hash)
    FLOW_HASH(ipv6_label_hash)
    FLOW_HASH(ipv4_flow_hash)

    apply {
        if (hdr.ipv6.isValid()) {
            md.protocol = hdr.ipv6.next_header;
            md.dscp = hdr.ipv6.dscp;
            // RFC 6438 s3: a label stands for the ports, in fragments too
            if (hdr.ipv6.flow_label == 0) {
                COMPUTE_FLOW_HASH(ipv6_flow_hash, md.flow_hash,
                    ({ hdr.ipv6.src, hdr.ipv6.dst, 20w0, hdr.ipv6.next_header, md.src_port, md.dst_port, 4w0 }));
            } else {
                COMPUTE_FLOW_HASH(ipv6_label_hash, md.flow_hash,
                    ({ hdr.ipv6.src, hdr.ipv6.dst, hdr.ipv6.flow_label, hdr.ipv6.next_header, 32w0, 4w0 }));
            }
            // RFC 6438 s3.1: the tunnel's own label tells flows apart
            md.tunnel_flow_label = hdr.ipv6.flow_label;
        } else if (hdr.ipv4.isValid()) {
            md.protocol = hdr.ipv4.protocol;
            md.dscp = hdr.ipv4.dscp;
            COMPUTE_FLOW_HASH(ipv4_flow_hash, md.flow_hash,
                ({ hdr.ipv4.src, hdr.ipv4.dst, hdr.ipv4.protocol, md.src_port, md.dst_port }));
        }
        if (md.tunnel_flow_label == 0) {
            md.tunnel_flow_label = (bit<20>)md.flow_hash;
            md.tunnel_flow_label[16:16] = 1;
        }
    }
}
