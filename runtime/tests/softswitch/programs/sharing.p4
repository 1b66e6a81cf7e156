// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// Meters, action profiles and selectors, hashes, idle timeouts, and keys that are parts of fields or several of them.
// Every frame leaves by port 1 with what was computed in its header result, unless a row says otherwise.
// p4c-bm2-ss --std p4-16 -o sharing.json --p4runtime-files sharing.p4info.txtpb sharing.p4

#include <core.p4>
#include <v1model.p4>

header key_t {
    bit<8>  which;
    bit<3>  a;
    bit<13> b;
    bit<16> c;
    bit<48> d;
}

header more_t {
    bit<4>  e;
    bit<12> f;
}

header result_t {
    bit<64> value;
    bit<8>  color;
    bit<8>  choice;
}

struct headers_t {
    key_t    key;
    more_t   more;
    result_t result;
}

struct metadata_t {
    bit<3>  odd;
    bit<16> small;
    bit<12> ahead;
    bit<2>  color;
}

parser SharingParser(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    state start {
        packet.extract(hdr.key);
        meta.ahead = packet.lookahead<bit<12>>();
        transition select(hdr.key.which[7:4], packet.lookahead<bit<4>>(), hdr.key.b, packet.lookahead<bit<32>>()[15:8]) {
            (0, 4, _, _): parse_more;
            (1 &&& 0x9, _, 0x10 &&& 0x1ff0, _): parse_more;
            (2, _, _, 0xab): parse_more;
            default: parse_result;
        }
    }
    state parse_more {
        packet.extract(hdr.more);
        transition parse_result;
    }
    state parse_result {
        packet.extract(hdr.result);
        transition accept;
    }
}

control SharingVerify(inout headers_t hdr, inout metadata_t meta) {
    apply { }
}

control SharingCompute(inout headers_t hdr, inout metadata_t meta) {
    apply { }
}

control SharingIngress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    meter(16, MeterType.packets) packet_meters;
    @max_group_size(8)
    action_selector(HashAlgorithm.crc16, 64, 16) selector_crc16;
    action_selector(HashAlgorithm.crc32, 64, 32) selector_crc32;
    action_profile(4) profile;
    direct_counter(CounterType.packets_and_bytes) choices;

    action choose(bit<8> choice) {
        hdr.result.choice = choice;
    }
    action police(bit<32> index) {
        packet_meters.execute_meter(index, meta.color);
    }
    action fingerprint(bit<16> base) {
        hash(meta.small, HashAlgorithm.crc16, base, { hdr.key.d, hdr.more, meta.odd, hdr.key.which[3:0] }, 32w100);
    }
    action drop() {
        mark_to_drop(std);
    }

    // Two tables offer fingerprint, so p4c makes two copies of it that differ in their temporaries.
    table shared_one {
        key = { hdr.key.which: exact; hdr.key.d & 0xff00: exact; }
        actions = { choose; police; fingerprint; NoAction; }
        implementation = profile;
        support_timeout = true;
    }
    table shared_two {
        key = { hdr.key.c[7:0]: ternary; }
        actions = { fingerprint; choose; police; NoAction; }
        implementation = profile;
    }
    table balanced {
        key = { hdr.key.which: lpm; hdr.key.d: selector; meta.odd: selector; hdr.more.f: selector; }
        actions = { choose; drop; NoAction; }
        implementation = selector_crc16;
        counters = choices;
    }
    table balanced_too {
        key = { hdr.key.a ++ hdr.key.which[4:0]: exact @name("parts"); hdr.key.d: selector; }
        actions = { choose; drop; NoAction; }
        implementation = selector_crc32;
    }
    table aged {
        key = { hdr.key.c: ternary; hdr.key.a: range; hdr.more.isValid(): exact; }
        actions = { choose; police; @defaultonly NoAction; }
        support_timeout = true;
        size = 64;
    }
    table fixed {
        key = { hdr.key.a: exact; hdr.key.b: ternary; hdr.key.c: optional; }
        actions = { choose; NoAction; }
        const entries = {
            (1, 0x10 &&& 0x10, _): choose(201);
            (1, _, 7): choose(202);
            (2, 5, 6): choose(203);
        }
    }

    apply {
        std.egress_spec = 1;
        meta.odd = (bit<3>) hdr.key.d;
        if (hdr.result.isValid()) {
            if (hdr.key.which == 1) {
                hash(hdr.result.value, HashAlgorithm.crc16, 64w0, { hdr.key, hdr.more, meta.odd }, 64w0x10000);
            } else if (hdr.key.which == 2) {
                hash(hdr.result.value, HashAlgorithm.crc32, 64w7, { hdr.key.d, 5w9, hdr.key.a, hdr.more }, 64w0x100000000);
            } else if (hdr.key.which == 3) {
                hash(hdr.result.value, HashAlgorithm.csum16, 64w0, { hdr.key.c, hdr.key.d, hdr.key.a }, 64w0x10000);
            } else if (hdr.key.which == 4) {
                hash(hdr.result.value, HashAlgorithm.identity, 64w0, { meta.odd, hdr.key.d, hdr.key.d }, 64w0xfffffffffffffff1);
            } else if (hdr.key.which == 5) {
                hash(hdr.result.value, HashAlgorithm.xor16, 64w0, { hdr.key.d, hdr.key.b }, 64w0x10000);
            } else if (hdr.key.which == 6) {
                hash(hdr.result.value, HashAlgorithm.identity, hdr.result.value, hdr.more, hdr.key.d);
            } else if (hdr.key.which == 7) {
                hash(hdr.result.choice, HashAlgorithm.crc32, 32w250, { hdr.key.c }, 32w100);
            }
            if (!fixed.apply().hit) {
                shared_one.apply();
                shared_two.apply();
                switch (balanced.apply().action_run) {
                    drop: { exit; }
                    choose: { hdr.result.color = 0x40; }
                    default: { hdr.result.color = 0x80; }
                }
                if (balanced_too.apply().hit) {
                    hdr.result.color = hdr.result.color | 0x20;
                }
                aged.apply();
            }
            hdr.result.color = hdr.result.color | (bit<8>) meta.color;
            if (meta.small != 0) {
                hdr.result.value = (bit<64>) meta.small;
            }
            if (hdr.key.which == 8) {
                hdr.result.value = (bit<64>) meta.ahead;
            }
        }
    }
}

control SharingEgress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    meter(4, MeterType.bytes) egress_meters;

    apply {
        if (hdr.result.isValid()) {
            bit<8> color = 0;
            egress_meters.execute_meter((bit<32>) hdr.key.a, color);
            hdr.result.color = hdr.result.color | color << 2;
        }
    }
}

control SharingDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.key);
        packet.emit(hdr.more);
        packet.emit(hdr.result);
    }
}

V1Switch(SharingParser(), SharingVerify(), SharingIngress(), SharingEgress(), SharingCompute(), SharingDeparser()) main;
