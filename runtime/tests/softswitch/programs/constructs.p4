// SPDX-FileCopyrightText: 2026 the p4dmm authors
// SPDX-License-Identifier: Apache-2.0

// What p4c makes of the constructs this project may come to use: one field of the frame says which of them runs.
// p4c-bm2-ss --std p4-16 -o constructs.json constructs.p4

#include <core.p4>
#include <v1model.p4>

header frame_t {
    bit<8>  which;
    bit<4>  low;
    bit<20> middle;
    bit<8>  high;
    bit<8>  result;
}

header ipv4_t {
    bit<4>  version;
    bit<4>  ihl;
    bit<8>  tos;
    bit<16> total_length;
    bit<16> id;
    bit<3>  flags;
    bit<13> offset;
    bit<8>  ttl;
    bit<8>  protocol;
    bit<16> checksum;
    bit<32> src;
    bit<32> dst;
}

header udp_t {
    bit<16> source;
    bit<16> destination;
    bit<16> length;
    bit<16> checksum;
}

struct headers_t {
    frame_t frame;
    ipv4_t  outer;
    ipv4_t  ipv4;
    udp_t   udp;
}

struct metadata_t {
    bit<8>  number;
    bool    seen;
    bit<16> sum;
    bit<4>  nibble;
}

error { Unlikely }

parser ConstructsParser(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    state start {
        packet.extract(hdr.frame);
        verify(hdr.frame.which != 255, error.Unlikely);
        md.nibble = packet.lookahead<bit<4>>();
        transition select(hdr.frame.which, md.nibble) {
            (0x40 &&& 0xf0, 4): parse_ipv4;
            default: accept;
        }
    }
    state parse_ipv4 {
        packet.extract(hdr.ipv4);
        transition select(hdr.ipv4.protocol) {
            17: parse_udp;
            _: accept;
        }
    }
    state parse_udp {
        packet.extract(hdr.udp);
        transition accept;
    }
}

control ConstructsVerify(inout headers_t hdr, inout metadata_t md) {
    apply {
        verify_checksum(hdr.ipv4.isValid(),
            { hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.tos, hdr.ipv4.total_length, hdr.ipv4.id, hdr.ipv4.flags,
              hdr.ipv4.offset, hdr.ipv4.ttl, hdr.ipv4.protocol, hdr.ipv4.src, hdr.ipv4.dst },
            hdr.ipv4.checksum, HashAlgorithm.csum16);
    }
}

control ConstructsIngress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    counter(4, CounterType.packets_and_bytes) cells;
    direct_counter(CounterType.packets_and_bytes) rows;

    action set_result(bit<8> value) { hdr.frame.result = value; rows.count(); }
    action drop() { mark_to_drop(sm); }
    action leave() { hdr.frame.result = 0xee; exit; }
    action group(bit<16> id) { sm.mcast_grp = id; }

    action decide(bit<8> limit) {
        if (hdr.frame.high > limit) {
            hdr.frame.result = 1;
            if (hdr.frame.low == 0) {
                return;
            }
        } else {
            hdr.frame.result = 2;
        }
        hdr.frame.result = hdr.frame.result | 0x80;
    }

    table mixed {
        key = {
            hdr.frame.low    : exact;
            hdr.frame.middle : ternary;
            hdr.frame.high   : range;
        }
        actions = { set_result; drop; NoAction; }
        default_action = NoAction();
        counters = rows;
        size = 16;
    }

    table longest {
        key = { hdr.frame.middle : lpm; hdr.frame.low : exact; }
        actions = { decide; leave; group; }
        const default_action = decide(100);
    }

    table fixed_rows {
        key = { hdr.frame.low : ternary; hdr.frame.high[3:0] : exact @name("nibble"); }
        actions = { decide; leave; drop; }
        const default_action = drop();
        const entries = {
            (0x1 &&& 0x1, 7) : leave();
            (_, 7)           : decide(9);
        }
    }

    apply {
        sm.egress_spec = 1;
        md.seen = hdr.udp.isValid();
        if (sm.parser_error == error.PacketTooShort) {
            sm.egress_spec = 10;
        } else if (sm.parser_error == error.Unlikely) {
            sm.egress_spec = 11;
        } else if (sm.checksum_error == 1) {
            sm.egress_spec = 12;
        }
        if (hdr.frame.which == 1) {
            if (!mixed.apply().hit) {
                hdr.frame.result = 0x55;
            }
        } else if (hdr.frame.which == 2) {
            switch (longest.apply().action_run) {
                decide: { sm.egress_spec = 20; }
                group:  { sm.egress_spec = 21; }
            }
        } else if (hdr.frame.which == 3) {
            fixed_rows.apply();
            sm.egress_spec = 30;
        } else if (hdr.frame.which == 4) {
            hdr.frame.result = hdr.frame.high |+| 0x40;
            md.number = hdr.frame.high |-| 0x40;
            hdr.frame.high = md.number;
            hdr.frame.middle = (hdr.frame.middle << 3) ^ (bit<20>)hdr.frame.low;
            hdr.frame.low = md.seen ? 4w1 : hdr.frame.low + 15;
        } else if (hdr.frame.which == 5) {
            cells.count((bit<32>)hdr.frame.high);
        } else if (hdr.frame.which & 0xf0 == 0x40 && hdr.ipv4.isValid()) {
            hdr.outer = hdr.ipv4;
            hdr.outer.ttl = 64;
            hdr.outer.total_length = hdr.ipv4.total_length + 20;
            hdr.ipv4.ttl = hdr.ipv4.ttl - 1;
            if (hdr.frame.which == 0x41) {
                hdr.outer.setInvalid();
                hdr.udp.destination = 53;
            }
        }
    }
}

control ConstructsEgress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    apply {
        if (sm.egress_rid != 0) {
            hdr.frame.result = (bit<8>)sm.egress_rid;
        }
        if (sm.egress_port == 30 && hdr.frame.high == 0xff) {
            mark_to_drop(sm);
        }
    }
}

control ConstructsUpdate(inout headers_t hdr, inout metadata_t md) {
    apply {
        update_checksum(hdr.outer.isValid(),
            { hdr.outer.version, hdr.outer.ihl, hdr.outer.tos, hdr.outer.total_length, hdr.outer.id, hdr.outer.flags,
              hdr.outer.offset, hdr.outer.ttl, hdr.outer.protocol, hdr.outer.src, hdr.outer.dst },
            hdr.outer.checksum, HashAlgorithm.csum16);
        update_checksum(hdr.ipv4.isValid(),
            { hdr.ipv4.version, hdr.ipv4.ihl, hdr.ipv4.tos, hdr.ipv4.total_length, hdr.ipv4.id, hdr.ipv4.flags,
              hdr.ipv4.offset, hdr.ipv4.ttl, hdr.ipv4.protocol, hdr.ipv4.src, hdr.ipv4.dst },
            hdr.ipv4.checksum, HashAlgorithm.csum16);
        update_checksum_with_payload(hdr.udp.isValid(),
            { hdr.ipv4.src, hdr.ipv4.dst, 8w0, hdr.ipv4.protocol, hdr.udp.length,
              hdr.udp.source, hdr.udp.destination, hdr.udp.length },
            hdr.udp.checksum, HashAlgorithm.csum16);
    }
}

control ConstructsDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.frame);
        packet.emit(hdr.outer);
        packet.emit(hdr.ipv4);
        packet.emit(hdr.udp);
    }
}

V1Switch(ConstructsParser(), ConstructsVerify(), ConstructsIngress(), ConstructsEgress(), ConstructsUpdate(),
         ConstructsDeparser()) main;
