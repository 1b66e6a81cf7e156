// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// The header checksum of a forwarded IPv4 packet follows what has changed in the header (RFC 1624 s3): a wrong one
// stays wrong, and options, which are not read, stay covered.

control Ipv4Checksum(inout headers_t hdr, inout local_metadata_t md) {
    apply {
        if (hdr.ipv4.isValid() && md.ipv4_changed == 1) {
            // HC' = ~(~HC + ~m + m'), one operation at a time for targets whose stages do one
            bit<32> sum = (bit<32>)(~hdr.ipv4.checksum);
            bit<32> removed = 0xff00;
            removed[7:2] = ~md.dscp_before;
            removed[1:0] = ~md.ecn_before;
            bit<32> added = 0;
            added[7:2] = hdr.ipv4.dscp;
            added[1:0] = hdr.ipv4.ecn;
            sum = sum + removed;
            sum = sum + added;
            if (md.hop_taken == 1) {
                sum = sum + 0xfeff;   // the TTL is the upper half of its word
            }
            bit<32> carry = (bit<32>)sum[31:16];
            sum = sum & 0xffff;
            sum = sum + carry;
            carry = (bit<32>)sum[31:16];
            sum = sum + carry;
            sum = ~sum;
            hdr.ipv4.checksum = sum[15:0];
        }
    }
}
